"""A real small disk under the store, filled and freed while lines come: each of them is accounted for."""

import json
import os
import shutil
import subprocess
from contextlib import suppress

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.app.config.load import read_node
from bavn.app.node.parts import build

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
