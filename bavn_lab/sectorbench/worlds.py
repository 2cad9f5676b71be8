"""Where a bench's days come from: a generated sector with drawn suspicions, or real captures seen by real detectors.

Both give days of the same shape. Refuses to measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import drawn_actors, drawn_background
from bavn_lab.sectorbench.campaigns import with_campaigns, with_negatives
from bavn_lab.sectorbench.captured import Dealt, Sector, captured_day
from bavn_lab.sectorbench.day import EASIEST, Day, Newness
from bavn_lab.sectorbench.detected import CaptureDetections
from bavn_lab.sectorbench.manifest import BENIGN, MALICIOUS, NOISE, Capture
from bavn_lab.sectorbench.ranks import Ranks
from bavn_lab.sectorbench.victims import Families, outside, with_captured_campaigns

BENIGN_MIN = 5
"""Fewer benign captures are no background: others, or a drawn one, stand in."""


class World(Protocol):
    """``what``: one line on what stands behind the figures."""

    @property
    def what(self) -> str: ...

    def day(self, actors: int, seed: int, campaigns: int, newness: Newness = EASIEST) -> Day:
        """A whole day; without campaigns it is a quiet one."""
        ...


@dataclass(frozen=True, slots=True)
class Generated:
    """Nothing of it was ever detected."""

    what: str = "generated sector: suspicions are drawn, not detected; no captures"

    def day(self, actors: int, seed: int, campaigns: int, newness: Newness = EASIEST) -> Day:
        dice = SeededDice(seed, f"sectorbench {actors}")
        day = drawn_background(drawn_actors(actors, dice.fork("actors")), dice.fork("background"), newness.benign)
        return with_campaigns(
            with_negatives(day, dice.fork("negatives")), campaigns, dice.fork("campaigns"), newness.aged
        )


@dataclass(frozen=True, slots=True)
class Captured:
    """Benign and malicious captures, each looked at by the real detectors."""

    sector: Sector
    families: Families
    what: str
    drawn: bool = False
    """The background is drawn, for want of any benign capture."""
    commons: bool = True
    """Rounds of the commons have run for weeks: what is ordinary next door is not offered."""
    appearing: bool = False
    """Two that hold what has just appeared next door are enough, where both find it odd (ways.APPEARING)."""

    def day(self, actors: int, seed: int, campaigns: int, newness: Newness = EASIEST) -> Day:
        dice = SeededDice(seed, f"sectorbench captures {actors}")
        if self.drawn:
            day = drawn_background(drawn_actors(actors, dice.fork("actors")), dice.fork("background"), newness.benign)
            dealt = Dealt(day, Ranks([], np.zeros((actors, 0), dtype=np.int64)))
        else:
            dealt = captured_day(self.sector, actors, dice.fork("background"), newness.benign)
        with_negatives(dealt.day, dice.fork("negatives"))
        campaigned = with_captured_campaigns(dealt, self.families, campaigns, dice.fork("campaigns"), newness.aged)
        campaigned.day.appearing_joins = self.appearing
        if not self.commons:
            campaigned.day.met.clear()
        return campaigned.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the captures of a folder: nothing is left out in silence. ``unread``: name -> why. ``kinds``: how
    many of each kind were read. ``families``: family -> (captures read, captures in which something outside was
    suspected). ``benign_borrowed``: benign captures that came from elsewhere, for want of enough."""

    folder: str
    kinds: Mapping[str, int]
    left_out: Mapping[str, int]
    unread: Mapping[str, str]
    partly: Mapping[str, str]
    families: Mapping[str, tuple[int, int]]
    benign_borrowed: int = 0
    remarks: tuple[str, ...] = field(default=())

    def told(self) -> dict[str, Any]:
        return {
            "folder": self.folder,
            "kinds": dict(self.kinds),
            "left_out": dict(self.left_out),
            "unread": dict(self.unread),
            "read_in_part": dict(self.partly),
            "families": {name: {"read": n, "suspected": seen} for name, (n, seen) in self.families.items()},
            "benign_borrowed": self.benign_borrowed,
            "remarks": list(self.remarks),
        }


def sector_of(captures: Sequence[Capture], looks: Mapping[str, CaptureDetections]) -> Sector:
    """The benign captures that were read, with their sites, and the noise."""
    benign = [capture for capture in captures if capture.kind in BENIGN and looks[capture.name].read]
    noise = [capture for capture in captures if capture.kind in NOISE and looks[capture.name].read]
    return Sector(
        [looks[capture.name] for capture in benign],
        [capture.family for capture in benign],
        [looks[capture.name] for capture in noise],
    )


def families_of(captures: Sequence[Capture], looks: Mapping[str, CaptureDetections]) -> Families:
    """The malicious captures that were read. An attack technique inside one network is among them only where something
    outside was suspected."""
    families: dict[str, list[CaptureDetections]] = {}
    for capture in captures:
        if capture.kind not in MALICIOUS or not looks[capture.name].read:
            continue
        if capture.kind == "technique" and not outside(looks[capture.name].whole):
            continue
        families.setdefault(capture.family, []).append(looks[capture.name])
    named = {capture.name: capture.peers for capture in captures if capture.kind in MALICIOUS and capture.peers}
    return Families({family: tuple(some) for family, some in sorted(families.items())}, named)


def account_of(
    folder: str,
    captures: Sequence[Capture],
    looks: Mapping[str, CaptureDetections],
    left_out: Mapping[str, int],
    unusable: Mapping[str, str],
    families: Families,
    borrowed: int,
    remarks: Sequence[str],
) -> Account:
    """See Account."""
    kinds: dict[str, int] = {}
    for capture in captures:
        kinds[capture.kind] = kinds.get(capture.kind, 0) + looks[capture.name].read
    unread = {capture.name: looks[capture.name].refusal for capture in captures if not looks[capture.name].read}
    return Account(
        folder=folder,
        kinds=dict(sorted(kinds.items())),
        left_out=left_out,
        unread={**unusable, **unread},
        partly={
            n: looks[n].refusal for n in (capture.name for capture in captures) if looks[n].read and looks[n].refusal
        },
        families={f: (len(some), len(families.seen(f))) for f, some in families.looks.items()},
        benign_borrowed=borrowed,
        remarks=tuple(remarks),
    )
