"""Tables with a head (CSV of search engines and flow tools, W3C's extended log format) -> documents, one a row.

A head is the first line that names columns; it is a table of ours where the names or its rows say something of the
network. Refuses to know what a row means: it is a document like any other.
"""

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.sense.documents.flows import has_flow
from bavn.actor.sense.documents.splitting import Document
from bavn.model.text import Text

COLUMNS_MAX: Final = 2_000
HEAD_BYTES: Final = 1 << 18
HEAD_LINES_MAX: Final = 20
_LINES_LOOKED_AT: Final = 500
_SEPARATORS: Final = ",;\t|"
_SUM: Final = "Summary"
_W3C: Final = "#Fields:"
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_NAMES: Final = frozenset(
    {"_raw", "message", "event.original", "full_message", "@timestamp", "id.orig_h", "id_orig_h", "src_ip", "source.ip"}
)
"""One of these stands in the head of an export of lines or documents."""
Row = list[str]


@dataclass(frozen=True, slots=True)
class Head:
    """``separator``: empty for blanks. ``w3c``: lines of '#' may name other columns."""

    names: tuple[str, ...]
    separator: str
    w3c: bool = False


def head_of(raw: bytes) -> Head | None:
    """The head of a table among the first lines; None where there is none that is of use."""
    lines = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines()
    for line in lines[:HEAD_LINES_MAX]:
        if line.startswith(_W3C):
            return Head(tuple(line.removeprefix(_W3C).split()), "", w3c=True)
        if not line.strip() or line.startswith("#"):
            continue
        return _plain_head(line)
    return None


def _plain_head(line: str) -> Head | None:
    separator = max(_SEPARATORS, key=line.count)
    cut = next(csv.reader([line], delimiter=separator), []) if separator in line else line.split()
    names = tuple(name.strip().strip('"') for name in cut)
    if len(set(names)) < 2 or len(names) > COLUMNS_MAX:
        return None
    if separator not in line:  # columns that are lined up with blanks may have none: that is no table
        named = has_flow(names) and all(re.fullmatch("[a-z_-]+", name) for name in names)
        return Head(names, "") if named else None
    return Head(names, separator) if has_flow(names) or _NAMES & set(names) else None


def rows(lines: Iterable[str], head: Head, first: int = 1) -> Iterator[tuple[int, Document]]:
    """Each line that is no head as a document, under the number of its line. A row may go on over several lines."""
    numbered = _Numbered(lines, first)
    if head.w3c or not head.separator:
        for line in numbered:
            if line.startswith(_W3C):
                head = Head(tuple(line.removeprefix(_W3C).split()), "", w3c=True)
            elif line.strip() and not line.startswith("#"):
                yield numbered.number, _document(head, _parted(line))
        return
    reader = csv.reader(numbered, delimiter=head.separator)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield numbered.number, Document(b"", Text("not understood"))
            continue
        if row and row[0].strip() == _SUM:
            return  # nfdump's, and nothing behind it is a row
        if row and not row[0].startswith("#"):
            yield numbered.number, _document(head, row)


class _Numbered:
    """Lines, and the number of the last one given."""

    def __init__(self, lines: Iterable[str], first: int) -> None:
        self._lines, self.number = iter(lines), first - 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        return line.replace("\0", "").removeprefix("\ufeff")


def _parted(line: str) -> Row:
    """By blanks; quotes hold a cell together."""
    try:
        return (
            next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True), []) if '"' in line else line.split()
        )
    except csv.Error:
        return line.split()


def _document(head: Head, row: Row) -> Document:
    cells = [cell.strip() for cell in row]
    if tuple(cells) == head.names:
        return _of({})  # the head itself, wherever it stands
    if len(cells) < 2:
        return _of({})  # a line between, or a sum behind
    if len(cells) < len(head.names) // 2:
        return Document(
            b"",
            Text("{count} fields where the header has {width}", count=len(cells), width=len(head.names)),
        )
    named = {name: _cell(cell) for name, cell in zip(head.names, cells, strict=False) if cell not in ("", "-")}
    return _of(_of_w3c(named) if head.w3c else named)


def _cell(cell: str) -> str:
    return cell.replace(",", "") if _THOUSANDS.fullmatch(cell) else cell


def _of(named: Mapping[str, Any]) -> Document:
    return Document(json.dumps(named).encode("utf-8", "replace"))


def _of_w3c(named: dict[str, str]) -> dict[str, Any]:
    """A web server's or a proxy's request as a line of Zeek's http log, a tunnel as EVE's TLS; else the row with its
    moment in one."""
    at = f"{named.pop('date', '')} {named.pop('time', '')}".strip()
    host, method = named.get("cs-host"), named.get("cs-method")
    if method is None or "c-ip" not in named:
        return {**named, "time": at}
    ends = {"id.orig_h": named["c-ip"], "id.resp_h": named.get("r-ip") or named.get("s-ip") or "::"}
    port = named.get("cs-uri-port") or named.get("s-port")
    if method == "CONNECT" and host:
        tunnel: dict[str, Any] = {
            "src_ip": named["c-ip"],
            "dest_ip": named.get("r-ip", "::"),
            "src_port": 0,
            "proto": "TCP",
        }
        tunnel |= {"event_type": "tls", "timestamp": at.replace(" ", "T") + "Z", "dest_port": port or "443"}
        return {**tunnel, "tls": {"sni": host}}
    query = named.get("cs-uri-query")
    return {
        "_path": "http",
        "ts": at.replace(" ", "T") + "Z",
        "uid": "",
        **ends,
        **({"id.resp_p": port} if port else {}),
        "method": method,
        "host": host,
        "uri": (named.get("cs-uri-path") or named.get("cs-uri-stem") or "/")
        + (f"?{query.lstrip('?')}" if query else ""),
        "user_agent": (named.get("cs(User-Agent)") or "").replace("+", " ") or None,
        "status_code": named.get("sc-status"),
        "request_body_len": named.get("cs-bytes"),
        "response_body_len": named.get("sc-bytes"),
    }


def holds_rows(head: bytes, of_use: Callable[[Iterator[Document]], bool]) -> bool:
    """At least one of the first rows is ``of_use``. ``head``: the bytes at the beginning, the last line may be cut."""
    table = head_of(head)
    if table is None:
        return False
    lines = io.StringIO(head.decode("utf-8", "replace"), newline="\n")
    return of_use(document for _, document in rows(itertools.islice(lines, _LINES_LOOKED_AT), table))
