"""What the private join costs: CPU seconds of one thread, after warm-up, against the published way in the same run.

    .venv/bin/python bench/psi.py [--big] [--json FILE]

Reconstruction runs over memory-mapped planes of real shares; memory is the peak of the process's own (anonymous)
pages. The baseline tries all C(N, t) combinations of actors with Lagrange interpolation at 0 in GF(2**61 - 1), compiled
too; where that would take long it does a part of the bins and says so. --big adds the two large cases of PSI.md
(minutes, 3 GB of temporary disk).
"""

import argparse
import hashlib
import hmac
import json
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np

from bavn.model.observable import Observable
from bavn.psi import keys
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import RoundParams
from bavn.psi.share import generate
from bavn_lab.sim.psi_published import P61, published_cpu_s

# (actors, t, m, r), bar in CPU seconds (PSI.md, bars 1), share of the bins that the baseline does
SMALL = [((10, 3, 10_000, 20), 0.03, 1.0), ((33, 3, 5_000, 20), None, 0.1), ((15, 2, 1_000, 10), None, 1.0)]
BIG = [((33, 3, 150_000, 20), 10.0, 0.002), ((100, 3, 100_000, 10), 45.0, 0.0002)]
SHARED = 50


class SeededDice:
    def __init__(self, seed: int) -> None:
        self._seed = b"%d" % seed

    def bytes(self, count: int) -> bytes:
        return hashlib.shake_256(self._seed).digest(count)


def make_ids(label: str, count: int) -> list[tuple[bytes, float]]:
    return [(hashlib.blake2b(f"{label} {i}".encode(), digest_size=14).digest(), 1.0) for i in range(count)]


def cpu_s(work: Callable[[], object], times: int) -> float:
    """The best of several: CPU seconds of this thread."""
    best = float("inf")
    for _ in range(times):
        begun = time.thread_time()
        work()
        best = min(best, time.thread_time() - begun)
    return best


class PeakMemory:
    """The peak of the process's anonymous memory in MB while inside, looked at every 10 ms."""

    def __enter__(self) -> Self:
        self.peak_mb, self._done = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            status = Path("/proc/self/status").read_text(encoding="ascii")
            anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon"))
            self.peak_mb = max(self.peak_mb, int(anonymous.split()[1]) / 1024)


# --- the published way --------------------------------------------------------------------------------------------


def plain_share_cpu_s(m: int, t: int, r: int, sample: int) -> float:
    """The published way: a keyed hash for every element, table and coefficient, and a dictionary to place them; for
    ``sample`` elements, scaled to m."""

    def work() -> None:
        for table in range(r):
            held: dict[int, tuple[int, int]] = {}
            for i in range(sample):
                blocks = [hmac.digest(bytes(32), struct.pack(">QIB", i, table, k), "sha256") for k in range(2 * t - 1)]
                first, second, priority = struct.unpack_from("<IIQ", blocks[0])
                for place in (first % (m * t), second % (m * t)):
                    held[place] = min(held.get(place, (priority, 0)), (priority, 0))
                for start in (1, t):
                    sum(int.from_bytes(blocks[start + k][:8], "little") % P61 * 7**k for k in range(t - 1))

    return cpu_s(work, 1) * m / sample


# --- ours ---------------------------------------------------------------------------------------------------------


def params_of(t: int, m: int, r: int) -> RoundParams:
    return RoundParams(version=1, epoch=20_781, round_id=bytes(16), registry_version=1, tier="B", t=t, m=m, r=r)


def reconstruction(case: tuple[int, int, int, int], bar_s: float | None, part: float, folder: Path) -> dict:
    n, t, m, r = case
    params = params_of(t, m, r)
    for x in range(1, n + 1):
        own = make_ids("shared", SHARED if x <= t else 0) + make_ids(f"own {x}", m - SHARED)
        (folder / str(x)).write_bytes(generate(params, bytes(32), own, x, SeededDice(x)).to_bytes())
    shape = (2, r, params.bins)
    planes = {x: np.memmap(folder / str(x), dtype="<u4", mode="r", shape=shape) for x in range(1, n + 1)}
    large = n * params.bins * r > 1e8
    if not large:
        reconstruct(params, planes)
    with PeakMemory() as memory:
        hits = reconstruct(params, planes) if not large else []
        ours = cpu_s(lambda: hits.append(reconstruct(params, planes)), 1 if large else 5)
    found = hits[-1]
    assert found
    assert all(hit.holders == tuple(range(1, t + 1)) for hit in found)
    baseline = published_cpu_s(n, t, params.bins * r, part)
    return {
        "what": "reconstruct",
        "actors": n,
        "t": t,
        "m": m,
        "r": r,
        "cpu_s": ours,
        "bar_s": bar_s,
        "hits": len(found),
        "baseline_cpu_s": baseline,
        "baseline_extrapolated_from": part,
        "ratio": baseline / ours,
        "peak_anonymous_mb": memory.peak_mb,
        "peak_bar_mb": n * params.bins * 8 / 1e6 + 300,
    }


def share_generation(t: int, m: int, r: int, bar_s: float | None) -> dict:
    params, ids = params_of(t, m, r), make_ids("element", m)
    generate(params, bytes(32), ids, 7, SeededDice(0))
    with PeakMemory() as memory:
        ours = cpu_s(lambda: generate(params, bytes(32), ids, 7, SeededDice(0)), 3)
    sample = min(m, 2000)
    baseline = plain_share_cpu_s(m, t, r, sample)
    return {
        "what": "share",
        "actors": 1,
        "t": t,
        "m": m,
        "r": r,
        "cpu_s": ours,
        "bar_s": bar_s,
        "baseline_cpu_s": baseline,
        "baseline_extrapolated_from": sample / m,
        "ratio": baseline / ours,
        "peak_anonymous_mb": memory.peak_mb,
    }


def identification(count: int) -> dict:
    identifier = LocalIdentifiers(bytes(32)).of(1, "A")
    observables = [Observable.of("ip4", f"198.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}") for i in range(count)]
    plain = hashlib.sha256
    baseline = cpu_s(lambda: [plain(str(observable).encode()).digest() for observable in observables], 3)
    ours = cpu_s(lambda: identifier.ids(observables), 3)
    assert len(identifier.ids(observables)[0]) == keys.ID_BYTES
    return {
        "what": "ids",
        "actors": 1,
        "m": count,
        "cpu_s": ours,
        "bar_s": None,
        "baseline_cpu_s": baseline,
        "baseline_extrapolated_from": 1.0,
        "ratio": baseline / ours,
    }


def line(row: dict) -> str:
    size = " ".join(f"{key}={row[key]:,}" for key in ("actors", "t", "m", "r") if key in row)
    bar = (
        "" if row["bar_s"] is None else f"  bar {row['bar_s']} s: {'met' if row['cpu_s'] <= row['bar_s'] else 'MISSED'}"
    )
    part = row["baseline_extrapolated_from"]
    told = "" if part == 1.0 else f" (extrapolated from {part:.2%})"
    memory = f"  peak {row['peak_anonymous_mb']:.0f} MB" if "peak_anonymous_mb" in row else ""
    figures = f"{row['cpu_s']:9.4f} CPU s  baseline {row['baseline_cpu_s']:9.2f} CPU s{told}  ratio {row['ratio']:.1f}"
    return f"{row['what']:<11} {size:<34} {figures}{bar}{memory}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--big", action="store_true", help="also N=33 M=150k R=20 and N=100 M=100k R=10")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    chosen = parser.parse_args()
    rows = []
    for case, bar_s, part in SMALL + (BIG if chosen.big else []):
        with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
            rows.append(reconstruction(case, bar_s, part, Path(folder)))
        print(line(rows[-1]), flush=True)
    for t, m, r, bar_s in ((3, 100_000, 20, 1.2), (2, 1_000, 10, None)):
        rows.append(share_generation(t, m, r, bar_s))
        print(line(rows[-1]), flush=True)
    rows.append(identification(100_000))
    print(line(rows[-1]), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps({"bench": "psi", "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
