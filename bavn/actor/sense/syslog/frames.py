"""The bytes of a syslog connection -> messages: octet counting and lines, told apart frame by frame (RFC 6587, 5425).

Pure, and bounded whatever comes: it never holds more than one message of the longest length. Refuses to know the
connection.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from bavn.model.text import Text

COUNT_DIGITS_MAX: Final = 7
SKIPPED_TIMES_MAX: Final = 16
"""A line that goes on for so many times the longest is no line: the connection is not worth keeping."""

TOO_LONG: Final = Text("longer than a line may be")
TOO_LARGE_COUNT: Final = Text("an octet count above what a line may have")
CUT_OFF: Final = Text("cut off by the end of its connection")

_COUNTED: Final = re.compile(rb"([1-9][0-9]{0,%d}) (?=<)" % (COUNT_DIGITS_MAX - 1))
_MAYBE_COUNT: Final = re.compile(rb"[1-9][0-9]{0,%d} ?" % (COUNT_DIGITS_MAX - 1))
_EDGES: Final = b"\r\n\x00"


@dataclass(slots=True)
class Framer:
    """One connection's. ``broken``: nothing that comes can be understood any more."""

    bytes_max: int
    broken: bool = False
    refused: list[Text] = field(default_factory=list)
    """Reasons since they were last taken; one for each message that was refused."""
    _held: bytes = b""
    _skipped: int = 0

    @property
    def pending(self) -> bool:
        """A message has begun and is not whole."""
        return bool(self._held) or self._skipped > 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now, in order."""
        if self.broken:
            return []
        held, self._held = self._held + data, b""
        messages: list[bytes] = []
        at = 0
        while at < len(held) and not self.broken:
            if self._skipped:
                at = self._skip(held, at)
                continue
            if held[at] in _EDGES:
                at += 1
                continue
            counted = _COUNTED.match(held, at)
            if counted:
                length, start = int(counted[1]), counted.end()
                if length > self.bytes_max:
                    self._refuse(TOO_LARGE_COUNT, broken=True)
                elif start + length > len(held):
                    break
                else:
                    messages.append(held[start : start + length])
                    at = start + length
                continue
            maybe = _MAYBE_COUNT.match(held, at)
            if maybe and maybe.end() == len(held):
                break
            end = held.find(b"\n", at)
            if end < 0:
                if len(held) - at > self.bytes_max:
                    self._refuse(TOO_LONG)
                    self._skipped = len(held) - at
                    at = len(held)
                break
            if end - at > self.bytes_max:
                self._refuse(TOO_LONG)
            else:
                messages.append(held[at:end])
            at = end + 1
        self._held = b"" if self.broken else held[at:]
        return messages

    def end(self) -> list[bytes]:
        """The connection is over: a last line without an end is a message, half of a counted one is refused."""
        held, self._held = self._held, b""
        if not held or self.broken:
            return []
        if _COUNTED.match(held):
            self._refuse(CUT_OFF)
            return []
        return [held]

    def take_refused(self) -> list[Text]:
        """And forgets them."""
        refused, self.refused = self.refused, []
        return refused

    def _skip(self, held: bytes, at: int) -> int:
        end = held.find(b"\n", at)
        if end >= 0:
            self._skipped = 0
            return end + 1
        self._skipped += len(held) - at
        self.broken = self._skipped > SKIPPED_TIMES_MAX * self.bytes_max
        return len(held)

    def _refuse(self, reason: Text, *, broken: bool = False) -> None:
        self.refused.append(reason)
        self.broken = broken
