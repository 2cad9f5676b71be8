"""The first bytes of one direction of a TCP stream, put in order: bounded, and blind to what they say.

Segments may come twice, overlap, come in any order; the first bytes that came for a place stay (as Suricata's default
does). Refuses to hold more than its bounds: then it says that it is full and takes nothing more.
"""

from typing import Final

BYTES_MAX: Final = 96 * 1024
"""Of one direction: a hello of 64 KB or a chain of certificates."""
WAITING_MAX: Final = 48
"""Segments that wait for one before them."""
_HALF: Final = 1 << 31
_WHOLE: Final = 1 << 32


class Stream:
    """``start``: the sequence number of the first byte wanted. ``data`` is what is there without a gap."""

    __slots__ = ("_bytes", "_next", "_waiting", "data", "full")

    def __init__(self, start: int) -> None:
        self.data = bytearray()
        self.full = False
        self._next = start
        self._waiting: dict[int, bytes] = {}
        self._bytes = 0

    @property
    def untouched(self) -> bool:
        """Whether nothing of it has come yet, neither in order nor ahead of it."""
        return not self.data and not self._waiting

    @property
    def waits(self) -> bool:
        """Whether something came of which what stands before it did not."""
        return bool(self._waiting)

    def begins_at(self, seq: int) -> bool:
        """Whether it is untouched and wants this byte first."""
        return self.untouched and self._next == seq

    def add(self, seq: int, payload: bytes) -> bool:
        """True if ``data`` grew."""
        if self.full:
            return False
        ahead = (seq - self._next) % _WHOLE
        if ahead >= _HALF:
            behind = _WHOLE - ahead
            if behind >= len(payload):
                return False
            payload, ahead = payload[behind:], 0
        if ahead:
            self._wait(seq, payload, ahead)
            return False
        self._grow(payload)
        while self._waiting and not self.full:
            due = min(self._waiting, key=lambda at: (at - self._next + _HALF) % _WHOLE)
            late = (due - self._next) % _WHOLE
            if 0 < late < _HALF:
                break
            held = self._waiting.pop(due)
            self._bytes -= len(held)
            self._grow(held[(_WHOLE - late) % _WHOLE :])
        return True

    def _grow(self, payload: bytes) -> None:
        self.data += payload
        self._next = (self._next + len(payload)) % _WHOLE
        if len(self.data) >= BYTES_MAX:
            self._give_up()

    def _wait(self, seq: int, payload: bytes, ahead: int) -> None:
        """Held until what is before it has come; of two at one place the first, unless the second is longer."""
        held = self._waiting.get(seq, b"")
        if ahead > BYTES_MAX or len(payload) <= len(held):
            return
        payload = held + payload[len(held) :]
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(payload) > BYTES_MAX:
            self._give_up()
            return
        self._bytes += len(payload) - len(held)
        self._waiting[seq] = payload

    def _give_up(self) -> None:
        self.full = True
        self._waiting.clear()
