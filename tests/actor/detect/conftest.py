"""Cases as data: a folder with case.toml says what happens on a made-up network; here it becomes a window to ask.

The window is a plain DuckDB in memory with the same views as the store's; one test holds it against the real store.
"""

import string
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from bavn.actor.detect.base import DetectSettings
from bavn.actor.detect.indicator_list import read
from bavn.actor.detect.lists import Lists
from bavn.actor.detect.run import DETECTORS, Survey, survey
from bavn.actor.store.columns import ColumnStore
from bavn.model.observable import registered_domain
from bavn.model.record import TABLES, address_uuid, create_table, range_uuids

CASES = Path(__file__).with_name("cases")
BEGIN_US = 1_790_000_000_000_000 - 1_790_000_000_000_000 % 86_400_000_000  # a midnight in 2026
HOMES = ("10.0.0.0/8",)
Row = dict[str, Any]


@dataclass
class World:
    """Rows by table, and the dice of one case."""

    dice: np.random.Generator
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def flow(
        self,
        at_s: float,
        src: str,
        dst: str,
        port: int,
        *,
        proto: str = "tcp",
        failed: bool = False,
        size: int = 900,
        **more: Any,
    ) -> Row:
        row = {
            "ts": at_s, "sensor": "made", "src": src, "src_port": 50_000, "dst": dst, "dst_port": port, "proto": proto,
            "flow_id": len(self.rows["flow"]) + 1, "community_id": None, "ts_end": at_s + 0.5, "app_proto": None,
            "bytes_toserver": size, "bytes_toclient": 0 if failed else 3 * size, "pkts_toserver": 4,
            "pkts_toclient": 0 if failed else 5, "state": "new" if failed else "closed", "failed": failed, **more,
        }  # fmt: skip
        self.rows["flow"].append(row)
        return row

    def named(self, flow: Row, kind: str, name: str, **more: Any) -> None:
        column = {"tls": "sni", "http": "host"}[kind]
        head = {key: flow[key] for key in ("ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id")}
        self.rows[kind].append(head | {column: name} | more)

    def dns(
        self,
        at_s: float,
        src: str,
        name: str,
        answers: list[str] | None,
        *,
        rrtype: str = "A",
        server: str = "10.0.0.53",
    ) -> None:
        head = {
            "sensor": "made",
            "src": src,
            "src_port": 50_001,
            "dst": server,
            "dst_port": 53,
            "proto": "udp",
            "flow_id": 0,
        }
        self.rows["dns"].append(head | {"ts": at_s, "rrname": name, "rrtype": rrtype, "answered": False})
        if answers is not None:
            told = {
                "rcode": "NOERROR" if answers else "NXDOMAIN",
                "answers": answers,
                "answer_bytes": sum(map(len, answers)),
            }
            self.rows["dns"].append(
                head | {"ts": at_s + 0.02, "rrname": name, "rrtype": rrtype, "answered": True} | told
            )


def text_of(world: World, form: str) -> str:
    """``random:32`` letters and digits, ``hex:8``, ``reverse`` (an address backwards), else the text itself."""
    kind, _, length = form.partition(":")
    if kind == "random":
        return "".join(world.dice.choice(list(string.ascii_lowercase + string.digits), int(length)))
    if kind == "hex":
        return "".join(world.dice.choice(list("0123456789abcdef"), int(length)))
    if kind == "reverse":
        return ".".join(str(part) for part in world.dice.integers(1, 255, 4))
    return form


def calls(world: World, it: Row) -> None:
    """One host's calls to one peer: at a period with jitter, or at random (``mean_s``), in the hours given."""
    now, end = it.get("from_h", 0) * 3600.0, it["to_h"] * 3600.0
    first, last = it.get("office_h", [0, 24])
    while now < end:
        if it.get("mean_s"):
            now += float(world.dice.exponential(it["mean_s"]))
        else:
            now += it["period_s"] * (1 - it.get("jitter", 0.0) * float(world.dice.random()))
        if now >= end or not first * 3600 <= now % 86400 < last * 3600 or world.dice.random() < it.get("lost", 0):
            continue
        for burst in range(it.get("burst", 1)):
            flow = world.flow(
                now + 0.2 * burst,
                it["host"],
                it["peer"],
                it.get("port", 443),
                proto=it.get("proto", "tcp"),
                failed=it.get("failed", False),
                size=it.get("size", 900),
            )
            if it.get("name"):
                world.named(flow, it.get("kind", "tls"), it["name"], **({"ja3": it["ja3"]} if "ja3" in it else {}))
    if it.get("resolved"):
        world.dns(it.get("from_h", 0) * 3600.0 + 1, it["host"], it["resolved"], [it["peer"]])


def names(world: World, it: Row) -> None:
    """Queries for names under a domain, each made anew."""
    for turn in range(it["count"]):
        sub = text_of(world, it["label"])
        answer = it.get("answer")
        told = None if answer is None else [text_of(world, answer)] if answer else []
        hosts = it["hosts"]
        world.dns(
            it.get("from_h", 0) * 3600 + turn * it["every_s"],
            hosts[turn % len(hosts)],
            f"{sub}.{it['domain']}",
            told,
            rrtype=it.get("rrtype", "A"),
        )


def tries(world: World, it: Row) -> None:
    """First contacts of one source with targets and ports, in order; ``answering`` of them are open."""
    doors = [(target, port) for target in spread(it["targets"]) for port in spread(it.get("ports", [0]))]
    for turn, (target, port) in enumerate(doors):
        at = it.get("from_h", 0) * 3600 + turn * it["every_s"]
        icmp = {"icmp_type": 8, "icmp_code": 0} if it["proto"] == "icmp" else {}
        for again in range(it.get("repeats", 1)):
            world.flow(
                at + again,
                it["source"],
                target,
                int(port),
                proto=it["proto"],
                failed=turn >= it.get("answering", 0),
                **icmp,
            )
        if it.get("unreachable"):
            world.flow(at + 0.1, target, it["source"], 0, proto="icmp", icmp_type=3, icmp_code=3)
        if it.get("resolved"):
            world.dns(at - 1, it["source"], f"host{turn}.{it['resolved']}", [target])


def rows(world: World, it: Row) -> None:
    """Rows of any table as they are: ``set`` holds the columns, ``{n}`` in a text is the turn. ``sources`` and
    ``targets`` are gone through in turn, ``count`` times on each of ``days``, each with a flow of its own, or with
    none (``flow = false``), or with the one before (``same_flow``).
    """
    doors = [(src, dst) for dst in spread(it["targets"]) for src in spread(it["sources"])]
    turn = 0
    for day in it.get("days", [0]):
        for src, dst in doors * it.get("count", 1):
            at = day * 86400 + it.get("from_h", 0) * 3600 + turn % (len(doors) * it.get("count", 1)) * it["every_s"]
            more = {key: value.format(n=turn) if isinstance(value, str) else value for key, value in it["set"].items()}
            number = 1_000_000 + len(world.rows["flow"])
            if it.get("flow", True):
                world.flow(at, src, dst, it["port"], **it.get("flow_set", {}))
                number = world.rows["flow"][-1]["flow_id"]
            elif it.get("same_flow"):
                number = world.rows["flow"][-1]["flow_id"]
            if it["table"] != "flow":
                head = {"ts": at, "sensor": "made", "src": src, "src_port": 50_000, "dst": dst, "dst_port": it["port"]}
                world.rows[it["table"]].append(head | {"proto": "tcp", "flow_id": number} | more)
            turn += 1


def spread(given: list[Any]) -> list[Any]:
    """``["10.0.0.", 1, 9]`` or ``[20, "to", 29]`` written out; other lists as they are."""
    if len(given) == 3 and isinstance(given[0], str) and isinstance(given[2], int):
        return [f"{given[0]}{n}" for n in range(given[1], given[2] + 1)]
    if len(given) == 3 and given[1] == "to":
        return list(range(given[0], given[2] + 1))
    return given


def background(world: World, it: Row) -> None:
    """Hosts that browse well-known sites at random: the innocents of every case."""
    for host in range(it["hosts"]):
        src = f"10.0.9.{host + 1}"
        for _ in range(it.get("visits", 30)):
            site = int(world.dice.integers(0, 12))
            at = float(world.dice.random()) * it["hours"] * 3600
            name, peer = f"www.wellknown{site}.com", f"93.184.{site}.34"
            world.dns(at, src, name, [peer])
            world.named(world.flow(at + 0.1, src, peer, 443), "tls", name)


STREAMS = {"calls": calls, "names": names, "tries": tries, "rows": rows}


@dataclass(frozen=True)
class Case:
    """A folder of cases/: detector, hit or miss, and what case.toml says."""

    detector: str
    name: str
    given: Row

    @property
    def hit(self) -> bool:
        return self.name.startswith("hit")

    def __str__(self) -> str:
        return f"{self.detector}/{self.name}"


def all_cases() -> list[Case]:
    return [
        Case(path.parent.parent.name, path.parent.name, tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(CASES.glob("*/*/case.toml"))
    ]


def rows_of(case: Case, seed: int = 1) -> dict[str, pa.Table]:
    """The case's records as Arrow tables, columns as in record.TABLES (addresses as texts)."""
    world = World(np.random.default_rng(seed))
    if "background" in case.given:
        background(world, case.given["background"])
    for kind, play in STREAMS.items():
        for stream in case.given.get(kind, []):
            play(world, stream)
    made = {}
    for table, rows in world.rows.items():
        if rows:
            columns = [column.name for column in TABLES[table]]
            values = {name: [row.get(name) for row in rows] for name in columns}
            for name in ("ts", "ts_end"):
                if name in values:
                    values[name] = [BEGIN_US + int(value * 1e6) for value in values[name]]
            for name in ("src", "dst"):
                values[name] = [str(address_uuid(value)) for value in values[name]]
            made[table] = pa.table(values)
    return made


class MemoryWindow:
    """The Window port over a DuckDB in memory: as small as can be."""

    def __init__(
        self, tables: dict[str, pa.Table], *, hours: float, known_days: float, homes: tuple[str, ...] = HOMES
    ) -> None:
        self._db = duckdb.connect(config={"threads": 2})
        self.homes = homes
        self.first_us, self.last_us = BEGIN_US, BEGIN_US + int(hours * 3_600_000_000)
        self.known_from_us = BEGIN_US - int(known_days * 86_400_000_000)
        for name in TABLES:
            self._db.execute(create_table(name))
        for name, rows in tables.items():
            self._db.register("_rows", rows)
            self._db.execute(f'INSERT INTO "{name}" SELECT {_casts(name, rows)} FROM _rows')
            self._db.unregister("_rows")
        for name in TABLES:
            self._db.execute(f'DELETE FROM "{name}" WHERE ts >= make_timestamp({self.last_us})')
        self._views()

    def _views(self) -> None:
        spans = [range_uuids(home) for home in self.homes]
        inside = " OR ".join(f"a BETWEEN '{low}'::UUID AND '{high}'::UUID" for low, high in spans)
        self._db.execute(f"CREATE MACRO is_home(a) AS ({inside or 'FALSE'})")
        self._db.execute(
            "CREATE TABLE pair_hour AS SELECT src, dst, dst_port, proto, epoch_us(ts) // 3600000000 AS hour,"
            " count(*) AS flows, count(*) FILTER (failed) AS failed, sum(bytes_toserver) AS bytes_toserver,"
            " sum(bytes_toclient) AS bytes_toclient, min(ts) AS first_ts, max(ts) AS last_ts FROM flow GROUP BY ALL"
        )
        named = (
            "SELECT src, 'dns' AS kind, rrname AS \"name\", ts FROM dns UNION ALL SELECT src, 'tls', sni, ts FROM tls"
            " UNION ALL SELECT src, 'http', http.host, ts FROM http"
        )
        found = [
            row[0]
            for row in self._db.execute(f'SELECT DISTINCT "name" FROM ({named}) WHERE "name" IS NOT NULL').fetchall()
        ]
        domains = [None if name.rpartition(".")[2].isdigit() else registered_domain(name) for name in found]
        self._db.register(
            "_domains", pa.table({"name": pa.array(found, pa.string()), "domain": pa.array(domains, pa.string())})
        )
        self._db.execute("CREATE TABLE known_domains AS SELECT * FROM _domains")
        self._db.execute(
            'CREATE TABLE name_hour AS SELECT src, kind, "name", min("domain") AS "domain",'
            " epoch_us(ts) // 3600000000 AS hour, count(*) AS n, min(ts) AS first_ts, max(ts) AS last_ts"
            f' FROM ({named}) JOIN known_domains USING ("name") GROUP BY src, kind, "name", hour'
        )

    def arrow(self, sql, parameters=None, tables=None) -> pa.Table:
        return self._asked(tables, lambda cursor: cursor.sql(sql, params=dict(parameters or {})).to_arrow_table())

    def rows(self, sql, parameters=None, tables=None) -> list[tuple[Any, ...]]:
        return self._asked(tables, lambda cursor: cursor.execute(sql, dict(parameters or {})).fetchall())

    def lossless(self, name: str) -> pa.Table:
        """A whole table as sources hand it to the store."""
        cursor = self._db.cursor()
        cursor.execute("SET arrow_lossless_conversion = true")
        return cursor.sql(f'SELECT * FROM "{name}"').to_arrow_table()

    def _asked(self, tables, ask) -> Any:
        cursor = self._db.cursor()
        for name, rows in (tables or {}).items():
            cursor.register(name, rows)
        try:
            return ask(cursor)
        finally:
            cursor.close()


def _casts(name: str, rows: pa.Table) -> str:
    casts = []
    for column in TABLES[name]:
        moment = f'make_timestamp("{column.name}")' if column.type == "TIMESTAMP" else f'"{column.name}"'
        casts.append(f"CAST({moment if column.name in rows.column_names else 'NULL'} AS {column.type})")
    return ", ".join(casts)


def lists_of(case: Case) -> Lists:
    """The world's fame in a case: the background's sites, and what the case adds."""
    popular = [f"wellknown{site}.com" for site in range(12)]
    return Lists.of(popular=popular + case.given.get("popular", []))


def window_of(case: Case, tables: dict[str, pa.Table] | None = None) -> MemoryWindow:
    return MemoryWindow(
        rows_of(case) if tables is None else tables,
        hours=case.given["hours"],
        known_days=case.given.get("known_days", 0),
    )


def run(case: Case, window: Any = None, detectors=None) -> Survey:
    """The case's own detector over it, or those given."""
    detectors = detectors or [one for one in DETECTORS if one.name == case.detector]
    named = {name: tuple(case.given.get(name, ())) for name in ("allowed_scanners", "known_long")}
    settings = DetectSettings(**named)
    return survey(
        window or window_of(case),
        detectors,
        indicators=read(case.given.get("indicators", [])).indicators,
        known=lambda: lists_of(case),
        settings=settings,
    )


class Bench:
    """What the tests of this room use of this file."""

    World, Case, MemoryWindow = World, Case, MemoryWindow
    cases, run, rows_of = staticmethod(all_cases), staticmethod(run), staticmethod(rows_of)
    window_of, lists_of = staticmethod(window_of), staticmethod(lists_of)


@pytest.fixture(scope="session")
def made() -> Bench:
    """Cases and windows of this room."""
    return Bench()


@pytest.fixture
def stored() -> Iterator[Any]:
    """Makes a window of the real store that holds a case's records."""
    with ExitStack() as open_:

        def window(case: Case) -> Any:
            store = open_.enter_context(ColumnStore.temporary(homes=HOMES))
            small = window_of(case)
            for name in TABLES:
                rows = small.lossless(name)
                if rows.num_rows:
                    store.append("case", name, {name: rows})
            return open_.enter_context(store.window(small.first_us, small.last_us))

        yield window


def pytest_generate_tests(metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", all_cases(), ids=str)
