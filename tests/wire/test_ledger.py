"""The ledger: a chain that shows where it was touched, readable while it is written."""

import json
import os
import sqlite3
import stat
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest

from bavn.model.moment import HOUR_US
from bavn.model.outcome import Refused
from bavn.model.text import Text
from bavn.wire.book import Book, BookForeign, Doomed
from bavn.wire.ledger import GENESIS, SUMMARY_CHARACTERS_MAX, BadLine, Ledger, Note, look_on


def note(n, kind="Report"):
    return Note(kind=kind, item_id=f"{n:064x}", peer="centre", privacy="S1", bytes=100 + n, summary=f'{{"n":{n}}}')


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.db"


@pytest.fixture
def ledger(path):
    with Book(path) as book:
        ledger = Ledger(book)
        for n in range(20):
            no = Refused("budget", "spent") if n % 3 == 0 else None
            ledger.append(1000 + n, "door", "up", note(n, "Report" if n % 2 else "Health"), no)
        yield ledger


def test_lines_are_numbered_chained_whole_and_one_object_each_in_the_export(ledger) -> None:
    lines = ledger.lines()
    assert [line.seq for line in lines] == list(range(1, 21))
    assert lines[0].prev == GENESIS
    assert all(later.prev == line.hash for line, later in pairwise(lines))
    assert ledger.verify() is None
    assert ledger.head() == (20, lines[-1].hash)
    assert (lines[0].verdict, lines[0].rule, lines[0].reason) == ("refused", "budget", "spent")
    assert (lines[1].verdict, lines[1].rule, lines[1].reason) == ("passed", "", "")
    assert [line.seq for line in ledger.lines(after=17)] == [18, 19, 20]
    assert {line.kind for line in ledger.lines(kind="Health")} == {"Health"}
    assert {line.verdict for line in ledger.lines(verdict="refused")} == {"refused"}
    assert len(ledger.lines(limit=3)) == 3
    assert [line.seq for line in ledger.lines(item_id=f"{4:064x}")] == [5]
    assert ledger.lines(kind="Health", verdict="refused", gate="elsewhere") == []
    lines = [json.loads(line) for line in ledger.export()]
    assert [line["seq"] for line in lines] == list(range(1, 21))
    assert lines[6]["summary"] == '{"n":6}'
    assert lines == [json.loads(line) for line in ledger.export()]


def test_why_is_said_in_any_language_and_an_older_line_as_it_was_written(ledger) -> None:
    ledger.append(1, "door", "up", note(1), Refused("too_deep", "nested deeper than {deepest}", deepest=8))
    ledger.append(
        1, "door", "up", note(2), Refused.of("words", Text.plain("nested deeper than 8, as it was once said"))
    )
    new, old = ledger.lines(after=20)
    assert (new.why.en, new.why.da) == ("nested deeper than 8", "indlejret dybere end 8")
    assert json.loads(new.reason)["en"] == "nested deeper than 8", "an auditor reads the row itself"
    assert old.reason == old.why.en == old.why.da == "nested deeper than 8, as it was once said"
    assert ledger.lines()[1].why is None
    assert ledger.verify() is None


def test_nothing_is_changed_through_sql_and_a_refusal_has_its_rule(ledger) -> None:
    for statement in ("DELETE FROM ledger WHERE seq = 20", "UPDATE ledger SET bytes = 0 WHERE seq = 3"):
        with pytest.raises(sqlite3.IntegrityError, match="never"), ledger.book.transaction() as tx:
            tx.execute(statement)
    assert ledger.verify() is None
    with pytest.raises(ValueError, match="rule"):
        ledger.append(1, "door", "up", note(1), Refused("", "because"))


FIELDS = [
    "at_us",
    "gate",
    "way",
    "kind",
    "item_id",
    "peer",
    "verdict",
    "rule",
    "reason",
    "privacy",
    "bytes",
    "summary",
    "prev",
    "hash",
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_touched_field_shows_at_its_line(ledger, field) -> None:
    value = {"at_us": 5, "bytes": 5, "verdict": "passed"}.get(field, "f" * 64)
    with ledger.book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_words")
        tx.execute(f"UPDATE ledger SET {field} = ? WHERE seq = 7", (value,))
    bad = ledger.verify()
    assert isinstance(bad, BadLine)
    assert bad.seq == 7


def test_a_missing_line_and_a_recomputed_one_show(ledger) -> None:
    line = ledger.lines(after=6, limit=1)[0]
    forged = replace(line, summary='{"n":"nothing"}')
    with ledger.book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_words")
        tx.execute("UPDATE ledger SET summary = ?, hash = ? WHERE seq = 7", (forged.summary, forged.expected_hash()))
    bad = ledger.verify()
    assert bad == BadLine(8, "does not follow the line before it")
    with ledger.book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_lines")
        tx.execute("DELETE FROM ledger WHERE seq = 7")
    assert ledger.verify() == BadLine(8, "line 7 is missing")


def test_lines_cut_off_at_the_end_show_against_a_head_kept_elsewhere(ledger) -> None:
    head = ledger.head()
    with ledger.book.transaction() as tx:
        tx.execute("DROP TRIGGER ledger_keep_lines")
        tx.execute("DELETE FROM ledger WHERE seq > 15")
    assert ledger.verify() is None
    assert ledger.head() != head


def test_another_process_may_look_on_and_not_write(ledger, path) -> None:
    with look_on(path) as reader:
        assert len(reader.lines()) == 20
        ledger.append(5000, "door", "up", note(99))
        assert len(reader.lines()) == 21
        assert reader.verify() is None
        with pytest.raises(sqlite3.OperationalError):
            reader._asks.rows("INSERT INTO book_part VALUES ('x', 1)")


def test_a_long_summary_keeps_its_digest(ledger) -> None:
    line = ledger.append(1, "door", "up", Note(kind="K", item_id="0" * 64, peer="p", summary="x" * 100_000))
    assert len(line.summary) <= SUMMARY_CHARACTERS_MAX
    assert "sha256" in line.summary
    assert ledger.verify() is None


def test_a_swallowed_failure_keeps_nothing_of_its_transaction(path) -> None:
    with Book(path) as book:
        ledger = Ledger(book)

        def fails_inside():
            with book.transaction() as tx:
                tx.execute("SELECT nothing FROM nowhere")

        def swallows():
            with book.transaction():
                ledger.append(1, "door", "up", note(1))
                with suppress(sqlite3.OperationalError):
                    fails_inside()

        with pytest.raises(Doomed):
            swallows()
        assert ledger.head() == (0, GENESIS)
        ledger.append(1, "door", "up", note(1))
        assert ledger.head()[0] == 1


def test_a_transaction_that_a_full_disk_has_undone_says_that_and_the_book_goes_on(path) -> None:
    def fills(connection):
        connection.execute("ROLLBACK")  # SQLite does so by itself
        raise sqlite3.OperationalError("database or disk is full")

    with Book(path) as book:
        ledger = Ledger(book)
        with pytest.raises(sqlite3.OperationalError, match="disk is full"), book.transaction() as connection:
            fills(connection)
        ledger.append(1, "door", "up", note(1))
        assert ledger.head()[0] == 1


def test_what_a_full_disk_does_not_take_does_not_look_like_a_copy_put_back(path) -> None:
    """The book's file changes with its mark alone."""
    with Book(path) as book:
        ledger = Ledger(book)
        with book.transaction() as tx:
            tx.execute("CREATE TRIGGER full BEFORE UPDATE ON book_mark BEGIN SELECT RAISE(ABORT, 'full'); END")
        book._marked_us -= HOUR_US
        os.utime(path, (0, 0))
        with pytest.raises(sqlite3.IntegrityError, match="full"):
            ledger.append(1, "door", "up", note(1))
        assert path.stat().st_mtime == 0
    assert path.stat().st_mtime == 0, "nor when it is closed"


def test_a_new_book_is_for_its_owners_eyes(path) -> None:
    with Book(path) as book:
        Ledger(book).append(1, "door", "up", note(1))
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_book_of_another_version_is_the_operators_business(path) -> None:
    with Book(path) as book:
        book.part("inbox", 1, ())
        with pytest.raises(BookForeign, match="inbox"):
            book.part("inbox", 2, ())
