"""What a window holds about own hosts, asked in few questions, each bounded: what they offer, call, say and are called.

Traffic comes from the hourly roll-ups, so a month costs little; the texts come from the rows. Refuses to conclude.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from bavn.actor.assets.rules import NAMES
from bavn.model.moment import as_us
from bavn.model.ports import Window

HOSTS_MAX: Final = 200_000
SERVICES_MAX: Final = 400_000
TEXTS_MAX: Final = 400_000
TEXT_CHARS_MAX: Final = 300
PORT_OFFERED_MAX: Final = 32_768
"""Ports above are taken for a client's own, unless more than one client was answered there."""

# An own host was there if it opened something or was answered; who never answered need not exist.
_HOSTS = f"""
    SELECT host, sum(called)::BIGINT, sum(outside)::BIGINT, min(first_ts), max(last_ts) FROM (
        SELECT src AS host, count(DISTINCT dst) AS called,
            count(DISTINCT dst) FILTER (WHERE NOT is_home(dst)) AS outside, min(first_ts) AS first_ts,
            max(last_ts) AS last_ts
        FROM pair_hour WHERE is_home(src) GROUP BY src
        UNION ALL SELECT src, 0, 0, min(first_ts), max(last_ts) FROM name_hour WHERE is_home(src) GROUP BY src
        UNION ALL SELECT dst, 0, 0, min(first_ts), max(last_ts) FROM pair_hour
            WHERE is_home(dst) AND flows > failed AND bytes_toclient > 0 GROUP BY dst)
    GROUP BY host ORDER BY host LIMIT {HOSTS_MAX}"""

_SERVICES = f"""
    SELECT dst, dst_port, proto, sum(flows)::BIGINT AS calls, count(DISTINCT src) AS clients, min(first_ts),
        max(last_ts)
    FROM pair_hour WHERE is_home(dst) AND flows > failed AND proto IN ('tcp', 'udp', 'sctp') AND dst_port > 0
        AND (proto <> 'udp' OR bytes_toclient > 0)
    GROUP BY dst, dst_port, proto HAVING dst_port < {PORT_OFFERED_MAX} OR count(DISTINCT src) > 1
    ORDER BY calls DESC, dst, dst_port, proto LIMIT {SERVICES_MAX}"""

_APPS = f"""
    SELECT dst, dst_port, proto, app_proto, count(*) AS n FROM flow
    WHERE is_home(dst) AND app_proto <> 'failed' AND NOT failed
    GROUP BY dst, dst_port, proto, app_proto ORDER BY n DESC, dst, dst_port, proto, app_proto LIMIT {SERVICES_MAX}"""

_CALLS = """
    SELECT src, dst_port, sum(flows)::BIGINT, count(DISTINCT dst), min(first_ts), max(last_ts) FROM pair_hour
    WHERE is_home(src) AND proto = 'tcp' AND flows > failed AND bytes_toclient > 0 AND dst_port IN (
        104, 11112, 2762, 2575, 6661, 22, 3389, 5985, 5986)
    GROUP BY src, dst_port ORDER BY src, dst_port"""

# field, table, column, whose text it is.
_TEXTS: Final = (
    ("user agent", "http", "user_agent", "src", "TRUE"),
    ("http server", "http", "server", "dst", "TRUE"),
    ("ssh client", "ssh", "client_software", "src", "TRUE"),
    ("ssh server", "ssh", "server_software", "dst", "TRUE"),
    ("certificate", "tls", "subject", "dst", "TRUE"),
    ("certificate", "kex", "cert_subject", "dst", "TRUE"),
    ("client name", "rdp", "client_name", "src", "TRUE"),
)
_NAMED: Final = (
    ("tls", "sni", "dst", "TRUE"),
    ("kex", '"name"', "dst", "TRUE"),
    ("http", "host", "dst", "NOT regexp_full_match(host, '[0-9.:]+')"),
    ("rdp", "client_name", "src", "TRUE"),
    ("krb5", "rtrim(cname, '$')", "src", "cname LIKE '%$'"),
)
# An answer is read once, not once a row: the same few stand in most of them. Without MATERIALIZED, DuckDB would move
# the reading back into each row.
_ADDRESSED = """
    WITH said AS (SELECT rrname, unnest(answers) AS answer FROM dns WHERE answered AND rrtype = 'A'),
    different AS MATERIALIZED (SELECT DISTINCT answer FROM said),
    addressed AS MATERIALIZED (
        SELECT answer, TRY_CAST('00000000-0000-0000-0000-ffff' || array_to_string(
            list_transform(string_split(answer, '.'), lambda o: printf('%02x', TRY_CAST(o AS INTEGER))), '') AS UUID)
            AS home
        FROM different WHERE regexp_full_match(answer, '[0-9.]+')),
    own AS MATERIALIZED (SELECT answer, home FROM addressed WHERE home IS NOT NULL AND is_home(home))
    SELECT home, rrname, count(*) FROM said JOIN own USING (answer)
    GROUP BY home, rrname ORDER BY home, count(*) DESC, rrname LIMIT 400000"""

_DHCP = """
    SELECT CASE WHEN assigned IS NOT NULL THEN assigned ELSE src END AS host, mac, hostname, vendor, count(*), min(ts),
        max(ts) FROM dhcp WHERE is_home(CASE WHEN assigned IS NOT NULL THEN assigned ELSE src END)
    GROUP BY ALL ORDER BY ALL LIMIT 400000"""

# A client's own lines hold its vendor class, the server's answer its address: they meet by the MAC.
_DHCP_VENDOR = """
    SELECT mac, vendor, hostname, count(*), min(ts), max(ts) FROM dhcp WHERE mac IS NOT NULL AND vendor IS NOT NULL
    GROUP BY ALL ORDER BY ALL LIMIT 400000"""


@dataclass(frozen=True, slots=True)
class HostText:
    """A text that a host was seen with: ``table`` is where its rows are."""

    field: str
    table: str
    text: str
    rows: int
    first_us: int
    last_us: int


@dataclass(slots=True, kw_only=True)
class HostFacts:
    """All of one host. ``offers`` and ``calls`` are (port, proto, app, flows, clients or peers, first, last)."""

    host: UUID
    peers: int
    peers_outside: int
    first_us: int
    last_us: int
    offers: list[tuple[int, str, str | None, int, int, int, int]] = field(default_factory=list)
    calls: list[tuple[int, str, str | None, int, int, int, int]] = field(default_factory=list)
    said: list[HostText] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    macs: list[str] = field(default_factory=list)


def gathered(window: Window) -> list[HostFacts]:
    """Every own host of the window, in the order of addresses. Raises QueryRefused."""
    hosts = {
        row[0]: HostFacts(host=row[0], peers=row[1], peers_outside=row[2], first_us=us(row[3]), last_us=us(row[4]))
        for row in window.rows(_HOSTS)
    }
    _services(window, hosts)
    _texts(window, hosts)
    _names_asked_for(window, hosts)
    _dhcp(window, hosts)
    _names(window, hosts)
    return list(hosts.values())


def us(moment: datetime) -> int:
    """A window's naive UTC moment."""
    return as_us(moment.replace(tzinfo=UTC))


def _services(window: Window, hosts: dict[UUID, HostFacts]) -> None:
    apps: dict[tuple[Any, ...], str] = {}
    for dst, port, proto, app, _ in window.rows(_APPS):
        apps.setdefault((dst, port, proto), app)
    for dst, port, proto, flows, clients, first, last in window.rows(_SERVICES):
        if dst in hosts:
            app = apps.get((dst, port, proto))
            hosts[dst].offers.append((port, proto, app, flows, clients, us(first), us(last)))
    for src, port, flows, peers, first, last in window.rows(_CALLS):
        if src in hosts:
            hosts[src].calls.append((port, "tcp", None, flows, peers, us(first), us(last)))


def _texts(window: Window, hosts: dict[UUID, HostFacts]) -> None:
    for name, table, column, whose, where in _TEXTS:
        sql = f"""SELECT {whose}, {column}[:{TEXT_CHARS_MAX}] AS said, count(*) AS n, min(ts), max(ts) FROM {table}
            WHERE {column} IS NOT NULL AND {column} <> '' AND is_home({whose}) AND {where}
            GROUP BY {whose}, said ORDER BY n DESC, {whose}, said LIMIT {TEXTS_MAX}"""
        for host, text, n, first, last in window.rows(sql):
            if host in hosts:
                hosts[host].said.append(HostText(name, table, text, n, us(first), us(last)))


def _names_asked_for(window: Window, hosts: dict[UUID, HostFacts]) -> None:
    """Names of NameRules that a host asked for."""
    wanted = pa.table({"suffix": sorted({domain for rule in NAMES for domain in rule.domains})})
    sql = """SELECT n.src, w.suffix, sum(n.n)::BIGINT, min(n.first_ts), max(n.last_ts) FROM name_hour n
        JOIN wanted w ON n.name = w.suffix OR ends_with(n.name, '.' || w.suffix)
        WHERE is_home(n.src) GROUP BY n.src, w.suffix ORDER BY n.src, w.suffix"""
    for host, suffix, n, first, last in window.rows(sql, tables={"wanted": wanted}):
        if host in hosts:
            hosts[host].said.append(HostText("asked name", "name_hour", suffix, n, us(first), us(last)))


def _dhcp(window: Window, hosts: dict[UUID, HostFacts]) -> None:
    owners: dict[str, set[UUID]] = defaultdict(set)
    for host, mac, hostname, vendor, n, first, last in window.rows(_DHCP):
        if host not in hosts:
            continue
        if mac:
            owners[mac].add(host)
            hosts[host].macs.append(mac)
            hosts[host].said.append(HostText("mac", "dhcp", mac, n, us(first), us(last)))
        hosts[host].names += [hostname] if hostname else []
        if vendor:
            hosts[host].said.append(HostText("dhcp vendor", "dhcp", vendor[:TEXT_CHARS_MAX], n, us(first), us(last)))
    for mac, vendor, hostname, n, first, last in window.rows(_DHCP_VENDOR):
        for host in owners.get(mac, ()):
            said = HostText("dhcp vendor", "dhcp", vendor[:TEXT_CHARS_MAX], n, us(first), us(last))
            if not any(s.field == said.field and s.text == said.text for s in hosts[host].said):
                hosts[host].said.append(said)
            hosts[host].names += [hostname] if hostname else []


def _names(window: Window, hosts: dict[UUID, HostFacts]) -> None:
    rows: list[tuple[Any, ...]] = list(window.rows(_ADDRESSED))
    for table, column, whose, where in _NAMED:
        rows += window.rows(
            f"""SELECT {whose}, {column} AS called, count(*) AS n FROM {table}
            WHERE {column} IS NOT NULL AND {column} <> '' AND is_home({whose}) AND {where}
            GROUP BY {whose}, called ORDER BY n DESC, {whose}, called LIMIT {TEXTS_MAX}"""
        )
    for host, name, _ in rows:
        if host in hosts:
            hosts[host].names.append(name)


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Without doubles, whatever their case, in order."""
    return tuple({value.casefold(): value for value in reversed(list(values))}.values())[::-1]
