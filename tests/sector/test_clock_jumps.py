"""Real processes whose clock jumps (libfaketime): a node reads on over days there and back, and keeps what it had."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.faketime]
BAVN = Path(sys.executable).with_name("bavn")
WAIT_S = 60
LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


class Jumping:
    """A process under a clock that the test moves, a whole number of days away from the real one."""

    def __init__(self, folder, *command):
        self.offset = folder / "clock"
        self.days = 0
        self.jump(0)
        env = os.environ | {
            "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        self.log = folder / "log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BAVN, *command], cwd=folder, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def jump(self, days):
        self.days = days
        fresh = self.offset.with_suffix(".new")
        fresh.write_text(f"{days:+d}d\n")
        fresh.replace(self.offset)

    def now(self):
        return datetime.now(UTC) + timedelta(days=self.days)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def running(folder, *command):
    made = Jumping(folder, *command)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        print(made.log.read_text()[-3000:])


def until(made, look):
    end = time.monotonic() + WAIT_S
    while not (found := look()):
        assert made.process.poll() is None, "it ended"
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.3)
    return found


def line(at, n):
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    return json.dumps({
        "timestamp": stamp, "flow_id": n, "event_type": "dns", "src_ip": "10.0.0.5", "src_port": 40_000, "proto": "UDP",
        "dest_ip": "10.0.0.1", "dest_port": 53, "dns": {"type": "query", "id": n, "rrname": f"h{n}.dk", "rrtype": "A"},
    }) + "\n"  # fmt: skip


def rows_of(folder):
    """Rows that the node says it has of its source, and what it refused."""
    try:
        told = json.loads((folder / "data/health.json").read_text())
    except (OSError, ValueError):
        return 0, 0
    source = next(iter(told["sources"]), {"rows": 0, "refused": 0})
    return source["rows"], source["refused"]


@pytest.mark.parametrize("days", [40, pytest.param(-40, marks=pytest.mark.world)])
def test_a_node_keeps_what_it_has_and_reads_on_while_its_clock_jumps_there_and_back(tmp_path, days) -> None:
    (tmp_path / "node.toml").write_text(
        '[node]\nactor = "region-nord"\nfolder = "data"\n[sense]\neve_file = "eve.json"\n'
    )
    log = tmp_path / "eve.json"
    with running(tmp_path, "node", "run", "-c", "node.toml") as node:
        log.write_text("".join(line(node.now(), n) for n in range(50)))
        until(node, lambda: rows_of(tmp_path)[0] == 50)
        for turn, away in enumerate((days, 0)):
            node.jump(away)
            time.sleep(3)
            first = 50 * (turn + 1)
            with log.open("a") as more:
                more.write("".join(line(node.now(), n) for n in range(first, first + 50)))
            until(node, lambda: sum(rows_of(tmp_path)) >= first + 50)  # noqa: B023
        assert node.end() == 0
    done = subprocess.run(
        [BAVN, "node", "store", "stats", "--json", "-c", "node.toml"], cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    stats = json.loads(done.stdout)
    assert (stats["rows_total"], stats["forgotten_rows"], stats["refused"]) == (150, 0, {})
    said = node.log.read_text()
    assert f"this node's clock jumped {abs(days) * 86400} s" in said.replace("5999 s", "6000 s").replace(
        "6001 s", "6000 s"
    )
