"""Flows -> records straight away, as a sensor would have written them: for worlds in which nobody needs packets.

A test holds these tables against what the real Suricata makes of the same flows' packets. Refuses to know which flows
are innocent.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from bavn.actor.store.intake import ARROW
from bavn.model.record import TABLES
from bavn.traffic.dice import Ints
from bavn.traffic.flows import Flows
from bavn.traffic.packets import RECORD_BYTES, frame_sizes
from bavn.traffic.talk import ACK, FIN, RST, SYN, ConversationFacts, Talk

_MAPPED: Final = bytes(10) + b"\xff\xff"


def tables(batches: Sequence[Flows], sensor: str) -> dict[str, pa.Table]:
    """The tables flow, dns, tls and http of record.TABLES, each in time order; empty ones are left out. A flow's end is
    its last packet at the usual pace. ValueError if the flows have no ports yet."""
    tables = {"flow": _table("flow", list(batches), sensor, _flow_columns, lambda batch: batch.t_us)}
    for app, columns in (("tls", _tls_columns), ("http", _http_columns)):
        some = [batch for batch in batches if batch.talk.facts.app == app]
        tables[app] = _table(app, some, sensor, columns, _answered_at)
    dns_batches = [batch for batch in batches if batch.talk.facts.app == "dns"]
    parts = [
        _table("dns", dns_batches, sensor, _query_columns, lambda batch: batch.t_us),
        _table("dns", dns_batches, sensor, _answer_columns, _answered_at),
    ]
    tables["dns"] = pa.concat_tables(parts).sort_by("ts")
    return {name: rows for name, rows in tables.items() if rows.num_rows}


Columns = Callable[[list[Flows], Ints], dict[str, Any]]


def _table(name: str, batches: list[Flows], sensor: str, columns: Columns, moment: Callable[[Flows], Ints]) -> pa.Table:
    wanted = TABLES[name]
    schema = pa.schema([(column.name, ARROW[column.type]) for column in wanted])
    if not batches:
        return schema.empty_table()
    which = np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
    given = _common(batches, which, sensor) | columns(batches, which)
    given["ts"] = np.concatenate([moment(batch) for batch in batches])
    arrays = []
    for column in wanted:
        kind = ARROW[column.type]
        values = given.get(column.name)
        if values is None:
            arrays.append(pa.nulls(len(which), kind))
        elif isinstance(values, pa.Array):
            arrays.append(values if values.type == kind else values.cast(kind))
        else:
            arrays.append(pa.array(values).cast(kind))
    return pa.Table.from_arrays(arrays, schema=schema).sort_by("ts")


def _common(batches: list[Flows], which: Ints, sensor: str) -> dict[str, Any]:
    ports = [batch.sport for batch in batches if batch.sport is not None]
    if len(ports) != len(batches):
        raise ValueError("give the flows their ports first (with_ports)")
    icmp = np.repeat([batch.talk.proto == "icmp" for batch in batches], [len(batch) for batch in batches])
    return {
        "sensor": pa.repeat(sensor, len(which)),
        "src": _uuids([(batch.client, batch.client_prefix) for batch in batches]),
        "dst": _uuids([(batch.server, batch.server_prefix) for batch in batches]),
        "src_port": np.where(icmp, 0, np.concatenate(ports)),
        "dst_port": _each(batches, which, lambda talk: talk.port),
        "proto": _each(batches, which, lambda talk: talk.proto),
        "flow_id": np.zeros(len(which), dtype=np.uint64),
    }


def _each(batches: list[Flows], which: Ints, of: Callable[[Talk], Any]) -> pa.Array:
    """One value a template, repeated for its flows."""
    return pa.array([of(batch.talk) for batch in batches]).take(pa.array(which))


def _fact(batches: list[Flows], which: Ints, of: Callable[[ConversationFacts], Any]) -> pa.Array:
    return _each(batches, which, lambda talk: of(talk.facts) or None)


def _uuids(sides: list[tuple[Any, bytes | None]]) -> pa.Array:
    parts = []
    for address, prefix in sides:
        raw = np.empty((len(address), 16), dtype=np.uint8)
        raw[:, :12] = np.frombuffer(prefix or _MAPPED, dtype=np.uint8)
        raw[:, 12:] = np.ascontiguousarray(address.astype(">u4")).view(np.uint8).reshape(-1, 4)
        parts.append(raw)
    whole = np.concatenate(parts)
    stored = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(whole), [None, pa.py_buffer(whole.tobytes())])
    return pa.ExtensionArray.from_storage(pa.uuid(), stored)


def _flow_columns(batches: list[Flows], which: Ints) -> dict[str, Any]:
    ends = [
        batch.t_us + batch.talk.packets[-1].rtts * batch.rtt_us + batch.talk.packets[-1].wait_us for batch in batches
    ]
    columns: dict[str, Any] = {"ts_end": np.concatenate(ends), "app_proto": _fact(batches, which, lambda f: f.app)}
    for name, side in (("toserver", True), ("toclient", False)):
        counts = [_counted(batch, to_server=side) for batch in batches]
        columns[f"pkts_{name}"] = np.array([packets for packets, _ in counts])[which]
        columns[f"bytes_{name}"] = np.array([size for _, size in counts])[which]
        flags = _each(batches, which, partial(_flags, to_server=side))
        columns["tcp_flags_ts" if side else "tcp_flags_tc"] = flags
    columns["state"] = _each(batches, which, _state)
    columns["failed"] = _each(batches, which, _failed)
    return columns


def _counted(batch: Flows, *, to_server: bool) -> tuple[int, int]:
    """Packets and bytes of one side, Ethernet headers included."""
    sizes = frame_sizes(batch)
    mine = [
        int(size) - RECORD_BYTES
        for size, packet in zip(sizes, batch.talk.packets, strict=True)
        if packet.to_server == to_server
    ]
    return len(mine), sum(mine)


def _flags(talk: Talk, *, to_server: bool) -> int | None:
    if talk.proto != "tcp":
        return None
    seen = 0
    for packet in talk.packets:
        seen |= packet.flags if packet.to_server == to_server else 0
    return seen


def _state(talk: Talk) -> str:
    back = any(not packet.to_server for packet in talk.packets)
    if talk.proto != "tcp":
        return "established" if back else "new"
    ended = talk.packets[-1].flags & RST or any(packet.flags & FIN for packet in talk.packets)
    return "closed" if ended and back else "established" if back else "new"


def _failed(talk: Talk) -> bool:
    if talk.proto != "tcp":
        return all(packet.to_server for packet in talk.packets)
    return not any(packet.flags & (SYN | ACK) == SYN | ACK for packet in talk.packets)


def _tls_columns(batches: list[Flows], which: Ints) -> dict[str, Any]:
    names = ("sni", "version", "ja3", "ja3s", "ja4", "cert")
    return {name: _fact(batches, which, attrgetter(name)) for name in names}


def _http_columns(batches: list[Flows], which: Ints) -> dict[str, Any]:
    names = ("host", "url", "method", "user_agent", "status")
    return {name: _fact(batches, which, attrgetter(name)) for name in names}


def _query_columns(batches: list[Flows], which: Ints) -> dict[str, Any]:
    return {
        "rrname": pa.array([name for batch in batches for name in _names(batch)], pa.string()),
        "rrtype": _fact(batches, which, lambda facts: facts.rrtype),
        "answered": np.zeros(len(which), dtype=bool),
    }


def _answer_columns(batches: list[Flows], which: Ints) -> dict[str, Any]:
    lists = pa.array([list(batch.talk.facts.answers) for batch in batches], pa.list_(pa.string()))
    return _query_columns(batches, which) | {
        "answered": np.ones(len(which), dtype=bool),
        "rcode": _fact(batches, which, lambda facts: facts.rcode),
        "answers": lists.take(pa.array(which)),
        "answer_bytes": _each(batches, which, lambda talk: sum(len(text) for text in talk.facts.answers)),
    }


def _names(batch: Flows) -> list[str]:
    """The names asked for: what differs from flow to flow stands in the pool behind the DNS id."""
    name = batch.talk.facts.rrname
    fresh = batch.talk.pool_bytes - 2
    if fresh <= 0 or batch.pool is None:
        return [name] * len(batch)
    return [bytes(row[2:]).decode("ascii") + name[fresh:] for row in batch.pool]


def _answered_at(batch: Flows) -> Ints:
    return batch.t_us + batch.rtt_us * (2 if batch.talk.proto == "tcp" else 1)
