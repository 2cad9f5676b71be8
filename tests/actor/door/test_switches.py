"""What the policy turns off does not leave, and a question is answered by the stricter of two fields."""

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.switches import turned_off, unanswered
from bavn.model.observable import ObservableType

OFF = {
    "Observation": "tell_sightings",
    "Receipt": "tell_sightings",
    "Health": "tell_health",
    "CanaryProgress": "tell_canaries",
    "Counts": "tell_counts",
    "CaseAnswered": "answer_cases",
    "CaseEvidence": "attach_evidence",
    "WarningAnswered": "answer_warnings",
    "Nis2Noted": "note_nis2",
}


@pytest.mark.parametrize(("kind", "field"), OFF.items())
def test_what_a_field_turns_off_does_not_leave(kind, field) -> None:
    assert turned_off(DoorPolicy(), kind) is None
    refused = turned_off(DoorPolicy(**{field: False}), kind)
    assert refused is not None
    assert refused.rule == field


@pytest.mark.parametrize(
    ("policy", "wish", "answered"),
    [
        (DoorPolicy(answer_questions="ask"), None, False),
        (DoorPolicy(answer_questions="ask"), "allow", True),
        (DoorPolicy(reveal_domain="never"), "allow", False),
        (DoorPolicy(), None, True),
    ],
)
def test_a_question_is_answered_by_the_stricter_of_two(policy, wish, answered) -> None:
    assert (unanswered(policy, ObservableType.DOMAIN, wish) is None) == answered
