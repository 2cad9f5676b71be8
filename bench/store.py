"""What the store costs: CPU seconds of one thread to append, merge and ask, bytes a row, and what the roll-ups save.

    .venv/bin/python bench/store.py [--rows 2000000] [--hunt-threads 2] [--json]

Traffic is made up: each host has its own few favourite peers and names, and now and then another, so that pairs repeat
less often than in the captures of offices at hand. Baselines in the same run: DuckDB's bare COPY of the same Arrow
tables to Parquet (zstd), unsorted and sorted by (dst, ts); and each question asked of the rows, not of the roll-up.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
from big.flows import made_flows, recorded

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.hunt import hunt
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.ports import Window

HOUR0 = 494_000
HOURS = 6
BATCH = 50_000
IOCS = 100_000

ADDRESS = "CAST(peer * 40503 % 4294967296 AS BIGINT)"
NAMES = """
SELECT ts, sensor, src, src_port, dst, dst_port, 'udp' AS proto, flow_id, community_id,
  'h' || CAST(hash(dst) % 7 AS VARCHAR) || '.site' || CAST(hash(dst) % 6000 AS VARCHAR) || '.com' AS rrname,
  'A' AS rrtype,
  'NOERROR' AS rcode, TRUE AS answered, ['192.0.2.' || CAST(hash(dst) % 250 AS VARCHAR)] AS answers,
  CAST(11 AS UINTEGER) AS answer_bytes, CAST(300 AS UINTEGER) AS ttl_s
FROM flows WHERE dst_port <> 53 AND flow_id % 2 = 0"""

PAIRS = {
    "rows": "SELECT src, dst, dst_port, bit_count(bit_or(1::BIGINT << (epoch_us(ts) // 3600000000 % 24)::INT)) AS h, "
    "count(*) AS n, sum(bytes_toserver) AS b FROM flow GROUP BY ALL",
    "roll-up": "SELECT src, dst, dst_port, bit_count(bit_or(1::BIGINT << (hour % 24)::INT)) AS h, sum(flows) AS n, "
    "sum(bytes_toserver) AS b FROM pair_hour GROUP BY ALL",
}
POPULAR = {
    "rows": "SELECT rrname AS name, count(DISTINCT src) AS hosts, min(ts) AS first, max(ts) AS last "
    "FROM dns GROUP BY ALL",
    "roll-up": "SELECT name, count(DISTINCT src) AS hosts, min(first_ts) AS first, max(last_ts) AS last "
    "FROM name_hour WHERE kind = 'dns' GROUP BY ALL",
}


def cpu(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def batches(rows: int) -> list[dict[str, pa.Table]]:
    made = []
    with duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1}) as base:
        for begin in range(0, rows, BATCH):
            end = min(rows, begin + BATCH)
            times = (HOUR0 * HOUR_US + begin * HOURS * HOUR_US // rows, HOUR0 * HOUR_US + end * HOURS * HOUR_US // rows)
            flows = made_flows(
                base, (begin, end), times, hosts=5000, favourites=20_011, others=300_000, address=ADDRESS
            )
            base.register("flows", flows)
            made.append({"flow": flows, "dns": recorded(base, "dns", NAMES)})
            base.unregister("flows")
    return made


def bare_copy(tables: list[pa.Table], file: Path, order: str) -> tuple[float, float]:
    """Rows a CPU second and bytes a row of DuckDB's own COPY."""
    rows = pa.concat_tables(tables)
    with duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1}) as base:
        base.register("given", rows)
        took = cpu(
            lambda: base.execute(f"COPY (FROM given {order}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
        )
    return rows.num_rows / took, file.stat().st_size / rows.num_rows


def asked(window: Window, sql: dict[str, str]) -> dict[str, float]:
    """CPU seconds of each way, with the window's files in the page cache and its views made."""
    answers, took = [], {}
    for way, text in sql.items():
        wrapped = f"SELECT count(*), sum(hash(q)) FROM ({text}) q" if way else text
        window.rows(wrapped)
        took[way] = min(cpu(lambda text=wrapped: answers.append(window.rows(text))) for _ in range(3))
    return took


def hunted(path: Path, threads: int, span: tuple[int, int]) -> dict[str, float]:
    """Seconds for IOCS observables, nine addresses to a domain, a thousandth of them there."""
    wanted = [Observable.address(f"{n % 223 + 1}.{n // 7 % 256}.{n % 251}.{n % 256}") for n in range(IOCS * 9 // 10)]
    wanted += [Observable.of("domain", f"bad{n}.example{n % 991}.net") for n in range(IOCS // 10 - 100)]
    wanted += [Observable.of("domain", f"site{n}.com") for n in range(100)]
    with (
        ColumnStore.open(path, StoreLimits(threads=threads, memory_mb_max=4096)) as store,
        store.window(*span) as window,
    ):
        window.rows("SELECT 1")
        wall, start = time.perf_counter(), time.process_time()
        found = hunt(window, wanted)
        took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - start, "found": len(found)}
        took["rows"] = store.stats().rows_total
    return took


def run(rows: int, hunt_threads: int) -> dict[str, object]:
    figures: dict[str, object] = {"rows": rows, "hours": HOURS}
    span = (HOUR0 * HOUR_US, (HOUR0 + HOURS) * HOUR_US)
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        path = Path(directory)
        made = batches(rows)
        total = sum(table.num_rows for batch in made for table in batch.values())
        small = [{name: table.slice(200 * k, 200) for name, table in made[0].items()} for k in range(40)]
        figures["flow_and_dns_rows"] = total
        figures["baseline_copy_rows_s"], _ = bare_copy([b["flow"] for b in made[:8]], path / "a.parquet", "")
        figures["baseline_sorted_copy_rows_s"], figures["baseline_sorted_bytes_a_flow"] = bare_copy(
            [b["flow"] for b in made[:8]], path / "a.parquet", "ORDER BY dst, ts"
        )
        limits = StoreLimits(threads=1, memory_mb_max=2048, micro_segments_max=10**6)
        with ColumnStore.open(path / "small", limits) as store:
            took = cpu(lambda: [store.append("a", str(n), batch) for n, batch in enumerate(small)])
            figures["append_of_200_rows_cpu_ms"] = 1000 * took / len(small)
        with ColumnStore.open(path / "store", limits) as store:
            append = cpu(lambda: [store.append("a", str(n), batch) for n, batch in enumerate(made)])
            figures["append_rows_s"] = total / append
            with store.window(*span) as window:
                figures["first_roll_up_unmerged_cpu_s"] = cpu(lambda: window.rows("SELECT count(*) FROM pair_hour"))
            tidy = cpu(store.tidy)
            figures["tidy_rows_s"] = total / tidy
            figures["append_and_tidy_rows_s"] = total / (append + tidy)
            stats = store.stats()
            figures["bytes_a_row"] = {t: round(stats.bytes[t] / stats.rows[t], 1) for t in stats.rows}
            figures["roll_up_bytes_a_row"] = {
                "pair_hour": round(stats.bytes["pair_hour"] / stats.rows["flow"], 1),
                "name_hour": round(stats.bytes["name_hour"] / stats.rows["dns"], 1),
            }
            with store.window(*span) as window:
                opened = cpu(lambda: window.rows("SELECT 1"))
                figures["window_open_cpu_ms"] = 1000 * opened
                ((pairs, names),) = window.rows(
                    "SELECT (SELECT count(*) FROM pair_hour), (SELECT count(*) FROM name_hour)"
                )
                figures["roll_up_rows_a_row"] = {
                    "pair_hour": round(pairs / stats.rows["flow"], 3),
                    "name_hour": round(names / stats.rows["dns"], 3),
                }
                figures["pairs_cpu_s"] = asked(window, PAIRS)
                figures["names_cpu_s"] = asked(window, POPULAR)
        figures["hunt"] = hunted(path / "store", hunt_threads, span)
    figures["append_ratio"] = float(str(figures["append_rows_s"])) / float(str(figures["baseline_copy_rows_s"]))
    for name in ("pairs_cpu_s", "names_cpu_s"):
        both = figures[name]
        assert isinstance(both, dict)
        both["saved"] = round(both["rows"] / both["roll-up"], 2)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000, help="flows")
    parser.add_argument("--hunt-threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = run(chosen.rows, chosen.hunt_threads)
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        shown = (
            f"{value:,.3g}"
            if isinstance(value, float) and value < 1000
            else f"{value:,.0f}"
            if isinstance(value, float)
            else value
        )
        print(f"{name:32} {shown}")


if __name__ == "__main__":
    main()
