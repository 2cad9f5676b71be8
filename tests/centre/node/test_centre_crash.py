"""The centre dies at any write, before or after it took hold, and goes on as if nothing had happened."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.principal import account
from bavn.model.sector.case import CaseAct, CaseState
from bavn.wire.book import Book
from bavn.wire.messages.catalogue import IndicatorReleased

FOUR = {"clinic": "clinic", "east": "east", "north": "north", "south": "south"}


class Killed(BaseException):
    """Stands for kill -9: nothing in the code may catch it."""


class Axe:
    """Kills at the ``at``-th commit of the database or the book, ``after`` it took hold or just before."""

    def __init__(self, at, after):
        self.left, self.after, self.armed = at, after, False

    def before_commit(self):
        if self.armed and not self.after:
            self._count()

    def after_commit(self):
        if self.armed and self.after:
            self._count()

    def _count(self):
        self.left -= 1
        if self.left == 0:
            self.armed = False
            raise Killed


def arm(axe, sector, monkeypatch):
    """Only what the centre writes counts: the nodes have books of their own."""
    commit = Book._commit

    def book_commit(book):
        if book is sector.book:
            axe.before_commit()
        commit(book)
        if book is sector.book:
            axe.after_commit()

    def database_commit(dialect, connection):
        axe.before_commit()
        connection.commit()
        axe.after_commit()

    monkeypatch.setattr(Book, "_commit", book_commit)
    monkeypatch.setattr(type(sector.engine.dialect), "do_commit", database_commit)


def run_through(sector, folder):
    """Step and talk until all is quiet, with a new centre after each death; how often it died."""
    deaths = 0
    for _ in range(80):
        try:
            sector.centre.step()
            said = sum(node.talk(sector.centre) for node in sector.nodes.values())
        except Killed:
            deaths += 1
            sector.reopen(folder)
            continue
        if not said:
            return deaths
    raise AssertionError("the sector never came to rest")


def seen_by_three(sector, suspicion):
    for name in ("east", "north", "south"):
        sector.nodes[name].suspicions = [suspicion()]


def decide(sector, act, folder):
    """A person acts, and acts again if the machine died before it took hold."""
    (case,) = sector.desk.cases.every()
    who = account("bo") if act is CaseAct.RELEASE else account("anne")
    try:
        sector.desk.cases.act(case.id, act, who, "because")
    except Killed:
        sector.reopen(folder)
        if sector.desk.cases.case(case.id).state is case.state:
            sector.desk.cases.act(case.id, act, who, "because")


@pytest.mark.each_on_postgresql
@pytest.mark.slow
@pytest.mark.parametrize(("at", "after"), [(20, True), (60, False)])
def test_a_kill_at_some_writes_loses_and_doubles_nothing(sector_on_disk, suspicion, tmp_path, at, after):
    killed_at(at, after, sector_on_disk, suspicion, tmp_path)


@pytest.mark.slow
@settings(max_examples=6)
@given(at=st.integers(1, 110), after=st.booleans())
def test_a_kill_at_any_write_loses_and_doubles_nothing(sector_on_disk, suspicion, tmp_path_factory, at, after):
    killed_at(at, after, sector_on_disk, suspicion, tmp_path_factory.mktemp("killed"))


def killed_at(at, after, sector_on_disk, suspicion, folder):
    with sector_on_disk(folder, FOUR) as sector, pytest.MonkeyPatch.context() as patch:
        seen_by_three(sector, suspicion)
        axe = Axe(at, after)
        arm(axe, sector, patch)
        axe.armed = True
        run_through(sector, folder)
        decide(sector, CaseAct.CONFIRM, folder)
        decide(sector, CaseAct.RELEASE, folder)
        run_through(sector, folder)
        nothing_lost_or_doubled(sector)


def nothing_lost_or_doubled(sector):
    (case,) = sector.desk.cases.every()
    assert case.state is CaseState.RELEASED
    assert (case.order_no, case.done_no) == (1, 1)
    assert sector.desk.audit_verify() is None
    for node in sector.nodes.values():
        assert Counter(type(message) for message in node.told) == {IndicatorReleased: 2}
    lines = [line for line in sector.centre._share.post.ledger.every() if line.gate == "share"]
    assert len({(line.peer, line.item_id) for line in lines}) == len(lines)
    assert len(lines) == sum(node.letters for node in sector.nodes.values())
    assert Counter(line.kind for line in lines if line.peer == "east")["RevealAsked"] == 1
    passed = sector.book.rows("SELECT count(*) FROM ledger WHERE gate = 'inbox' AND verdict = 'passed'")[0][0]
    assert sector.centre._inbox.rows() == (passed, 0)


@pytest.mark.slow
def test_the_axe_falls(sector_on_disk, suspicion, tmp_path):
    """The test above would be worth nothing if nobody died in it."""
    with sector_on_disk(tmp_path, FOUR) as sector, pytest.MonkeyPatch.context() as patch:
        seen_by_three(sector, suspicion)
        axe = Axe(30, after=True)
        arm(axe, sector, patch)
        axe.armed = True
        assert run_through(sector, tmp_path) == 1
