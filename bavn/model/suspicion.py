"""A suspicion: what a detector concluded about records. It stays at home; it has no codec on purpose."""

from dataclasses import dataclass
from typing import Final, Literal

from bavn.model.observable import Observable
from bavn.model.text import Text

PSource = Literal["own", "blend", "reference", "exact"]
GUESSES: Final = "guess:"
"""How a knock begins that is guesses at passwords, of which none got in; the service comes after."""


@dataclass(frozen=True, slots=True)
class RowsRef:
    """Which rows of the store a suspicion rests on: equality predicates over one table and a span of time."""

    table: str
    equals: tuple[tuple[str, str | int], ...]
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One conclusion about one host and one peer (or a set of peers, for scans).

    ``id`` is stable: the same story at a later run keeps it. ``host`` is the actor's own machine and never leaves.
    ``observables`` name the peer from outside, the most telling first (domain before address); it may be empty.
    ``first_us``: since when the peer is known here; when what is told of began stands in ``rows``.
    ``p`` in (0, 1]; ``evidence_nats`` = l(p). ``hosts``: how many hosts here share the peer. ``period_s`` and
    ``regularity`` (0..1) only for what repeats. ``walk_nats``: a scan's unfloored walk. ``listed``: on a popularity
    or warning list, so weighed down already. ``knock``: what an address from outside tried here, as tcp/22 (tcp/*: many
    ports) or guess:SSH, for what the internet does to everybody all day; empty for all else.
    ``shared``: it rests on what the sector released to this node, and so is told as a sighting alone for good.
    ``known_since``: of those of its elements whose first use here can be dated, since when this actor has used them, in
    us.

    It is told in this order: ``what`` it is, ``against``: what speaks for an innocent explanation, ``look_first``: what
    to look at first (its detector says that where its kind has nothing of its own), and only then ``why``, the figures.
    Older ones have the figures alone.
    """

    id: str
    detector: str
    technique: str
    host: str
    peer: str
    observables: tuple[Observable, ...]
    p: float
    p_source: PSource
    evidence_nats: float
    statistic: float
    first_us: int
    last_us: int
    hosts: int
    listed: bool
    why: Text
    rows: RowsRef
    period_s: float | None = None
    regularity: float | None = None
    walk_nats: float | None = None
    knock: str = ""
    shared: bool = False
    what: Text | None = None
    against: Text | None = None
    look_first: Text | None = None
    known_since: tuple[tuple[Observable, int], ...] = ()

    @property
    def headline(self) -> Text:
        """The first line of it, for whoever reads one line."""
        return self.what or self.why


def in_order(suspicions: list[Suspicion]) -> list[Suspicion]:
    """The actor's own reading order: most evidence first, then smallest p, then name; the same list every time. What
    the internet does to everybody comes after all that own hosts do."""
    return sorted(suspicions, key=_place)


def _place(s: Suspicion) -> tuple[bool, float, float, float, str, str, str, str]:
    return (bool(s.knock), -s.evidence_nats, s.p, -s.statistic, s.detector, s.host, s.peer, s.id)
