"""What assets, the crypto map and reading key exchanges cost. Prints one line a measure; CPU seconds of the process.

``--flows`` rows over 28 days of ``--hosts`` hosts, a tenth as many key exchanges; ``--captures`` a folder of captures.
"""

import argparse
import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from bavn.actor.assets.cbom import cbom
from bavn.actor.assets.crypto import uses
from bavn.actor.assets.survey import assets
from bavn.actor.sense.handshakes.capture import CaptureKex
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.intake import ARROW
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import TABLES

BEGIN_US = 494_000 * HOUR_US
DAYS = 28
PORTS = np.array([53, 80, 88, 104, 135, 389, 443, 443, 443, 445, 2575, 3306, 5432, 8080], np.uint16)
LIMITS = StoreLimits(age_days_max=None)


@contextmanager
def measured(what):
    wall, cpu = time.perf_counter(), time.process_time()
    said = {}
    yield said
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    extra = ", ".join(f"{name} {value:,}" for name, value in said.items())
    print(
        f"{what}: {time.process_time() - cpu:.2f} CPU s, {time.perf_counter() - wall:.2f} s, peak {rss:,} MB; {extra}"
    )


def addresses(numbers, first):
    raw = np.zeros((len(numbers), 16), np.uint8)
    raw[:, 10:12] = 255
    raw[:, 12:] = (first + numbers).astype(">u4").view(np.uint8).reshape(-1, 4)
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array([row.tobytes() for row in raw], pa.binary(16)))


def day(dice, number, rows, hosts):
    """A day's flows and key exchanges: servers are few, peers outside many."""
    ts = np.sort(BEGIN_US + number * DAY_US + dice.integers(0, DAY_US, rows))
    src, inside = dice.integers(0, hosts, rows), dice.random(rows) < 0.6
    dst = np.where(inside, dice.integers(0, max(1, hosts // 20), rows), dice.zipf(1.3, rows) % 60_000)
    near, far = addresses(dst, 10 << 24), addresses(dst, 45 << 24)
    where = pa.ExtensionArray.from_storage(pa.uuid(), pa.compute.if_else(pa.array(inside), near.storage, far.storage))
    base = {
        "ts": pa.array(ts),
        "sensor": pa.array(["b"] * rows),
        "src": addresses(src, 10 << 24),
        "dst": where,
        "src_port": pa.array(dice.integers(30000, 60000, rows).astype(np.uint16)),
        "dst_port": pa.array(PORTS[(dst + dice.integers(0, 3, rows)) % len(PORTS)]),
        "proto": pa.array(["tcp"] * rows),
        "flow_id": pa.array(np.arange(rows).astype(np.uint64)),
    }
    counted = {
        name: pa.array(np.full(rows, 900, np.uint64))
        for name in ("bytes_toserver", "bytes_toclient", "pkts_toserver", "pkts_toclient")
    }
    flow = base | counted | {"ts_end": base["ts"], "failed": pa.array(dice.random(rows) < 0.05)}
    some = pa.array(np.arange(0, rows, 10))
    hello = {name: column.take(some) for name, column in base.items()}
    named = [f"www{n % 300}.example{n % 5000}.dk" for n in dst[::10]]
    hello |= {
        "protocol": pa.array(["tls"] * len(some)),
        "name": pa.array(named),
        "version": pa.array(["TLS 1.3"] * len(some)),
        "cipher": pa.array(["TLS_AES_128_GCM_SHA256"] * len(some)),
        "negotiated_group": pa.array(["X25519MLKEM768" if n % 3 else "x25519" for n in dst[::10]]),
        "offered_groups": pa.array([["X25519MLKEM768", "x25519"]] * len(some)),
    }
    return {"flow": table("flow", flow, rows), "kex": table("kex", hello, len(some))}


def table(name, given, rows):
    columns = {}
    for column in TABLES[name]:
        known = given.get(column.name)
        columns[column.name] = pa.nulls(rows, ARROW[column.type]) if known is None else known.cast(ARROW[column.type])
    return pa.table(columns)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--flows", type=int, default=5_000_000)
    asked.add_argument("--hosts", type=int, default=2_000)
    asked.add_argument("--captures", type=Path)
    given = asked.parse_args()
    if given.captures:
        with measured("key exchanges of captures") as said:
            files = sorted(file for file in given.captures.rglob("*.pcap*") if file.is_file())
            made = [CaptureKex(file, "b") for file in files]
            said |= {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}
            said |= {"packets": sum(one.packets for one in made), "rows": sum(one.parsed.lines for one in made)}
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
        with ColumnStore.open(Path(folder), LIMITS) as store:
            for number in range(DAYS):
                store.append("b", str(number), day(dice, number, given.flows // DAYS, given.hosts))
                store.tidy()
        print(f"{given.flows:,} flows of {given.hosts:,} hosts over {DAYS} days, {given.flows // 10:,} key exchanges")
        span = BEGIN_US, BEGIN_US + DAYS * DAY_US
        with History.read(Path(folder), LIMITS, homes=("10.0.0.0/8",)) as history, history.window(*span) as window:
            with measured("assets") as said:
                said["hosts"] = len(assets(window))
            with measured("crypto map") as said:
                found = uses(window)
                said |= {"kinds": len(found), "handshakes": sum(use.count for use in found)}
            with measured("bill of materials") as said:
                said["bytes"] = len(cbom(found, actor="bench", version="0", at_us=span[1]))


if __name__ == "__main__":
    main()
