"""What the policy alone says of a message, before anything else is asked: whether its kind leaves at all, and whether a
question of this class is answered.

The rules of gate 1 ask here. Expect no budget and no state of a conversation here.
"""

from collections.abc import Callable
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.question import Asks

_NO_SIGHTINGS: Final = Refused("tell_sightings", "the policy tells no sightings")
_SWITCHES: Final[dict[str, tuple[Callable[[DoorPolicy], bool], Refused]]] = {
    "Observation": (lambda policy: policy.tell_sightings, _NO_SIGHTINGS),
    "Receipt": (lambda policy: policy.tell_sightings, _NO_SIGHTINGS),
    "Health": (lambda policy: policy.tell_health, Refused("tell_health", "the policy tells no health")),
    "CanaryProgress": (
        lambda policy: policy.tell_canaries and policy.tell_health,
        Refused("tell_canaries", "the policy tells of no canaries, or of no health"),
    ),
    "Counts": (lambda policy: policy.tell_counts, Refused("tell_counts", "the policy tells no counts")),
    "CaseAnswered": (lambda policy: policy.answer_cases, Refused("answer_cases", "the policy answers no cases")),
    "CaseEvidence": (
        lambda policy: policy.attach_evidence,
        Refused("attach_evidence", "the policy attaches no evidence"),
    ),
    "WarningAnswered": (
        lambda policy: policy.answer_warnings,
        Refused("answer_warnings", "the policy answers no warnings"),
    ),
    "Nis2Noted": (
        lambda policy: policy.note_nis2,
        Refused("note_nis2", "the policy tells the centre of no NIS2 steps"),
    ),
}


def turned_off(policy: DoorPolicy, kind: str) -> Refused | None:
    """Why nothing of this kind of message leaves under the policy; None where it may."""
    allowed, refused = _SWITCHES.get(kind, (lambda _: True, None))
    return None if allowed(policy) else refused


def answer_mode(policy: DoorPolicy, kind: ObservableType, asks: Asks = "met") -> str:
    """The stricter of what the policy says to such questions and to revealing this class: automatic, ask or never."""
    modes = {policy.answer_radius if asks == "hit" else policy.answer_questions, policy.reveal_mode(kind)}
    return "never" if "never" in modes else "ask" if "ask" in modes else "automatic"


def unanswered(policy: DoorPolicy, kind: ObservableType, wish: str | None, asks: Asks = "met") -> Refused | None:
    """Why a question about an observable of this class gets no answer; ``wish``: what a person here said of it."""
    mode = answer_mode(policy, kind, asks)
    if mode == "never":
        return Refused("answer_mode", "the policy never answers questions of this class")
    if mode == "ask" and wish not in ("allow", "veto"):
        return Refused("answer_mode", "waits for a person here to allow it")
    return None
