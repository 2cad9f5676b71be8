"""Packets in time order into pcap files, one file for each span of time, with memory bounded by what is under way.

Refuses to know what the packets are about.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bavn.traffic.dice import Ints
from bavn.traffic.packets import Buffer, Frames

PCAP_HEADER: Final = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
"""Little-endian, microseconds, snap length 262144, Ethernet."""

COPY_BYTES_MAX: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A finished file. ``first_us`` and ``last_us`` are of its packets (0 where it has none)."""

    path: str
    packets: int
    bytes: int
    first_us: int
    last_us: int
    sha256: str


class Later:
    """Frames handed in over time; ``take`` gives those before a moment, in order, and keeps the rest."""

    def __init__(self) -> None:
        self._parts: list[Frames] = []

    def add(self, frames: Frames) -> None:
        self._parts.append(frames)

    def take(self, before_us: int) -> Frames:
        """All packets with ts_us < ``before_us``, sorted by time; those of one moment in the order they came."""
        if not self._parts:
            nothing = np.zeros(0, dtype=np.int64)
            return Frames(nothing, nothing, nothing, np.zeros(0, dtype=np.uint8))
        lengths = np.array([len(part.data) for part in self._parts])
        shifts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        ts_us = np.concatenate([part.ts_us for part in self._parts])
        at = np.concatenate([part.at + shift for part, shift in zip(self._parts, shifts, strict=True)])
        size = np.concatenate([part.size for part in self._parts])
        data = np.concatenate([part.data for part in self._parts])
        order = np.argsort(ts_us, kind="stable")
        now = order[ts_us[order] < before_us]
        rest = order[ts_us[order] >= before_us]
        self._parts = [_packed(ts_us[rest], at[rest], size[rest], data)] if len(rest) else []
        return Frames(ts_us[now], at[now], size[now], data)


def _packed(ts_us: Ints, at: Ints, size: Ints, data: Buffer) -> Frames:
    """The same frames in a buffer that holds nothing else."""
    return Frames(ts_us, np.cumsum(size) - size, size, _gathered(at, size, data))


def _gathered(at: Ints, size: Ints, data: Buffer) -> Buffer:
    ends = np.cumsum(size)
    index = np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) + np.repeat(at - (ends - size), size)
    taken: Buffer = data[index]
    return taken


def write(path: Path, name: str, frames: Frames) -> CaptureFile:
    """A pcap file of frames that are in order; ``name`` is how the manifest calls it."""
    digest = hashlib.sha256(PCAP_HEADER)
    total = len(PCAP_HEADER)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        ends = np.cumsum(frames.size)
        first = 0
        while first < len(frames):
            done = int(ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + COPY_BYTES_MAX, side="right")))
            piece = _gathered(frames.at[first:last], frames.size[first:last], frames.data).tobytes()
            file.write(piece)
            digest.update(piece)
            total += len(piece)
            first = last
    edges = (int(frames.ts_us[0]), int(frames.ts_us[-1])) if len(frames) else (0, 0)
    return CaptureFile(name, len(frames), total, *edges, digest.hexdigest())
