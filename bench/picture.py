"""The first answer of a hunt: a table drawn over time, by a column, narrowed, with the values of columns.

    .venv/bin/python bench/picture.py [--flows 10000000] [--folder /tmp/bavn-bench] [--json]

The store is a made day of so many flows (bench/big), made once and kept in the folder. The baseline is bare DuckDB over
the same files: rows counted by step of time. Two threads; wall and CPU seconds, the better of three. Bar: the first
picture within 1 s at 1e7 rows.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from big import HOMES, SPAN, big_store
from figures import tell

from bavn.actor.hunt.picture import Filter, PictureRequest, draw
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits

THREADS = 2
STEP_US = 30 * 60_000_000
PORT = Filter(column="dst_port", value="443")
QUESTIONS = {
    "the first picture": PictureRequest(table="flow"),
    "by dst_port, with its values": PictureRequest(table="flow", by="dst_port", fields=("dst_port",)),
    "narrowed to a port, by src, with its values": PictureRequest(
        table="flow", by="src", filters=(PORT,), fields=("src",)
    ),
    "the values of app_proto": PictureRequest(table="flow", fields=("app_proto",)),
    "the values of src": PictureRequest(table="flow", fields=("src",)),
    "the values of dst": PictureRequest(table="flow", fields=("dst",)),
}


def timed(act: Callable[[], int]) -> dict[str, float]:
    took = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        count = act()
        took.append((time.perf_counter() - wall, time.process_time() - cpu))
    return {"wall_s": round(min(took)[0], 3), "cpu_s": round(min(took)[1], 3), "rows": count}


def bare(files: Path) -> dict[str, float]:
    sql = f"SELECT epoch_us(ts) // {STEP_US}, count(*) FROM '{files}/flow/*.parquet' GROUP BY 1"
    with duckdb.connect(config={"threads": THREADS}) as base:
        return timed(lambda: sum(row[1] for row in base.execute(sql).fetchall()))


def run(flows: int, folder: Path) -> dict[str, object]:
    path = big_store(folder, flows)
    limits = StoreLimits(threads=THREADS, memory_mb_max=1024, query_s_max=600)
    facts: dict[str, object] = {"load average at the start": os.getloadavg()[0]}
    with History.read(path, limits, homes=HOMES) as history:
        facts["rows"] = dict(history.stats().rows)
        base = bare(path / "segments")
        facts["baseline: bare DuckDB counts flows by step"] = base
        for name, asked in QUESTIONS.items():

            def opened(asked: PictureRequest = asked) -> int:
                with history.window(*SPAN) as window:
                    return draw(window, asked).rows

            found = timed(opened)
            facts[name] = {**found, "wall, times the baseline": round(found["wall_s"] / base["wall_s"], 1)}
    facts["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return facts | {"load average at the end": os.getloadavg()[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-bench")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(run(chosen.flows, chosen.folder), as_json=chosen.json)
