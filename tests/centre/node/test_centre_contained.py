"""Each part of the centre's step, each correlator and each message's working-off raises in turn, in a way that nobody
foresaw: that costs its own result and nothing else, is noted by name, and the next step tries again."""

import ast
import sqlite3
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

import bavn.centre.node
from bavn.app.process.failure_folder import FailureFolder
from bavn.centre.books import tables as t
from bavn.centre.correlate import run
from bavn.centre.node.protection import Protection
from bavn.centre.store.lease import LeaseLost
from bavn.model.moment import HOUR_US, MINUTE_US
from bavn.model.sector.case import CaseAct
from bavn.wire.archive import ArchiveBroken
from bavn.wire.messages.catalogue import IndicatorReleased

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
THREE = {"east": "east", "north": "north", "south": "south"}
PARTS = (
    "protection",
    "questions",
    "cases",
    "clock",
    "warnings",
    "inbox",
    "join",
    "outgoing",
    "commons",
    "quarantine",
    "only second",
    "keys",
    "ranking",
    "alarms",
    "tidying rounds",
    "tidying counts",
    "tidying canaries",
    "tidying alarms",
    "tidying leads",
    "tidying outgoing",
    "tidying log",
    "tidying inbox",
    "tidying exchange",
    "tidying offers",
    "tidying cases",
    "tidying warnings",
    "tidying ledger",
    "tidying held",
)


class Unforeseen(Exception):
    """What nobody wrote a handler for."""


def fails(*_args, **_more):
    raise Unforeseen("\udcff nobody thought of this")


def raising(error):
    def fail(*_):
        raise error

    return fail


@pytest.fixture
def sector(make_sector, suspicion, tmp_path):
    made = make_sector(THREE)
    for node in made.nodes.values():
        node.suspicions = [suspicion()]
    made.failures = FailureFolder(tmp_path / "failures", made.clock)
    made.centre.contained.failures = made.failures
    return made


def failing(sector):
    return [one.part for one in sector.failures.failing()]


def blocks(sector):
    """From suspicions to a block at every actor, by people at the desk."""
    sector.run()
    sector.decide(CaseAct.CONFIRM, CaseAct.RELEASE)
    sector.run()
    return all(any(isinstance(m, IndicatorReleased) for m in node.told) for node in sector.nodes.values())


def test_the_walks_cover_every_part_and_all_that_is_worked_off(sector, databases) -> None:
    assert {name for name, _ in sector.centre.parts()} == {f"centre {name}" for name in PARTS}
    assert databases
    named = set()
    for file in Path(bavn.centre.node.__path__[0]).glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("self.contained.each", "each", "self.tell"):
                named |= {call.args[0].value} if isinstance(call.args[0], ast.Constant) else {ast.unparse(call.args[0])}
    assert named - {"what"} == set(EACH), "`what`: each post hands its own to the one that all share"


@pytest.mark.slow
def test_a_part_that_raises_stops_no_other_and_is_tried_again(sector, monkeypatch) -> None:
    kept = type(sector.centre).parts
    ran, broken = [], ""

    def parts(self, **how):
        def instead(name, do):
            return fails if name == broken else lambda: (ran.append(name), do())

        return tuple((name, instead(name, do)) for name, do in kept(self, **how))

    monkeypatch.setattr(type(sector.centre), "parts", parts)
    everything = {f"centre {name}" for name in PARTS}
    for broken in sorted(everything):
        ran.clear()
        sector.clock.advance(HOUR_US)
        sector.centre.step()
        assert failing(sector) == [broken], "the one before works again"
        assert set(ran) == everything - {broken}
    broken = ""
    sector.clock.advance(HOUR_US)
    sector.centre.step()
    assert failing(sector) == []
    assert blocks(sector), "what it missed is done by later steps"


PROTECTION = ("cases", "indicators", "policies", "ring", "share", "switch", "upkeep")


def test_a_part_of_protection_that_raises_holds_up_none_of_the_others(sector, monkeypatch) -> None:
    kept = Protection.parts
    ran, broken = [], ""

    def parts(self):
        def instead(name, do):
            return fails if name == broken else lambda: (ran.append(name), do())

        return tuple((name, instead(name, do)) for name, do in kept(self))

    everything = {name for name, _ in sector.centre._protection.parts()}
    assert everything == {f"protection {name}" for name in PROTECTION}
    monkeypatch.setattr(Protection, "parts", parts)
    for broken in sorted(everything):
        ran.clear()
        sector.clock.advance(MINUTE_US)
        sector.centre.step()
        assert failing(sector) == [broken]
        assert set(ran) == everything - {broken}
    broken = ""
    sector.centre.step()
    assert failing(sector) == []


EACH = {
    "order of a case": ("_protection.cases", "orders"),
    "order": ("_protection.indicators", "orders"),
    "case to an actor": ("_case_post.told", "owed"),
    "warning to an actor": ("_warning_post.warnings", "owed"),
}
"""What the centre works off one by one: where it comes from."""


def test_an_order_or_a_word_that_raises_holds_up_none_of_the_others(sector, monkeypatch) -> None:
    for name, (path, method) in EACH.items():
        owner = sector.centre
        for step in path.split("."):
            owner = getattr(owner, step)
        real = getattr(type(owner), method)
        with monkeypatch.context() as broken:
            odd = lambda *given, real=real, **more: ["odd", "odder", *real(*given, **more)]  # noqa: E731
            broken.setattr(type(owner), method, odd)
            sector.centre.step()
            (part,) = sector.failures.failing()
            assert (part.part, part.count % 2) == (name, 0), "the one after it had its turn"
        sector.clock.advance(MINUTE_US)
        sector.centre.step()
        assert failing(sector) == []


@pytest.mark.slow
@pytest.mark.parametrize("at", range(len(run.CORRELATORS)))
def test_a_correlator_that_raises_costs_its_findings_alone(sector, monkeypatch, at) -> None:
    name = run.name_of(run.CORRELATORS[at])
    broken = tuple(fails if n == at else one for n, one in enumerate(run.CORRELATORS))
    monkeypatch.setattr(run, "name_of", lambda one: name if one is fails else one.__module__.rpartition(".")[2])
    with monkeypatch.context() as broken_part:
        broken_part.setattr(run, "CORRELATORS", broken)
        sector.run()
        assert failing(sector) == [f"correlator {name}"]
        others = len(sector.desk.lead_book.leads())
        assert others == (0 if name == "shared_element" else 1), "only the joint scan needs more than these"
    sector.clock.advance(MINUTE_US)
    sector.run()
    assert failing(sector) == []
    assert len(sector.desk.lead_book.leads()) == 1


def test_an_item_that_cannot_be_worked_off_is_set_aside_and_holds_up_no_other(sector, monkeypatch, tmp_path) -> None:
    centre, inbox = sector.centre, sector.centre._inbox
    kept = type(centre)._work_off
    poisoned = []

    def work_off(self, taken):
        if not poisoned:
            poisoned.append(taken.number)
        if taken.number in poisoned:
            fails()
        kept(self, taken)

    with monkeypatch.context() as broken_part:
        broken_part.setattr(type(centre), "_work_off", work_off)
        sector.run()
        assert poisoned
        assert inbox.aside.every() == [], "it is tried three times before"
        for _ in range(3):
            sector.clock.advance(MINUTE_US)
            sector.run()
    (item,) = inbox.aside.every()
    assert (item.number, item.error) == (poisoned[0], "Unforeseen")
    assert inbox.rows()[1] == 1, "all others were worked off"
    kept_failure = next((tmp_path / "failures").glob("*.item"))
    assert kept_failure.read_bytes() == inbox.aside.body(item.number)
    sector.run()
    assert inbox.rows()[1] == 1, "it stays set aside, after a restart too"
    sector.restart()
    sector.centre.contained.failures = sector.failures
    sector.centre.step()
    assert [one.number for one in sector.centre._inbox.aside.every()] == poisoned
    assert not inbox.aside.retry(9999)
    assert inbox.aside.retry(item.number)
    sector.centre.step()
    assert (inbox.rows()[1], inbox.aside.every()) == (0, [])


def test_an_item_that_is_dropped_is_gone(sector, monkeypatch) -> None:
    aside = sector.centre._inbox.aside
    monkeypatch.setattr(type(sector.centre), "_work_off", fails)
    sector.run()
    for _ in range(3):
        sector.clock.advance(MINUTE_US)
        sector.centre.step()
    everything = aside.every()
    assert len(everything) == 3
    assert aside.drop(everything[0].number)
    assert not aside.drop(everything[0].number)
    assert [one.number for one in aside.every()] == [one.number for one in everything[1:]]
    assert aside.body(everything[0].number) == b""


@pytest.mark.slow
def test_a_database_that_is_away_sets_no_item_aside(sector, monkeypatch) -> None:
    locked = sqlite3.OperationalError("database is locked")
    for error in (OperationalError("x", {}, Exception()), locked, OSError(28, "disk full")):
        with monkeypatch.context() as broken_part:
            broken_part.setattr(type(sector.centre), "_work_off", raising(error))
            for _ in range(5):
                sector.run()
                sector.clock.advance(MINUTE_US)
            assert failing(sector) == ["centre inbox"]
    sector.run()
    assert sector.centre._inbox.rows()[1] == 0
    assert failing(sector) == []


def test_a_book_that_does_not_hold_ends_the_step(sector, monkeypatch) -> None:
    errors = (ArchiveBroken("a part does not hold"), LeaseLost("another centre"), sqlite3.DatabaseError("malformed"))
    for error, name in product(errors, ("_work_off", "_audit_keys")):
        with monkeypatch.context() as broken_part:
            broken_part.setattr(type(sector.centre), name, raising(error))
            with pytest.raises(type(error)):
                sector.run()


def test_a_look_for_orders_that_finds_none_and_a_server_that_is_away_are_told_as_they_are(sector, monkeypatch) -> None:
    away = OperationalError("x", {}, Exception())
    broken_gate = RuntimeError("a gate is shut")
    broken_gate.__cause__ = away
    sector.centre.contained._served = True
    assert sector.centre.contained.ends(away)
    assert sector.centre.contained.ends(broken_gate)
    sector.centre.contained._served = False
    assert not sector.centre.contained.ends(broken_gate)
    monkeypatch.setattr(type(sector.centre._protection), "step", fails)
    sector.centre.step(again=False)
    assert failing(sector) == ["centre protection"]


def test_a_message_out_that_cannot_be_read_holds_up_no_other(sector) -> None:
    with t.writing(sector.engine) as connection:
        connection.execute(t.OUTGOING.insert().values(said="\N{SNOWMAN} no message", done=False))
    assert blocks(sector)
    assert failing(sector) == ["centre message out"]
    with t.reading(sector.engine) as connection:
        left = connection.execute(select(t.OUTGOING.c.said).where(t.OUTGOING.c.done.is_(False))).scalars().all()
    assert left == ["\N{SNOWMAN} no message"]


def test_nothing_is_contained_unless_somebody_is_told(make_sector, monkeypatch) -> None:
    made = make_sector(THREE)
    monkeypatch.setattr(type(made.centre), "_audit_keys", fails)
    with pytest.raises(Unforeseen):
        made.centre.step()
