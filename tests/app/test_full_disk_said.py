"""A disk that is full: neither health file nor metrics keep an old "well", no reader meets half a text, and each line
that comes meanwhile is accounted for."""

import errno
import json
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.app.cli.main import _run
from bavn.app.config.load import read_node
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.health.recorder import Recorder
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit
from bavn.app.process.reserved_file import RESERVED_BYTES, ReservedFile

needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root: a small file system of its own is mounted"
)


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(folder) -> None:
    with (folder / "filler").open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC


@needs_mount
def test_a_full_disk_is_said_in_the_health_file_and_in_the_metrics(small_disk, monkeypatch, capsys) -> None:
    (small_disk / "data").mkdir()
    file = small_disk / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n[health]\nmetrics_file = "bavn.prom"\ndisk_free_mb_min = 1\n')
    now = SimpleNamespace(us=time.time_ns() // 1000)
    monitor = SimpleNamespace(accounts=(), detecting_us=None, detected_us=None, detect_took_us=0)
    recorder = Recorder(read_node(file), SimpleNamespace(now_us=lambda: now.us), monitor, None, queued=lambda: 0)
    recorder.step()
    recorder.step()
    page = small_disk / "bavn.prom"
    assert "\nbavn_node_healthy 1.0\n" in page.read_text()
    fill(small_disk)
    fill(small_disk)
    assert shutil.disk_usage(small_disk).free == 0
    now.us += 2_000_000
    recorder.disk_failed = "the disk refuses what the node must keep: no space left"
    recorder.step()
    told = json.loads((small_disk / "data" / HEALTH_FILE).read_text())
    assert (told["at_us"], told["healthy"]) == (now.us, False)
    assert {one["code"] for one in told["problems"]} == {"disk_full", "disk_failed"}
    assert "\nbavn_node_healthy 0.0\n" in page.read_text()
    written = re.search(r"^bavn_node_written_timestamp_seconds (\S+)$", page.read_text(), re.MULTILINE)
    assert abs(float(written[1]) - now.us / 1e6) < 1
    monkeypatch.setattr("sys.argv", ["bavn", "node", "health", "--config", str(file)])
    assert _run() == Exit.UNHEALTHY
    assert "MB left on the disk" in capsys.readouterr().out
    (small_disk / "filler").unlink()
    recorder.disk_failed = None
    recorder.step()
    assert "\nbavn_node_healthy 1.0\n" in page.read_text()


@needs_mount
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_start_that_a_disk_refuses_blames_the_disk_and_no_book(small_disk, monkeypatch, capsys, how) -> None:
    file = small_disk / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n')
    if how == "full":
        fill(small_disk)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    monkeypatch.setattr("sys.argv", ["bavn", "node", "run", "--config", str(file)])
    assert _run() == (Exit.NOT_NOW if how == "full" else Exit.CONFIGURATION)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "room" in said
    assert "backup" not in said


@needs_mount
def test_what_is_longer_than_its_room_is_cut_on_a_full_disk_and_not_left_as_it_was(small_disk) -> None:
    file = ReservedFile(small_disk / "health.json", mode=0o600)
    file.write("old")
    file.write("old")
    fill(small_disk)
    file.write("x" * (RESERVED_BYTES + 1), short="short")
    assert file.file.read_text().strip() == "short"
    with pytest.raises(OSError, match="No space left"):
        file.write("x" * (RESERVED_BYTES + 1))
    assert file.file.read_text().strip() == "short"


def test_a_reader_meets_the_old_text_or_the_new_one(tmp_path) -> None:
    file = ReservedFile(tmp_path / "health.json", mode=0o600)
    for count in (3, RESERVED_BYTES + 5, 1, 2 * RESERVED_BYTES, 2):
        file.write(json.dumps("x" * count))
        assert json.loads(file.file.read_text()) == "x" * count
        assert file.file.stat().st_mode & 0o777 == 0o600
    inodes = {file.file.stat().st_ino, file.file.with_name("health.json.new").stat().st_ino}
    file.write("again")
    assert {file.file.stat().st_ino, file.file.with_name("health.json.new").stat().st_ino} == inodes


def test_where_names_cannot_change_places_the_file_is_replaced(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.process.reserved_file._exchanged", lambda *_: False)
    file = ReservedFile(tmp_path / "health.json", mode=0o644)
    for text in ("one", "two", "three"):
        file.write(text)
        assert file.file.read_text().strip() == text


LINES = 2500
DISK_KB = 6000


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def line(n):
    return json.dumps(
        {
            "timestamp": "2026-11-24T17:00:00.123456+0100",
            "flow_id": n,
            "event_type": "dns",
            "src_ip": "10.0.0.1",
            "src_port": 4000,
            "dest_ip": "192.0.2.7",
            "dest_port": 53,
            "proto": "UDP",
            "dns": {"type": "query", "rrname": f"h{n}.example.com", "rrtype": "A"},
        }
    )


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root: a small file system of its own is mounted"
)
def test_each_line_that_comes_while_the_disk_is_full_is_kept_when_there_is_room(disk, tmp_path) -> None:
    (disk / "store").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "store").symlink_to(disk / "store")
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    eve, filler = tmp_path / "eve.json", disk / "filler"
    parts = build(read_node(tmp_path / "node.toml"))
    account = parts.monitor.accounts[0]
    try:
        refused = written = 0
        with eve.open("w") as log:
            while written < LINES:
                log.writelines(f"{line(n)}\n" for n in range(written, written + 250))
                log.flush()
                written += 250
                if written in (500, 1500):
                    _fill(filler)
                if written in (1000, 2250):
                    filler.unlink()
                with suppress(SourceBroken):
                    try:
                        parts.monitor.look()
                    except Exception:  # noqa: BLE001  whatever the store says of a full disk
                        refused += 1
        for _ in range(4):
            parts.monitor.look()
        assert refused >= 2, "the disk was never full"
        assert account.rows + account.refused + account.passed == LINES
        assert parts.store.stats().rows_total == LINES
    finally:
        parts.close()


def _fill(file):
    with file.open("wb") as out, suppress(OSError):
        while True:
            out.write(os.urandom(4096))
            out.flush()
