"""One text that holds documents, and lines between them that are none -> both, each in its place.

Somebody puts logs together, or a program writes its own lines between: what is no JSON is a stray line, which others
read or refuse. Refuses to look into either.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from bavn.actor.sense.documents.splitting import DOCUMENT_BYTES_MAX, Document, Splitter

_FIRST: Final = rb"[ \t]*+(?:[^\s{}\[\],\"\x1e\xef]|\[(?![\s\[{\]]))|\""
"""How a line begins that is no part of a document; in one it may be a number or a name."""
_STRAY: Final = re.compile(_FIRST)
_STRAY_BEHIND: Final = re.compile(rb"\n(?=" + _FIRST + rb")")
_NO_DOCUMENT: Final = re.compile(rb"[ \t\r]*+(?:[^\s{}\[\],\x1e\xef]|\[(?![\s\[{\]]))")
"""The same, where it is known that no document is open."""

Numbered = tuple[int, Document]


class MixedSplitter:
    """As Splitter, with stray lines (under the number of their line). Documents are counted, which is the number of
    their line where each has one."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._rest = b""
        self._begun = False
        self._number = 0
        self._line = 1
        self._one_a_line: bool | None = None

    def feed(self, data: bytes) -> Iterator[Numbered]:
        """What is whole now."""
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        if end:
            yield from self._lines(data[:end])
        if self._begun or len(self._rest) > DOCUMENT_BYTES_MAX:  # a long line, and no end of it yet
            some, self._rest, self._begun = self._rest, b"", True
            yield from self._counted(self._splitter.feed(some))

    def end(self, *, damaged: bool = False) -> Iterator[Numbered]:
        """What is left. ``damaged``: what is cut off there is so because nothing more could be read."""
        if self._rest:
            yield from self._lines(self._rest)
        yield from self._counted(self._splitter.settle() if damaged else self._splitter.end())

    def _lines(self, data: bytes) -> Iterator[Numbered]:
        if self._one_a_line is None:
            self._one_a_line = not self._begun and _is_document(data.lstrip(b"\xef\xbb\xbf \t\r\n"))
        looked = data.find(b"\n") + 1 if self._begun else 0
        fed = counted = 0
        self._begun = False
        while (at := _next_stray(data, looked)) >= 0:
            self._line, counted = self._line + data.count(b"\n", counted, at), at
            yield from self._counted(self._splitter.feed(data[fed:at]))
            yield from self._counted(self._splitter.settle())
            fed, looked = at, data.find(b"\n", at) + 1 or len(data)
            if self._one_a_line or not self._splitter.inside:
                yield from self._counted(self._splitter.cut())
                for raw in _stray_lines(data, at):
                    if raw.strip():
                        yield self._line, Document(raw, stray=True)
                    self._line, fed = self._line + 1, fed + len(raw)
                self._number = self._line - 1
                looked = counted = fed
        self._line += data.count(b"\n", counted)
        yield from self._counted(self._splitter.feed(data[fed:]))

    def _counted(self, found: Iterator[Document]) -> Iterator[Numbered]:
        for document in found:
            self._number += 1
            yield self._number, document


def _is_document(data: bytes) -> bool:
    """Whether the first line is a whole one."""
    try:
        return isinstance(json.loads(data.partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False


def _next_stray(data: bytes, at: int) -> int:
    """Where the next line begins that may be a stray one, from the beginning of a line on; -1 for none."""
    if _STRAY.match(data, at):
        return at
    found = _STRAY_BEHIND.search(data, at)
    return found.end() if found else -1


def _stray_lines(data: bytes, at: int) -> Iterator[bytes]:
    """Lines, blank ones too, up to one that may be a document."""
    while at < len(data):
        raw = data[at : data.find(b"\n", at) + 1 or len(data)]
        if raw.strip() and not _NO_DOCUMENT.match(raw):
            return
        yield raw
        at += len(raw)
