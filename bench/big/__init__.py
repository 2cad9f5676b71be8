"""A store of one made day, as large as asked: made once in a folder and kept, for the benches that ask a big history.

A host calls a few favourite peers most of the time and any of two million now and then; 1e8 flows are those of 10,000
hosts, which is half the flows a host that docs/benchmarks.md's largest actor has. To each two flows one dns or tls row
(7 to 3), to each hundred a file with its hash. Rows go through the store's own append and tidy. Refuses to judge.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.moment import HOUR_US
from big.flows import made_flows, recorded

HOUR0 = 494_000
HOURS = 24
BATCH = 500_000
FLOWS_A_HOST = 10_000
SPAN = (HOUR0 * HOUR_US, (HOUR0 + HOURS) * HOUR_US)
HOMES = ("10.0.0.0/8",)

ADDRESS = "CAST(1073741824 + peer * 40503 % 2147483648 AS BIGINT)"
"""Of a peer: one in the upper half, never a home's."""

_COMMON = "ts, sensor, src, src_port, dst, dst_port, proto, flow_id, community_id"
_NAME = (
    "'h' || CAST(hash(dst) % 7 AS VARCHAR) || '.site' || CAST(hash(dst) % 600000 AS VARCHAR) || "
    "['.com', '.net', '.dk', '.co.uk'][1 + CAST(hash(dst) % 4 AS INTEGER)]"
)
DNS = f"""
SELECT ts, sensor, src, src_port, CAST('00000000-0000-0000-0000-ffff0afffe01' AS UUID) AS dst,
  53::USMALLINT AS dst_port,
  'udp' AS proto, flow_id, community_id, {_NAME} AS rrname, 'A' AS rrtype, 'NOERROR' AS rcode, TRUE AS answered,
  ['192.0.2.' || CAST(hash(dst) % 250 AS VARCHAR)] AS answers, CAST(11 AS UINTEGER) AS answer_bytes,
  CAST(300 AS UINTEGER) AS ttl_s
FROM flows WHERE flow_id % 20 < 7"""
TLS = f"""
SELECT {_COMMON}, {_NAME} AS sni, 'TLS 1.3' AS version, CAST(NULL AS VARCHAR) AS subject,
  CAST(NULL AS VARCHAR) AS issuerdn, md5(CAST(dst AS VARCHAR)) || substr(md5(CAST(dst AS VARCHAR)), 1, 8) AS cert,
  CAST(NULL AS TIMESTAMP) AS notbefore, CAST(NULL AS TIMESTAMP) AS notafter,
  md5('ja3' || CAST(hash(flow_id) % 400 AS VARCHAR)) AS ja3, CAST(NULL AS VARCHAR) AS ja3_string,
  md5('ja3s' || CAST(hash(dst) % 200 AS VARCHAR)) AS ja3s,
  't13d1516h2_8daaf6152771_' || substr(md5(CAST(hash(flow_id) % 400 AS VARCHAR)), 1, 12) AS ja4, FALSE AS resumed
FROM flows WHERE flow_id % 20 IN (10, 11, 12)"""
FILES = f"""
SELECT {_COMMON}, '/a' AS filename, 'data' AS magic, CAST(1000 AS UBIGINT) AS size, CAST(NULL AS VARCHAR) AS md5,
  CAST(NULL AS VARCHAR) AS sha1, sha256(CAST(flow_id // 7 AS VARCHAR)) AS sha256, 'http' AS app_proto,
  CAST(NULL AS VARCHAR) AS host
FROM flows WHERE flow_id % 100 = 99"""

BESIDE = {"dns": DNS, "tls": TLS, "fileinfo": FILES}


def made_hour(base: duckdb.DuckDBPyConnection, hour: int, flows: int, hosts: int) -> Iterator[dict[str, pa.Table]]:
    """The batches of one hour (0 to 23) of a day; each row is the same whenever it is made."""
    first_us = (HOUR0 + hour) * HOUR_US
    for begin in range(hour * flows, (hour + 1) * flows, BATCH):
        end = min((hour + 1) * flows, begin + BATCH)
        part = (begin - hour * flows) * HOUR_US // flows
        flow = made_flows(
            base,
            (begin, end),
            (first_us + part, first_us + part + (end - begin) * HOUR_US // flows),
            hosts=hosts,
            favourites=50_021,
            others=2_000_000,
            address=ADDRESS,
        )
        base.register("flows", flow)
        yield {"flow": flow} | {table: recorded(base, table, sql) for table, sql in BESIDE.items()}
        base.unregister("flows")


def big_store(folder: Path, flows: int) -> Path:
    """The store of a day of so many flows, made if it is not there yet. It says what it does: it takes minutes. One
    that an earlier version made gets its roll-ups made again."""
    path = folder / f"store-{flows}"
    limits = StoreLimits(threads=1, memory_mb_max=2048, micro_segments_max=10**6)
    if (path / "made").exists():
        with ColumnStore.open(path, limits, homes=HOMES) as store:
            store.tidy()
        return path
    per_hour, hosts = flows // HOURS, max(100, flows // FLOWS_A_HOST)
    began, took = time.monotonic(), time.process_time()
    with (
        ColumnStore.open(path, limits, homes=HOMES) as store,
        duckdb.connect(config={"arrow_lossless_conversion": True, "threads": 1}) as base,
    ):
        for hour in range(HOURS):
            done = int(store.mark(f"hour-{hour}") or -1)
            for number, batch in enumerate(made_hour(base, hour, per_hour, hosts)):
                if number > done:
                    store.append(f"hour-{hour}", str(number), batch)
            store.tidy()
            print(f"hour {hour}: {time.monotonic() - began:.0f} s, {time.process_time() - took:.0f} CPU s", flush=True)
    (path / "made").touch()
    return path
