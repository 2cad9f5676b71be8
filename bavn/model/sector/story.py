"""An attack told again: a replay of it step by step, and a story of a minute, each sentence with the fact it rests on.

Plain values, made at the centre or at a node of what each knows. Refuses to know how either was found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from bavn.model.moment import HOUR_US, as_datetime
from bavn.model.spans import day
from bavn.model.text import Text

StandKind = Literal["unseen", "alone", "reported", "blocked", "stopped", "lifted", "cannot"]
"""How an actor stands: nothing is known of it, it has met it and nobody outside knows, it has reported it, it blocks
it, it met it again and stopped it, it blocks it no longer, or nothing there carries it."""
STRIP_BINS: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How an actor stands from a step on, by its number; ``says``: what of it is known."""

    step: int
    kind: StandKind
    says: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorPath:
    """What one actor saw and did, in order. Before its first stand it is unseen."""

    actor: str
    stands: tuple[Stand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happened. ``name`` is stable; ``by_hour``: only its hour is known; ``sector``: what the sector
    knew from then on."""

    name: str
    at_us: int
    by_hour: bool
    says: Text
    sector: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """From the first sighting until now. ``could``: when it could have been stopped, and whom that had protected;
    ``prevented``: what the block stopped since; ``unknown``: what of all this is not known here."""

    steps: tuple[Step, ...]
    actors: tuple[ActorPath, ...]
    could: Text
    prevented: Text
    unknown: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySentence:
    """``kind`` and ``ref`` name the fact that it rests on: the kind of thing, and its id; the pages link to it."""

    text: Text
    kind: Literal["lead", "case", "indicator", "suspicion", "block"]
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """When it was met: in each of STRIP_BINS equal parts of a time, at how many; with what happened meanwhile."""

    from_us: int
    until_us: int
    counts: tuple[int, ...]
    marks: tuple[tuple[int, Text], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackStory:
    """A paragraph for whoever has a minute. ``about``: the value in question; ``strip`` None: not known when."""

    about: str
    sentences: tuple[StorySentence, ...]
    strip: Strip | None


def strip_of(spans: Iterable[tuple[int, int]], marks: Iterable[tuple[int | None, Text]], now_us: int) -> Strip | None:
    """``spans``: (first, last) in us of each that met it; ``marks``: what happened when, where that is known. Longer
    than until what happened last is not drawn."""
    known = sorted(spans)
    if not known:
        return None
    known_marks = tuple(sorted(((at_us, text) for at_us, text in marks if at_us is not None), key=lambda mark: mark[0]))
    from_us = min(known[0][0], *(at_us for at_us, _ in known_marks)) if known_marks else known[0][0]
    last_us = max(*(last for _, last in known), *(at_us for at_us, _ in known_marks), from_us)
    until_us = max(from_us + STRIP_BINS, min(now_us, last_us + (last_us - from_us) // 10 + HOUR_US))
    return Strip(from_us=from_us, until_us=until_us, counts=_counts(known, from_us, until_us), marks=known_marks)


def _counts(spans: Sequence[tuple[int, int]], from_us: int, until_us: int) -> tuple[int, ...]:
    edges = [from_us + (until_us - from_us) * at // STRIP_BINS for at in range(STRIP_BINS + 1)]
    return tuple(sum(first < end and last >= begin for first, last in spans) for begin, end in pairwise(edges))


def minute(at_us: int) -> Text:
    """``29 November 2026 at 14:05 UTC``."""
    return Text("{day} at {time} UTC", day=day(at_us), time=f"{as_datetime(at_us):%H:%M}")


def hour(at_us: int) -> Text:
    """``29 November 2026 between 14:00 and 15:00 UTC``: nothing finer leaves an actor."""
    begins, ends = as_datetime(at_us), as_datetime(at_us + HOUR_US)
    return Text("{day} between {begins} and {ends} UTC", day=day(at_us), begins=f"{begins:%H:00}", ends=f"{ends:%H:00}")
