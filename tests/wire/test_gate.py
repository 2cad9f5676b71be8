"""The gate: one line for each item, in one transaction with what follows; a rule that raises shuts it for that kind of
that sender alone."""

import json
import sqlite3
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.process.failure_folder import FailureFolder
from bavn.model.failure import NoContainment
from bavn.model.outcome import Refused
from bavn.model.ports import LinkDown
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book, is_environment
from bavn.wire.gate import Gate, GateBroken, Rule
from bavn.wire.ledger import Ledger, Note
from bavn.wire.shut import GATE_SHUT, SET_ASIDE, open_gate, shut_gates


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


def named(item):
    return Note(kind="K" if item < 100 or item == 666 else "L", item_id=str(item), peer="p")


class Stand:
    """A gate in front of a table."""

    def __init__(self, fail_on=None, error=None, path=None):
        self.failures, self.error = FailureFolder(None, SimClock(5)), error
        self.book = Book(path, self.failures)
        self.ledger = Ledger(self.book)
        self.fail_on = fail_on
        self.book.part("kept", 1, ["CREATE TABLE kept (value INTEGER PRIMARY KEY) STRICT"])
        self.gate = Gate(
            "test",
            (Rule("positive", positive), Rule("small", small)),
            self.ledger,
            SimClock(5),
            way="up",
            nothing=Draft,
            label=named,
            follow=self.follow,
        )

    def follow(self, item, draft):
        with self.book.transaction() as tx:
            tx.execute("INSERT INTO kept VALUES (?)", (item,))
        if item == self.fail_on:
            raise self.error
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


def test_the_draft_is_built_up_until_the_first_no_and_a_preview_leaves_no_trace() -> None:
    stand = Stand()
    assert stand.gate.offer(7) == Draft(value=7, doubled=14)
    assert stand.gate.offer(-1) == Refused("positive", "not above zero")
    assert stand.gate.offer(500) == Refused("small", "too large")
    passed, first, second = stand.ledger.lines()
    assert (passed.verdict, passed.bytes, passed.gate, passed.at_us) == ("passed", 14, "test", 5)
    assert (first.rule, second.rule) == ("positive", "small")
    stand.book.close()
    stand = Stand()
    assert stand.gate.try_on(7) == Draft(value=7, doubled=14)
    assert isinstance(stand.gate.try_on(-7), Refused)
    assert stand.ledger.lines() == []
    assert stand.kept() == []
    stand.book.close()


def test_a_rule_that_raises_sets_the_item_aside_and_shuts_its_kind_of_its_sender_alone() -> None:
    stand = Stand()
    one, aside, held, other = stand.gate.offer_all([1, 666, 2, 103])
    assert (one, aside.rule, held.rule) == (Draft(value=1, doubled=2), SET_ASIDE, GATE_SHUT)
    assert other == Refused("small", "too large"), "another kind of message meets the rules"
    assert stand.kept() == [1]
    assert [line.rule for line in stand.ledger.lines()] == ["", SET_ASIDE, GATE_SHUT, "small"]
    [failing] = stand.failures.failing()
    assert (failing.part, failing.latest.item) == ("gate test rule positive", b"666")
    assert stand.gate.try_on(2).rule == GATE_SHUT
    assert stand.gate.shut_kinds("p") == {"K"}
    stand.book.close()


def test_what_is_held_back_has_one_line_however_often_it_comes_and_passes_when_a_person_opens() -> None:
    stand = Stand()
    stand.gate.offer(666)
    for _ in range(3):
        assert stand.gate.offer(2).rule == GATE_SHUT
    assert len(stand.ledger.lines()) == 2
    [shut] = shut_gates(stand.book)
    assert (shut.gate, shut.kind, shut.peer, shut.rule, shut.error) == (
        "test",
        "K",
        "p",
        "positive",
        "ZeroDivisionError",
    )
    assert open_gate(stand.ledger, 9, "test", "Other", "Anna") == []
    assert open_gate(stand.ledger, 9, "test", "K", "Anna", "somebody") == []
    assert open_gate(stand.ledger, 9, "test", "K", "Anna") == [shut]
    line = stand.ledger.lines()[-1]
    assert (line.kind, line.peer, json.loads(line.summary)["rule"]) == ("GateOpened", "Anna", "positive")
    assert stand.gate.offer(2) == Draft(value=2, doubled=4)
    assert stand.failures.failing() == ()
    assert shut_gates(stand.book) == []
    assert stand.ledger.verify() is None
    stand.book.close()


def test_it_stays_shut_over_a_restart(tmp_path) -> None:
    stand = Stand(path=tmp_path / "book.db")
    stand.gate.offer(666)
    stand.book.close()
    again = Stand(path=tmp_path / "book.db")
    assert again.gate.offer(2).rule == GATE_SHUT
    again.failures.note("gate test rule positive", ZeroDivisionError("as it was kept"), item=b"666")
    open_gate(again.ledger, 9, "test", "K", "Anna")
    assert isinstance(again.gate.offer(2), Draft)
    assert again.failures.failing() == (), "it knew what the gate held back before it ended"
    again.book.close()


def test_what_follows_fails_alone_and_unwritable_text_breaks_no_gate() -> None:
    stand = Stand(fail_on=3, error=ValueError("a slip"))
    outcomes = stand.gate.offer_all([1, 3, 104])
    assert [getattr(outcome, "rule", "") for outcome in outcomes] == ["", SET_ASIDE, "small"]
    assert stand.kept() == [1]
    assert [line.rule for line in stand.ledger.lines()] == ["", SET_ASIDE, "small"]
    stand.book.close()
    stand = Stand()
    stand.gate._label = lambda item: Note(kind="K\ud800", item_id="x", peer="p\ud800", summary=f"\ud800 {item}")
    stand.gate.rules = (Rule("no", lambda *_: Refused("no", "not \udcff")), *stand.gate.rules)
    assert stand.gate.offer(1).rule == "no"
    (line,) = stand.ledger.lines()
    assert (line.kind, line.peer, line.summary, line.reason) == ("K\\ud800", "p\\ud800", "\\ud800 1", "not \\udcff")
    assert stand.ledger.verify() is None
    stand.book.close()


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        LinkDown("away"),
        MemoryError(),
    ],
)
def test_a_machine_that_fails_shuts_nothing_and_keeps_nothing(error) -> None:
    stand = Stand(fail_on=3, error=error)
    with pytest.raises(type(error)):
        stand.gate.offer_all([1, 3])
    assert (stand.kept(), stand.ledger.lines(), shut_gates(stand.book)) == ([], [], [])
    assert stand.failures.failing() == ()
    stand.fail_on = None
    assert stand.gate.offer_all([1, 3])[1] == Draft(value=3, doubled=6), "the same again"

    def label(item):
        raise error

    stand.gate._label = label
    with pytest.raises(type(error)):
        stand.gate.offer(-1)
    assert (len(stand.ledger.lines()), shut_gates(stand.book), stand.failures.failing()) == (2, [], ())
    stand.book.close()


def test_a_slip_of_a_statement_or_a_name_twice_is_the_makers() -> None:
    with Book() as book, pytest.raises(sqlite3.OperationalError) as caught:
        book.rows("SELECT nothing FROM nowhere")
    assert not is_environment(caught.value)
    rules = (Rule("a", positive), Rule("a", small))
    nobody = Note(kind="", item_id="", peer="")
    with Book() as book, pytest.raises(ValueError, match="one name"):
        Gate(
            "g",
            rules,
            Ledger(book),
            SimClock(1),
            way="up",
            nothing=Draft,
            label=lambda _: nobody,
            follow=lambda *_: nobody,
        )


def test_no_line_is_no_row_and_without_containment_a_slip_is_raised() -> None:
    """If the ledger cannot be written, nothing leaves."""
    stand = Stand()
    with stand.book.transaction() as tx:
        tx.execute("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(GateBroken) as caught:
        stand.gate.offer(1)
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
    assert stand.kept() == []
    stand.book.close()
    stand = Stand()
    stand.book.failures = NoContainment()
    for attempt in (stand.gate.offer, stand.gate.try_on):
        with pytest.raises(ZeroDivisionError):
            attempt(666)
    assert (stand.ledger.lines(), shut_gates(stand.book)) == ([], [])
    stand.book.close()


def test_an_item_that_cannot_be_named_costs_itself_and_shuts_out_nobody() -> None:
    stand = Stand()

    def label(item):
        return {}["nobody foresaw this"] if item in (-1, 666) else named(item)

    stand.gate._label = label
    assert stand.gate.offer(-1).rule == "positive"
    assert stand.gate.offer(666).rule == SET_ASIDE
    assert "names at gate test" in {part.part for part in stand.failures.failing()}
    assert stand.gate.offer(5) == Draft(5, 10)
    assert stand.gate.offer(-5).rule == "positive"
    assert [(line.kind, line.rule) for line in stand.ledger.lines()] == [
        ("Unnamed", "positive"),
        ("Unnamed", SET_ASIDE),
        ("K", ""),
        ("K", "positive"),
    ]
    assert "names at gate test" not in {part.part for part in stand.failures.failing()}, "it names again"
    assert [(shut.kind, shut.peer) for shut in shut_gates(stand.book)] == [("Unnamed", "")]
    stand.book.close()


def test_a_rule_works_again_when_it_holds_back_nothing_more_at_any_gate_of_its_name(tmp_path) -> None:
    """Many gates share a name and a rule's name; each knows after a restart what all of them hold back."""

    def gate_of(stand, kind):
        return Gate(
            "test",
            (Rule("positive", positive),),
            stand.ledger,
            SimClock(5),
            way="up",
            nothing=Draft,
            label=lambda item: Note(kind=kind, item_id=f"{kind}{item}", peer="p"),
            follow=lambda item, _: Note(kind=kind, item_id=f"{kind}{item}", peer="p"),
        )

    stand = Stand(path=tmp_path / "book.db")
    for kind in ("A", "B"):
        gate_of(stand, kind).offer(666)
    stand.book.close()
    stand = Stand(path=tmp_path / "book.db")
    first, second = gate_of(stand, "A"), gate_of(stand, "B")
    for kind, gate in (("A", first), ("B", second)):
        open_gate(stand.ledger, 9, "test", kind, "Anna")
        gate.offer(666)
    assert [part.count for part in stand.failures.failing()] == [2]
    open_gate(stand.ledger, 9, "test", "A", "Anna")
    assert isinstance(first.offer(1), Draft)
    assert len(stand.failures.failing()) == 1, "the rule still holds back B"
    open_gate(stand.ledger, 9, "test", "B", "Anna")
    assert isinstance(second.offer(1), Draft)
    assert stand.failures.failing() == ()
    stand.book.close()
