"""What a DICOM association asks for: both AE titles, how many of which request, and where C-MOVE sends to.

After PS3.8 (upper layer), PS3.7 (commands) and PS3.5 (encodings). Of a query only this is kept: whether it names any
patient, study or day at all. Refuses to keep a value of one, and to look at pixels.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bavn.model.text import Text

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RQ, ABORT = 1, 2, 3, 4, 5, 7
_KINDS: Final = frozenset({ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RQ, 6, ABORT})
_HEAD_BYTES: Final = 6
_ASSOCIATE_BYTES_MIN: Final = 68
_ASSOCIATE_BYTES_MAX: Final = 64 * 1024
_MESSAGE_BYTES_MAX: Final = 16 * 1024
"""Of a command or an identifier; what is longer is counted and not looked into."""
KINDS_MAX: Final = 64
"""Different requests of one association; more are counted as the last."""

OPERATIONS: Final = {
    0x0001: "C-STORE",
    0x0010: "C-GET",
    0x0020: "C-FIND",
    0x0021: "C-MOVE",
    0x0030: "C-ECHO",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
}
"""Command fields of requests (PS3.7, E.1)."""
_ASKING: Final = frozenset({"C-FIND", "C-GET", "C-MOVE"})
_COMMAND_FIELD, _MOVE_DESTINATION, _DATA_SET_TYPE = (0x0000, 0x0100), (0x0000, 0x0600), (0x0000, 0x0800)
_NO_DATA_SET: Final = 0x0101
_NAMING: Final = frozenset(
    {
        (0x0008, 0x0018),  # SOP instance UID
        (0x0008, 0x0020),  # study date
        (0x0008, 0x0050),  # accession number
        (0x0010, 0x0010),  # patient's name
        (0x0010, 0x0020),  # patient ID
        (0x0010, 0x0030),  # birth date
        (0x0020, 0x000D),  # study instance UID
        (0x0020, 0x000E),  # series instance UID
        (0x0020, 0x0010),  # study ID
        (0x0040, 0x0100),  # scheduled procedure step: a work list asks by station and day
    }
)
"""Keys of a query that narrow it down."""
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


class DicomMalformed(Exception):
    """These bytes are no association; says why."""


def begins_association(data: bytes | bytearray) -> bool:
    """Whether the first six bytes may be an A-ASSOCIATE-RQ's."""
    if len(data) < _HEAD_BYTES or data[0] != ASSOCIATE_RQ or data[1]:
        return False
    return _ASSOCIATE_BYTES_MIN <= int.from_bytes(data[2:6]) <= _ASSOCIATE_BYTES_MAX


class Association:
    """One association while it is being read. ``requests`` counts (operation, destination): the latter is an AE title
    and empty but for C-MOVE. ``wide``: of these, those that name no patient, study or day. ``accepted``: None while the
    server has not answered."""

    def __init__(self) -> None:
        self.calling = self.called = ""
        self.accepted: bool | None = None
        self.ended = False
        self.requests: Counter[tuple[str, str]] = Counter()
        self.wide: Counter[tuple[str, str]] = Counter()
        self._at = 0
        self._parts: dict[bool, bytearray] = {True: bytearray(), False: bytearray()}
        self._request: tuple[str, str] | None = None

    def from_client(self, data: bytearray) -> None:
        """What the client has said from its start. Raises DicomMalformed for what is no association."""
        for kind, body in self._pdus(data):
            if kind == ASSOCIATE_RQ:
                self._requested(body)
            elif not self.calling and not self.called:
                raise DicomMalformed(Text("it does not begin with an A-ASSOCIATE-RQ"))
            elif kind == DATA:
                self._data(body)
            elif kind in (RELEASE_RQ, ABORT):
                self.ended = True

    def from_server(self, data: bytearray) -> None:
        """What the server has said from its start: only its first answer matters."""
        if self.accepted is None and len(data) >= _HEAD_BYTES and data[0] in (ASSOCIATE_AC, ASSOCIATE_RJ):
            self.accepted = data[0] == ASSOCIATE_AC
            self.ended = self.ended or not self.accepted

    def _pdus(self, data: bytearray) -> Iterator[tuple[int, bytes]]:
        while len(data) >= self._at + _HEAD_BYTES:
            kind, size = data[self._at], int.from_bytes(data[self._at + 2 : self._at + 6])
            if kind not in _KINDS or (kind == ASSOCIATE_RQ and size > _ASSOCIATE_BYTES_MAX):
                raise DicomMalformed(Text("what should be a DICOM PDU is none"))
            end = self._at + _HEAD_BYTES + size
            if len(data) < end:
                return
            begin, self._at = self._at + _HEAD_BYTES, end
            yield kind, bytes(data[begin:end])

    def _requested(self, body: bytes) -> None:
        if len(body) < _ASSOCIATE_BYTES_MIN or not int.from_bytes(body[:2]) & 1:
            raise DicomMalformed(Text("an A-ASSOCIATE-RQ of another protocol version"))
        self.called, self.calling = ae_title(body[4:20]), ae_title(body[20:36])
        if not self.called and not self.calling:
            raise DicomMalformed(Text("an A-ASSOCIATE-RQ without AE titles"))

    def _data(self, body: bytes) -> None:
        """The presentation data values of a P-DATA-TF (PS3.8, 9.3.5), commands and data sets put together."""
        at = 0
        while len(body) >= at + 6:
            size, control = int.from_bytes(body[at : at + 4]), body[at + 5]
            if size < 2 or at + 4 + size > len(body):
                raise DicomMalformed(Text("a presentation data value breaks off"))
            held = self._parts[bool(control & 1)]
            if len(held) < _MESSAGE_BYTES_MAX:
                held += body[at + 6 : at + 4 + size]
            if control & 2:
                whole = bytes(held)
                held.clear()
                if control & 1:
                    self._command(whole)
                else:
                    self._identifier(whole)
            at += 4 + size

    def _command(self, whole: bytes) -> None:
        elements = dict(_implicit(whole))
        operation = OPERATIONS.get(int.from_bytes(elements.get(_COMMAND_FIELD, b"")[:2], "little"))
        self._request = None
        if operation is None:
            return
        request = (operation, ae_title(elements.get(_MOVE_DESTINATION, b"")) if operation == "C-MOVE" else "")
        if request not in self.requests and len(self.requests) >= KINDS_MAX:
            request = next(reversed(self.requests))
        self.requests[request] += 1
        if operation in _ASKING and int.from_bytes(elements.get(_DATA_SET_TYPE, b"")[:2], "little") != _NO_DATA_SET:
            self._request = request

    def _identifier(self, whole: bytes) -> None:
        asked, self._request = self._request, None
        if asked and not any(_narrows(value) for tag, value in _elements(whole) if tag in _NAMING):
            self.wide[asked] += 1


def ae_title(raw: bytes) -> str:
    """As people write it: without the padding; what is not printable ASCII is told by its number."""
    return raw[:16].strip(b" \0").decode("ascii", "backslashreplace")


def _narrows(value: bytes) -> bool:
    return bool(value.strip(b" \0*"))


def _elements(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Tag and value of a data set's top level, in whichever little-endian encoding it is."""
    explicit = len(data) >= 6 and data[4:6].isalpha() and data[4:6].isupper()
    return _explicit(data) if explicit else _implicit(data)


def _implicit(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while len(data) >= at + 8:
        tag, size = _tag(data, at), int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        yield tag, data[at : at + size]
        if size == 0xFFFFFFFF:  # a sequence without a length: what follows it is not read
            return
        at += size


def _explicit(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    while len(data) >= at + 8:
        tag, vr = _tag(data, at), data[at + 4 : at + 6]
        if vr in _LONG_VRS:
            size, at = int.from_bytes(data[at + 8 : at + 12], "little"), at + 12
        else:
            size, at = int.from_bytes(data[at + 6 : at + 8], "little"), at + 8
        yield tag, data[at : at + size]
        if size == 0xFFFFFFFF:
            return
        at += size


def _tag(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
