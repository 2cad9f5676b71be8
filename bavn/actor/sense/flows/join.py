"""Halves -> rows of flows, as SQL: both directions together, pieces of a long flow as pieces, who opened, what failed.

An exporter tells what went one way, and tells of a long flow in pieces. Halves wait some slots for the other side;
those of one conversation then become one row. A conversation that was not seen to end is remembered: what comes of it
later is a row that says since when. Refuses to know any protocol of exporters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from bavn.actor.sense.engine import Engine
from bavn.actor.sense.flows.halves import ACTIVE, ENDED, HALF
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.record import TABLES

WAITING_MAX: Final = 300_000
"""More halves than this wait for nobody."""
OPEN_MAX: Final = 300_000
QUIET_TCP_US: Final = HOUR_US
"""TCP without a SYN goes on with what was there before, however long it was silent."""
QUIET_US: Final = 20 * SECOND_US
QUIET_SAMPLED_US: Final = 2 * MINUTE_US
QUIET_ACTIVE_US: Final = 5 * MINUTE_US
"""Where the exporter said that it only told of a part."""
AGAIN_US: Final = SECOND_US
"""A SYN so long after the last packet opens another connection on the same ports."""
LASTING_US: Final = 10 * SECOND_US
"""Shorter flows without connection are over when they are told of."""

_KEY: Final = "exporter, lo, hi, lop, hip, proto, talk"
_HALF: Final = ", ".join(f'"{name}"' for name in HALF.names or ())
_OPEN_COLUMNS: Final = (
    "exporter UINTEGER, lo UUID, hi UUID, lop USMALLINT, hip USMALLINT, proto UTINYINT, talk SMALLINT,"
    " since_us BIGINT, until_us BIGINT, lo_opened TINYINT, ending UTINYINT, flow_id UBIGINT"
)
_SYN, _ACK = 2, 16

HALVES_SQL: Final = f"""CREATE OR REPLACE TEMP TABLE halves AS
    SELECT *, CASE WHEN back THEN b ELSE a END AS lo, CASE WHEN back THEN a ELSE b END AS hi,
        CASE WHEN back THEN b_port ELSE a_port END AS lop, CASE WHEN back THEN a_port ELSE b_port END AS hip,
        CASE WHEN proto = 1 THEN CASE kind WHEN 0 THEN 8 ELSE kind END
            WHEN proto = 58 THEN CASE kind WHEN 129 THEN 128 ELSE kind END ELSE -1 END::SMALLINT AS talk
    FROM (SELECT *, a > b OR (a = b AND a_port > b_port) AS back FROM (SELECT {_HALF} FROM waiting
        UNION ALL SELECT {_HALF} FROM fresh))"""
DUE_SQL: Final = f"""CREATE OR REPLACE TEMP TABLE due AS SELECT {_KEY} FROM halves GROUP BY {_KEY}
    HAVING min(slot) <= $before OR max(whole) = 1"""
WAITING_SQL: Final = f"SELECT {_HALF} FROM halves ANTI JOIN due USING ({_KEY}) ORDER BY n, counts DESC"

# What leaves a router is told again by one that also told what came in.
_QUIET: Final = f"""CASE WHEN proto = 6 AND flags > 0 AND flags & {_SYN} = 0 THEN {QUIET_TCP_US}
    WHEN sampling > 1 THEN {QUIET_SAMPLED_US} ELSE {QUIET_US} END"""
_TIMES: Final = "greatest(sampling, 1)::UBIGINT"


def _side(back: bool) -> str:
    which = f"FILTER ({'' if back else 'NOT '}back)"
    tag = "1" if back else "0"
    return f"""min(first_us) {which} AS first{tag}, coalesce(sum(bytes * {_TIMES}) {which}, 0) AS bytes{tag},
        coalesce(sum(pkts * {_TIMES}) {which}, 0) AS pkts{tag},
        bit_or(flags) FILTER ({"" if back else "NOT "}back AND flags >= 0) AS flags{tag},
        arg_min(kind, (first_us, n)) {which} AS kind{tag}, arg_min(code, (first_us, n)) {which} AS code{tag}"""


TALKS_SQL: Final = f"""CREATE OR REPLACE TEMP TABLE talks AS
    WITH mine AS (SELECT halves.* FROM halves SEMI JOIN due USING ({_KEY})
        QUALIFY NOT (egress = 1 AND min(egress) OVER (PARTITION BY {_KEY}, back) = 0)),
    apart AS (SELECT *, coalesce(first_us > max(last_us) OVER earlier + CASE
            WHEN proto = 6 AND flags > 0 AND flags & {_SYN} <> 0 THEN {AGAIN_US} ELSE {_QUIET} END, FALSE) AS again
        FROM mine WINDOW earlier AS (PARTITION BY {_KEY} ORDER BY first_us, n, counts DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    counted AS (SELECT *, sum(again::INTEGER) OVER (PARTITION BY {_KEY} ORDER BY first_us, n, counts DESC
            ROWS UNBOUNDED PRECEDING) AS turn FROM apart),
    talked AS (SELECT {_KEY}, turn, {_side(False)}, {_side(True)}, min(first_us) AS begun, max(last_us) AS until,
            max(sampling) AS sampling, min(sampling) = 0 AS unsure, max(denied) = 1 AS denied, min(n) AS n,
            max(whole) = 1 AS whole, max(counts) FILTER (NOT back) IS NOT DISTINCT FROM 1 AS lo_told,
            arg_max(ended, (last_us, n)) AS ending FROM counted GROUP BY {_KEY}, turn),
    met AS (SELECT talked.*, since_us, lo_opened AS known_lo, flow_id AS known_id,
            lead(turn) OVER (PARTITION BY {_KEY} ORDER BY turn) IS NULL AS newest,
            coalesce(turn = 0 AND CASE
                WHEN proto = 6 AND coalesce(flags0 | flags1, flags0, flags1, 0) > 0
                THEN coalesce(flags0 | flags1, flags0, flags1) & {_SYN} = 0 AND begun <= until_us + {QUIET_TCP_US}
                ELSE begun <= until_us + CASE WHEN open.ending = {ACTIVE} THEN {QUIET_ACTIVE_US}
                    WHEN sampling > 1 THEN {QUIET_SAMPLED_US} ELSE {QUIET_US} END END, FALSE) AS goes_on
        FROM talked LEFT JOIN open USING ({_KEY}))
    SELECT *, first0 IS NOT NULL AND first1 IS NOT NULL AS mutual, sampling > 1 OR unsure AS sampled,
        CASE WHEN goes_on THEN known_lo = 1 WHEN first1 IS NULL THEN TRUE WHEN first0 IS NULL THEN FALSE
            WHEN flags0 & {_SYN} <> 0 AND flags1 & {_SYN} = 0 THEN TRUE
            WHEN flags1 & {_SYN} <> 0 AND flags0 & {_SYN} = 0 THEN FALSE
            WHEN first0 <> first1 THEN first0 < first1
            WHEN called_back(lop, hip) THEN FALSE WHEN called_back(hip, lop) THEN TRUE
            WHEN whole AND lop = hip THEN lo_told ELSE lop >= hip END AS lo_first
    FROM met"""


def _of(low: str, high: str) -> str:
    return f"CASE WHEN lo_first THEN {low} ELSE {high} END"


# A sampled packet is anybody's: the ports tell who serves, unless it is the SYN itself.
_TURNED: Final = f"""NOT goes_on AND CASE
    WHEN sampled THEN coalesce(fts & {_SYN | _ACK} <> {_SYN}, TRUE)
        AND (called_back(sp, dp) OR (sp < dp AND dp >= 32768 AND NOT called_back(dp, sp)))
    WHEN NOT called_back(sp, dp) THEN FALSE
    WHEN proto = 6 AND mutual THEN coalesce((fts | ftc) & {_SYN} = 0, TRUE)
    WHEN proto = 6 THEN coalesce(fts & {_ACK} <> 0, TRUE)
    ELSE mutual OR NOT two_way END"""
_NAME: Final = """CASE proto WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' WHEN 1 THEN 'icmp' WHEN 58 THEN 'ipv6-icmp'
    WHEN 132 THEN 'sctp' ELSE proto::VARCHAR END"""
# NULL where nobody can tell: a packet in a thousand says nothing of the others, and an exporter that only tells one
# direction says nothing of the other.
_FAILED: Final = f"""CASE WHEN denied THEN TRUE
    WHEN proto = 6 AND sampled THEN CASE WHEN (coalesce(fts, 0) | coalesce(ftc, 0)) & {_SYN | _ACK | 4} = {_ACK}
        OR coalesce(ftc & {_SYN | _ACK} = {_SYN | _ACK}, FALSE) THEN FALSE END
    WHEN sampled THEN CASE WHEN mutual THEN FALSE END
    WHEN goes_on AND (proto = 6 OR mutual) THEN FALSE
    WHEN proto = 6 AND mutual THEN CASE WHEN coalesce(fts | ftc, 0) = 0 THEN FALSE
        ELSE tcp_failed(fts, ftc, pkts_tc) END
    WHEN proto = 6 THEN CASE WHEN coalesce(fts, 0) = 0 THEN NULL WHEN fts & {_ACK} <> 0 THEN FALSE
        WHEN fts & {_SYN} <> 0 OR two_way THEN TRUE END
    WHEN mutual THEN FALSE
    WHEN two_way THEN flow_failed(named, dst, NULL, NULL, pkts_tc, TRUE, kind)
    WHEN proto IN (17, 1, 58) THEN NULL ELSE FALSE END"""
_CLOSED: Final = "proto = 6 AND (coalesce(fts, 0) | coalesce(ftc, 0)) & 5 <> 0"

ROWS_SQL: Final = f"""CREATE OR REPLACE TEMP TABLE made AS
    WITH sided AS (SELECT *, {_NAME} AS named, {_of("lop", "hip")} AS sp, {_of("hip", "lop")} AS dp,
            {_of("flags0", "flags1")} AS fts, {_of("flags1", "flags0")} AS ftc
        FROM talks JOIN exporters USING (exporter)),
    turned AS (SELECT * EXCLUDE (lo_first, sp, dp, fts, ftc), lo_first <> coalesce({_TURNED}, FALSE) AS lo_first
        FROM sided),
    told AS (SELECT *, {_of("lo", "hi")} AS src, {_of("hi", "lo")} AS dst, {_of("lop", "hip")} AS sp,
            {_of("hip", "lop")} AS dp, {_of("flags0", "flags1")} AS fts, {_of("flags1", "flags0")} AS ftc,
            {_of("bytes0", "bytes1")} AS bytes_ts, {_of("bytes1", "bytes0")} AS bytes_tc,
            {_of("pkts0", "pkts1")} AS pkts_ts, {_of("pkts1", "pkts0")} AS pkts_tc,
            coalesce({_of("kind0", "kind1")}, kind0, kind1) AS kind, coalesce({_of("code0", "code1")}, code0, code1)
            AS code FROM turned),
    judged AS (SELECT *, {_FAILED} AS failed, {_CLOSED} AS closed FROM told),
    lasting AS (SELECT *, newest AND NOT closed AND failed IS NOT TRUE AND ending <> {ENDED} AND (ending = {ACTIVE}
            OR (proto = 6 AND coalesce(fts, ftc, 0) > 0) OR goes_on OR until - begun >= {LASTING_US}) AS stays
        FROM judged)
    SELECT *, CASE WHEN goes_on THEN since_us WHEN stays THEN begun END AS since,
        coalesce(CASE WHEN goes_on THEN known_id END,
            hash(exporter, lo, hi, lop, hip, proto, talk, begun) | 1::UBIGINT) AS flow_id FROM lasting"""

_PLUMB: Final = 1 << 62
COLUMNS: Final = {
    "ts": "make_timestamp(begun)",
    "sensor": "sensor",
    "src": "src",
    "src_port": "sp",
    "dst": "dst",
    "dst_port": "dp",
    "proto": "named",
    "flow_id": "flow_id",
    "community_id": "community_of(src, dst, named, sp, dp, icmp_type, icmp_code)",
    "ts_end": "make_timestamp(until)",
    "bytes_toserver": f"least(bytes_ts, {_PLUMB})",
    "bytes_toclient": f"least(bytes_tc, {_PLUMB})",
    "pkts_toserver": f"least(pkts_ts, {_PLUMB})",
    "pkts_toclient": f"least(pkts_tc, {_PLUMB})",
    "state": """CASE WHEN closed THEN 'closed'
        WHEN mutual OR goes_on OR coalesce(fts & 16 <> 0, FALSE) THEN 'established' ELSE 'new' END""",
    "reason": "CASE ending WHEN 1 THEN 'timeout' WHEN 2 THEN 'timeout' WHEN 4 THEN 'forced' END",
    "tcp_flags_ts": "CASE WHEN proto = 6 THEN fts END",
    "tcp_flags_tc": "CASE WHEN proto = 6 THEN ftc END",
    "icmp_type": "icmp_type",
    "icmp_code": "icmp_code",
    "failed": "failed",
    "since": "make_timestamp(since)",
    "sampling": "CASE WHEN unsure THEN NULL ELSE sampling END",
}
FLOWS_SQL: Final = (
    "SELECT "
    + ", ".join(f'CAST({COLUMNS.get(c.name, "NULL")} AS {c.type}) AS "{c.name}"' for c in TABLES["flow"])
    + """ FROM (SELECT *, CASE WHEN proto IN (1, 58) AND kind >= 0 THEN kind END AS icmp_type,
          CASE WHEN proto IN (1, 58) AND code >= 0 THEN code END AS icmp_code FROM made) ORDER BY begun, n"""
)
OPEN_SQL: Final = f"""
    SELECT * FROM (SELECT * FROM open ANTI JOIN due USING ({_KEY}) UNION ALL
        SELECT {_KEY}, since, until, lo_first::TINYINT, ending, flow_id FROM made WHERE stays)
    WHERE until_us >= $now_us - CASE WHEN proto = 6 THEN {QUIET_TCP_US} ELSE {QUIET_ACTIVE_US} END
    ORDER BY until_us DESC, flow_id LIMIT {OPEN_MAX}"""
_TWICE_SQL: Final = """SELECT coalesce(sum(tellers - 1), 0)::BIGINT FROM (SELECT count(DISTINCT sensor) AS tellers
    FROM told GROUP BY least(src, dst), greatest(src, dst), least(src_port, dst_port), greatest(src_port, dst_port),
    proto HAVING count(DISTINCT sensor) > 1)"""
"""Calls between the same ends, told by more than one exporter within the same step."""

SEEN_SQL: Final = f"""SELECT exporter, count(*) FILTER (mutual), count(*) FROM made WHERE NOT sampled
    AND (proto = 17 OR (proto = 6 AND (coalesce(fts, 0) | coalesce(ftc, 0)) & {_ACK} <> 0)) GROUP BY exporter
    ORDER BY exporter"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """``flows``: whole rows of record.TABLES, in the order in which they began. ``records``: how many records they were
    made of. ``seen``: of each exporter, conversations with both directions, and all."""

    flows: pa.Table
    waiting: pa.Table
    open: pa.Table
    records: int
    seen: Mapping[int, tuple[int, int]]


def empty_open() -> pa.Table:
    """No conversation is remembered yet."""
    kinds = {
        "UINTEGER": pa.uint32(),
        "UUID": pa.uuid(),
        "USMALLINT": pa.uint16(),
        "UTINYINT": pa.uint8(),
        "SMALLINT": pa.int16(),
        "BIGINT": pa.int64(),
        "TINYINT": pa.int8(),
        "UBIGINT": pa.uint64(),
    }
    return pa.schema([(pair.split()[0], kinds[pair.split()[1]]) for pair in _OPEN_COLUMNS.split(", ")]).empty_table()


def join(
    engine: Engine,
    fresh: pa.Table,
    waiting: pa.Table,
    known: pa.Table,
    exporters: pa.Table,
    *,
    slot: int,
    wait_slots: int,
    now_us: int,
) -> Joined:
    """``exporters``: exporter, sensor, two_way. Halves that came before ``slot - wait_slots`` wait no more. Raises
    TooMuch."""
    before = slot if waiting.num_rows + fresh.num_rows > WAITING_MAX else slot - wait_slots
    lent = {"fresh": fresh, "waiting": waiting, "open": known, "exporters": exporters}
    for name, table in lent.items():
        engine.lend(name, table)
    try:
        engine.run(HALVES_SQL)
        engine.run(DUE_SQL, {"before": before})
        engine.run(TALKS_SQL)
        engine.run(ROWS_SQL)
        engine.run(f"CREATE OR REPLACE TEMP TABLE still AS {OPEN_SQL}", {"now_us": now_us})
        records = engine.rows(f"SELECT coalesce(sum(counts), 0)::BIGINT FROM halves SEMI JOIN due USING ({_KEY})")
        seen = engine.rows(SEEN_SQL)
        return Joined(
            flows=engine.arrow(FLOWS_SQL),
            waiting=engine.arrow(WAITING_SQL),
            open=engine.arrow("FROM still"),
            records=int(records[0][0]),
            seen={exporter: (both, every) for exporter, both, every in seen},
        )
    finally:
        for name in ("halves", "due", "talks", "made", "still"):
            engine.run(f"DROP TABLE IF EXISTS {name}")
        for name in lent:
            engine.take_back(name)


def told_twice(engine: Engine, flows: pa.Table) -> int:
    """How many rows only repeat what another exporter told of the same moment. Raises TooMuch."""
    engine.lend("told", flows)
    try:
        return int(engine.rows(_TWICE_SQL)[0][0])
    finally:
        engine.take_back("told")
