"""A lead: the centre's ranked cluster of reports across actors, with every term of its score kept for show."""

from dataclasses import dataclass

from bavn.model.observable import Observable
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One actor's report on one revealed element, as the inbox understood it. All buckets as in model/evidence.py.

    ``group``: actors of one hosting or vendor group count once. ``first_hour``: hours since 1970. ``age_bucket``: how
    long that actor has known the element itself; None where it cannot tell.
    """

    report_id: str
    actor: str
    group: str
    tier: str
    round_id: str
    observable: Observable
    detector: str
    technique: str
    p_bucket: int
    hosts_bucket: int
    first_hour: int
    last_hour: int
    period_bucket: int | None
    regularity_bucket: int | None
    walk_half_nats: int | None
    received_us: int
    age_bucket: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of the score: ``name`` is stable (evidence, sharing, hosts, congruence, novelty, lists, crowd, graph,
    cap), ``nats`` its worth, ``why`` its sentence."""

    name: str
    nats: float
    why: Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One addend of priority beside the score: ``name`` is stable (function:..., supplier:...), ``points`` on the scale
    of nats, ``why`` its sentence."""

    name: str
    points: float
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """``id`` is stable while the cluster lives. ``score`` is the sum of ``terms``. ``without`` says for each actor what
    the score would be without its reports. ``rank`` starts at 1 and goes by ``priority``, the score and the points of
    all ``reasons``, as far as the rank cap lets it: it may have a gap before the tenth."""

    id: str
    rank: int
    score: float
    observables: tuple[Observable, ...]
    actors: tuple[str, ...]
    signs: tuple[Sign, ...]
    terms: tuple[Term, ...]
    without: tuple[tuple[str, float], ...]
    first_hour: int
    last_hour: int
    reasons: tuple[Reason, ...] = ()

    @property
    def priority(self) -> float:
        """What leads are ranked by."""
        return self.score + sum(reason.points for reason in self.reasons)


class UnknownLead(Exception):
    """No lead has that id. The person who asked must act."""
