"""How soon a small actor's node is up, what it takes while nothing comes, and how soon it ends.

    .venv/bin/python bench/small.py [--seconds 15] [--json]

A node without Suricata and without a sector, in a process of its own. Bars: up within 3 s, 300 MB.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import ended
from figures import tell


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return round(int(dict(line.split(":") for line in lines)["Rss"].split()[0]) / 1024, 1)


def cpu_s(pid: int) -> float:
    after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")


def run(seconds: float) -> dict[str, object]:
    facts: dict[str, object] = {"load average": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
        (Path(folder) / "eve.json").touch()
        (Path(folder) / "node.toml").write_text('[node]\nactor = "clinic"\n[sense]\neve_file = "eve.json"\n')
        began = time.monotonic()
        command = [sys.executable, "-m", "bavn.app.cli", "node", "run", "-c", "node.toml"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process, ExitStack() as undo:
            assert process.stdout is not None
            undo.callback(process.terminate)  # harmless to one that has ended
            process.stdout.readline()
            facts["up after s"], facts["CPU s until up"] = round(time.monotonic() - began, 2), cpu_s(process.pid)
            time.sleep(seconds)
            facts["resident MB, idle"] = resident_mb(process.pid)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            facts["exit code"] = process.wait()
            facts["ended after s"] = round(time.monotonic() - began, 2)
    return facts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    ended.in_order()
    tell(run(chosen.seconds), as_json=chosen.json)
