"""kill -9 at random moments: ledger lines, here and in closed parts, rows in the outbox and what was said fit."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from bavn.wire.book import Book
from bavn.wire.ledger import Ledger

WRITER = Path(__file__).with_name("kill_writer.py")
KILLS = 25


def run_and_kill(path, start_us, pause_s):
    """The last number the writer said before it was killed."""
    with subprocess.Popen([sys.executable, WRITER, path, str(start_us)], stdout=subprocess.PIPE, text=True) as writer:
        said = int(writer.stdout.readline())
        try:
            writer.wait(pause_s)
        except subprocess.TimeoutExpired:
            writer.kill()
        else:
            pytest.fail("the writer ended by itself")
        return max([said, *(int(line) for line in writer.stdout.read().split("\n") if line.strip().isdigit())])


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path) -> None:
    path = tmp_path / "node.db"
    dice = random.Random(20261124)
    for kill in range(KILLS):
        said = run_and_kill(path, 1000 + kill, dice.uniform(0.0, 0.25))
        with Book(path) as book:
            ledger = Ledger(book)
            assert ledger.verify() is None
            lines = list(ledger.every())
            assert [int(line.item_id) for line in lines] == list(range(1, len(lines) + 1))
            assert len(lines) >= said
            in_book = book.rows("SELECT count(*) FROM ledger")[0][0]
            closed = sum(part.last - part.first + 1 for part in ledger.closed())
            assert in_book + closed == len(lines), "no line is lost or in two places"
            passed = [line for line in lines if line.verdict == "passed"]
            rows = book.rows("SELECT seq FROM outbox UNION ALL SELECT seq FROM outbox_gone ORDER BY 1")
            assert [row[0] for row in rows] == list(range(1, len(passed) + 1))
            assert all((line.verdict == "refused") == (int(line.item_id) % 3 == 0) for line in lines)
