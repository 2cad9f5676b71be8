"""Made traffic for bench/detect.py: beacons, names, a day of records."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

import duckdb
import numpy as np

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.query.window import StoreWindow
from bavn.model.record import TABLES

DAY_S = 86400.0
BEGIN_US = 1_790_000_000_000_000 - 1_790_000_000_000_000 % 86_400_000_000


def beacon(dice, period_s: float, jitter: float, *, days: float, lost: float, office: bool = False) -> np.ndarray:
    """Seconds of calls: each sleep is the period, shortened by up to ``jitter`` of it; office hours are 8 to 16."""
    steps = period_s * (1 - jitter * dice.random(int(days * DAY_S / period_s / (1 - jitter / 2) * 1.2) + 20))
    at = np.cumsum(steps)
    keep = (at < days * DAY_S) & (dice.random(len(at)) >= lost)
    if office:
        keep &= (at % DAY_S >= 8 * 3600) & (at % DAY_S < 16 * 3600)
    return at[keep]


class Made:
    """Names by a seed."""

    def __init__(self, dice) -> None:
        self.dice = dice

    def labels(self, count: int, length: int, alphabet: int) -> list[str]:
        letters = np.array(list("0123456789abcdefghijklmnopqrstuvwxyz"))[:alphabet]
        return ["".join(row) for row in self.dice.choice(letters, (count, length))]

    def reversed_addresses(self, count: int) -> list[str]:
        return [".".join(map(str, row)) for row in self.dice.integers(1, 255, (count, 4))]

    def words(self, count: int) -> list[str]:
        parts = ["www", "mail", "img", "static", "api", "cdn", "login", "news", "shop", "m"]
        return [f"{self.dice.choice(parts)}{self.dice.integers(1, 40)}" for _ in range(count)]


_RECORDS = """
    SELECT make_timestamp({begin} + us) AS ts, 'made' AS sensor, {host} AS src, 40000 AS src_port, {peer} AS dst,
        [443, 443, 443, 80, 53, 8080, 22, 25, 993][p + 1] AS dst_port, 'tcp' AS proto, i AS flow_id,
        '1:x' AS community_id, 'w' || (d % 40) || '.site' || (d // 40) || '.com' AS called, *
    FROM base WHERE {part}"""
_MORE = {
    "flow": (
        "i % 10 < 5",
        {
            "ts_end": "ts + INTERVAL 1 SECOND",
            "bytes_toserver": "1000",
            "bytes_toclient": "5000",
            "pkts_toserver": "5",
            "pkts_toclient": "6",
            "state": "'closed'",
            "failed": "r < 0.04",
        },
    ),
    "dns": (
        "i % 10 IN (5, 6, 7)",
        {
            "rrname": "called",
            "rrtype": "'A'",
            "answered": "i % 2 = 0",
            "answers": "['45.9.148.20']",
            "rcode": "'NOERROR'",
        },
    ),
    "tls": ("i % 10 = 8", {"sni": "called", "ja3": "'aa'"}),
    "http": ("i % 10 = 9", {"host": "called", "method": "'GET'"}),
}


@contextmanager
def speed_store(events: int, hosts: int = 2000) -> Iterator[tuple[StoreWindow, float]]:
    """A day of made records in a real store: half flows, 30 % dns, 10 % tls, 10 % http; and the CPU it took to keep."""
    made = duckdb.connect(config={"threads": 1})
    made.execute("SET arrow_lossless_conversion = true; SELECT setseed(0.3)")
    made.execute(
        "CREATE TABLE base AS SELECT i, (random() * 86400e6)::BIGINT AS us, (random() * $hosts)::INT AS h,"
        " (random() * random() * random() * 20000)::INT AS d, random() AS r, (random() * 8)::INT AS p"
        " FROM range($events) t(i)",
        {"hosts": hosts, "events": events},
    )
    mapped = "(({})::UBIGINT::UHUGEINT + 281470681743360::UHUGEINT)::UUID"
    tables = {}
    for name, (part, more) in _MORE.items():
        rows = _RECORDS.format(
            begin=BEGIN_US, host=mapped.format("167772160 + h"), peer=mapped.format("755000000 + d * 7"), part=part
        )
        known = {"ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id", "community_id"}
        columns = ", ".join(
            f'CAST({more.get(c.name, c.name if c.name in known else "NULL")} AS {c.type}) AS "{c.name}"'
            for c in TABLES[name]
        )
        tables[name] = made.sql(f"SELECT {columns} FROM ({rows})").to_arrow_table()
    with ColumnStore.temporary(homes=["10.0.0.0/8"]) as store:
        began = process_time()
        store.append("made", "1", tables)
        store.tidy()
        took = process_time() - began
        with store.window(BEGIN_US, BEGIN_US + 86_400_000_000) as window:
            yield window, took
