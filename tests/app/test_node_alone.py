"""A node by itself: without a sector it needs no key; a source that stays broken or a copy of its folder costs it
nothing; what the commons told is used as the policy says."""

import shutil
import time

import pytest

from bavn.actor.detect.run import Survey
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.actor.store.columns import ColumnStore
from bavn.app.config.load import read_node
from bavn.app.node import detecting
from bavn.app.node.parts import build
from bavn.app.node.service import NodeService
from bavn.app.process.exits import Exit, Stop
from bavn.wire.ledger import Note
from tests.app import records


@pytest.fixture
def config(tmp_path):
    (tmp_path / "eve.json").write_text(records.lines([records.flow(1_795_514_400)]))
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n[sense]\neve_file = "eve.json"\n')
    return file


@pytest.mark.slow
def test_it_reads_and_concludes_and_tells_nobody(config) -> None:
    parts = build(read_node(config))
    try:
        for _ in range(3):
            parts.monitor.look()
            parts.talker.serve()
            assert parts.talker.send() == 0
        assert parts.store.stats().rows == {"flow": 1}
        assert not parts.door.queued(10)
        assert [line for line in parts.ledger.every() if line.way == "out"] == []
    finally:
        parts.close()


def test_it_starts_again_and_with_a_centre_it_must_be_enrolled(config) -> None:
    for _ in range(2):
        build(read_node(config)).close()
    config.write_text(config.read_text().replace("[sense]", 'centre_url = "https://127.0.0.1:1"\n[sense]'))
    with pytest.raises(Stop, match="bavn node enrol") as stopped:
        build(read_node(config))
    assert stopped.value.code is Exit.CONFIGURATION


def test_the_store_is_tidied_while_a_source_is_broken(tmp_path, monkeypatch, caplog) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n[sense]\nlog_files = ["nowhere.log"]\n')
    service = NodeService(read_node(file))
    tidied, waits = [], []
    monkeypatch.setattr(ColumnStore, "tidy", lambda _, **more: tidied.append(more))
    ended = service._ended

    def wait(seconds) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            ended.set()
        return ended.is_set()

    monkeypatch.setattr(ended, "wait", wait)
    try:
        service._look()
    finally:
        service.parts.close()
    assert len(tidied) == 3
    assert "nowhere.log is not there" in caplog.text


@pytest.mark.parametrize("joins", [True, False])
def test_detectors_are_told_what_the_commons_say_unless_the_policy_takes_no_part(tmp_path, monkeypatch, joins) -> None:
    (tmp_path / "eve.json").write_text("")
    (tmp_path / "policy.toml").write_text(f"[door]\njoin_commons = {str(joins).lower()}\n")
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    given = []

    def told(window, *, against, **_) -> Survey:
        given.append(None if against.commons is None else against.commons.of([b"one"])[b"one"].day)
        return Survey(())

    monkeypatch.setattr(detecting, "survey", told)
    parts = build(read_node(tmp_path / "node.toml"))
    try:
        CommonsTable(parts.book).keep(20_800, {b"one": 3})
        parts.monitor.detect(None)
    finally:
        parts.close()
    assert given == [20_800 if joins else None]


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
