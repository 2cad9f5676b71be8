"""What is ordinary next door weighs less, and what has just appeared there weighs more: the commons' term.

One more shared term beside those of terms.py, weighed when the detectors have chosen what they tell: it orders that,
by at most NATS_MAX, and neither adds to it nor takes from it. Nothing that an indicator names is moved, and nothing
inside. Refuses to know who knows what: it is told buckets of how many groups do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.actor.detect.base import Candidate
from bavn.model.intel.own_rules import rest_on_own_rule
from bavn.model.ports import Neighbours
from bavn.model.sector.known_days import Familiarity, KnownDays
from bavn.model.text import Text
from bavn.psi.element import element_bytes, known_by

NATS_MAX: Final = 4.0
NATS: Final = {Familiarity.ESTABLISHED: -NATS_MAX, Familiarity.APPEARING: 2.0}
"""As a popularity list weighs (terms.LISTED_NATS), within the bound. **Assumed** for what appears: more than what is
new here alone, less than what is known everywhere; so two liars who let a third's name appear move it by that much."""
INSIDE: Final = frozenset({"lateral", "ward"})

PEER_WORDS: Final = {
    Familiarity.ESTABLISHED: Text("ordinary at other organisations of the sector, so weighed down"),
    Familiarity.APPEARING: Text("it has appeared at other organisations of the sector these days, so weighed up"),
}
ALERT_WORDS: Final = {
    Familiarity.ESTABLISHED: Text("such alerts are ordinary at other organisations of the sector, so weighed down"),
    Familiarity.APPEARING: Text(
        "such alerts have appeared at other organisations of the sector these days, so weighed up"
    ),
}
PEER_AGAINST: Final = Text("other organisations of the sector use it day after day")
ALERT_AGAINST: Final = Text("other organisations of the sector get such alerts day after day")


@dataclass(frozen=True, slots=True)
class Moved:
    """What the commons add to a candidate: ``nats`` to its statistic, ``reasons`` to its figures, ``against`` to what
    speaks for an innocent explanation."""

    nats: float = 0.0
    reasons: tuple[Text, ...] = ()
    against: tuple[Text, ...] = ()


UNMOVED: Final = Moved()


@dataclass(frozen=True, slots=True)
class NextDoor:
    """The commons as they stand on a day (since 1970)."""

    commons: Neighbours
    today: int

    def moved(self, detector: str, candidates: Sequence[Candidate]) -> list[Moved]:
        """What each of one detector's candidates is moved by."""
        if detector in INSIDE:
            return [UNMOVED] * len(candidates)
        things = [([], []) if _is_named(each) else (_peer_of(each), _alerts_of(each)) for each in candidates]
        known = self.commons.of(sorted({element for peer, alerts in things for element in (*peer, *alerts)}))
        return [
            self._moved(candidate, self._familiarity(peer, known), self._familiarity(alerts, known))
            for candidate, (peer, alerts) in zip(candidates, things, strict=True)
        ]

    def _familiarity(self, elements: Iterable[bytes], known: Mapping[bytes, KnownDays]) -> Familiarity | None:
        """As little known as the least known of them: who hides behind a well-known name is not made innocent by it."""
        every = [known[element].familiarity(self.today) if element in known else None for element in elements]
        if Familiarity.APPEARING in every:
            return Familiarity.APPEARING
        return Familiarity.ESTABLISHED if set(every) == {Familiarity.ESTABLISHED} else None

    def _moved(self, candidate: Candidate, peer: Familiarity | None, alerts: Familiarity | None) -> Moved:
        if candidate.listed and peer is Familiarity.ESTABLISHED:  # what everybody knows is weighed down once
            peer = None
        if peer is None and alerts is None:
            return UNMOVED
        nats = sum(NATS[how] for how in (peer, alerts) if how is not None)
        ordinary = Familiarity.ESTABLISHED
        return Moved(
            max(-NATS_MAX, min(NATS_MAX, nats)),
            (*([PEER_WORDS[peer]] if peer else []), *([ALERT_WORDS[alerts]] if alerts else [])),
            (*([PEER_AGAINST] if peer is ordinary else []), *([ALERT_AGAINST] if alerts is ordinary else [])),
        )


def _is_named(candidate: Candidate) -> bool:
    """Whether an indicator names it, or its p is no rank: then nothing that others use says anything of it."""
    return candidate.exact_p is not None or rest_on_own_rule(candidate.rows)


def _peer_of(candidate: Candidate) -> list[bytes]:
    return [element_bytes(name) for name in known_by(candidate.observables)]


def _alerts_of(candidate: Candidate) -> list[bytes]:
    return [element_bytes(kind) for kind in candidate.alerts]
