"""Flows as fields.toml names their parts -> flows of ours.

Exporters tell what went one way: two such halves that fit become one row, as the receiver of flow records does it. What
one record says of both directions is one. Refuses to guess what nobody says: bytes of the other side stay unknown.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from bavn.actor.sense.documents.moments import moment_us
from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.reader import Grammar
from bavn.actor.sense.zeek.stage import quoted
from bavn.model.moment import SECOND_US

QUIET_US: Final = 20 * SECOND_US
"""The two halves of a flow begin at most so long after each other."""
_SYN, _ACK = 2, 16
_FLAG_BITS: Final = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
_REFUSED: Final = re.compile(r"(?i)reject|den[iy]|drop|block|refuse")
_MOMENTS: Final = ("begun", "seen", "ended")


def flow_of(named: Mapping[str, Any], zone: str = "UTC") -> dict[str, Any] | None:
    """A document's flow; None where it says no moment that can be read. ``zone``: of moments that name none."""
    moments = {name: moment_us(named.get(name), zone) for name in _MOMENTS}
    begun = next((moments[name] for name in _MOMENTS if moments[name] is not None), None)
    if begun is None:
        return None
    sent, got, pkts_sent, pkts_got = (_number(named.get(name)) for name in ("sent", "got", "pkts_sent", "pkts_got"))
    verdict = named.get("verdict")
    return {
        "begun": begun,
        "ended": max(moments["ended"] or begun, begun),
        "a": str(named["a"]),
        "b": str(named["b"]),
        "a_port": _port(named.get("a_port")),
        "b_port": _port(named.get("b_port")),
        "proto": str(named["proto"]),
        "sent": sent,
        "got": got,
        "pkts_sent": pkts_sent,
        "pkts_got": pkts_got,
        "flags": _flags(named.get("flags")),
        "app": named.get("app"),
        "denied": bool(isinstance(verdict, str) and _REFUSED.search(verdict)) or None,
        "one_way": got is None and pkts_got is None,
    }


def moment_of(named: Mapping[str, Any]) -> str:
    """What a document says of when it was; empty where it says nothing."""
    return str(next((named[name] for name in _MOMENTS if name in named), ""))


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e18
    return (int(value) if value == int(value) else value) if good else None


def _port(value: Any) -> str | None:
    number = _number(value)
    return None if value is None else str(value) if number is None else str(int(number))


def _flags(value: Any) -> int | None:
    """TCP's, as a number or as letters; None where neither is there."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return int(value, 16) & 255
        except ValueError:
            return None
    number = _number(value)
    if number is not None:
        return int(number) & 255
    if isinstance(value, str) and re.fullmatch(r"[.CEUAPRSF ]{1,8}", value):
        return sum(bit for letter, bit in _FLAG_BITS.items() if letter in value)
    return None


def paired(flows: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Each flow by its place, in order; None for a half that another one has taken in."""
    waiting: dict[tuple[str, ...], list[int]] = {}
    gone: set[int] = set()
    for at, flow in enumerate(flows):
        if not flow["one_way"] or flow["denied"]:
            continue
        ends = (flow["a"], flow["a_port"] or "", flow["b"], flow["b_port"] or "", flow["proto"])
        others = waiting.get((ends[2], ends[3], ends[0], ends[1], ends[4]), [])
        met = next((n for n in others if abs(flows[n]["begun"] - flow["begun"]) <= QUIET_US), None)
        if met is None:
            waiting.setdefault(ends, []).append(at)
            continue
        others.remove(met)
        flows[met] = _together(flows[met], flow)
        gone.add(at)
    for at, flow in enumerate(flows):
        yield at, None if at in gone else flow


def _together(half: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Who began is the opener; where both began at once the ports tell, as of a lone half."""
    first, second = (other, half) if other["begun"] < half["begun"] else (half, other)
    both = {"got": second["sent"], "pkts_got": second["pkts_sent"], "ended": max(half["ended"], other["ended"])}
    denied = half["denied"] or other["denied"]
    return {**first, **both, "denied": denied, "one_way": half["begun"] == other["begun"]}


_FIELDS: Final = (
    *("begun", "ended", "a", "b", "a_port", "b_port", "proto", "sent", "got", "pkts_sent", "pkts_got"),
    *("flags", "app", "denied", "one_way"),
)
_SHAPE: Final = "{" + ", ".join(f'"{name}": "VARCHAR"' for name in _FIELDS) + "}"
_READ: Final = f"""
    SELECT n, TRUE AS kin, in_reach(TRY_CAST(e.begun AS BIGINT)) AS logged,
      in_reach(TRY_CAST(e.ended AS BIGINT)) AS until,
      e.a AS a, e.b AS b, e.a_port AS a_port, e.b_port AS b_port,
      CASE WHEN TRY_CAST(e.proto AS INTEGER) IS NOT NULL THEN CASE TRY_CAST(e.proto AS INTEGER) WHEN 6 THEN 'tcp'
        WHEN 17 THEN 'udp' WHEN 1 THEN 'icmp' WHEN 58 THEN 'ipv6-icmp' WHEN 132 THEN 'sctp' ELSE e.proto END
        ELSE e.proto END AS proto,
      count_of(e.sent) AS a_bytes, count_of(e.got) AS b_bytes, count_of(e.pkts_sent) AS a_pkts,
      count_of(e.pkts_got) AS b_pkts, TRY_CAST(e.flags AS UTINYINT) AS flags, e.app AS app_said,
      e.denied = 'true' AS denied, coalesce(e.one_way = 'true', FALSE) AS one_way
    FROM (SELECT n, from_json(line, '{_SHAPE}') AS e FROM lines)"""
_BACK: Final = "(one_way AND called_back(a_number, b_number))"
_GIVEN: Final = {
    "ended": "coalesce(until, logged)",
    "app": "lower(app_said)",
    "sent": f"CASE WHEN {_BACK} THEN b_bytes ELSE a_bytes END",
    "got": f"CASE WHEN {_BACK} THEN a_bytes ELSE b_bytes END",
    "pkts_sent": f"CASE WHEN {_BACK} THEN b_pkts ELSE a_pkts END",
    "pkts_got": f"CASE WHEN {_BACK} THEN a_pkts ELSE b_pkts END",
    "back": _BACK,
    # A lone half says by its flags what became of the call; of UDP nobody knows.
    "failed": f"""CASE WHEN denied THEN TRUE WHEN {_BACK} THEN NULL
        WHEN transport = 'tcp' AND b_bytes IS NULL AND b_pkts IS NULL THEN CASE WHEN flags & {_ACK} <> 0 THEN FALSE
          WHEN flags & {_SYN} <> 0 THEN TRUE END
        WHEN transport = 'tcp' THEN coalesce(b_pkts, b_bytes) = 0
        WHEN transport = 'udp' AND NOT is_many(dst) THEN coalesce(b_pkts, b_bytes) = 0 END""",
}


@cache
def grammar(sensor: str) -> Grammar:
    """How flows are read that :func:`flow_of` and :func:`paired` made, as JSON lines."""
    return Grammar(stage=stage(_READ, **_GIVEN), columns={"flow": {**COLUMNS, "sensor": quoted(sensor)}}, sources={})
