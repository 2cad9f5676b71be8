"""Made flows as a store takes them: each host has its few favourite peers, and now and then any other.

Each row is the same whenever it is made. Knows no bench.
"""

import duckdb
import pyarrow as pa

from bavn.model.record import TABLES

FLOWS = """
SELECT make_timestamp({first} + ((i - {begin}) * {span}) // {rows}) AS ts, 's1' AS sensor,
  CAST('00000000-0000-0000-0000-ffff0a' || printf('%06x', h) AS UUID) AS src,
  CAST(32768 + hash(i + 1) % 28000 AS USMALLINT) AS src_port,
  CAST('00000000-0000-0000-0000-ffff' || printf('%08x', {address}) AS UUID) AS dst,
  CAST([443, 443, 80, 53][1 + CAST(peer % 4 AS INTEGER)] AS USMALLINT) AS dst_port,
  CASE WHEN peer % 4 = 3 THEN 'udp' ELSE 'tcp' END AS proto, CAST(hash(i * 11) AS UBIGINT) AS flow_id,
  '1:' || substr(to_base64(unhex(md5(CAST(i AS VARCHAR)) || '00000000')), 1, 27) || '=' AS community_id,
  ts + to_microseconds(CAST(hash(i * 5) % 30000000 AS BIGINT)) AS ts_end,
  ['tls', 'tls', 'http', 'dns'][1 + CAST(peer % 4 AS INTEGER)] AS app_proto,
  CAST(200 + hash(i * 13) % 20000 AS UBIGINT) AS bytes_toserver,
  CAST(200 + hash(i * 17) % 200000 AS UBIGINT) AS bytes_toclient,
  CAST(2 + hash(i * 19) % 40 AS UBIGINT) AS pkts_toserver, CAST(2 + hash(i * 23) % 90 AS UBIGINT) AS pkts_toclient,
  'closed' AS state, 'timeout' AS reason, CAST(27 AS UTINYINT) AS tcp_flags_ts, CAST(27 AS UTINYINT) AS tcp_flags_tc,
  CAST(NULL AS UTINYINT) AS icmp_type, CAST(NULL AS UTINYINT) AS icmp_code, hash(i * 29) % 50 = 0 AS failed
FROM (SELECT i, hash(i) % {hosts} AS h,
        CASE WHEN hash(i * 3) % 100 < 93
             THEN hash(h * 64 + CAST(floor(pow(hash(i * 7) % 1000 / 1000.0, 3) * 24) AS UBIGINT)) % {favourites}
             ELSE hash(i * 31) % {others} END AS peer
      FROM range({begin}, {end}) r(i))"""


def made_flows(
    base: duckdb.DuckDBPyConnection,
    numbers: tuple[int, int],
    times_us: tuple[int, int],
    *,
    hosts: int,
    favourites: int,
    others: int,
    address: str,
) -> pa.Table:
    """Flows of these numbers (first, and the one after the last) evenly over these times. ``favourites`` and
    ``others``: how many peers there are of each kind; ``address``: SQL of a peer's number."""
    (begin, end), (first, after) = numbers, times_us
    sql = FLOWS.format(
        first=first,
        span=after - first,
        rows=end - begin,
        begin=begin,
        end=end,
        hosts=hosts,
        favourites=favourites,
        others=others,
        address=address,
    )
    return recorded(base, "flow", sql)


def recorded(base: duckdb.DuckDBPyConnection, table: str, sql: str) -> pa.Table:
    """Rows with all columns that the record has today: those that the query does not give are NULL."""
    given = base.sql(sql)
    columns = (
        f'"{column.name}"' if column.name in given.columns else f'CAST(NULL AS {column.type}) AS "{column.name}"'
        for column in TABLES[table]
    )
    return given.project(", ".join(columns)).to_arrow_table()
