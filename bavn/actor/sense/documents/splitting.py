"""One long JSON text -> the documents in it, a bounded piece at a time: objects one after the other, or the elements of
an array, over however many lines.

What is broken costs the document in which it stands: the next one is found by how documents begin. Where more than
BROKEN_MAX are broken the rest is given up, since each costs a second look at what follows it.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.text import Text

DOCUMENT_BYTES_MAX: Final = 1 << 20
BROKEN_MAX: Final = 1000
_BEGIN_MAX: Final = 512
_BETWEEN: Final = re.compile(r"[\s,\[\]\x1e\ufeff]*")
_NAME: Final = re.compile(r'\{\s*("(?:[^"\\\n]|\\.){0,200}")')
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Document:
    """``value``: the object, or None where ``fault`` says why there is none."""

    value: dict[str, Any] | None
    fault: Text | None = None


class Splitter:
    """``feed`` what comes; ``end`` when nothing will."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._left = ""
        self._first_name = ""
        self._lost = False
        self._broken = 0

    def feed(self, data: bytes) -> Iterator[Document]:
        """The documents that are whole now."""
        self._left += self._decoder.decode(data)
        return self._scan(over=False)

    def end(self) -> Iterator[Document]:
        """What is left, also without an end."""
        self._left += self._decoder.decode(b"", final=True)
        return self._scan(over=True)

    def _scan(self, *, over: bool) -> Iterator[Document]:
        left, at = self._left, 0
        while self._broken <= BROKEN_MAX:
            at = self._next(left, at, over=over) if self._lost else at
            between = _BETWEEN.match(left, at)
            at = between.end() if between else at
            if at == len(left) or self._lost:
                break
            document, end = _decoded(left, at)
            if document.fault and not over and len(left) - at <= DOCUMENT_BYTES_MAX:
                break  # it may go on in what comes
            if document.fault:
                self._lost = True
                self._broken += 1
                named = _NAME.match(left, at)
                self._first_name = self._first_name or (named[1] if named else "")
            elif not self._first_name and (named := _NAME.match(left, at)):
                self._first_name = named[1]
            at = end
            yield document
        if self._broken == BROKEN_MAX + 1:
            self._broken += 1
            yield Document(None, Text("more than {most} broken documents: the rest is not read", most=BROKEN_MAX))
        self._left = left[at:] if self._broken <= BROKEN_MAX else ""

    def _next(self, left: str, at: int, *, over: bool) -> int:
        """Where the next document begins: at the beginning of a line, or as the first one did."""
        alike = rf"|[,\[\n]\s{{0,64}}\{{\s{{0,64}}{re.escape(self._first_name)}\s{{0,64}}:" if self._first_name else ""
        beginning = re.compile(rf"\n\{{{alike}").search(left, at)
        if beginning:
            self._lost = False
            return left.index("{", beginning.start())
        return len(left) if over else max(at, len(left) - _BEGIN_MAX)


def _decoded(left: str, at: int) -> tuple[Document, int]:
    """The document that begins there and the place behind it; of a broken one the place behind its beginning."""
    fault = Text("no JSON")
    try:
        value, end = _DECODER.raw_decode(left, at)
        if isinstance(value, dict) and end - at <= DOCUMENT_BYTES_MAX:
            return Document(value), end
    except RecursionError:
        fault = Text("no JSON: too deep")
    except ValueError:
        pass
    if len(left) - at > DOCUMENT_BYTES_MAX:
        fault = Text("a document of more than {bytes} bytes", bytes=DOCUMENT_BYTES_MAX)
    return Document(None, fault), at + 1


def is_line(head: bytes) -> bool:
    """Whether the first line is a whole document, so that others are lines of their own."""
    try:
        return isinstance(json.loads(head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False
