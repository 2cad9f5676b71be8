"""What the score learns: two people stand behind it, one takes it back, and what counted before counts again."""

import pytest

from bavn.centre.books.learned import Learning, UnknownVersion
from bavn.centre.cases import audit
from bavn.centre.cases.two_people import NotAllowed
from bavn.centre.correlate.laws.learned import NOTHING, Learned
from bavn.model.moment import DAY_US
from bavn.model.principal import account
from bavn.model.sector.case import NotNow
from bavn.rehearsal.clock import SimClock

FIRST = Learned(shifts={"beacon": (0.25,) * 16, "": (0.0,) * 16}, new_share=0.7, judged=40, confirmed=25, new=20)
SECOND = Learned(shifts={"beacon": (0.5,) * 16}, judged=70, confirmed=40)


@pytest.fixture
def engine(databases):
    made = databases.new()
    yield made
    databases.free(made)


@pytest.fixture
def learning(engine):
    return Learning(engine, SimClock(20_000 * DAY_US))


def test_two_different_people_stand_behind_a_version(learning):
    version = learning.propose(FIRST, account("anne"))
    assert learning.learned() == NOTHING
    for name in (account("anne"), "ANNE", "policy:1"):
        with pytest.raises(NotAllowed):
            learning.approve(version.id, name)
    assert learning.in_force() is None
    assert learning.approve(version.id, account("bo")).learned == FIRST
    assert learning.learned() == FIRST
    with pytest.raises(NotAllowed):
        learning.approve(version.id, account("clara"))
    with pytest.raises(UnknownVersion):
        learning.approve("learned-99", account("bo"))


def test_one_act_puts_back_what_counted_before(learning, engine):
    for learned in (FIRST, SECOND):
        learning.approve(learning.propose(learned, account("anne")).id, account("bo"))
    assert learning.learned() == SECOND
    learning.take_back(learning.in_force().id, account("clara"), "it learned from a test")
    assert learning.learned() == FIRST
    learning.take_back(learning.in_force().id, account("clara"), "so did this")
    assert learning.learned() == NOTHING
    assert [one.ended_by is not None for one in learning.every()] == [True, True]
    acts = [line.act for line in audit.lines(engine)]
    assert acts.count("learned-taken-back") == 2


def test_what_was_taken_back_before_anybody_approved_it_never_counts(learning):
    version = learning.propose(FIRST, account("anne"))
    learning.take_back(version.id, account("anne"), "wrong day")
    with pytest.raises(NotAllowed):
        learning.approve(version.id, account("bo"))
    assert learning.learned() == NOTHING


def test_of_too_few_verdicts_there_is_no_version(learning):
    with pytest.raises(NotNow, match="from 20 verdicts"):
        learning.propose(None, account("anne"))
    assert learning.every() == ()
