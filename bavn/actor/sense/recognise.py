"""What a file is: a capture, EVE, one of Zeek's logs, or the log of another program; by what is in it, not its name.

Refuses to read it whole.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bavn.actor.formats.archive import is_archive
from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.pcap import form_of
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.dnstap.frames import begins
from bavn.actor.sense.documents.records import holds_documents
from bavn.actor.sense.flows import argus
from bavn.actor.sense.logs.sniff import holds_records
from bavn.actor.sense.strangers import Stranger, stranger_of
from bavn.actor.sense.zeek.fields import FIELDS, TELLING, log_named
from bavn.actor.sense.zeek.header import header_of
from bavn.model.text import Text

HEAD_BYTES: Final = 1 << 18
_LINES_LOOKED_AT: Final = 200

Kind = Literal[
    Stranger,
    "pcap",
    "pcapng",
    "eve",
    "zeek",
    "other zeek",
    "headless zeek",
    "log",
    "argus",
    "argus binary",
    "documents",
    "dnstap",
    "archive",
    "packed",
    "damaged",
    "unknown",
]
_PACKED: Final = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"LZIP", b"\x1f\x9d", b"\x1f\xa0")
"""How 7z, rar, lzip and compress begin, which nothing here unpacks."""

_SAYS: Final = ("_path", "@stream")
"""Where a JSON line says which log it is of: Zeek's own streaming and Corelight, and brim's."""

_HEADLESS: Final = re.compile(rb"\d{9,10}\.\d{1,6}\t[CF][0-9A-Za-z]{15,19}\t(?:[^\t\n]*\t){3,}")
"""A time, a uid, and more columns: a line of a Zeek log, of which nobody can know without its head."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """``log``: for zeek, which of zeek_fields.FIELDS; for other zeek, the name of a log that becomes no record. A
    headless zeek is a log in TSV whose lines of '#' are missing. Documents: EVE's or Zeek's lines as a search engine or
    a shipper gives them, and several logs in one stream."""

    kind: Kind
    log: str = ""


def recognise(path: Path) -> Recognised:
    """What a regular file is, compressed or not. SourceBroken if it cannot be read."""
    try:
        with LogFile(path) as file:
            head, damage = file.read(HEAD_BYTES), file.damage
    except OSError as error:
        raise SourceBroken(
            of_file(path, Text("cannot be read ({why}): let the node's user read it", why=error.strerror))
        ) from error
    if damage and not head:
        return Recognised("damaged")
    form = form_of(head)
    if form:
        return Recognised(form)
    if head.startswith(_PACKED):
        return Recognised("packed")
    if is_archive(head):
        return Recognised("archive")
    if begins(head):
        return Recognised("dnstap")
    header = header_of(head)
    if header:
        log = log_named(header.path) or _log_of(frozenset(header.fields)) or _log_by_name(path)
        return Recognised("zeek", log) if log in FIELDS else Recognised("other zeek", log)
    if _HEADLESS.match(head):
        return Recognised("headless zeek")
    if argus.is_binary(head):
        return Recognised("argus binary")
    if argus.head_of(head):
        return Recognised("argus")
    begins_as = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    recognised = Recognised("unknown") if begins_as == b"[" else _json(path, list(objects_of(head)))
    if recognised.kind != "unknown":
        return recognised
    if begins_as in (b"{", b"[") and holds_documents(head, holds_records):
        return Recognised("documents")
    if holds_records(head):
        return Recognised("log")
    return Recognised(stranger_of(head) or recognised.kind, recognised.log)


def _json(path: Path, objects: list[dict[str, object]]) -> Recognised:
    if any("event_type" in record and "timestamp" in record for record in objects):
        return Recognised("eve")
    if not any("ts" in record for record in objects):
        return Recognised("unknown")
    every = Counter(
        log_named(str(record[name])) for record in objects for name in _SAYS if isinstance(record.get(name), str)
    )
    common, most = every.most_common(1)[0] if every else ("", 0)
    if every.total() > most + 1 and every.keys() & FIELDS.keys():
        return Recognised("documents")  # several logs in one stream
    # A line leaves out what is not set: the fields of many lines together are those of the log.
    log = common or _log_of(frozenset().union(*objects)) or _log_by_name(path)
    return Recognised("zeek", log) if log in FIELDS else Recognised("other zeek", log)


def objects_of(head: bytes) -> Iterator[dict[str, object]]:
    """JSON objects among the first lines; other lines are skipped, the last may be cut."""
    for line in head.lstrip(b"\xef\xbb\xbf").splitlines()[:_LINES_LOOKED_AT]:
        try:
            record = json.loads(line) if line.lstrip().startswith(b"{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _log_of(fields: frozenset[str]) -> str:
    return next((log for log, telling in TELLING.items() if telling <= fields), "")


def _log_by_name(path: Path) -> str:
    """Only where the content does not tell: ``conn.log.labeled.gz``, ``conn_1.log`` and ``site_conn.log`` are conn."""
    stem = path.name.partition(".")[0]
    longest = sorted(FIELDS, key=len, reverse=True)
    found = next((log for log in longest if stem.startswith(log)), "")
    return found or next((log for log in longest if stem.lower().endswith(f"_{log}")), stem)
