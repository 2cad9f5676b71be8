"""What an HL7 version 2 connection carries: who sends, who receives, how many messages of which type.

After HL7 v2 chapter 2 (MSH, MSA) and the minimal lower layer protocol (MLLP: 0x0B before a message, 0x1C 0x0D behind
it). Refuses to read a segment about a person.
"""

from collections import Counter
from typing import Final

BEGIN: Final = b"\x0bMSH"
_END: Final = b"\x1c"
_HEADER_BYTES_MAX: Final = 2048
_FIELD_CHARACTERS_MAX: Final = 64
KINDS_MAX: Final = 64
"""Different types of message of one connection; more are counted as ``other``."""


class Hl7Connection:
    """One connection while it is being read. ``messages`` counts types (``ADT^A01``); ``sender`` and ``receiver`` are
    application@facility of the first message. ``accepted``: what the first acknowledgement says."""

    def __init__(self) -> None:
        self.sender = self.receiver = ""
        self.accepted: bool | None = None
        self.messages: Counter[str] = Counter()
        self._at = 0

    def from_client(self, data: bytearray) -> None:
        """What the client has said from its start; bytes that are no message are passed over."""
        while (begin := data.find(BEGIN, self._at)) >= 0:
            header = _header(data, begin + 1)
            if header is None:
                return
            self._at = begin + len(BEGIN)
            if len(header) < 9:
                continue
            if not self.messages:
                self.sender, self.receiver = _party(header[2:4]), _party(header[4:6])
            kind = _text("^".join(header[8].split(header[1][:1] or "^")[:2]))
            self.messages[kind if kind in self.messages or len(self.messages) < KINDS_MAX else "other"] += 1

    def from_server(self, data: bytearray) -> None:
        """What the server has said from its start: only its first acknowledgement matters."""
        if self.accepted is None:
            at = data.find(b"\rMSA", 0, 2 * _HEADER_BYTES_MAX)
            if at >= 0 and len(data) > at + 6:
                self.accepted = bytes(data[at + 5 : at + 7]) in (b"AA", b"CA")


def is_acknowledgement(payload: bytes) -> bool:
    """Whether a message that begins here answers another one: then its sender is the server."""
    return b"\rMSA" in payload[:_HEADER_BYTES_MAX]


def _header(data: bytearray, begin: int) -> list[str] | None:
    """The fields of an MSH segment, the segment's name first and MSH-2 second; None while it is not whole."""
    end = data.find(b"\r", begin, begin + _HEADER_BYTES_MAX)
    if end < 0:
        stop = data.find(_END, begin, begin + _HEADER_BYTES_MAX)
        whole = stop >= 0 or len(data) - begin >= _HEADER_BYTES_MAX
        if not whole:
            return None
        end = stop if stop >= 0 else begin + _HEADER_BYTES_MAX
    text = bytes(data[begin:end]).decode("ascii", "backslashreplace")
    return text.split(text[3:4] or "|")


def _party(fields: list[str]) -> str:
    """``application@facility``, each its first component alone."""
    application, facility = ((_text(field.split("^")[0])) for field in (*fields, "", "")[:2])
    return f"{application}@{facility}" if facility else application


def _text(field: str) -> str:
    return "".join(letter for letter in field[:_FIELD_CHARACTERS_MAX] if letter.isprintable())
