"""More than one machine: a node's detectors and hunts on two workers of Ray, and fan-out to 100 nodes by NATS.

    .venv/bin/python bench/scale.py [--only detect|hunt|fanout] [--flows 3000000] [--nodes 100] [--json]

detect, hunt: the same made day (bench/big) in one process of one thread and on two workers of one core each; wall and
CPU seconds, whether the answer is the same byte for byte, and the ratio (bar 1.6). A survey is run once before, so that
lists are loaded on both sides. fanout: 1 and 1,000 indicators to so many nodes, until the last node has the last one,
over HTTPS and over NATS with two hubs as processes of their own. The load of the machine stands beside each figure.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

from big import HOMES, SPAN, big_store
from figures import tell
from hunt import indicators

from bavn.actor.detect.run import survey
from bavn.actor.store.history import History
from bavn.actor.store.hunt import hunt
from bavn.actor.store.limits import StoreLimits
from bavn.app.config_scale import ScaleTable
from bavn.app.scale_engine import scaled

LIMITS = StoreLimits(threads=1, memory_mb_max=1500, query_s_max=600)


def timed(act: Callable[[], object]) -> tuple[object, dict[str, float]]:
    """What was found, and what it took in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    took = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    return found, took | {"load": round(os.getloadavg()[0], 1)}


def compared(here: Callable[[], object], there: Callable[[], object], rows: int, each: int) -> dict[str, object]:
    """One process beside two workers, one after the other."""
    one, alone = timed(here)
    other, shared = timed(there)
    wall = alone["wall_s"], shared["wall_s"]
    return {
        "one process": alone, "two workers": shared, "same bytes": repr(one) == repr(other),
        "ratio (bar 1.6)": round(wall[0] / wall[1], 2), "rows/s, one process": round(rows / wall[0]),
        "rows/s, two workers": round(rows / wall[1]),
        "ns a row and core, one process": round(1e9 * alone["cpu_s"] / rows),
        "us an item and core, one process": round(1e6 * alone["cpu_s"] / max(1, each), 2),
    }  # fmt: skip


def node(flows: int, folder: Path, only: str | None) -> dict[str, object]:
    facts: dict[str, object] = {}
    path = big_store(folder, flows)
    workers = scaled(ScaleTable(ray="local", workers=2))
    try:
        with History.read(path, LIMITS, homes=HOMES) as history, history.window(*SPAN) as window:
            rows = sum(count for name, count in history.stats().rows.items() if not name.endswith("_hour"))
            with history.window(SPAN[0], SPAN[0] + (SPAN[1] - SPAN[0]) // 24) as hour:
                survey(hour)
                survey(hour, weigh=workers.weigh)
            if only in (None, "detect"):
                facts["detectors over a day"] = compared(
                    lambda: survey(window), lambda: survey(window, weigh=workers.weigh), rows, flows
                )
            if only in (None, "hunt"):
                for count in (1000, 100_000):
                    wanted = indicators(count) if count > 10_000 else indicators(10_000)[:count]
                    facts[f"hunt for {count:,}"] = compared(
                        lambda wanted=wanted: hunt(window, wanted), lambda wanted=wanted: workers.hunt(window, wanted),
                        rows, count,
                    )  # fmt: skip
    finally:
        workers.close()
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("detect", "hunt", "fanout"))
    parser.add_argument("--flows", type=int, default=3_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/bavn-bench"))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    facts: dict[str, object] = {"load at the start": os.getloadavg()[0], "cores": os.cpu_count()}
    if chosen.only != "fanout":
        facts |= node(chosen.flows, chosen.folder, chosen.only)
    tell(facts | {"load at the end": os.getloadavg()[0]}, as_json=chosen.json)


if __name__ == "__main__":
    main()
