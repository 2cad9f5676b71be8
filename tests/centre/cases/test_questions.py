"""Questions at the centre: two people, an audit line for each step, silence shown as silence."""

import pytest

from bavn.centre.cases import audit
from bavn.centre.cases.questions import Questions, UnknownQuestion
from bavn.centre.cases.two_people import NotAllowed
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.received import Replied

ANNE = account("anne")

NOW_US = 20_000 * DAY_US
EVIL = Observable.of("domain", "kvist-maler.net")
PAIR = Observable.of("fp-pair", "1" * 32 + "+" + "2" * 32)
ACTORS = ("north", "south")


@pytest.fixture
def kept(engine, clock):
    return Questions(engine, clock)


def asked(kept, *observables, to=ACTORS, by=ANNE, **other):
    given = {"why": "seen at a partner", "since_us": NOW_US - 30 * DAY_US, **other}
    return kept.ask(observables or (EVIL, PAIR), to, by, **given)


def reply(question, actor, number=0, state="not_met", **other):
    plain = {"count_bucket": 0, "first_hour": None, "last_hour": None, "days": 30, "received_us": NOW_US + 5}
    return Replied(item_id="x", actor=actor, question_id=question.id, number=number, state=state, **plain | other)


def test_it_goes_out_when_a_second_person_stands_behind_it(kept, engine) -> None:
    made = asked(kept)
    assert kept.to_send(NOW_US) == []
    assert kept.asked(made.id, "north", NOW_US) is None
    with pytest.raises(NotAllowed, match="two different people"):
        kept.approve(made.id, account("ANNE"))
    kept.approve(made.id, account("bo"))
    assert [(q.id, actor, q.approved_by) for q, actor in kept.to_send(NOW_US)] == [
        (made.id, a, account("bo")) for a in ACTORS
    ]
    with pytest.raises(NotAllowed, match="before"):
        kept.approve(made.id, account("carl"))
    lines = [(line.who, line.act) for line in audit.every(engine)]
    assert lines == [(account("anne"), "question-asked"), (account("bo"), "question-approved")]
    assert audit.verify(engine) is None


def test_a_centre_of_one_may_do_without_a_second_person_but_not_without_persons(engine, clock, kept) -> None:
    alone = Questions(engine, clock, two_people=False)
    made = asked(alone)
    assert (made.approved_by, len(alone.to_send(NOW_US))) == (account("anne"), 2)
    with pytest.raises(UnknownQuestion):
        kept.get("0" * 32)
    with pytest.raises(NotAllowed):
        asked(kept, by="centre")


def test_who_has_not_answered_is_shown_and_a_later_answer_replaces(kept) -> None:
    made = asked(kept)
    kept.approve(made.id, account("bo"))
    for _, actor in kept.to_send(NOW_US):
        kept.sent(made.id, actor)
    assert kept.to_send(NOW_US) == []
    kept.heard(reply(made, "north"))
    kept.heard(reply(made, "north", 1, "declined", days=0))
    kept.heard(reply(made, "north", 0, "met", count_bucket=2, first_hour=1, last_hour=2))
    kept.heard(reply(made, "north", 0, "met", count_bucket=2, first_hour=1, last_hour=2))
    north, south = kept.view(made.id).actors
    assert [(a.number, a.state) for a in north.answers] == [(0, "met"), (1, "declined")]
    assert (north.unanswered, south.unanswered) == ((), (0, 1))
    assert south.answers == ()


def test_what_was_taken_back_or_is_over_is_asked_of_nobody(kept, clock) -> None:
    made, other = asked(kept), asked(kept)
    for one in (made, other):
        kept.approve(one.id, account("bo"))
    kept.end(made.id, account("carl"), "asked by mistake")
    assert {q.id for q, _ in kept.to_send(NOW_US)} == {other.id}
    kept.sent(other.id, "north")
    assert kept.asked(other.id, "north", NOW_US) is not None
    assert kept.asked(other.id, "south", NOW_US) is None
    clock.advance(8 * DAY_US)
    assert kept.asked(other.id, "north", clock.now_us()) is None
    assert kept.to_send(clock.now_us()) == []
    with pytest.raises(NotAllowed, match="before"):
        kept.end(made.id, account("carl"), "again")
    late = asked(kept, since_us=clock.now_us(), days=1)
    clock.advance(2 * DAY_US)
    with pytest.raises(NotAllowed, match="past its end"):
        kept.approve(late.id, account("bo"))


@pytest.mark.parametrize(
    ("observables", "other", "says"),
    [
        ((Observable.of("ip4", "10.0.0.1"),), {}, "inside"),
        ((Observable.of("domain", "co.uk"),), {}, "inside"),
        ((Observable.of("chain", "T1046-T1071@2"),), {}, "chain"),
        (tuple(Observable.of("ip4", f"8.8.4.{n}") for n in range(21)), {}, "1 to 20"),
        ((EVIL,), {"to": ()}, "nobody"),
        ((EVIL,), {"why": " "}, "why"),
        ((EVIL,), {"why": "x" * 201}, "why"),
        ((EVIL,), {"since_us": NOW_US - 401 * DAY_US}, "back"),
        ((EVIL,), {"since_us": NOW_US + 1}, "back"),
        ((EVIL,), {"days": 31}, "30 days"),
    ],
)
def test_what_no_actor_would_answer_is_not_asked(kept, observables, other, says) -> None:
    with pytest.raises(ValueError, match=says):
        asked(kept, *observables, **other)
    assert kept.every() == ()
