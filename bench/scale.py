"""More than one machine: a node's detectors and hunts on two workers of Ray, and fan-out to 100 nodes by NATS.

    .venv/bin/python bench/scale.py [--only detect|hunt|fanout] [--flows 3000000] [--nodes 100] [--json]

detect, hunt: the same made day (bench/big) in one process of one thread and on two workers of one core each, whether
the answer is the same byte for byte, and the ratio (bar 1.6). Before, an hour is surveyed by both, so that lists and
kernels are loaded. On a machine that is shared, wall time says more of the others: so beside it stands the ratio by CPU
time, one process' over that of the busiest of node and workers, which is what machines of their own would wait for.
fanout: 1 and 1,000 indicators to so many nodes, until the last node has the last one, over HTTPS and over NATS with two
hubs as processes of their own: wall seconds, and CPU seconds of the centre, of all nats-servers and of all nodes. The
load of the machine stands beside each figure.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from big import HOMES, SPAN, big_store
from fanned import pulling, served
from figures import tell
from hunt import indicators

from bavn.actor.detect.run import survey
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.hunt import hunt
from bavn.app.config.scale import ScaleTable
from bavn.app.node.scale_engine import Scaled, ray_hunt, scaled
from bavn.app.process.exits import Stop
from bavn.app.process.ray_cluster import Farm

LIMITS = StoreLimits(threads=1, memory_mb_max=1500, query_s_max=600)


def timed(act: Callable[[], object]) -> tuple[object, dict[str, float]]:
    """What was found, and what it took in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    took = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    return found, took | {"load": round(os.getloadavg()[0], 1)}


def cpu_of_workers() -> dict[int, float]:
    """CPU seconds of each of the two workers so far, by process. They are idle."""
    import ray

    def used() -> tuple[int, float]:
        time.sleep(0.3)
        return os.getpid(), time.process_time()

    task, found = ray.remote(used), dict[int, float]()
    while len(found) < 2:
        found |= dict(ray.get([task.remote() for _ in range(4)]))
    return found


def compared(here: Callable[[], object], there: Callable[[], object], rows: int, each: int) -> dict[str, object]:
    """One process beside two workers, one after the other."""
    one, alone = timed(here)
    before = cpu_of_workers()
    other, shared = timed(there)
    used = [round(cpu - before.get(pid, 0.0), 2) for pid, cpu in cpu_of_workers().items()]
    wall = alone["wall_s"], shared["wall_s"]
    return {
        "ratio by CPU time": round(alone["cpu_s"] / max(*used, shared["cpu_s"]), 2),
        "CPU s of the workers": used,
        "one process": alone,
        "two workers": shared,
        "same bytes": repr(one) == repr(other),
        "ratio (bar 1.6)": round(wall[0] / wall[1], 2),
        "rows/s, one process": round(rows / wall[0]),
        "rows/s, two workers": round(rows / wall[1]),
        "ns a row and core, one process": round(1e9 * alone["cpu_s"] / rows),
        "us an item and core, one process": round(1e6 * alone["cpu_s"] / max(1, each), 2),
    }


def two_workers() -> Scaled:
    """Of a Ray here; on a busy machine its 30 s to start are too short now and then."""
    for _ in range(4):
        try:
            made = scaled(ScaleTable(ray="local", workers=2))
        except Stop:
            import ray

            ray.shutdown()
        else:
            if made is not None:
                return made
    raise SystemExit("Ray does not start on this machine now: try again when it is less busy")


def node(flows: int, folder: Path, only: str | None) -> dict[str, object]:
    facts: dict[str, object] = {}
    path = big_store(folder, flows)
    workers = two_workers()
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
                import ray

                parted = ray_hunt(Farm(ray, 2, 300.0), part_rows_min=1)
                for count in (1000, 100_000):
                    wanted = indicators(count) if count > 10_000 else indicators(10_000)[:count]
                    facts[f"hunt for {count:,}"] = compared(
                        lambda wanted=wanted: hunt(window, wanted),
                        lambda wanted=wanted: parted(window, wanted),
                        rows,
                        count,
                    )
    finally:
        workers.close()
    return facts


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds of other processes so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def fanned_out(nodes: int) -> dict[str, object]:
    """1 and 1,000 indicators to so many nodes."""
    facts: dict[str, object] = {}
    want = [1, 1000]
    for kind in ("HTTPS", "NATS"):
        with TemporaryDirectory(prefix="bavn-bench-") as directory:
            folder = Path(directory)
            with (
                served(folder, nodes) as (queue, url, hubs, pids),
                pulling(folder, queue.names, url, hubs if kind == "NATS" else [], want) as told,
            ):
                _, _, nodes_cpu = told.get(timeout=200)
                for count in want:
                    time.sleep(1.0)  # all wait for the next
                    began = queue.say(count)
                    centre, hubs_cpu = time.process_time(), cpu_of(pids)
                    _, ended, cpu = told.get(timeout=200)
                    facts[f"{count:,} to {nodes} nodes over {kind}"] = {
                        "wall_s": round(ended - began, 2),
                        "centre_cpu_s": round(time.process_time() - centre, 2),
                        "hubs_cpu_s": round(cpu_of(pids) - hubs_cpu, 2),
                        "nodes_cpu_s": round(cpu - nodes_cpu, 2),
                        "load": round(os.getloadavg()[0], 1),
                    }
                    nodes_cpu = cpu
                    print(list(facts.items())[-1], file=sys.stderr, flush=True)
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("detect", "hunt", "fanout"))
    parser.add_argument("--flows", type=int, default=3_000_000)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-bench")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    facts: dict[str, object] = {"load at the start": os.getloadavg()[0], "cores": os.cpu_count()}
    if chosen.only != "fanout":
        facts |= node(chosen.flows, chosen.folder, chosen.only)
    if chosen.only in (None, "fanout"):
        facts |= fanned_out(chosen.nodes)
    tell(facts | {"load at the end": os.getloadavg()[0]}, as_json=chosen.json)


if __name__ == "__main__":
    main()
