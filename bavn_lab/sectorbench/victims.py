"""Campaigns made of real malicious captures: each victim sees one of the family's, weakly, under the campaign's names.

A campaign's family is drawn, then each victim's capture of that family: often the first one's. What its detectors
suspected outside gets the campaign's names where the linkage shares them and names of its own where it does not; two
captures share what stands in both, and what else an implant calls is ranked beside it. An element that no label names
is counted apart. Thinned: the step of KEPT that
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
    NOTHING_IN_COMMON,
    P_MIN,
    P_TOO_LARGE,
    STRONG_P,
    VICTIMS,
    VICTIMS_SHARE,
    WEAK_AT_TWO,
    below_the_line,
    drawn_onsets,
    sorted_p,
    why_lost,
)
from bavn_lab.sectorbench.captured import TELLS_OF_NEW, Adding, Dealt
from bavn_lab.sectorbench.day import EASIEST, Campaign, Floats, Rows, long_known
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


NOTHING_SUSPECTED, NOT_LABELLED, KNOWN_NAME = "nothing suspected", "only what no label names", "names long known"
SAME_CAPTURE: Final = 0.5
"""How often a further victim meets the very capture that the first one met; else another of the family's, with which
it shares what the two really share."""


@dataclass(frozen=True, slots=True)
class Families:
    """Malicious captures by family, sorted; only those that could be read. ``peers``: what the label of each names."""

    looks: Mapping[str, tuple[CaptureDetections, ...]]
    peers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def seen(self, family: str) -> tuple[CaptureDetections, ...]:
        """Those of a family in which something outside was suspected."""
        return tuple(one for one in self.looks[family] if outside(one.whole))

    def names(self, one: CaptureDetections, glimpse: Glimpse) -> bool:
        """Whether a suspicion is of a peer that the capture's label names; True where it names none."""
        named = self.peers.get(one.name, frozenset())
        return not named or bool(named & {text.split(":", 1)[1] for text in glimpse.observables})

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


def with_captured_campaigns(
    dealt: Dealt, families: Families, count: int, dice: SeededDice, aged: float = EASIEST.aged
) -> Dealt:
    """``count`` campaigns that somebody could suspect, and those that came up between them that nobody could; a share
    of them ``aged``."""
    day = dealt.day
    making = _Making(dealt, families, Adding(day, dice.fork("rows")), sorted_p(day), dice, aged)
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
class _Weighed:
    """One element of a campaign: the p of each victim that weighed it, also where it is too large to join. ``shared``:
    of a kind that the campaign's victims have in common; ``labelled``: the label names its peer."""

    shared: bool
    labelled: bool = False
    p: dict[int, float] = field(default_factory=dict)

    @property
    def reach(self) -> tuple[int, int, int]:
        """How many hold it strongly, weakly, at all."""
        return sum(p <= STRONG_P for p in self.p.values()), sum(p <= P_MAX for p in self.p.values()), len(self.p)


@dataclass(slots=True)
class _Making:
    dealt: Dealt
    families: Families
    adding: Adding
    own_p: list[Floats]
    dice: SeededDice
    aged: float
    names: dict[tuple[str, str], int] = field(default_factory=dict)

    def campaign(self, name: str) -> Campaign:
        dice, actors = self.dice, self.dealt.day.actors
        family = sorted(self.families.looks)[dice.below(len(self.families.looks))]
        captures = self.families.looks[family]
        lead = captures[dice.below(len(captures))]
        k = min(len(actors), VICTIMS[int(dice.pick(1, np.array(VICTIMS_SHARE))[0])])
        order = np.argsort(dice.units(len(actors)), kind="stable")
        victims = [int(actor) for actor in order[:k]]
        onsets = drawn_onsets(k, dice)
        known = dice.unit() < self.aged
        if not outside(lead.whole):
            return Campaign(
                name=name,
                linkage="undetected",
                elements=(),
                victims=tuple(victims),
                onsets=tuple(onsets),
                ready=tuple(onsets),
                reachable=False,
                family=family,
                common=False,
                lost=NOTHING_SUSPECTED,
            )
        linkage = self._linkage(lead)
        alike = [detections for detections in self.families.seen(family) if self._can(detections, linkage)]
        weighed: dict[int, _Weighed] = {}
        ready, met = [], []
        buckets = self.adding.hosts(k)
        for number, (victim, onset) in enumerate(zip(victims, onsets, strict=True)):
            again = number == 0 or dice.unit() < SAME_CAPTURE
            met.append(lead if again else alike[dice.below(len(alike))])
            hit = _Hit(name, victim, onset // 60 if not known else long_known(dice), buckets[number], known)
            ready.append(min(24 * 60 - 1, onset + self._victim(hit, met[-1], linkage, weighed)))
        labelled = {element: sighting for element, sighting in weighed.items() if sighting.labelled and sighting.shared}
        beside = [element for element, sighting in weighed.items() if not sighting.labelled and sighting.shared]
        lost = _why_lost(weighed, labelled, known=known)
        return Campaign(
            name=name,
            linkage=linkage,
            elements=tuple(sorted(labelled)),
            victims=tuple(victims),
            onsets=tuple(onsets),
            ready=tuple(ready),
            family=family,
            reachable=not lost,
            beside=tuple(sorted(beside)),
            checked=all(self.families.peers.get(detections.name) for detections in met),
            common=any(len(sighting.p) >= 2 for sighting in labelled.values()),
            lost=lost,
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

    def _victim(self, hit: "_Hit", detections: CaptureDetections, linkage: str, weighed: dict[int, _Weighed]) -> int:
        """Adds the victim's suspicions; returns how many minutes after the onset they stood."""
        victim = hit.victim
        wanted = float(P_MIN * (P_MAX / P_MIN) ** self.dice.unit())
        least = max(wanted, below_the_line(self.own_p[victim], int(self.dealt.day.actors.lines[victim])))
        some = self._step(victim, detections, wanted)
        if hit.known:
            some = [glimpse for glimpse in some if glimpse.detector not in TELLS_OF_NEW]
        for glimpse in some:
            p = max(least, self.dealt.ranks.p(victim, glimpse, detections))
            for text in glimpse.observables:
                shared = text.split(":", 1)[0] in SHARED_TYPES[linkage]
                element = self._named(hit.campaign if shared else f"{hit.campaign} {victim}", text)
                sighting = weighed.setdefault(element, _Weighed(shared))
                sighting.labelled |= self.families.names(detections, glimpse)
                sighting.p[victim] = min(p, sighting.p.get(victim, 1.0))
                self.adding.met(victim, element, hit.first)
                self.adding.row(victim, element, p, hit.hosts, hit.first, 23, glimpse)
        return max((glimpse.ends for glimpse in some[:1]), default=0)

    def _step(self, victim: int, detections: CaptureDetections, wanted: float) -> list[Glimpse]:
        """The suspicions of the step whose strongest comes nearest to the p that is wanted."""
        best, nearest = outside(detections.whole), float("inf")
        for some in (outside(step) for step in detections.steps):
            if not some:
                continue
            strongest = min(self.dealt.ranks.p(victim, glimpse, detections) for glimpse in some)
            away = abs(log(strongest) - log(wanted))
            if away < nearest:
                best, nearest = some, away
        return best

    def _named(self, whose: str, text: str) -> int:
        """The campaign's own element for what a capture holds: the same text is the same element, at every victim."""
        key = ("" if text.startswith("chain:") else whose, text)
        if key not in self.names:
            self.names[key] = self.adding.named(text, 1 << 23 | len(self.dealt.day.observables))
        return self.names[key]


@dataclass(frozen=True, slots=True)
class _Hit:
    """One victim of a campaign: ``first`` hour and ``hosts`` bucket of what it sees; ``known``: by names that are none
    of this week's."""

    campaign: str
    victim: int
    first: int
    hosts: int
    known: bool


def _why_lost(weighed: Mapping[int, _Weighed], labelled: Mapping[int, _Weighed], *, known: bool) -> str:
    """Why the join can reach no element of a campaign; of its elements the one that comes nearest speaks."""
    if not weighed:
        return KNOWN_NAME if known else NOTHING_SUSPECTED
    if not labelled:
        return NOTHING_IN_COMMON if any(sighting.labelled for sighting in weighed.values()) else NOT_LABELLED
    reasons = {why_lost(len(sighting.p) >= 2, *sighting.reach) for sighting in labelled.values()}
    return next(reason for reason in ("", WEAK_AT_TWO, P_TOO_LARGE, NOTHING_IN_COMMON) if reason in reasons)
