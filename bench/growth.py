"""Does a row cost the same at 1e7 and at 1e8 flows a day? CPU time a row to append, to merge with roll-ups, to look.

    .venv/bin/python bench/growth.py [--flows 100000000] [--folder /tmp/bavn-bench] [--json]

The small day (a tenth of the flows) is taken in whole, 24 hours of it. Of the large day two hours more are taken in by
a store that already holds 24 hours of its flows (the one of bench/hunt.py, made if it is not there), on a linked copy
of it: rows that come last meet all that was there before. To each two flows one dns or tls row. Detectors: all of them
over the last hour. Baseline in the same run: DuckDB's bare COPY of the same flows to Parquet, sorted by (dst, ts).
One thread. Bar: time a row flat within 20 %.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import duckdb
from big import FLOWS_A_HOST, HOMES, HOUR0, HOURS, big_store, made_hour
from figures import resident, tell

from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import HOUR_US

LIMITS = StoreLimits(threads=1, memory_mb_max=2048, micro_segments_max=10**6, query_s_max=3600)
MORE_HOURS = 2


def taken_in(path: Path, hours: Iterable[int], flows: int) -> dict[str, float]:
    """Nanoseconds a row, CPU; and the memory it took beyond what was there."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    took = dict.fromkeys(("append", "merge", "baseline"), 0.0)
    rows = flow_rows = looked = 0
    with (
        ColumnStore.open(path, LIMITS, homes=HOMES) as store,
        duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1}) as base,
    ):
        for hour in hours:
            batches = [
                {name: table.combine_chunks() for name, table in batch.items()}
                for batch in made_hour(base, hour, flows // HOURS, max(100, flows // FLOWS_A_HOST))
            ]
            rows += sum(table.num_rows for batch in batches for table in batch.values())
            looked = sum(table.num_rows for batch in batches for table in batch.values())
            start = time.process_time()
            for number, batch in enumerate(batches):
                store.append(f"more-{hour}", str(number), batch)
            took["append"] += time.process_time() - start
            start = time.process_time()
            store.tidy()
            took["merge"] += time.process_time() - start
            flow_rows += sum(batch["flow"].num_rows for batch in batches)
            took["baseline"] += bare_copy(base, batches)
        start = time.process_time()
        with store.window((HOUR0 + hour) * HOUR_US, (HOUR0 + hour + 1) * HOUR_US) as window:
            survey(window, list(DETECTORS))
        detect = time.process_time() - start
    figures = {
        "rows": rows,
        "append_ns_a_row": 1e9 * took["append"] / rows,
        "merge_ns_a_row": 1e9 * took["merge"] / rows,
        "append_and_merge_ns_a_row": 1e9 * (took["append"] + took["merge"]) / rows,
        "detect_ns_a_row": 1e9 * detect / looked,
        "baseline_sorted_copy_ns_a_flow": 1e9 * took["baseline"] / flow_rows,
        "peak_mb": resident("VmHWM") / 1e6,
        "resident_before_mb": before / 1e6,
    }
    return {name: round(value) for name, value in figures.items()}


def bare_copy(base: duckdb.DuckDBPyConnection, batches: list[dict[str, object]]) -> float:
    """CPU seconds of the first batch's flows, times the batches."""
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        base.register("these", batches[0]["flow"])
        start = time.process_time()
        file = Path(directory) / "a.parquet"
        base.execute(f"COPY (FROM these ORDER BY dst, ts) TO '{file}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
        took = time.process_time() - start
        base.unregister("these")
        return took * sum(batch["flow"].num_rows for batch in batches) / batches[0]["flow"].num_rows  # type: ignore[attr-defined]


def linked(store: Path, to: Path) -> Path:
    """A store that begins as another one: files are never changed, so they may be shared."""
    shutil.copytree(store / "segments", to / "segments", copy_function=os.link)
    for file in store.glob("manifest.sqlite*"):
        shutil.copy(file, to)
    return to


def run(flows: int, folder: Path) -> dict[str, object]:
    facts: dict[str, object] = {"load average at the start": round(os.getloadavg()[0], 1)}
    lists.shipped()
    big = big_store(folder, flows)
    small = flows // 10
    with tempfile.TemporaryDirectory(prefix="growth-", dir=folder) as directory:
        there = Path(directory)
        facts[f"{small:,} flows a day"] = less = taken_in(there / "small", range(HOURS), small)
        (there / "large").mkdir()
        more_hours = range(HOURS, HOURS + MORE_HOURS)
        facts[f"{flows:,} flows a day"] = more = taken_in(linked(big, there / "large"), more_hours, flows)
    facts["large to small"] = {
        name: round(more[name] / less[name], 3)
        for name in (
            "append_ns_a_row",
            "merge_ns_a_row",
            "append_and_merge_ns_a_row",
            "detect_ns_a_row",
            "baseline_sorted_copy_ns_a_flow",
        )
    }
    return facts | {"load average at the end": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-bench")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(run(chosen.flows, chosen.folder), as_json=chosen.json)
