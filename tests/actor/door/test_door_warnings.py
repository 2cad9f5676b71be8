"""Warnings at the door: heard once and in order, answered by people alone; an answer is what was said and no more."""

import pytest

from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.sector.sector_warning import AnswerAct
from bavn.wire.messages.catalogue import AskedObservable, WarningGiven
from tests import people_say
from tests.builders import suspicion

from .conftest import NOW_US, Actor

ONE = "warning-" + "a" * 16


def a_warning(version=1, **other) -> WarningGiven:
    plain = {
        "warning_id": ONE,
        "version": version,
        "state": "sent",
        "urgency": "critical",
        "title_en": "Patch it",
        "title_da": "Opdater det",
        "text_en": "Now.",
        "text_da": "Nu.",
        "tlp": "TLP:AMBER",
        "pap": 1,
        "observables": (AskedObservable(type="domain", value="evil.example.com"),),
        "sent_us": NOW_US,
        "acknowledge_us": NOW_US + HOUR_US,
        "until_us": NOW_US + 2 * HOUR_US,
    }
    return WarningGiven(**plain | other)


def warned(centre, *, suspicions=(), **policy):
    made = Actor("north", centre.key, suspicions=list(suspicions), policy=DoorPolicy(**policy))
    centre.to(made, a_warning())
    return made


def answer(actor, act=AnswerAct.AFFECTED, words="one gateway", by="bo", version=1):
    people_say.to_warning(actor.door.cases.warnings, ONE, version, act, words, by)
    actor.door.cases.warnings.tell()


def test_an_answer_tells_nothing_but_what_was_said_and_its_line_stands(centre) -> None:
    """Twins that differ in who answered, when, and in all that the actor suspects say the same bytes."""
    north, twin = warned(centre), warned(centre, suspicions=[suspicion()])
    twin.clock.advance(7 * MINUTE_US)
    answer(north)
    answer(twin, by="Anna Berg of the emergency ward")
    (mine,), (other,) = north.said(), twin.said()
    assert mine.model_dump_json() == other.model_dump_json()
    assert set(mine.privacy().values()) == {"S5"}
    (line,) = north.ledger.lines(gate="door", kind="WarningAnswered")
    assert (line.verdict, line.privacy, line.way) == ("passed", "S5", "out")


@pytest.mark.parametrize(
    ("given", "policy", "rule"),
    [
        ({}, {"answer_warnings": False}, "answer_warnings"),
        ({"version": 2}, {}, "warning_known"),
        ({"act": AnswerAct.WORDS, "words": " "}, {}, "warning_step"),
        ({"words": "seen on 10.1.2.3"}, {}, "words_clean"),
    ],
)
def test_what_may_not_leave_is_one_line_with_its_rule(centre, given, policy, rule) -> None:
    north = warned(centre, **policy)
    answer(north, **given)
    assert north.said() == []
    assert [line.rule for line in north.ledger.lines(gate="door", verdict="refused")] == [rule]


@pytest.mark.parametrize(
    "more",
    [
        {"version": 1},
        {"version": 2, "title_en": "x\x1b[2J"},
        {"version": 2, "observables": (AskedObservable(type="ip4", value="10.1.2.3"),)},
        {"version": 2, "until_us": NOW_US},
    ],
)
def test_a_warning_that_cannot_be_changes_nothing(centre, more) -> None:
    north = warned(centre)
    centre.to(north, a_warning(**more))
    assert north.door.cases.warnings.get(ONE).version == 1
