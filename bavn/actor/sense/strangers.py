"""What people give that nothing here reads, known by how it begins, and what to give instead.

Refuses to read any of it: whoever is told can export it in another form.
"""

import re
from typing import Final, Literal

from bavn.model.text import Text

Stranger = Literal["windows events", "parquet", "page", "bare utf-16", "coredns", "leef", "table", "nfdump binary"]
ADVICE: Final[dict[str, Text]] = {
    "windows events": Text(
        "holds events of Windows, which say too little of the network: give the debug log of its DNS server"
        " (docs/logs.md)"
    ),
    "parquet": Text("is a table in Parquet: export it as JSON in ECS, an object a line (docs/sources.md)"),
    "nfdump binary": Text("is nfdump's own form: write it as JSON (nfdump -o json -r FILE)"),
    "page": Text("is a page for people (PDF, HTML): export what it was made of as JSON in ECS, an object a line"),
    "bare utf-16": Text("is text in UTF-16 without the mark at its beginning that says so: write it as UTF-8"),
    "coredns": Text(
        "is a log of CoreDNS, which Bavn does not read: have CoreDNS send dnstap to a node (docs/logs.md), or give a"
        " capture of its packets"
    ),
    "leef": Text("holds events in LEEF, which Bavn does not read: have the device write CEF (docs/logs.md)"),
    "table": Text(
        "is a table, and of tables Bavn reads Argus' alone (ra -n -u -c ,): write it as JSON, an object a line, in ECS"
        " or as nfdump does (nfdump -o json); docs/sources.md"
    ),
}
_LOOKED_AT_BYTES: Final = 1 << 13
_BEGINNINGS: Final[tuple[tuple[bytes, Stranger], ...]] = (
    (b"ElfFile\0", "windows events"),
    (b"PAR1", "parquet"),
    (b"%PDF-", "page"),
    (b"\x0c\xa5", "nfdump binary"),
)
_HEAD_OF_FLOWS: Final = re.compile(
    rb"""
    (?![{\[])                                         # no document
    (?= [^\n=]* (?: src | source | \bs[ai]p?\b ) )    # a column says from where,
    [^\n=]* (?: dst | dest | \bd[ai]p?\b ) [^\n=]* \n  # one to where
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LINES: Final[tuple[tuple[re.Pattern[bytes], Stranger], ...]] = (
    (re.compile(rb"(?i)\s*<(?:!doctype html|html)\b"), "page"),
    (re.compile(rb'"?Level"?[,;\t]"?Date and Time"?[,;\t]"?Source"?[,;\t]"?Event ID'), "windows events"),
    (re.compile(rb'[^\n]{0,200}\[INFO\] \S+:\d+ - \d+ "[A-Z0-9]+ [A-Z]+ '), "coredns"),
    (re.compile(rb"[^\n]{0,200}LEEF:[12]\.0\|"), "leef"),
    (re.compile(rb"#(?:Software|Version|Date|Fields): "), "table"),
    (re.compile(rb"(?:[2-9] \d{12} (?:eni-[0-9a-f]+|-)|version account-id) "), "table"),
    (_HEAD_OF_FLOWS, "table"),
)


def stranger_of(head: bytes) -> Stranger | None:
    """Which of them a file is that begins so; None where it is none of them."""
    head = head[:_LOOKED_AT_BYTES]
    for begins, kind in _BEGINNINGS:
        if head.startswith(begins):
            return kind
    if _is_bare_utf16(head):
        return "bare utf-16"
    return next((kind for line, kind in _LINES if line.match(head.removeprefix(b"\xef\xbb\xbf"))), None)


def _is_bare_utf16(head: bytes) -> bool:
    """Every second byte is a zero, and the others are letters of ASCII."""
    pairs = head[: len(head) // 2 * 2]
    for zeroes, letters in ((pairs[::2], pairs[1::2]), (pairs[1::2], pairs[::2])):
        if len(pairs) > 8 and not zeroes.strip(b"\0") and letters.isascii() and b"\0" not in letters:
            return True
    return False
