"""What a guard and a listener keep in memory (VmRSS, and VmHWM at the most), each after some minutes of its work.

    BAVN_DATA=DIR PYTHONPATH=. .venv/bin/python bench/resident.py [--seconds 300] [--python FILE] [--json]

Both are real processes on loopback, each without the libraries of a larger role: begun by the one command of
docs/ways-in.md, members of a centre behind real TLS, with all shipped lists, each serving the list with a name that the
centre released. The guard's resolver is asked for the names that the listener is sent: the DNS questions of the real
Zeek logs in BAVN_DATA, as a resolver logs them, evenly over those seconds. Baseline: an interpreter that has only
loaded the libraries below each. Bars: guard 120 MB, listener 200 MB.
"""

import argparse
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.exception
import dns.message
import ended
from clean_machine import NAME, centre, listed, refused
from figures import tell
from labelled import data_needed

from tests.app.key_holding import known_to_a_key_holder
from tests.app.test_way_in import Guarded, free_port, indicator

BARS_MB = {"guard": 120, "listener": 200}
GUARD = "import httpx, pydantic, sqlite3, ssl, typer, uvicorn, cryptography.x509\n"
COLUMNS = "import duckdb, numpy, pyarrow.compute, pyarrow.parquet\nduckdb.connect().execute('SELECT 1')\n"
BELOW = {"guard": GUARD, "listener": GUARD + COLUMNS}
"""What each stands on, and a database in memory that was asked once."""
FIELDS = ("VmRSS", "VmHWM", "RssAnon", "RssFile")


def memory_mb(status: str) -> dict[str, int]:
    """Of /proc/PID/status."""
    rows = dict(line.split(":", 1) for line in status.splitlines() if line)
    return {field: int(rows[field].split()[0]) >> 10 for field in FIELDS}


def baseline_mb(way: str) -> int:
    code = f"{BELOW[way]}print(open('/proc/self/status').read())"
    return memory_mb(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)[
        "VmRSS"
    ]


def questions(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(who, name, type) of every question to a name server in the Zeek logs, in their order."""
    for file in sorted((folder / "zeek").glob("*/dns.log.gz")):
        with gzip.open(file, "rt") as lines:
            yield from _questions(lines)


def _questions(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    fields: list[str] = []
    for line in lines:
        if line.startswith("#"):
            fields = line.split()[1:] if line.startswith("#fields") else fields
            continue
        row = json.loads(line) if line.startswith("{") else dict(zip(fields, line.split("\t"), strict=False))
        if str(row.get("id.resp_p")) == "53" and len(row.get("query") or "-") > 1 and ":" not in row["id.orig_h"]:
            yield row["id.orig_h"], row["query"], row.get("qtype_name") or "A"


def send(rows: list[tuple[str, str, str]], syslog: int, resolver: int, seconds: float) -> None:
    """Evenly over the seconds, to a listener's syslog and a guard's resolver."""
    began = time.monotonic()
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for number, (who, name, kind) in enumerate(rows):
            time.sleep(max(0.0, began + number * seconds / len(rows) - time.monotonic()))
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            line = f"<30>1 {stamp} ns unbound 812 - - [812:0] info: {who} {name}. {kind} IN"
            sender.sendto(line.encode(), ("127.0.0.1", syslog))
            with suppress(ValueError, dns.exception.DNSException):  # what was sent in 2009 is not always a name
                sender.sendto(dns.message.make_query(f"{name}.", "A").to_wire(), ("127.0.0.1", resolver))


def health(node: Guarded) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((node.folder / "data/health.json").read_text())
    return told


def looked(node: Guarded) -> dict[str, object]:
    """What the listener took in, and what it thought of it."""
    told = health(node)
    rows = sum(source["rows"] for source in told["sources"] if source["name"] != "canary")
    return {"rows taken": rows, "detect": told["detect"]}


def ended_with_its_resolver(node: Guarded) -> None:
    if node.process.poll() is None:
        node.end(signal.SIGTERM)


def measured(seconds: float) -> dict[str, object]:
    """Both at once: each has its own process, folder and place in the sector."""
    rows = list(questions(data_needed()))
    if not rows:
        raise SystemExit("there is no question in the Zeek logs of BAVN_DATA")
    nodes: dict[str, Guarded] = {}
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="bavn-bench-")))
        made, url = undo.enter_context(centre(folder))
        stand = SimpleNamespace(url=url, centre=made)
        syslog, resolver = free_port(), free_port()
        known_to_a_key_holder(folder / "listener" / "data", "region-b")
        listen = ["listen", "--syslog", f"127.0.0.1:{syslog}", "--keyholder", "https://127.0.0.1:1"]
        listen += ["--home", "10.0.0.0/8", "--home", "192.168.0.0/16"]
        guard = ["guard", "--listen", f"127.0.0.1@{resolver}", "--upstream", "127.0.0.1@9"]
        for way, actor, words in (("guard", "region-a", guard), ("listener", "region-b", listen)):
            (folder / way).mkdir(exist_ok=True)
            node = Guarded(folder / way, stand, free_port(), made.enrolment.invite(actor), words, actor=actor)
            undo.callback(ended_with_its_resolver, node)
            nodes[way] = node
            made.say(actor, indicator(NAME, 1)[1])
        nodes["guard"].until(lambda: refused(resolver))
        nodes["listener"].until(lambda: listed(nodes["listener"].lists))
        send(rows, syslog, resolver, seconds)
        looks = looked(nodes["listener"])
        memory = {way: memory_mb(Path(f"/proc/{node.process.pid}/status").read_text()) for way, node in nodes.items()}
    facts: dict[str, object] = {"load": round(os.getloadavg()[0], 1), "questions": len(rows), "listener": looks}
    for way, used in memory.items():
        below = baseline_mb(way)
        facts[f"{way} MB"] = used | {
            "baseline": below,
            "ratio": round(used["VmRSS"] / below, 2),
            "bar": BARS_MB[way],
            "within": used["VmRSS"] <= BARS_MB[way],
        }
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--python", default=sys.executable, help="of a package: /opt/bavn/bin/python")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    ended.in_order()
    sys.executable = chosen.python
    facts = measured(chosen.seconds)
    tell(facts, as_json=chosen.json)
    sys.exit(not all(facts[f"{way} MB"]["within"] for way in BARS_MB))  # type: ignore[index]


if __name__ == "__main__":
    main()
