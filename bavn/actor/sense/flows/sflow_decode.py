"""Datagrams of sFlow version 5 (sflow.org, sFlow Version 5, July 2004) -> halves, in columns.

A flow sample is one packet of so many, its beginning and its length: a half of one packet. Counter samples are passed.
Refuses to know where datagrams come from, and to put samples together.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bavn.actor.sense.flows.exporters import Exporters
from bavn.actor.sense.flows.halves import HALF, SAMPLING_MAX, Halves, Outcomes
from bavn.actor.sense.flows.packet_headers import HEADER_BYTES_MAX, packets
from bavn.actor.sense.flows.spool import Frame
from bavn.actor.sense.unread import unreadable
from bavn.model.text import Text

_FLOW, _COUNTERS, _FLOW_WIDE, _COUNTERS_WIDE = 1, 2, 3, 4
_RAW, _IPV4, _IPV6 = 1, 3, 4
_DROPPED_MAX: Final = 1 << 24


class Cut(ValueError):
    """The datagram ends before what it says it holds."""


@dataclass(slots=True)
class Samples:
    """Flow samples of a step: of each its exporter, moment, slot, rate and length, and its beginning; or, where the
    agent took it apart already, its addresses."""

    facts: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    protocols: list[int] = field(default_factory=list)
    headers: list[bytes] = field(default_factory=list)


class SflowDecoder:
    """The state of all agents: sequences; and :meth:`decode`, which moves it on."""

    def __init__(self, state: Any = None) -> None:
        self.exporters = Exporters()
        self._dropped: dict[tuple[int, int, int], int] = {}
        self._n = 0
        if state is not None:
            self.exporters = Exporters.of(state["exporters"])
            self._n = int(state["n"])
            self._dropped = {(int(a), int(b), int(c)): int(count) for a, b, c, count in state["dropped"]}

    def decode(self, frames: Sequence[Frame], out: Outcomes, now_us: int) -> None:  # noqa: ARG002 - as the other
        """Every sample of these datagrams has its outcome in ``out``."""
        samples = Samples()
        for frame in frames:
            exporter = self.exporters.number(frame.address)
            if exporter is None:
                out.refuse("many", Text("more exporters than a node takes"))
                continue
            try:
                self._datagram(frame, exporter, samples, out)
            except (Cut, struct.error):
                out.refuse(self.exporters.names[exporter], Text("a datagram that breaks off"))
            except Exception as error:  # noqa: BLE001  a stranger's bytes, and whatever they raise: one refusal
                out.refuse(self.exporters.names[exporter], unreadable(error, frame.data))
        count = len(samples.facts)
        try:
            self._read(samples, out)
        except Exception as error:  # noqa: BLE001  as above: what was sampled in this step
            out.refuse("samples", unreadable(error, b"".join(samples.headers)), count)

    def counts(self) -> dict[str, int]:
        return {
            "exporters": len(self.exporters.numbers),
            "exporter_restarts": self.exporters.restarts,
            "late_datagrams": self.exporters.late,
        }

    def state(self) -> dict[str, Any]:
        """What :class:`SflowDecoder` goes on from."""
        dropped = [[*key, count] for key, count in self._dropped.items()]
        return {"exporters": self.exporters.state(), "n": self._n, "dropped": dropped}

    def _datagram(self, frame: Frame, exporter: int, samples: Samples, out: Outcomes) -> None:
        data, who = frame.data, self.exporters.names[exporter]
        version, family = struct.unpack_from(">II", data)
        if version != 5 or family not in (1, 2):
            out.refuse(who, Text("not sFlow version 5: version {version}", version=version))
            return
        at = 12 if family == 1 else 24
        agent, sequence, _, count = struct.unpack_from(">IIII", data, at)
        self.exporters.came((exporter, agent), sequence, 1, "sequence_gap")
        at += 16
        for _ in range(count):
            kind, length = struct.unpack_from(">II", data, at)
            at += 8
            if at + length > len(data):
                raise Cut
            if kind in (_FLOW, _FLOW_WIDE):
                self._sample(data[at : at + length], kind == _FLOW_WIDE, frame, (exporter, agent), samples, out)
            else:
                out.passed += 1
            at += length

    def _sample(
        self, body: bytes, wide: bool, frame: Frame, key: tuple[int, int], samples: Samples, out: Outcomes
    ) -> None:
        if wide:
            _, _, index, rate, _, drops, _, _, _, _, count = struct.unpack_from(">11I", body)
            at = 44
        else:
            _, index, rate, _, drops, _, _, count = struct.unpack_from(">8I", body)
            at = 32
        self._drops((*key, index), drops)
        facts = (key[0], frame.at_us, frame.slot, rate)
        for _ in range(count):
            kind, length = struct.unpack_from(">II", body, at)
            at += 8
            if at + length > len(body):
                raise Cut
            if kind == _RAW:
                protocol, size, _, there = struct.unpack_from(">IIII", body, at)
                header = body[at + 16 : at + 16 + min(there, length - 16, HEADER_BYTES_MAX)]
            elif kind in (_IPV4, _IPV6):
                protocol, size, header = _apart(body[at : at + length], six=kind == _IPV6)
            else:
                at += length
                continue
            samples.facts.append((*facts, size))
            samples.protocols.append(protocol)
            samples.headers.append(header)
            return
        out.passed += 1

    def _drops(self, key: tuple[int, int, int], count: int) -> None:
        """What the agent itself could not sample, counted since its start."""
        before = self._dropped.get(key)
        if before is not None:
            more = (count - before) & 0xFFFFFFFF
            self.exporters.gaps["agent_drops"] += more if more <= _DROPPED_MAX else 0
        if before is not None or len(self._dropped) < 65_536:
            self._dropped[key] = count

    def _read(self, samples: Samples, out: Outcomes) -> None:
        count = len(samples.headers)
        if not count:
            return
        lengths = np.fromiter(map(len, samples.headers), np.int64, count)
        joined = b"".join(header.ljust(HEADER_BYTES_MAX, b"\0") for header in samples.headers)
        rows = np.frombuffer(joined, np.uint8).reshape(count, HEADER_BYTES_MAX)
        seen = packets(rows, lengths, np.array(samples.protocols, np.int64))
        facts = np.array(samples.facts, np.int64)
        halves = np.zeros(count, HALF)
        for name in ("a", "b", "a_port", "b_port", "proto", "flags", "kind", "code"):
            halves[name] = seen[name]
        halves["n"] = self._n + np.arange(count)
        self._n += count
        halves["exporter"], halves["slot"], halves["counts"], halves["pkts"] = facts[:, 0], facts[:, 2], 1, 1
        halves["first_us"] = halves["last_us"] = facts[:, 1]
        halves["sampling"] = np.clip(facts[:, 3], 1, SAMPLING_MAX)
        halves["bytes"] = np.clip(facts[:, 4], 0, 65_535)
        fits = seen["fits"] == 1
        out.passed += int((~fits).sum())
        self._by_exporter(halves[fits], out)

    def _by_exporter(self, made: Halves, out: Outcomes) -> None:
        for exporter in np.unique(made["exporter"]).tolist():
            out.take(made[made["exporter"] == exporter], self.exporters.names[exporter])


def _apart(body: bytes, *, six: bool) -> tuple[int, int, bytes]:
    """A packet that the agent took apart, as the header that it was: protocol, size, header."""
    width = 16 if six else 4
    size, proto = struct.unpack_from(">II", body)
    ends, rest = body[8 : 8 + 2 * width], struct.unpack_from(">III", body, 8 + 2 * width)
    transport = struct.pack(">HHIIBB", rest[0] & 0xFFFF, rest[1] & 0xFFFF, 0, 0, 0x50, rest[2] & 0xFF)
    if proto in (1, 58):
        transport = struct.pack(">BB", rest[0] & 0xFF, rest[1] & 0xFF)
    if six:
        return 12, size, struct.pack(">IHBB", 6 << 28, 0, proto & 0xFF, 64) + ends + transport
    return 11, size, struct.pack(">BBHHHBBH", 0x45, 0, 0, 0, 0, 64, proto & 0xFF, 0) + ends + transport
