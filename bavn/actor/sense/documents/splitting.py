"""One long JSON text -> the documents in it, a bounded piece at a time: objects one after the other, the elements of an
array, or the hits of search answers (pages of a scroll). Refuses to know what a document says.

What is broken costs the document in which it stands: the next one is found by how documents begin.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text

DOCUMENT_BYTES_MAX: Final = 1 << 20
DEPTH_MAX: Final = 1 << 16
_PAGE_DEPTHS: Final = (2, 3)
"""So deep in a page stand its hits: hits.hits, rawResponse.hits.hits."""
_TOKEN: Final = re.compile(rb'["{}\[\]]|\n(?=\{)')
_STRING: Final = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
_NAME: Final = re.compile(rb'\{\s*("(?:[^"\\\n]|\\.){0,200}")')
_BORDER_BYTES_MAX: Final = 512
_BORDER_START: Final = re.compile(
    rb"""
    \}\s{0,64}              # the end of a document
    (?:,\s{0,64}            # what stands between two
      (?:\{\s{0,64}         # the beginning of the next
        (                   # its first name, or what has come of it
          "(?:[^"\\\n]|\\.){0,200}  # its letters
          (?:"\s{0,64})?    # its end
    )?)?)?\Z               # as much of it as has come
    """,
    re.VERBOSE,
)
"""What is there of a border between two documents when the rest of it has not come."""
_BEHIND_BYTES: Final = 64
"""So far back is looked for what an array is called."""
_HITS: Final = re.compile(rb'"hits"\s*:\s*$')
_FOUND: Final = re.compile(rb'"(?:results|messages|data|records|events|result)"\s*:\s*$')
"""What Splunk, Graylog and Arkime call it, where it is the first thing in a text."""


@dataclass(frozen=True, slots=True)
class Document:
    """``raw``: its bytes, or none where ``fault`` says why there are none. ``stray``: a line between documents."""

    raw: bytes
    fault: Text | None = None
    stray: bool = False


class Splitter:
    """``feed`` what comes; ``end`` when nothing will. Documents may stand at the top, in an array at the top, or in an
    array called hits."""

    def __init__(self) -> None:
        self._left = b""
        self._at = 0
        self._start = -1
        self._level = 0
        self._stack = bytearray()
        self._around = bytearray()
        self._border: re.Pattern[bytes] | None = None
        self._first_name = b""
        self._over = False

    def feed(self, data: bytes) -> Iterator[Document]:
        """The documents that are whole now."""
        base = self._start if self._start >= 0 else max(0, self._at - _BEHIND_BYTES)
        self._left = self._left[base:] + data
        self._at -= base
        self._start = min(self._start, 0)
        yield from self._scan()
        while self._start >= 0 and len(self._left) - self._start > DOCUMENT_BYTES_MAX:
            yield Document(b"", Text("a document of more than {bytes} bytes", bytes=DOCUMENT_BYTES_MAX))
            self._go_on(self._next())
            yield from self._scan()
        if self._start < 0 and len(self._left) - self._at > DOCUMENT_BYTES_MAX:
            self._at += 1  # a text without an end between documents
            yield from self._scan()

    @property
    def inside(self) -> bool:
        """Whether a document or what holds documents is open."""
        return self._start >= 0 or bool(self._stack)

    def settle(self) -> Iterator[Document]:
        """What is whole where the next bytes are no JSON, and where there are none."""
        self._over = True
        yield from self._scan()
        self._over = False

    def cut(self) -> Iterator[Document]:
        """What is open never ends; what comes is looked at afresh."""
        if self._start >= 0:
            yield Document(b"", Text("a document that is broken off"))
        self._left, self._at, self._start = b"", 0, -1
        self._stack.clear()

    def end(self) -> Iterator[Document]:
        """What is left without an end."""
        self._over = True
        yield from self._scan()
        while self._start >= 0:
            yield Document(b"", Text("a document that is cut off"))
            self._go_on(self._next())
            yield from self._scan()

    def _go_on(self, at: int) -> None:
        """From the next beginning of a document; from the end of what is there where none is found."""
        self._start, self._at = -1, at if at >= 0 else len(self._left)
        del self._stack[self._level :]

    def _next(self) -> int:
        """Where the next document begins: as the broken one did, or at the beginning of a line."""
        named = _NAME.match(self._left, self._start)
        alike = rb"|\}\s*,\s*\{\s*" + re.escape(named[1]) if named else b""
        found = re.compile(rb"\n\{" + alike).search(self._left, self._start + 1)
        return found.start() + found[0].rindex(b"{") if found else -1

    def _scan(self) -> Iterator[Document]:
        left = self._left
        while token := _TOKEN.search(left, self._at):
            sign = left[token.start()]
            if sign == ord('"'):
                string = _STRING.match(left, token.start())
                if string is None and left.find(b"\n", token.start()) < 0:
                    self._at = token.start()
                    return  # it may go on in what comes
                self._at = string.end() if string else token.end()
                border = (
                    self._border.search(left, token.start(), self._at + _BORDER_BYTES_MAX) if self._border else None
                )
                if string and border is None and self._may_be_border(token.start(), string.end()):
                    self._at = token.start()
                    return
                if border and string and border.start() < string.end():
                    # no text may hold this: a quote was lost
                    yield Document(b"", Text("a document that is broken off"))
                    self._begin_anew(border)
                continue
            if sign == ord("}") and self._may_be_border(token.start(), token.end()):
                self._at = token.start()
                return
            self._at = token.end()
            if sign == ord("}") and self._border and (border := self._border.match(left, token.start())):
                if self._stack:
                    yield from self._close()
                if self._start >= 0:
                    yield Document(b"", Text("a document that is broken off"))
                self._begin_anew(border)
                continue
            if sign == ord("\n"):
                if self._start >= 0 and self._at > self._start:
                    yield Document(b"", Text("a document that is broken off"))
                    self._go_on(token.end())
            elif sign in b"{[":
                self._open(sign, token.start())
            elif self._stack:
                yield from self._close()
        if not left[self._at :].strip():
            ends_line = left.endswith(b"\n") and self._at < len(left) and not self._over
            self._at = len(left) - ends_line  # whether a document begins behind the line's end is seen when it comes

    def _may_be_border(self, start: int, end: int) -> bool:
        """Whether a border may begin in these bytes that goes on in what comes."""
        if self._border is None or self._over:
            return False
        begun = _BORDER_START.search(self._left, max(start, len(self._left) - _BORDER_BYTES_MAX))
        if begun is None or begun.start() >= end:
            return False
        name = begun[1]
        return name is None or self._first_name.startswith(name) or name.rstrip() == self._first_name

    def _close(self) -> Iterator[Document]:
        self._stack.pop()
        if self._start >= 0 and len(self._stack) == self._level:
            raw = self._left[self._start : self._at]
            if self._border is None and (named := _NAME.match(raw)):
                self._first_name = named[1]
                self._border = re.compile(
                    rb"\}\s{0,64},\s{0,64}(?=\{\s{0,64}" + re.escape(self._first_name) + rb"\s{0,64}:)"
                )
                self._around = self._stack[:]
            self._start = -1
            yield Document(raw)

    def _begin_anew(self, border: re.Match[bytes]) -> None:
        """A document begins behind this, whatever was open."""
        self._start, self._at, self._stack = -1, border.end(), self._around[:]

    def _open(self, sign: int, at: int) -> None:
        if len(self._stack) >= DEPTH_MAX:
            self._stack.clear()  # no such text is a search's answer: what follows is looked at afresh
            self._start = -1
        if sign == ord("["):
            before = max(0, at - _BEHIND_BYTES)
            hits = _HITS.search(self._left, before, at) is not None
            page = len(self._stack) == 1 and (self._border is None or self._start < 0)
            if page and _FOUND.search(self._left, before, at):
                hits, self._start = True, -1
            if hits and self._start >= 0 and len(self._stack) - self._level in _PAGE_DEPTHS:
                self._start = -1  # a page is no document: what it found is
            self._stack.append(ord("a") if not self._stack or (hits and self._start < 0) else ord("["))
            return
        if self._start < 0 and (not self._stack or self._stack[-1] == ord("a")):
            self._start, self._level = at, len(self._stack)
        self._stack.append(ord("{"))
