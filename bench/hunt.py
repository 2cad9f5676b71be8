"""A retro-hunt over a day of 1e8 flows and 5e7 dns and tls rows: 100,000 and 1,000,000 indicators, and one machine.

    .venv/bin/python bench/hunt.py [--flows 100000000] [--folder /tmp/bavn-bench] [--json]

The store is made once (a quarter of an hour, 7 GB) and kept in the folder. Indicators: 60 % addresses, 30 % domains
(with all names below), 5 % file hashes, 2.5 % JA3, 2.5 % JA4; a few of each are there. The baseline is
one bare DuckDB join of 100,000 addresses with the flow files. Two threads; wall and CPU seconds, the better of two.
Bars: 5 s, 10 s, and 0.3 s for one host or peer; a set of indicators takes at most twice its file.
"""

import argparse
import gc
import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow as pa
from big import HOMES, SPAN, big_store
from figures import resident, tell

from bavn.actor.detect.indicators.reader import read
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.hunt import hunt
from bavn.actor.store.query.window import StoreWindow
from bavn.model.observable import Observable
from bavn.model.record import address_uuid

THREADS = 2
HOST, PEER = "10.0.1.35", "64.0.0.0"


def address(n: int) -> str:
    """One of 2^31 in the half of the net that the made peers are in: of 60,000, some forty are met."""
    mixed = 64 * 2**24 + n * 2_654_435_761 % 2**31
    return f"{mixed >> 24}.{mixed >> 16 & 255}.{mixed >> 8 & 255}.{mixed & 255}"


def indicators(count: int) -> list[Observable]:
    """So many, no two alike."""
    made = [Observable.address(address(n)) for n in range(count * 60 // 100)]
    made += [
        Observable.of("domain", f"{'cdn.' * (n % 3 == 0)}bad{n}.example{n % 991}.net")
        for n in range(count * 30 // 100 - 100)
    ]
    made += [Observable.of("domain", f"site{n * 37}.dk") for n in range(100)]
    made += [Observable.of("sha256", hashlib.sha256(b"%d" % n).hexdigest()) for n in range(count * 5 // 100)]
    made += [Observable.of("ja3", hashlib.md5(b"none%d" % n).hexdigest()) for n in range(count * 25 // 1000 - 5)]
    made += [Observable.of("ja3", hashlib.md5(b"ja3%d" % n).hexdigest()) for n in range(5)]
    made += [Observable.of("ja4", f"t13d1516h2_8daaf6152771_{n:012x}") for n in range(count * 25 // 1000)]
    return made


def timed(act: Callable[[], int], times: int = 2) -> dict[str, float]:
    """The best of so many runs, and what the last one counted."""
    took = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        count = act()
        took.append((time.perf_counter() - wall, time.process_time() - cpu))
    return {"wall_s": round(min(took)[0], 3), "cpu_s": round(min(took)[1], 3), "found": count}


def bare_join(files: Path, addresses: list[str]) -> dict[str, float]:
    """Bare DuckDB over the flow files: which are there, how often, at how many hosts, since when."""
    wanted = pa.table({"key": pa.array([address_uuid(one).bytes for one in addresses], pa.uuid())})
    sql = (
        "SELECT dst, count(*), count(DISTINCT src), min(ts), max(ts) "
        f"FROM '{files}/flow/*.parquet' JOIN wanted ON dst = key GROUP BY dst"
    )
    with duckdb.connect(config={"threads": THREADS}) as base:
        base.register("wanted", wanted)
        return timed(lambda: len(base.execute(sql).fetchall()))


def looked_up(window: StoreWindow) -> dict[str, dict[str, float]]:
    """One machine's whole day: whom it called, how often, between which hours; and who called one peer."""
    ask = "SELECT {other}, sum(flows), min(hour), max(hour) FROM pair_hour WHERE {one} = $address GROUP BY ALL"
    return {
        f"one {name} in all flows": timed(
            lambda one=one, other=other, text=text: len(
                window.rows(ask.format(one=one, other=other), {"address": address_uuid(text)})
            ),
            3,
        )
        for name, one, other, text in (("host", "src", "dst", HOST), ("peer", "dst", "src", PEER))
    }


def held(count: int) -> dict[str, float]:
    """Memory of a process that reads a list of indicators, beside the size of its file: at the most, and after. What
    is loaded once for any list (a short one was read before) is not in it."""
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        file = Path(directory) / "list.txt"
        file.write_text("".join(one.value + "\n" for one in indicators(count)))
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            before, peak, after, kept = alone.submit(read_whole, str(file)).result()
        size = file.stat().st_size
        return {
            "file_mb": size / 1e6,
            "peak_ratio": round((peak - before) / size, 2),
            "after_ratio": round((after - before) / size, 2),
            "indicators": kept,
        }


def read_whole(file: str) -> tuple[int, int, int, int]:
    """Resident bytes before, at the most while reading, and after; and how many indicators there are."""
    short = [one.value for one in indicators(8000)]
    read(short).indicators.addresses  # noqa: B018
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = resident("VmRSS")
    with Path(file).open() as lines:
        kept = read(lines).indicators
    kept.addresses  # noqa: B018  what is kept of them once they were asked for
    gc.collect()
    return before, resident("VmHWM"), resident("VmRSS"), len(kept)


def run(flows: int, folder: Path) -> dict[str, object]:
    path = big_store(folder, flows)
    limits = StoreLimits(threads=THREADS, memory_mb_max=4096, query_s_max=600)
    facts: dict[str, object] = {"load average at the start": os.getloadavg()[0]}
    with History.read(path, limits, homes=HOMES) as history, history.window(*SPAN) as window:
        facts["rows"] = dict(history.stats().rows)
        window.rows("SELECT 1")
        facts["baseline: bare join of 100,000 addresses"] = bare_join(
            path / "segments", [address(n) for n in range(100_000)]
        )
        for count in (100_000, 1_000_000):
            wanted = indicators(count)
            facts[f"hunt for {count:,}"] = timed(lambda wanted=wanted: len(hunt(window, wanted)))
        facts |= looked_up(window)
    facts["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for count in (100_000, 1_000_000):
        facts[f"a list of {count:,} indicators"] = held(count)
    return facts | {"load average at the end": os.getloadavg()[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-bench")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tell(run(chosen.flows, chosen.folder), as_json=chosen.json)
