"""What is ordinary next door, on real organisations' alerts: how many lines it spares, and what it hides.

Each organisation learns for 40 hours what it sees of itself; after that a kind of alert on a host that never had it is
new there. Own novelty shows every new one. With the commons those are shown that fewer than two other organisations met
while *they* were learning (t = 3), counted in the open and by the private join in one run. Labels only judge: no order
knows them, but the one with the sector's verdicts, where others' analysts had read such a line on a day before.

All organisations are played side by side, as if they had begun at the same moment. Refuses to hide a line: the day's
lists are the same lines in three orders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np

from bavn.model.sector.known_days import bucket_of
from bavn.psi.commons_terms import T
from bavn.traffic.dice import SeededDice
from bavn_lab.realbench.alerts import Organisation, read_organisations
from bavn_lab.realbench.neighbours import Buckets, Kinds, counted, joined

LEARNING_S: Final = 40 * 3600
DAY_S: Final = 86_400
LENGTHS: Final = (5, 10, 20)
OWN, COMMONS, VERDICTS = "own list", "with the commons", "with the sector's verdicts"
FALSE_SHARE_MAX, PHASES_SHARE_MIN = 0.25, 0.7
RESAMPLED: Final = 2000
SHARED: Final = bucket_of(T)
Phase = tuple[str, str]
"""An organisation and a step of the attack on it."""


class NothingToJudge(Exception):
    """Fewer organisations than the commons begin with, or no attack among them. Whoever chose the folder must act."""


@dataclass(frozen=True, slots=True, order=True)
class NewKind:
    """A kind of alert that a host had for the first time after learning. ``day``: of its organisation, from 0.
    ``everywhere``: no host of the organisation had had it. ``phase``: empty where it is of no attack."""

    organisation: str
    at: int
    host: str
    kind: str
    day: int
    everywhere: bool
    phase: str

    @property
    def of_phase(self) -> Phase:
        return self.organisation, self.phase


@dataclass(frozen=True, slots=True)
class Shown:
    """What a rule shows: how many new kinds, how many of them of no attack, which phases and which attacks."""

    kinds: int
    false: int
    phases: int
    attacks: int

    @classmethod
    def of(cls, kinds: Sequence[NewKind]) -> "Shown":
        phases = {kind.of_phase for kind in kinds if kind.phase}
        return cls(len(kinds), sum(not kind.phase for kind in kinds), len(phases), len({name for name, _ in phases}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """``false_share``, ``phases_share``: with the commons against own novelty; the ranges are the middle 95 % when
    organisations are drawn anew. ``recall``: way -> lines a day -> phases found. ``reachable``: phases in which some
    kind is new; ``labelled``: all that there were. ``differing``: kinds on which the private join and counting do not
    agree."""

    organisations: tuple[str, ...]
    own: Shown
    commons: Shown
    privately: Shown
    differing: int
    false_share: float
    false_range: tuple[float, float]
    phases_share: float
    phases_range: tuple[float, float]
    recall: Mapping[str, Mapping[int, int]]
    reachable: int
    labelled: int
    refused: Mapping[str, int]
    unreadable: Mapping[str, str]

    @property
    def holds(self) -> bool:
        """The bars: what is false falls to a quarter, most phases stay, every attack is still seen; and the private
        join says what counting says."""
        few = self.commons.false <= FALSE_SHARE_MAX * self.own.false
        seen = self.commons.phases >= PHASES_SHARE_MIN * self.own.phases and self.commons.attacks == self.own.attacks
        return few and seen and self.differing == 0


def triage(folder: Path, seed: int = 1) -> Triage:
    """The figures of a folder of organisations. Raises NothingToJudge; OSError where the folder cannot be listed."""
    read = read_organisations(folder)
    organisations = read.organisations
    if len(organisations) < T or not any(each.phases for each in organisations):
        raise NothingToJudge(f"{folder}: {len(organisations)} organisations, or none that was attacked")
    new = [kind for each in organisations for kind in new_kinds(each)]
    openly, privately = _both_ways(organisations, sorted({kind.day for kind in new}), seed)
    left = [kind for kind in new if not openly.ordinary(kind)]
    own, commons = Shown.of(new), Shown.of(left)
    names = tuple(each.name for each in organisations)
    return Triage(
        organisations=names,
        own=own,
        commons=commons,
        privately=Shown.of([kind for kind in new if not privately.ordinary(kind)]),
        differing=openly.differing(privately),
        false_share=_share(commons.false, own.false),
        false_range=_drawn_anew(names, new, left, lambda shown: shown.false, seed),
        phases_share=_share(commons.phases, own.phases),
        phases_range=_drawn_anew(names, new, left, lambda shown: shown.phases, seed),
        recall={
            way: {length: Shown.of(lines_read(new, privately, way, length)).phases for length in LENGTHS}
            for way in (OWN, COMMONS, VERDICTS)
        },
        reachable=own.phases,
        labelled=sum(len(each.phases) for each in organisations),
        refused={each.name: sum(each.refused.values()) for each in organisations if each.refused},
        unreadable=read.unreadable,
    )


def new_kinds(organisation: Organisation) -> list[NewKind]:
    """Each kind on each host that first came after learning, in the order of time."""
    hosts: set[tuple[str, str]] = set()
    kinds: set[str] = set()
    new = []
    for alert in organisation.alerts:
        since = alert.at - organisation.begins
        if (alert.host, alert.kind) not in hosts and since >= LEARNING_S:
            everywhere, day = alert.kind not in kinds, since // DAY_S
            new.append(NewKind(organisation.name, since, alert.host, alert.kind, day, everywhere, alert.phase))
        hosts.add((alert.host, alert.kind))
        kinds.add(alert.kind)
    return new


# --- what the neighbours have -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextDoor:
    """``learnt``: in which bucket the number lies of those that had met each of an organisation's kinds while they were
    learning, and itself. ``by_day``: of those that had met it by the end of each day."""

    learnt: Buckets
    by_day: Mapping[int, Buckets]

    def ordinary(self, kind: NewKind) -> bool:
        """True where at least two others met it while they were learning."""
        return self.learnt[kind.organisation][kind.kind] >= SHARED

    def appearing(self, kind: NewKind) -> bool:
        """True where two others have met it by the end of that day and had not while they were learning."""
        return not self.ordinary(kind) and self.by_day[kind.day][kind.organisation][kind.kind] >= SHARED

    def differing(self, other: "NextDoor") -> int:
        """On how many kinds the two do not agree, all rounds together."""
        rounds = [(self.learnt, other.learnt), *((self.by_day[day], other.by_day[day]) for day in self.by_day)]
        return sum(
            mine[name][kind] != theirs[name][kind] for mine, theirs in rounds for name in mine for kind in mine[name]
        )


def _both_ways(organisations: Sequence[Organisation], days: Sequence[int], seed: int) -> tuple[NextDoor, NextDoor]:
    """Counted in the open, and by private rounds: one for each organisation with what the others had learnt, and one a
    day of all."""
    learnt = {each.name: _met(each, LEARNING_S) for each in organisations}
    learning = {each.name: learnt | {each.name: _met(each)} for each in organisations}
    daily = {day: {each.name: _met(each, (day + 1) * DAY_S) for each in organisations} for day in days}
    dice = SeededDice(seed, "next door")

    def privately(kinds: Mapping[str, Kinds], label: str) -> Buckets:
        return joined(kinds, dice.fork(label))

    def by(way: Callable[[Mapping[str, Kinds], str], Buckets]) -> NextDoor:
        return NextDoor(
            {name: way(kinds, f"{name} after learning")[name] for name, kinds in learning.items()},
            {day: way(kinds, f"day {day}") for day, kinds in daily.items()},
        )

    return by(lambda kinds, _: counted(kinds)), by(privately)


def _met(organisation: Organisation, within_s: int | None = None) -> Kinds:
    until = None if within_s is None else organisation.begins + within_s
    return frozenset(alert.kind for alert in organisation.alerts if until is None or alert.at < until)


# --- lists of a few lines a day ---------------------------------------------------------------------------------------


def lines_read(new: Sequence[NewKind], next_door: NextDoor, way: str, length: int) -> list[NewKind]:
    """What is read where each organisation reads ``length`` lines a day of what is new that day. A line is a kind with
    all its hosts of that day. Own list: what no host had had before what some had, each by time. With the commons: what
    appears next door first, what is ordinary there last. With verdicts: first what others have found to be of an attack
    on a day before, last what they have found to be of none."""
    verdicts: dict[str, set[tuple[str, bool]]] = {}
    read: list[NewKind] = []
    for _, today in groupby(sorted(new, key=lambda kind: kind.day), key=lambda kind: kind.day):
        read_today: list[NewKind] = []
        for _, own in groupby(sorted(today), key=lambda kind: kind.organisation):
            ordered = sorted(own, key=lambda kind: (_turn(kind, next_door, verdicts, way), not kind.everywhere, kind))
            lines = list(dict.fromkeys(kind.kind for kind in ordered))[:length]
            read_today += [kind for kind in ordered if kind.kind in lines]
        for kind in read_today:
            verdicts.setdefault(kind.kind, set()).add((kind.organisation, bool(kind.phase)))
        read += read_today
    return read


def _turn(kind: NewKind, next_door: NextDoor, verdicts: Mapping[str, set[tuple[str, bool]]], way: str) -> int:
    """What is read first has the least."""
    if way == OWN:
        return 0
    others = [attack for name, attack in verdicts.get(kind.kind, ()) if name != kind.organisation]
    if way == VERDICTS and others:
        return -2 if any(others) else 1
    return -1 if next_door.appearing(kind) else int(next_door.ordinary(kind))


# --- how sure ---------------------------------------------------------------------------------------------------------


def _drawn_anew(
    names: Sequence[str], new: Sequence[NewKind], left: Sequence[NewKind], of: Callable[[Shown], int], seed: int
) -> tuple[float, float]:
    """The middle 95 % of the share that ``left`` is of ``new``, when as many organisations are drawn with return."""
    each = np.array(
        [
            [of(Shown.of([kind for kind in kinds if kind.organisation == name])) for kinds in (left, new)]
            for name in names
        ]
    )
    drawn = each[np.random.default_rng(seed).integers(len(names), size=(RESAMPLED, len(names)))].sum(axis=1)
    shares = drawn[drawn[:, 1] > 0]
    if not len(shares):
        return 0.0, 0.0
    low, high = np.quantile(shares[:, 0] / shares[:, 1], (0.025, 0.975))
    return float(low), float(high)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


# --- in words ---------------------------------------------------------------------------------------------------------


def figures(result: Triage) -> dict[str, object]:
    """All of it for a JSON file."""

    def shown(of: Shown) -> dict[str, int]:
        return {"kinds": of.kinds, "false": of.false, "phases": of.phases, "attacks": of.attacks}

    return {
        "organisations": list(result.organisations),
        "own_novelty": shown(result.own),
        "commons": shown(result.commons),
        "commons_private_join": shown(result.privately),
        "kinds_on_which_they_differ": result.differing,
        "false_share": result.false_share,
        "false_share_95": list(result.false_range),
        "phases_share": result.phases_share,
        "phases_share_95": list(result.phases_range),
        "phases_within_reach": result.reachable,
        "phases_labelled": result.labelled,
        "phases_found": {way: {str(n): count for n, count in of.items()} for way, of in result.recall.items()},
        "bar": {"false_share_max": FALSE_SHARE_MAX, "phases_share_min": PHASES_SHARE_MIN, "held": result.holds},
        "rows_refused": dict(result.refused),
        "files_unreadable": dict(result.unreadable),
    }


def in_words(result: Triage) -> list[str]:
    """The same in lines for a person."""
    names, lengths = ", ".join(result.organisations), ", ".join(map(str, LENGTHS))
    low, high = result.false_range
    least, most = result.phases_range
    lines = [
        f"{len(result.organisations)} organisations ({names}); {result.own.kinds} kinds are new after 40 h of learning"
    ]
    lines += [f"  own novelty       {_in_words(result.own)}", f"  with the commons  {_in_words(result.commons)}"]
    lines += [f"  by private join   {_in_words(result.privately)}; the two differ on {result.differing} kinds"]
    lines += [f"false ones left: {result.false_share:.2f} (95 %: {low:.2f} to {high:.2f}; bar {FALSE_SHARE_MAX:.2f})"]
    lines += [f"phases left: {result.phases_share:.2f} (95 %: {least:.2f} to {most:.2f}; bar {PHASES_SHARE_MIN:.2f})"]
    wide = ", but their intervals reach over them" if high > FALSE_SHARE_MAX or least < PHASES_SHARE_MIN else ""
    lines += [f"the bars are {'held' + wide if result.holds else 'MISSED'}"]
    reach = f"{result.reachable} in which something is new and {result.labelled} labelled"
    lines += [f"phases found at {lengths} lines a day for each, of {reach}:"]
    lines += [f"  {way:26} {', '.join(str(of[length]) for length in LENGTHS)}" for way, of in result.recall.items()]
    lines += [f"left out {name}: {rows} rows that cannot be read" for name, rows in sorted(result.refused.items())]
    return lines + [f"left out {name}: {why}" for name, why in sorted(result.unreadable.items())]


def _in_words(shown: Shown) -> str:
    return f"{shown.kinds} shown, {shown.false} false, {shown.phases} phases, {shown.attacks} attacks"
