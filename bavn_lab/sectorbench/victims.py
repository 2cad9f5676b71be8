"""Campaigns made of real malicious captures: each victim sees one of the family's, weakly, under the campaign's names.

A campaign's family is drawn, then each victim's capture of that family. What its detectors suspected outside gets the
campaign's names where the linkage shares them and names of its own where it does not. Thinned: the step of KEPT that
comes nearest to a p drawn between .001 and .05; where that is still stronger, or stands above the victim's alert line,
it is held at what is drawn or at the line. A capture in which nothing outside was suspected makes a campaign that
nobody can find: it is counted, never left out. Refuses to look at scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import P_MAX
from bavn_lab.sectorbench.campaigns import (
    P_MIN,
    STRONG_P,
    VICTIMS,
    VICTIMS_SHARE,
    below_the_line,
    drawn_onsets,
    sorted_p,
)
from bavn_lab.sectorbench.captured import Adding, Dealt
from bavn_lab.sectorbench.day import Campaign, Floats, Rows
from bavn_lab.sectorbench.detected import CaptureDetections, Glimpse

BEHAVIOUR: Final = frozenset({"chain", "fp-pair"})
SHARED_TYPES: Final[dict[str, frozenset[str]]] = {
    "domain": frozenset({"domain", "ip4", "ip6", "ja3", "ja4", "cert", "sha256"}) | BEHAVIOUR,
    "address": frozenset({"ip4", "ip6"}) | BEHAVIOUR,
    "fingerprint": frozenset({"ja3", "ja4", "cert", "sha256"}) | BEHAVIOUR,
    "behaviour": BEHAVIOUR,
}
"""What the victims of a campaign have in common, by linkage: the malware behaves alike at each, all else is each
victim's own."""
NEEDS: Final = {
    "domain": frozenset({"domain"}),
    "address": frozenset({"ip4", "ip6"}),
    "fingerprint": frozenset({"ja3", "ja4", "cert", "sha256"}),
    "behaviour": frozenset[str](),
}
ATTEMPTS_TIMES: Final = 6
SUSPICIONS_MAX: Final = 6
"""Of one capture at one victim: the strongest."""


@dataclass(frozen=True, slots=True)
class Families:
    """Malicious captures by family, sorted; only those that could be read."""

    looks: Mapping[str, tuple[CaptureDetections, ...]]

    def seen(self, family: str) -> tuple[CaptureDetections, ...]:
        """Those of a family in which something outside was suspected."""
        return tuple(one for one in self.looks[family] if outside(one.whole))

    @property
    def captures(self) -> int:
        return sum(len(looks) for looks in self.looks.values())

    @property
    def captures_seen(self) -> int:
        return sum(len(self.seen(family)) for family in self.looks)


def outside(some: Sequence[Glimpse]) -> list[Glimpse]:
    """What names a peer outside that no list knows, the strongest first (by the p of its own detector's reference)."""
    found = [one for one in some if one.observables and not one.listed]
    return sorted(found, key=lambda one: (-one.statistic, one.detector, one.observables))[:SUSPICIONS_MAX]


def with_captured_campaigns(dealt: Dealt, families: Families, count: int, dice: SeededDice) -> Dealt:
    """``count`` campaigns that somebody could suspect, and those that came up between them that nobody could."""
    day = dealt.day
    making = _Making(dealt, families, Adding(day, dice.fork("rows")), sorted_p(day), dice)
    campaigns: list[Campaign] = []
    suspected = 0
    for _ in range(ATTEMPTS_TIMES * count if families.looks else 0):
        if suspected == count:
            break
        campaigns.append(making.campaign(f"campaign {len(campaigns)}"))
        suspected += campaigns[-1].linkage != "undetected"
    day.rows = day.rows.and_(Rows.of(making.adding.rows))
    day.campaigns = (*day.campaigns, *campaigns)
    return dealt


@dataclass(slots=True)
class _Making:
    dealt: Dealt
    families: Families
    adding: Adding
    own_p: list[Floats]
    dice: SeededDice
    names: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def campaign(self, name: str) -> Campaign:
        dice, actors = self.dice, self.dealt.day.actors
        family = sorted(self.families.looks)[dice.below(len(self.families.looks))]
        captures = self.families.looks[family]
        lead = captures[dice.below(len(captures))]
        k = min(len(actors), VICTIMS[int(dice.pick(1, np.array(VICTIMS_SHARE))[0])])
        order = np.argsort(dice.units(len(actors)), kind="stable")
        victims = [int(actor) for actor in order[:k]]
        onsets = drawn_onsets(k, dice)
        linkage = self._linkage(lead) if outside(lead.whole) else "undetected"
        if linkage == "undetected":
            return Campaign(
                name=name,
                linkage=linkage,
                elements=(),
                victims=tuple(victims),
                onsets=tuple(onsets),
                ready=tuple(onsets),
                reachable=False,
                family=family,
            )
        alike = [detections for detections in self.families.seen(family) if self._can(detections, linkage)]
        before = len(self.adding.rows)
        ready = []
        for number, (victim, onset) in enumerate(zip(victims, onsets, strict=True)):
            detections = lead if number == 0 else alike[dice.below(len(alike))]
            ready.append(min(24 * 60 - 1, onset + self._victim(name, victim, onset, detections, linkage)))
        shared = {element for (whose, _, _), element in self.names.items() if whose == name}
        rows = [row for row in self.adding.rows[before:] if row[1] in shared]
        return Campaign(
            name=name,
            linkage=linkage,
            elements=tuple(sorted(shared)),
            victims=tuple(victims),
            onsets=tuple(onsets),
            ready=tuple(ready),
            family=family,
            reachable=any(_reached(rows, element) for element in shared),
        )

    def _linkage(self, lead: CaptureDetections) -> str:
        """One of the four by chance; what the capture does not show gives way to what it does."""
        drawn = list(NEEDS)[self.dice.below(len(NEEDS))]
        order = (drawn, "fingerprint", "domain", "address", "behaviour")
        return next(linkage for linkage in order if self._can(lead, linkage))

    @staticmethod
    def _can(one: CaptureDetections, linkage: str) -> bool:
        types = {text.split(":", 1)[0] for glimpse in outside(one.whole) for text in glimpse.observables}
        return not NEEDS[linkage] or bool(types & NEEDS[linkage])

    def _victim(self, name: str, victim: int, onset: int, detections: CaptureDetections, linkage: str) -> int:
        """Adds the victim's suspicions; returns how many minutes after the onset they stood."""
        wanted = float(P_MIN * (P_MAX / P_MIN) ** self.dice.unit())
        least = max(wanted, below_the_line(self.own_p[victim], int(self.dealt.day.actors.lines[victim])))
        some = self._step(victim, detections, wanted)
        counts: dict[str, int] = {}
        own: dict[str, int] = {}
        for glimpse in some:
            p = max(least, self.dealt.ranks.p(victim, glimpse))
            for text in glimpse.observables:
                kind = text.split(":", 1)[0]
                if text not in own:
                    shared = kind in SHARED_TYPES[linkage]
                    own[text] = self._named(name if shared else f"{name} {victim}", text, counts.get(kind, 0))
                    counts[kind] = counts.get(kind, 0) + 1
                hour = onset // 60
                self.adding.row(victim, own[text], p, glimpse.hosts, hour, max(hour, 23), glimpse)
        return max((glimpse.ends for glimpse in some[:1]), default=0)

    def _step(self, victim: int, detections: CaptureDetections, wanted: float) -> list[Glimpse]:
        """The suspicions of the step whose strongest comes nearest to the p that is wanted."""
        best, nearest = outside(detections.whole), float("inf")
        for some in (outside(step) for step in detections.steps):
            if not some:
                continue
            away = abs(log(min(self.dealt.ranks.p(victim, glimpse) for glimpse in some)) - log(wanted))
            if away < nearest:
                best, nearest = some, away
        return best

    def _named(self, whose: str, text: str, number: int) -> int:
        kind = text.split(":", 1)[0]
        key = (whose, text if kind == "chain" else kind, 0 if kind == "chain" else number)
        if key not in self.names:
            self.names[key] = self.adding.named(text, 1 << 23 | len(self.dealt.day.observables))
        return self.names[key]


def _reached(rows: Sequence[tuple[object, ...]], element: int) -> bool:
    """Whether the join could show an element: two strong holders, or three."""
    mine = {row[0]: float(str(row[2])) for row in rows if row[1] == element}
    return sum(p <= STRONG_P for p in mine.values()) >= 2 or sum(p <= P_MAX for p in mine.values()) >= 3
