"""The head of a Zeek log in TSV: which columns it has and how nothing is written. Fields differ between versions, and
a file may change them on the way (logs put together). Refuses to know what a field means."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

FIELDS_MAX: Final = 500
CHANGES_MAX: Final = 64
"""Changes of columns followed within one segment; lines behind more are judged by the last one."""

_ESCAPE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Header:
    """``path``: Zeek's name of the log (conn, dns, ...), empty if not said."""

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    fields: tuple[str, ...] = ()

    def with_line(self, line: str) -> Self:
        """The same, changed by one line that begins with '#'. Unknown lines and senseless values change nothing."""
        if line.startswith("#separator "):
            separator = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), line.removeprefix("#separator "))
            return replace(self, separator=separator) if len(separator) == 1 else self
        name, _, value = line.partition(self.separator)
        match name:
            case "#set_separator" if len(value) == 1:
                return replace(self, set_separator=value)
            case "#empty_field":
                return replace(self, empty=value)
            case "#unset_field":
                return replace(self, unset=value)
            case "#path":
                return replace(self, path=value[:64])
            case "#fields":
                return replace(self, fields=tuple(value.split(self.separator)[:FIELDS_MAX]))
            case _:
                return self

    def text(self) -> str:
        """For a mark; :meth:`parse` reads it."""
        return json.dumps([self.separator, self.set_separator, self.empty, self.unset, self.path, *self.fields])

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for anything that :meth:`text` did not write."""
        match json.loads(text):
            case [str(separator), str(set_separator), str(empty), str(unset), str(path), *fields]:
                return cls(separator, set_separator, empty, unset, path, tuple(str(field) for field in fields))
            case _:
                raise ValueError(f"no header of a Zeek log: {text[:80]!r}")


def header_of(head: bytes) -> Header | None:
    """The header at the beginning of a file; None if it does not begin with one."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not head.startswith(b"#"):
        return None
    header = Header()
    for line in head.split(b"\n"):
        if not line.startswith(b"#"):
            break
        header = header.with_line(line.decode("utf-8", "replace").rstrip("\r"))
    return header if header.fields else None


def parts(raw: bytes, header: Header) -> Iterator[tuple[Header, bytes]]:
    """Consecutive lines with the header that holds for them; lines of '#' go with what follows them."""
    start = changes = 0
    for begin, end in _marked(raw):
        line = raw[begin:end].decode("utf-8", "replace").rstrip("\r\n")
        changed = header.with_line(line)
        if changed == header:
            continue
        if begin > start and changes < CHANGES_MAX:
            yield header, raw[start:begin]
            start = begin
            changes += 1
        header = changed
    if start < len(raw):
        yield header, raw[start:]


def _marked(raw: bytes) -> Iterator[tuple[int, int]]:
    """Where lines that begin with '#' begin and end."""
    begin = 0 if raw.startswith(b"#") else raw.find(b"\n#") + 1
    while begin or raw.startswith(b"#"):
        end = raw.find(b"\n", begin) + 1 or len(raw)
        yield begin, end
        begin = end if raw.startswith(b"#", end) else raw.find(b"\n#", end - 1) + 1
        if begin == 0:
            return
