"""Flow records of whatever exporter as one kind of columns: halves, each what one side sent the other.

A numpy row a half; a record that tells both directions is two. Numbers of any width come out of a matrix of bytes at
once, never record by record. Refuses to know which protocol brought them.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine
from bavn.model.text import Text

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]
Halves = npt.NDArray[np.void]

HALF: Final = np.dtype(
    [
        ("n", "u8"),
        ("slot", "i8"),
        ("exporter", "u4"),
        ("a", "u1", (16,)),
        ("b", "u1", (16,)),
        ("a_port", "u2"),
        ("b_port", "u2"),
        ("proto", "u1"),
        ("first_us", "i8"),
        ("last_us", "i8"),
        ("bytes", "u8"),
        ("pkts", "u8"),
        ("flags", "i2"),
        ("sampling", "u4"),
        ("ended", "u1"),
        ("egress", "u1"),
        ("whole", "u1"),
        ("kind", "i2"),
        ("code", "i2"),
        ("denied", "u1"),
        ("counts", "u1"),
    ]
)
"""``a`` sent to ``b``. ``bytes`` and ``pkts`` as they were counted, not scaled. ``flags``: TCP's, -1 unknown.
``sampling``: one packet in so many, 1 every packet, 0 unknown. ``ended``: IPFIX flowEndReason, 0 unknown (RFC 5102).
``whole``: no other half will come. ``kind`` and ``code``: ICMP's, -1 none. ``counts``: 0 for the second half of one
record, so that they add up to the records there were."""

COUNTER_MAX: Final = 1 << 42
"""Bytes or packets of one record, scaled: 4 TB in some minutes is no flow but damage."""
SAMPLING_MAX: Final = 1 << 20
IDLE, ACTIVE, ENDED, FORCED = 1, 2, 3, 4
"""flowEndReason: idle timeout, active timeout (the flow goes on), end of flow seen, forced."""
MAPPED: Final = np.frombuffer(bytes(10) + b"\xff\xff", np.uint8)


@dataclass(slots=True)
class Outcomes:
    """What some datagrams became. ``halves`` wait to be joined; ``passed`` and ``refused`` (exporter and reason, how
    many) are the outcomes of the rest."""

    halves: list[Halves] = field(default_factory=list)
    passed: int = 0
    refused: Counter[tuple[str, Text]] = field(default_factory=Counter)

    def refuse(self, who: str, reason: Text, count: int = 1) -> None:
        self.refused[who, reason] += count

    def take(self, halves: Halves, who: str) -> None:
        """Keeps halves whose counters can be; a record that tells the impossible is refused."""
        size = np.maximum(halves["bytes"], halves["pkts"]) * np.maximum(halves["sampling"], 1)
        bad = (np.maximum(halves["bytes"], halves["pkts"]) > COUNTER_MAX) | (size > COUNTER_MAX)
        if bad.any():
            bad = np.isin(halves["n"], halves["n"][bad])
            self.refuse(who, Text("counts more than a flow can be"), int(halves["counts"][bad].sum()))
            halves = halves[~bad]
        if len(halves):
            self.halves.append(halves)

    def named(self) -> tuple[RefusedLine, ...]:
        """The first of the refused, one line each."""
        lines: list[RefusedLine] = []
        for (who, reason), count in sorted(self.refused.items()):
            room = REFUSALS_KEPT_MAX - len(lines)
            lines += [RefusedLine(who, 0, reason)] * min(count, room)
        return tuple(lines)


def matrix(parts: list[bytes], width: int) -> Bytes:
    """Records of a fixed width, one a row."""
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, width)


def number(rows: Bytes, offset: int, length: int) -> Numbers:
    """An unsigned big-endian number of any length; of a longer one than eight bytes its last eight."""
    offset, length = (offset + length - 8, 8) if length > 8 else (offset, length)
    if length == 1:
        return rows[:, offset].astype(np.uint64)
    if length in (2, 4, 8):
        part = np.ascontiguousarray(rows[:, offset : offset + length])
        return part.view(f">u{length}").ravel().astype(np.uint64)
    padded = np.zeros((len(rows), 8), np.uint8)
    padded[:, 8 - length :] = rows[:, offset : offset + length]
    return padded.view(">u8").ravel().astype(np.uint64)


def address(rows: Bytes, offset: int, length: int) -> Bytes:
    """Addresses of 4 or 16 bytes as they are stored, shape (n, 16)."""
    if length == 16:
        return np.ascontiguousarray(rows[:, offset : offset + 16])
    addresses = np.empty((len(rows), 16), np.uint8)
    addresses[:, :12] = MAPPED
    addresses[:, 12:] = rows[:, offset : offset + 4]
    return addresses


def turned(halves: Halves) -> Halves:
    """Each as what the other side sent; counters as they are."""
    reversed_halves = halves.copy()
    reversed_halves["a"], reversed_halves["b"] = halves["b"], halves["a"]
    reversed_halves["a_port"], reversed_halves["b_port"] = halves["b_port"], halves["a_port"]
    reversed_halves["counts"] = 0
    return reversed_halves


def table(halves: Halves) -> pa.Table:
    """The same as an Arrow table, addresses as UUIDs."""
    columns: dict[str, Any] = {}
    for name in HALF.names or ():
        values = np.ascontiguousarray(halves[name])
        if values.ndim == 2:
            stored = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(values), [None, pa.py_buffer(values.data)])
            columns[name] = pa.ExtensionArray.from_storage(pa.uuid(), stored)
        else:
            columns[name] = pa.array(values)
    return pa.table(columns)
