"""An analyst's question at the door: answered by the actor's own policy, within its budget, in the open."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.conversations.questions import KEPT_PER_DAY_MAX, QUESTIONS_SQL, Finding
from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import Observable
from bavn.model.settings import SettingsError
from bavn.wire.messages import catalogue as messages

from .conftest import NOW_US, Actor, TestCentre

EVIL = Observable.of("domain", "kvist-maler.net")
OTHER = Observable.of("ip4", "45.9.148.20")
ASKED = messages.QuestionAsked(
    question_id="ab" * 16,
    observables=(
        messages.AskedObservable(type="domain", value=EVIL.value),
        messages.AskedObservable(type="ip4", value=OTHER.value),
    ),
    since_hour=hour_of(NOW_US) - 24 * 30,
    asked_us=NOW_US,
    until_us=NOW_US + 7 * DAY_US,
    asked_by="anne",
    approved_by="bo",
    why="seen at a partner",
)


def asking(*observables: Observable, number: int = 0, **other) -> messages.QuestionAsked:
    named = tuple(messages.AskedObservable(type=o.type.value, value=o.value) for o in observables)
    return ASKED.model_copy(
        update={"question_id": f"{number:032x}", "observables": named or ASKED.observables, **other}
    )


@pytest.fixture
def north(centre) -> Actor:
    return Actor("north", centre.key)


def answer(actor: Actor, **found) -> None:
    """Whatever is due is found as said."""
    for due in actor.door.questions.due():
        actor.door.questions.answer(Finding(due, **{"days": 30, **found}))


def rows(actor: Actor) -> list[tuple[str, str, str]]:
    """(observable, state, rule) of each that is remembered."""
    return [(row[2], row[10], row[11]) for row in actor.book.rows(QUESTIONS_SQL)]


def test_what_was_met_is_told_by_bucket_and_hours_alone(centre, north) -> None:
    centre.to(north, ASKED)
    answer(north, count=7, first_us=NOW_US - 50 * HOUR_US + 12_345, last_us=NOW_US - HOUR_US + 99)
    first, second = north.said()
    assert first == messages.QuestionAnswered(
        question_id=ASKED.question_id,
        number=0,
        state="met",
        count_bucket=3,
        first_hour=hour_of(NOW_US) - 50,
        last_hour=hour_of(NOW_US) - 1,
        days=30,
    )
    assert second.number == 1
    assert rows(north) == [(str(EVIL), "met", ""), (str(OTHER), "met", "")]
    lines = [(line.kind, line.gate, line.verdict) for line in north.ledger.lines()]
    assert lines == [("QuestionAsked", "asked", "passed"), *[("QuestionAnswered", "door", "passed")] * 2]


def test_not_met_is_a_no_and_no_history_is_a_decline(centre, north) -> None:
    centre.to(north, ASKED)
    one, other = north.door.questions.due()
    north.door.questions.answer(Finding(one, 30))
    north.door.questions.answer(Finding(other, 0))
    said = north.said()
    assert (said[0].state, said[0].count_bucket, said[0].first_hour) == ("not_met", 0, None)
    assert said[1] == messages.QuestionDeclined(question_id=ASKED.question_id, number=1)
    assert rows(north)[1] == (str(OTHER), "declined", "history")


def test_an_actor_sees_who_asked_what_and_why(centre, north) -> None:
    centre.to(north, ASKED)
    row = north.book.rows(QUESTIONS_SQL)[0]
    assert row[7:10] == ("anne", "bo", "seen at a partner")
    (line,) = north.ledger.lines(kind="QuestionAsked")
    assert json.loads(line.summary)["observables"][0]["value"] == EVIL.value


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (DoorPolicy(answer_questions="never"), "answer_mode"),
        (DoorPolicy(reveal_domain="never"), "answer_mode"),
        (DoorPolicy(leave_out=(str(EVIL),)), "not_left_out"),
    ],
)
def test_the_policy_declines_and_never_says_why(centre, policy, rule) -> None:
    north = Actor("north", centre.key, policy=policy)
    centre.to(north, asking(EVIL))
    answer(north, count=1, first_us=NOW_US, last_us=NOW_US)
    assert north.said() == [messages.QuestionDeclined(question_id="0" * 32, number=0)]
    assert rows(north) == [(str(EVIL), "declined", rule)]


def test_what_nobody_decides_or_may_is_looked_for_by_nobody(centre) -> None:
    north = Actor("north", centre.key, policy=DoorPolicy(answer_questions="ask"))
    centre.to(north, ASKED)
    assert north.door.questions.due() == []
    north.door.state.set_override(EVIL, "allow", "anna", NOW_US)
    north.door.state.set_override(OTHER, "veto", "anna", NOW_US)
    answer(north, count=1, first_us=NOW_US, last_us=NOW_US)
    assert [type(m).__name__ for m in north.said()] == ["QuestionAnswered", "QuestionDeclined"]
    assert [rule for _, _, rule in rows(north)] == ["", "not_vetoed"]
    north = Actor("north", centre.key, policy=DoorPolicy(answer_questions="ask"))
    centre.to(north, ASKED)
    north.clock.advance(8 * DAY_US)
    north.door.state.set_override(EVIL, "allow", "anna", NOW_US)
    assert north.door.questions.due() == []
    north.door.tidy()
    assert {state for _, state, _ in rows(north)} == {"unanswered"}
    assert north.said() == []
    with pytest.raises(SettingsError, match="answer_questions"):
        DoorPolicy(answer_questions="sometimes")


# --- a centre that lies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (asking(Observable.of("ip4", "10.1.2.3")), "question_form"),
        (asking(Observable.of("ip4", "192.168.0.9")), "question_form"),
        (asking(Observable.of("domain", "epj.region.local")), "question_form"),
        (asking(Observable.of("domain", "com.kommune.lan")), "question_form"),
        (asking(Observable.of("chain", "T1046-T1071@20")), "question_form"),
        (asking(EVIL, EVIL), "question_form"),
        (ASKED.model_copy(update={"observables": ()}), "question_form"),
        (
            ASKED.model_copy(update={"observables": (messages.AskedObservable(type="domain", value="Evil.COM"),)}),
            "question_form",
        ),
        (asking(EVIL, until_us=NOW_US), "question_time"),
        (asking(EVIL, until_us=NOW_US + 300 * DAY_US), "question_time"),
        (asking(EVIL, asked_us=NOW_US + 2 * HOUR_US), "question_time"),
        (asking(EVIL, since_hour=0), "question_time"),
        (asking(EVIL, since_hour=hour_of(NOW_US) + 9), "question_time"),
    ],
)
def test_what_no_honest_centre_asks_is_declined_and_never_looked_for(centre, north, message, rule) -> None:
    centre.to(north, message)
    assert north.door.questions.due() == []
    assert {type(m) for m in north.said()} <= {messages.QuestionDeclined}
    assert {found for _, _, found in rows(north)} <= {rule}
    assert [line.rule for line in north.ledger.lines(kind="QuestionAsked")] == [rule]


def test_a_days_budget_bounds_what_can_be_probed(centre) -> None:
    """A centre that asks, name by name, what fewer than t actors hold gets so many answers a day and no more."""
    north = Actor("north", centre.key, policy=DoorPolicy(questions_per_day_max=5))
    for number in range(40):
        centre.to(north, asking(Observable.of("domain", f"probe-{number}.net"), number=number))
        answer(north)
    said = north.said()
    assert sum(isinstance(m, messages.QuestionAnswered) for m in said) == 5
    assert sum(isinstance(m, messages.QuestionDeclined) for m in said) == 35
    assert {rule for _, _, rule in rows(north)} == {"", "question_budget"}
    north.clock.advance(DAY_US + 1)
    now_us = north.clock.now_us()
    centre.to(north, asking(EVIL, number=99, asked_us=now_us, until_us=now_us + DAY_US))
    answer(north)
    assert [type(m) for m in north.said()] == [messages.QuestionAnswered]


def test_one_question_larger_than_the_budget_is_declined_whole(centre) -> None:
    north = Actor("north", centre.key, policy=DoorPolicy(questions_per_day_max=1))
    centre.to(north, ASKED)
    assert [type(m) for m in north.said()] == [messages.QuestionDeclined] * 2


def test_asking_the_same_over_another_span_finds_out_nothing_more(centre, north) -> None:
    """Spans are whole days, and one answer a day: nobody counts single hours by asking often."""
    hour = hour_of(NOW_US) // 24 * 24 - 48
    centre.to(north, asking(EVIL, number=1, since_hour=hour))
    (one,) = north.door.questions.due()
    answer(north, count=1, first_us=NOW_US, last_us=NOW_US)
    centre.to(north, asking(EVIL, number=2, since_hour=hour + 23))
    (other,) = north.door.questions.due()
    assert one.since_us == other.since_us == hour * HOUR_US
    answer(north, count=1, first_us=NOW_US, last_us=NOW_US)
    assert rows(north)[-1] == (str(EVIL), "met", "") or rows(north)[0] == (str(EVIL), "met", "")
    assert [type(m) for m in north.said()] == [messages.QuestionAnswered, messages.QuestionDeclined]


def test_a_question_is_heard_once_and_a_flood_fills_no_book(centre, north, monkeypatch) -> None:
    centre.to(north, ASKED)
    centre.to(north, ASKED)
    assert len(rows(north)) == 2
    assert [line.rule for line in north.ledger.lines(kind="QuestionAsked")] == ["", "question_new"]
    monkeypatch.setattr("bavn.actor.door.conversations.questions.KEPT_PER_DAY_MAX", 10)
    for number in range(30):
        centre.to(north, asking(Observable.of("ip4", "10.1.2.3"), number=number))
    assert len(rows(north)) == 10 < KEPT_PER_DAY_MAX
    assert len(north.ledger.lines(kind="QuestionAsked")) == 32


def test_somebody_elses_signature_asks_nothing(centre, north) -> None:
    other = TestCentre()
    other.key = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    assert other.to(north, ASKED).rule == "bad_signature"
    assert rows(north) == []


# --- twins ----------------------------------------------------------------------------------------------------------


def said_of(count: int, first_us: int, last_us: int, *, seed: int = 1, homes_story: str = "") -> list[bytes]:
    centre = TestCentre()
    north = Actor("north", centre.key, seed=seed)
    if homes_story:
        north.door.state.set_override(Observable.of("domain", homes_story), "veto", "anna", NOW_US)
    centre.to(north, ASKED)
    answer(north, count=count, first_us=first_us, last_us=last_us)
    return north.sealed()


@settings(max_examples=20)
@given(
    count=st.integers(11, 100),
    first=st.integers(0, HOUR_US - 1),
    last=st.integers(0, HOUR_US - 1),
    wish=st.sampled_from(["", "only-here.dk", "hospital.dk"]),
)
def test_an_answer_tells_nothing_of_counts_minutes_or_what_else_is_here(count, first, last, wish) -> None:
    base_first, base_last = NOW_US - 50 * HOUR_US, NOW_US - 2 * HOUR_US
    one = said_of(11, base_first, base_last)
    assert one == said_of(count, base_first + first, base_last + last, homes_story=wish)


@settings(max_examples=10)
@given(why=st.sampled_from(["never", "veto", "leave_out", "history"]), count=st.integers(0, 200))
def test_every_decline_is_the_same_bytes_whatever_was_met(why, count) -> None:
    policies = {"never": DoorPolicy(answer_questions="never"), "leave_out": DoorPolicy(leave_out=(str(EVIL),))}
    raws = []
    for reason, found in (("never", 0), (why, count)):
        centre = TestCentre()
        north = Actor("north", centre.key, policy=policies.get(reason))
        if reason == "veto":
            north.door.state.set_override(EVIL, "veto", "anna", NOW_US)
        centre.to(north, asking(EVIL))
        answer(north, count=found, first_us=NOW_US, last_us=NOW_US, **({"days": 0} if reason == "history" else {}))
        raws.append(north.sealed())
    assert raws[0] == raws[1]


def test_kill_between_hearing_and_answering_loses_and_doubles_nothing(centre, north) -> None:
    """The same book under a new door: what was heard is due again until it is answered, and then never more."""
    centre.to(north, ASKED)
    before = north.door.questions.due()
    again = replace(before[0])
    north.door.questions.answer(Finding(again, 30))
    assert [one.number for one in north.door.questions.due()] == [1]
    answer(north)
    assert north.door.questions.due() == []
    assert len(north.said()) == 2
