"""How long `bavn pilot` takes over the history of several actors, and how much memory.

    .venv/bin/python bench/pilot.py [--megabytes 2048] [--json]

Made EVE of four actors over seven days, so many megabytes in all: flows and the DNS questions before them, of 400
machines each and 3,000 names, nothing of it suspicious on purpose. Wall seconds are also the others' on a busy machine;
CPU seconds are of all its processes. The baseline in the same run: `bavn analyse` over the same four files, without a
sector.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ended import in_order, tied
from figures import run_and_tell

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
ACTORS, DAYS, SEED, LINE_BYTES = 4, 7, 7, 430
BAR_S, BAR_MB = 600, 4096


def question(base: dict, net: int, name: int, number: int) -> dict:
    """The answer to a DNS question."""
    answer = {"rrname": f"host{name}.example{name % 211}.com", "rrtype": "A", "rdata": f"198.51.{name % 200}.7"}
    dns = {"version": 2, "type": "answer", "id": number % 65536, "rcode": "NOERROR", "rrname": answer["rrname"]}
    dns |= {"rrtype": "A", "answers": [answer]}
    return base | {"event_type": "dns", "dest_ip": f"10.{net}.0.250", "dest_port": 53, "proto": "UDP", "dns": dns}


def flow(base: dict, name: int, sent: int, at: datetime) -> dict:
    """A connection that ends now."""
    begun = (at - timedelta(seconds=3)).isoformat()
    told = {"pkts_toserver": 9, "pkts_toclient": 11, "bytes_toserver": sent, "bytes_toclient": sent * 4}
    told |= {"start": begun, "end": at.isoformat(), "age": 3, "state": "closed", "reason": "timeout"}
    facts = {"event_type": "flow", "dest_ip": f"198.51.{name % 200}.7", "dest_port": 443, "proto": "TCP"}
    return base | facts | {"app_proto": "tls", "flow": told, "tcp": {"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"}}


def make(folder: Path, net: int, size: int) -> int:
    """Writes about so many bytes of one actor; how many lines they are."""
    folder.mkdir(parents=True)
    dice, written, count = random.Random(SEED * 1000 + net), 0, 0
    step = timedelta(days=DAYS) / max(1, size // LINE_BYTES)
    with (folder / "eve.json").open("w", encoding="utf-8") as out:
        while written < size:
            at, host = BEGIN + count * step, f"10.{net}.{dice.randrange(2)}.{dice.randrange(1, 200)}"
            base = {"timestamp": at.isoformat(), "flow_id": count, "src_ip": host, "src_port": 40000 + count % 20000}
            name, sent = int(dice.paretovariate(0.9)) % 3000, dice.randrange(200, 9000)
            made = question(base, net, name, count) if count % 3 == 0 else flow(base, name, sent, at)
            written += out.write(json.dumps(made) + "\n")
            count += 1
    return count


def ran(*words: str) -> tuple[float, float, str]:
    """Wall and CPU seconds of one command, and what it said."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(tied(sys.executable, "-m", "bavn.app.cli", *words), check=True, stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begun, cpu_s, done.stdout.decode()


def measure(megabytes: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="bavn-bench-pilot-") as scratch:
        folder, size = Path(scratch) / "in", megabytes * (1 << 20) // ACTORS
        lines = sum(make(folder / f"actor{number}", number + 1, size) for number in range(ACTORS))
        wall_s, cpu_s, said = ran("pilot", str(folder), "--json", "--report", f"{scratch}/report.html")
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        alone_s, alone_cpu_s, _ = ran("analyse", str(folder), "--json")
        facts = json.loads(said)
    return {
        "megabytes": megabytes,
        "lines": lines,
        "records": sum(actor["records"] for actor in facts["actors"]),
        "leads": len(facts["leads"]),
        "wall_s": wall_s,
        "bar_of_2048_mb_s": BAR_S,
        "cpu_s": cpu_s,
        "peak_mb": peak_mb,
        "bar_mb": BAR_MB,
        "analyse_wall_s": alone_s,
        "analyse_cpu_s": alone_cpu_s,
        "ratio_cpu": cpu_s / alone_cpu_s,
        "load_average": os.getloadavg()[0],
    }


if __name__ == "__main__":
    in_order()
    run_and_tell(__doc__, measure, "megabytes", 2048)
