"""A node that was stopped and copied whole goes on in the copy: its book, ledger and store are its folder."""

import shutil
import time

import pytest

from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.wire.ledger import Note

LINE = "{:.3f} 5 10.0.0.{} TCP_MISS/200 4000 GET http://www.example.org/ - HIER_DIRECT/192.0.2.1 text/html\n"


def rows(parts):
    return parts.store.stats().rows_total


@pytest.mark.slow
def test_a_copy_of_a_stopped_node_goes_on_with_its_ledger_and_rows(tmp_path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "node.toml").write_text('[node]\nactor = "klinik"\n[sense]\nlog_files = ["squid:squid.log"]\n')
    (first / "squid.log").write_text("".join(LINE.format(time.time() - 60, host) for host in range(1, 9)))
    parts = build(read_node(first / "node.toml"))
    parts.monitor.look()
    parts.ledger.append(1, "door", "out", Note(kind="Report", item_id="0" * 64, peer="centre"))
    before, head = rows(parts), parts.ledger.head()
    parts.close()
    assert before > 0
    shutil.copytree(first, second)
    shutil.rmtree(first)
    with (second / "squid.log").open("a") as log:
        log.write(LINE.format(time.time() - 30, 200))
    again = build(read_node(second / "node.toml"))
    try:
        assert (rows(again), again.ledger.head(), again.ledger.verify()) == (before, head, None)
        again.monitor.look()
        assert before < rows(again) <= before + before // 8 + 1, "what was read is not read again"
    finally:
        again.close()
