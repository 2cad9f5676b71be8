"""The gate: one line for each item, in one transaction with what follows; a rule that raises shuts it."""

import sqlite3
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.sim.clock import SimClock
from bavn.wire.book import Book
from bavn.wire.gate import Gate, GateBroken, Rule
from bavn.wire.ledger import Ledger, Note


@dataclass(frozen=True)
class Draft:
    value: int | None = None
    doubled: int | None = None


def positive(item, draft):
    if item == 666:
        raise ZeroDivisionError("a rule with a slip")
    return replace(draft, value=item) if item > 0 else Refused("positive", "not above zero")


def small(item, draft):
    return replace(draft, doubled=2 * draft.value) if item < 100 else Refused("small", "too large")


class Stand:
    """A gate in front of a table."""

    def __init__(self, fail_on=None):
        self.book = Book()
        self.ledger = Ledger(self.book)
        self.fail_on = fail_on
        self.book.part("kept", 1, ["CREATE TABLE kept (value INTEGER PRIMARY KEY) STRICT"])
        self.gate = Gate(
            "test", (Rule("positive", positive), Rule("small", small)), self.ledger, SimClock(5), way="up",
            nothing=Draft, label=lambda item: Note(kind="K", item_id=str(item), peer="p"), follow=self.follow,
        )  # fmt: skip

    def follow(self, item, draft):
        with self.book.transaction() as tx:
            tx.execute("INSERT INTO kept VALUES (?)", (item,))
        if item == self.fail_on:
            raise OSError("the disk is full")
        return Note(kind="K", item_id=str(item), peer="p", privacy="S1", bytes=draft.doubled)

    def kept(self):
        return [row[0] for row in self.book.rows("SELECT value FROM kept ORDER BY value")]


@given(items=st.lists(st.integers(-50, 150), unique=True, max_size=30))
def test_items_in_are_rows_out_plus_refusals_and_lines(items) -> None:
    stand = Stand()
    outcomes = stand.gate.offer_all(items)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(stand.kept()) + len(refused) == len(items)
    assert len(stand.ledger.lines()) == len(items)
    assert [line.item_id for line in stand.ledger.lines()] == [str(item) for item in items]
    assert stand.kept() == sorted(item for item in items if 0 < item < 100)
    stand.book.close()


def test_the_draft_is_built_up_and_the_first_no_counts() -> None:
    stand = Stand()
    assert stand.gate.offer(7) == Draft(value=7, doubled=14)
    assert stand.gate.offer(-1) == Refused("positive", "not above zero")
    assert stand.gate.offer(500) == Refused("small", "too large")
    passed, first, second = stand.ledger.lines()
    assert (passed.verdict, passed.bytes, passed.gate, passed.at_us) == ("passed", 14, "test", 5)
    assert (first.rule, second.rule) == ("positive", "small")
    stand.book.close()


def test_a_preview_leaves_no_trace() -> None:
    stand = Stand()
    assert stand.gate.try_on(7) == Draft(value=7, doubled=14)
    assert isinstance(stand.gate.try_on(-7), Refused)
    assert stand.ledger.lines() == []
    assert stand.kept() == []
    stand.book.close()


def test_a_rule_that_raises_shuts_the_gate_and_nothing_is_kept() -> None:
    stand = Stand()
    with pytest.raises(GateBroken, match="positive"):
        stand.gate.offer_all([1, 666, 2])
    assert (stand.kept(), stand.ledger.lines()) == ([], [])
    with pytest.raises(GateBroken, match="shut"):
        stand.gate.offer(1)
    with pytest.raises(GateBroken, match="shut"):
        stand.gate.try_on(1)
    stand.book.close()


def test_what_follows_fails_and_the_line_goes_with_it() -> None:
    stand = Stand(fail_on=3)
    stand.gate.offer(1)
    with pytest.raises(GateBroken, match="what follows"):
        stand.gate.offer(3)
    assert stand.kept() == [1]
    assert len(stand.ledger.lines()) == 1
    stand.book.close()


def test_no_line_no_row() -> None:
    """If the ledger cannot be written, nothing leaves."""
    stand = Stand()
    with stand.book.transaction() as tx:
        tx.execute("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(GateBroken) as caught:
        stand.gate.offer(1)
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
    assert stand.kept() == []
    stand.book.close()


def test_two_rules_of_one_name_do_not_make_a_gate() -> None:
    rules = (Rule("a", positive), Rule("a", small))
    nobody = Note(kind="", item_id="", peer="")
    with Book() as book, pytest.raises(ValueError, match="one name"):
        Gate("g", rules, Ledger(book), SimClock(1), way="up", nothing=Draft, label=lambda _: nobody,
             follow=lambda *_: nobody)  # fmt: skip
