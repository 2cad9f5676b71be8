"""One answer for all who ask: it is made once, and is never older than the database."""

import threading

import pytest

from bavn.app.web.answers import HOLDS_US, KEPT_MAX, Answers
from bavn.centre.cases import audit
from bavn.centre.store.engine import writing
from bavn.rehearsal.clock import SimClock
from tests.app.web.test_watch import engines  # noqa: F401  the same database, in SQLite and PostgreSQL


class Made:
    """Counts how often an answer is made."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return self.times


@pytest.fixture
def asked(engines):  # noqa: F811
    here, there = engines
    clock = SimClock(1_000_000_000)
    answers = Answers(here, clock)
    yield answers, clock, there
    answers.close()


def changed(there):
    with writing(there) as connection:
        audit.note(connection, 1, "anna", "comment", "case-1", {"text": "x"})


def test_it_is_made_once_until_the_database_changes_or_it_is_old(asked) -> None:
    answers, clock, there = asked
    made, other = Made(), Made()
    assert [answers.of("a", made), answers.of("a", made), answers.of(("b", 3), other)] == [1, 1, 1]
    changed(there)
    assert [answers.of("a", made), answers.of("a", made)] == [2, 2], "whoever wrote sees what they wrote"
    clock.advance(HOLDS_US - 1)
    assert answers.of("a", made) == 2
    clock.advance(1)
    assert answers.of("a", made) == 3, "it says how long ago things were"


def test_an_answer_of_days_holds_its_seconds_whatever_changes(asked) -> None:
    answers, clock, there = asked
    made = Made()
    assert answers.of("a", made, of_days=True) == 1
    changed(there)
    assert answers.of("a", made, of_days=True) == 1
    clock.advance(HOLDS_US)
    assert answers.of("a", made, of_days=True) == 2


def test_what_changes_while_it_is_made_is_in_the_next_one(asked) -> None:
    answers, _, there = asked
    made = Made()

    def slow():
        changed(there)
        return made()

    assert [answers.of("a", slow), answers.of("a", made), answers.of("a", made)] == [1, 2, 2]


def test_all_who_ask_meanwhile_wait_for_the_same_one(asked) -> None:
    answers, _, _ = asked
    made, goes_on, got = Made(), threading.Event(), []

    def slow():
        assert goes_on.wait(30)
        return made()

    people = [threading.Thread(target=lambda: got.append(answers.of("a", slow))) for _ in range(20)]
    for one in people:
        one.start()
    goes_on.set()
    for one in people:
        one.join(30)
    assert (got, made.times) == ([1] * 20, 1)


def test_a_failure_is_of_whoever_asked_and_is_not_kept(asked) -> None:
    answers, _, _ = asked

    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        answers.of("a", fails)
    assert answers.of("a", Made()) == 1


def test_no_more_are_kept_than_so_many(asked) -> None:
    answers, _, _ = asked
    made = Made()
    for number in range(KEPT_MAX + 1):
        answers.of(number, made)
    assert len(answers._kept) == KEPT_MAX
    assert answers.of(0, made) == KEPT_MAX + 2, "the first one was forgotten"
