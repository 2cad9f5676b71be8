"""Old ledger lines move into closed parts: the chain goes on, and what is done to a part shows."""

import gzip
import json
import sqlite3
import stat

import pytest

from bavn.model.outcome import Refused
from bavn.wire import archive
from bavn.wire.archive import ArchiveBroken, may_hold, sieve
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note, look_on

LINES = 57


def note(n):
    return Note(kind="Report" if n % 2 else "Health", item_id=f"{n:064x}", peer="centre", privacy="S1", summary="æ" * n)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.db"


@pytest.fixture
def ledger(path):
    with Book(path) as book:
        made = Ledger(book)
        for n in range(LINES):
            made.append(1000 + n, "door", "out", note(n), Refused("budget", "spent") if n % 3 == 0 else None)
        yield made


def parts(path):
    return sorted(archive.folder_of(path).iterdir())


def test_what_is_read_is_the_same_before_and_after(ledger, path) -> None:
    before, head = list(ledger.every()), ledger.head()
    assert ledger.close_parts(lines_max=10) == 40
    assert [(part.first, part.last) for part in ledger.closed()] == [(1, 10), (11, 20), (21, 30), (31, 40)]
    assert ledger.book.rows("SELECT min(seq), max(seq) FROM ledger") == [(41, LINES)]
    assert ledger.verify() is None
    assert ledger.head() == head
    with look_on(path) as reader:
        for asked in (ledger, reader):
            assert list(asked.every()) == before
            assert asked.lines(after=15, limit=30) == before[15:45]
            assert asked.lines(kind="Health", verdict="refused") == [
                line for line in before if line.kind == "Health" and line.verdict == "refused"
            ]
            assert [asked.lines(item_id=line.item_id) for line in before] == [[line] for line in before]
            assert asked.newest(25) == before[-25:]
            assert (
                asked.newest(9, lambda line: line.verdict == "refused")
                == [line for line in before if line.verdict == "refused"][-9:]
            )
            assert asked.newest(1000) == before
            assert [json.loads(line)["seq"] for line in asked.export()] == list(range(1, LINES + 1))


def test_lines_go_on_after_a_closing_also_in_a_new_process(ledger, path) -> None:
    ledger.close_parts(lines_max=10)
    ledger.append(9000, "door", "out", note(99))
    with Book(path) as again:
        other = Ledger(again)
        other.append(9001, "door", "out", note(100))
        assert other.verify() is None
        assert other.head()[0] == LINES + 2
        assert other.close_parts(lines_max=10) == 0


def test_parts_are_bounded_and_a_ledger_in_memory_keeps_all(ledger) -> None:
    assert ledger.close_parts(lines_max=10**6, bytes_max=5000) > 0
    left = ledger.book.rows("SELECT sum(500 + length(summary)) FROM ledger")[0][0]
    assert left < 2 * 5000
    assert ledger.verify() is None
    with Book(None) as book:
        made = Ledger(book)
        for n in range(30):
            made.append(n, "door", "out", note(n))
        assert made.close_parts(lines_max=5) == 0
        assert len(made.lines()) == 30
    known = [f"{n:064x}" for n in range(2000)]
    bits = sieve(known)
    assert len(bits) == 2500
    assert all(may_hold(bits, item) for item in known)
    assert sum(may_hold(bits, f"{n:064x}") for n in range(10_000, 20_000)) < 300


def test_a_part_is_for_its_owners_eyes_and_the_same_bytes_each_time(ledger, path) -> None:
    lines = list(ledger.every())
    ledger.close_parts(lines_max=10)
    assert {stat.S_IMODE(file.stat().st_mode) for file in parts(path)} == {0o400}
    before = [file.read_bytes() for file in parts(path)]
    for part in ledger.closed():
        rows = [json.loads(text) for text in ledger.export()][part.first - 1 : part.last]
        archive.write(archive.folder_of(path), part.first, part.last, rows)
    assert [file.read_bytes() for file in parts(path)] == before
    assert list(ledger.every()) == lines


@pytest.mark.parametrize("step", ["written", "listed"])
def test_a_crash_between_the_steps_loses_and_doubles_nothing(ledger, path, monkeypatch, step) -> None:
    before = list(ledger.every())
    real = archive.write

    def dies(*given) -> None:
        if step == "listed":
            real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            ledger.close_parts(lines_max=10)
    assert list(ledger.every()) == before
    assert ledger.close_parts(lines_max=10) == 40
    assert list(ledger.every()) == before
    assert ledger.verify() is None


def touched(file, change):
    with gzip.open(file, "rt", encoding="utf-8") as packed:
        lines = packed.read().splitlines()
    file.chmod(0o600)
    with gzip.open(file, "wt", encoding="utf-8") as packed:
        packed.write("".join(line + "\n" for line in change(lines)))


@pytest.mark.parametrize(
    ("change", "seq", "words"),
    [
        (
            lambda lines: [lines[0], lines[1].replace("budget", "nobody").replace("centre", "other"), *lines[2:]],
            12,
            "was changed",
        ),
        (lambda lines: [lines[0], *lines[2:]], 13, "line 12 is missing"),
        (lambda lines: lines[:-1], 21, "line 20 is missing"),
        (lambda lines: [*lines, lines[-1]], 20, "line 21 is missing"),
        (lambda lines: ["no line at all", *lines], 11, "cannot be read"),
        (lambda lines: ["[]", *lines], 11, "no line"),
        (lambda lines: ['{"seq":1}', *lines], 11, "no ledger line"),
        (lambda _: [], 21, "line 11 is missing"),
    ],
)
def test_what_is_done_to_a_part_shows(ledger, path, change, seq, words) -> None:
    ledger.close_parts(lines_max=10)
    touched(parts(path)[1], change)
    bad = ledger.verify()
    assert bad is not None
    assert (bad.seq, words in bad.reason) == (seq, True), bad


def test_a_part_that_is_missing_or_cut_is_said_and_never_passed_over(ledger, path) -> None:
    ledger.close_parts(lines_max=10)
    second, third = parts(path)[1:3]
    third.chmod(0o600)
    third.write_bytes(third.read_bytes()[:-20])
    assert ledger.verify().seq > 20
    second.unlink()
    assert ledger.verify().seq == 11
    with pytest.raises(ArchiveBroken, match="missing"):
        list(ledger.every())
    assert ledger.newest(10)[-1].seq == LINES, "what needs no part is shown all the same"


def test_closed_parts_are_not_forgotten_nor_other_lines_deleted(ledger) -> None:
    ledger.close_parts(lines_max=10)
    for statement in (
        "DELETE FROM ledger_closed",
        "UPDATE ledger_closed SET last = 99",
        "DELETE FROM ledger WHERE seq = 45",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="never"), ledger.book.transaction() as tx:
            tx.execute(statement)


def test_lines_that_move_while_they_are_read_are_read_once(ledger, path) -> None:
    with look_on(path) as reader:
        lines = reader.every()
        first = [next(lines) for _ in range(3)]
        ledger.close_parts(lines_max=10)
        assert [line.seq for line in [*first, *lines]] == list(range(1, LINES + 1))
