"""Alerts of our own rules, read back from the store: which shared indicators a watching Suricata saw or dropped.

An alert row names a flow; the name, fingerprint or address that set it off stands in that flow's dns, tls or http row.
Hosts are asked for only of what was dropped, for rollback.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from bavn.actor.protect.sids import SID_ADDRESS, SID_FIRST, SID_LAST
from bavn.model.intel.indicator import SightingKind
from bavn.model.moment import as_us
from bavn.model.observable import NotCanonical, Observable, ObservableType, parents
from bavn.model.ports import Window
from bavn.model.record import address_text

ROWS_MAX: Final = 10_000

_FLOWS: Final = """
    WITH hit AS (
        SELECT sensor, flow_id, bool_or(action = 'blocked') AS dropped FROM alert
        WHERE signature_id BETWEEN $first AND $last AND flow_id <> 0 GROUP BY ALL
    )
    SELECT {column} AS met, dropped, {count} AS n, min(ts), max(ts) FROM {table} JOIN hit USING (sensor, flow_id)
    WHERE {column} IS NOT NULL GROUP BY ALL ORDER BY n DESC, met, dropped LIMIT {limit}"""
_ADDRESSES: Final = """
    SELECT src, dst, bool_or(action = 'blocked'), count(*), min(ts), max(ts) FROM alert
    WHERE signature_id BETWEEN $first AND $last GROUP BY src, dst ORDER BY 4 DESC, src, dst LIMIT {limit}"""
_REFUSED: Final = """
    WITH hit AS (
        SELECT DISTINCT sensor, flow_id FROM alert
        WHERE signature_id BETWEEN $first AND $last AND flow_id <> 0 AND action = 'blocked'
    )
    SELECT {column} AS met, src, max(ts) FROM {table} JOIN hit USING (sensor, flow_id)
    WHERE {column} IS NOT NULL GROUP BY ALL ORDER BY met, src LIMIT {limit}"""
_CALLED: Final = """
    SELECT src, dst, max(ts) FROM alert
    WHERE signature_id BETWEEN $first AND $last AND action = 'blocked'
    GROUP BY src, dst ORDER BY src, dst LIMIT {limit}"""
_DNS_ROWS: Final = "greatest(count(*) FILTER (WHERE answered), count(*) FILTER (WHERE NOT answered))"
_ASKED: Final = (
    ("dns", "rrname", ObservableType.DOMAIN, _DNS_ROWS),
    ("tls", "sni", ObservableType.DOMAIN, "count(*)"),
    ("tls", "ja3", ObservableType.JA3, "count(*)"),
    ("tls", "ja4", ObservableType.JA4, "count(*)"),
    ("tls", "cert", ObservableType.CERT, "count(*)"),
    ("http", "host", ObservableType.DOMAIN, "count(*)"),
)


@dataclass(frozen=True, slots=True)
class Met:
    """Something in a flow that set off one of our rules; ``candidates``: every observable that it may have been."""

    kind: SightingKind
    candidates: tuple[Observable, ...]
    count: int
    first_us: int
    last_us: int


def met_in_alerts(window: Window) -> Iterator[Met]:
    """All of the window, the most frequent first within each question, at most ROWS_MAX rows each. Raises
    QueryRefused."""
    span = {"first": SID_FIRST, "last": SID_LAST}
    for table, column, kind, count in _ASKED:
        sql = _FLOWS.format(table=table, column=column, count=count, limit=ROWS_MAX)
        for value, dropped, n, first, last in window.rows(sql, span):
            yield _met(dropped, _candidates(kind, value), n, first, last)
    span = {"first": min(SID_ADDRESS), "last": max(SID_ADDRESS)}
    for src, dst, dropped, n, first, last in window.rows(_ADDRESSES.format(limit=ROWS_MAX), span):
        yield _met(dropped, (_address(src), _address(dst)), n, first, last)


def refused_hosts(window: Window) -> Iterator[tuple[tuple[Observable, ...], str, int]]:
    """Of what a Suricata dropped in the window: every observable that it may have been, the machine that asked for it,
    and its last moment there; at most ROWS_MAX rows for each question. Raises QueryRefused."""
    span = {"first": SID_FIRST, "last": SID_LAST}
    for table, column, kind, _ in _ASKED:
        for value, src, last in window.rows(_REFUSED.format(table=table, column=column, limit=ROWS_MAX), span):
            yield _candidates(kind, value), address_text(src), as_us(last.replace(tzinfo=UTC))
    called = {"first": SID_ADDRESS[1], "last": SID_ADDRESS[1]}
    for src, dst, last in window.rows(_CALLED.format(limit=ROWS_MAX), called):
        yield (_address(dst),), address_text(src), as_us(last.replace(tzinfo=UTC))


def _met(dropped: bool, candidates: tuple[Observable, ...], n: int, first: Any, last: Any) -> Met:
    first_us, last_us = as_us(first.replace(tzinfo=UTC)), as_us(last.replace(tzinfo=UTC))
    return Met("blocked" if dropped else "seen", candidates, int(n), first_us, last_us)


def _candidates(kind: ObservableType, value: str) -> tuple[Observable, ...]:
    """The value itself and, for a name, all names above it; nothing for what is no observable."""
    spelled = [value, *parents(value)] if kind is ObservableType.DOMAIN else [value]
    candidates = []
    for text in spelled:
        try:
            candidates.append(Observable.of(kind, text))
        except NotCanonical:
            continue
    return tuple(candidates)


def _address(stored: UUID) -> Observable:
    return Observable.address(address_text(stored))
