"""Bytes of a node's own files that turned over while it was off: it goes on with all it had, or ends with one line that
says which database is damaged. Never a trace, never fewer rows or other ledger lines without a word."""

import json
import os
import random
import shutil
import sqlite3

import pytest

from bavn.actor.store.faults import StoreBroken, StoreDamaged
from bavn.app.cli import main
from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit
from bavn.model.outcome import Refused
from bavn.wire.ledger import Note
from tests.app import records

ROWS = 600
FLIPS = 30


def _lines(first: int, end: int) -> str:
    return records.lines(
        records.flow(
            1_795_514_400 + number,
            f"10.0.0.{number % 200}",
            f"192.0.2.{number % 250}",
            number=number,
            sent=300 + number,
        )
        for number in range(first, end)
    )


def _seen(folder) -> dict[str, object]:
    """What the node has after a start and a look: all its rows, all its ledger, and what its files are said to be."""
    parts = build(read_node(folder / "node.toml"))
    try:
        parts.monitor.look()
        parts.monitor.look()
        broken = parts.ledger.verify()
        damaged = parts.store.check(deep=True)
        columns = "count(*), sum(bytes_toserver), sum(hash(ts, src, dst, src_port)::HUGEINT % 1000003)"
        rows = parts.store.window(0, 2**62).rows(f"SELECT {columns} FROM flow")
        lines = [(line.item_id, line.rule) for line in parts.ledger.every()]
        return {"rows": rows, "lines": lines, "told": bool(broken or damaged)}
    finally:
        parts.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "eve.json").write_text(_lines(0, ROWS))
    (folder / "node.toml").write_text('[node]\nactor = "lonely"\n[sense]\neve_file = "eve.json"\n')
    parts = build(read_node(folder / "node.toml"))
    parts.monitor.look()
    parts.store.tidy(merges_max=8)
    with parts.book.transaction():
        for number in range(40):
            note = Note(kind="report", item_id=f"{number:064x}", peer="centre", bytes=9, summary="s" * 50)
            parts.ledger.append(number, "door", "up", note, Refused("weak", "no"))
    parts.close()
    return folder, _seen(folder)


def _flipped(whole, folder, seed: int) -> str:
    """A copy with one bit of one file turned over; which file."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    dice = random.Random(seed)
    files = sorted(file for file in (folder / "data").rglob("*") if file.is_file() and file.stat().st_size)
    files = [file for file in files if file.name != "health.json"]
    file = files[seed % len(files)]
    content = bytearray(file.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    file.write_bytes(content)
    return file.name


@pytest.mark.slow
def test_a_bit_turned_over_is_harmless_or_told(whole, tmp_path) -> None:
    folder, before = whole
    outcomes = []
    for seed in range(FLIPS):
        name = _flipped(folder, tmp_path / "try", seed)
        try:
            after = _seen(tmp_path / "try")
        except (StoreBroken, StoreDamaged) as error:
            assert str(error)
            outcomes.append("store")
            continue
        except sqlite3.DatabaseError as error:
            assert error.sqlite_errorcode & 0xFF in main._DATABASE_DAMAGED, (seed, name, error)
            outcomes.append("book")
            continue
        same = (after["rows"], after["lines"]) == (before["rows"], before["lines"])
        assert same or after["told"], (seed, name, after)
        outcomes.append("told" if after["told"] else "harmless")
    assert set(outcomes) >= {"told", "harmless"}, outcomes


def test_a_damaged_book_ends_a_command_with_one_line_and_what_to_do(whole, tmp_path, monkeypatch, capsys, caplog):
    shutil.copytree(whole[0], tmp_path / "node")
    book = tmp_path / "node" / "data" / "node.db"
    book.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    monkeypatch.setattr("sys.argv", ["bavn", "node", "ledger", "--config", str(tmp_path / "node" / "node.toml")])
    assert main._run() == Exit.BROKEN
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "damaged" in said
    assert "docs/operations.md" in said
    assert "Traceback" not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_file_that_is_damaged_while_the_node_runs_costs_its_own_rows_and_no_detector(whole, tmp_path, how) -> None:
    shutil.copytree(whole[0], tmp_path / "node")
    parts = build(read_node(tmp_path / "node" / "node.toml"))
    try:
        with (tmp_path / "node" / "eve.json").open("a") as log:
            log.write(_lines(ROWS, ROWS + 50))
        flows = tmp_path / "node" / "data" / "store" / "segments" / "flow"
        file = max(flows.iterdir(), key=lambda file: file.stat().st_size)
        if how == "cut":
            os.truncate(file, file.stat().st_size // 2)
        else:
            file.unlink()
        parts.monitor.look()
        assert parts.monitor.detected_us
        assert [part.part for part in parts.failures.failing()] == []
        assert parts.store.stats().damaged_rows == ROWS
        assert parts.store.window(0, 2**62).rows("SELECT count(*) FROM flow") == [(50,)]
        parts.recorder.step()
        told = json.loads((tmp_path / "node" / "data" / "health.json").read_text())
        assert "store_damaged" in {one["code"] for one in told["problems"]}
    finally:
        parts.close()


def test_a_node_whose_manifest_is_damaged_starts_with_all_its_rows_and_says_so(whole, tmp_path, monkeypatch, capsys):
    shutil.copytree(whole[0], tmp_path / "node")
    manifest = tmp_path / "node" / "data" / "store" / "manifest.sqlite"
    manifest.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    parts = build(read_node(tmp_path / "node" / "node.toml"))
    try:
        assert parts.store.window(0, 2**62).rows("SELECT count(*) FROM flow") == [(ROWS,)]
        parts.recorder.step()
    finally:
        parts.close()
    monkeypatch.setattr("sys.argv", ["bavn", "node", "health", "--config", str(tmp_path / "node" / "node.toml")])
    assert main._run() == Exit.UNHEALTHY
    out = capsys.readouterr().out
    assert "made again" in out
    assert "the store is whole: broken" in out
    assert len(list((manifest.parent / "damaged").glob("manifest.sqlite*"))) == 1
