"""kill -9 at random moments on both sides: rows in the inbox = lines that left the node, none lost, none doubled."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from bavn.wire.book import Book
from bavn.wire.ledger import Ledger

EXCHANGE = Path(__file__).with_name("kill_exchange.py")
KILLS = 20


@pytest.mark.slow
def test_what_left_the_node_is_in_the_inbox_once(tmp_path) -> None:
    dice = random.Random(20261124)
    for kill in range(KILLS):
        with subprocess.Popen([sys.executable, EXCHANGE, tmp_path, str(kill)], stdout=subprocess.PIPE) as exchange:
            assert exchange.stdout.readline(), "the exchange ended by itself"
            with pytest.raises(subprocess.TimeoutExpired):
                exchange.wait(dice.uniform(0.0, 0.3))
            exchange.kill()
    subprocess.run(
        [sys.executable, EXCHANGE, tmp_path, "99", "end"], check=True, stdout=subprocess.DEVNULL, timeout=120
    )
    with Book(tmp_path / "node.db") as node, Book(tmp_path / "centre.db") as centre:
        left = [line.item_id for line in Ledger(node).every()]
        came = [row[0] for row in centre.rows("SELECT item_id FROM inbox ORDER BY seq")]
        assert len(left) > KILLS
        assert came == left
        lines = list(Ledger(centre).every())
        assert sum(line.verdict == "passed" for line in lines) == len(left)
        assert {line.rule for line in lines if line.verdict == "refused"} == {"repeated"}
        assert Ledger(node).verify() is None
        assert Ledger(centre).verify() is None
