"""A suspicion's evidence as one archive for others: what is suspected, the rows, the packets, and a manifest over all.

Redacted unless it is asked for otherwise, which the caller must answer for; with redaction packets are headers alone.
The same evidence gives the same bytes. Refuses to write a file: it gives the archive's.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any, Final

from bavn.actor.evidence.cut import headers_only
from bavn.actor.evidence.redact import redacted, tree
from bavn.actor.formats.pcap import Packet, pcap_bytes
from bavn.model.text import Text

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ZIP_DAY: Final = (1980, 1, 1, 0, 0, 0)
README: Final = """\
Evidence of one suspicion, exported by Bavn.

suspicion.json  what was concluded, in words, and of which rows
rows/           the rows it rests on, each table as CSV (for a spreadsheet) and NDJSON (exact)
around/         other records of the same host and peer, if they were asked for
packets.pcap    packets between them, if they were asked for; headers alone unless the manifest says otherwise
manifest.json   who exported it, when, how, and the SHA-256 of each file
"""


_IN_SHORT: Final = Text(
    'the evidence behind a suspicion. Where "redacted" is true in manifest.json, CPR numbers, e-mail addresses, user'
    " names and what follows ? in a URL are taken out, and packets have no content."
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of plain values under their names. ``group``: rows or around; ``more``: there were others."""

    group: str
    table: str
    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What goes in. ``packets`` None: not asked for. ``unredacted``: as it is. ``said``: what the manifest says of who,
    when, how and why."""

    suspicion: dict[str, Any]
    sheets: Sequence[Sheet]
    packets: Sequence[Packet] | None
    unredacted: bool
    headers_only: bool
    said: dict[str, Any]


def archive(bundle: Bundle) -> bytes:
    """The zip file."""
    files = {"README.txt": f"{README}\n{fill(f'Dansk: {_IN_SHORT.da}', 115)}\n".encode()}
    suspicion = bundle.suspicion if bundle.unredacted else tree(bundle.suspicion)
    files["suspicion.json"] = _json(suspicion)
    tables: dict[str, Any] = {}
    for sheet in bundle.sheets:
        rows = [_row(sheet, row, unredacted=bundle.unredacted) for row in sheet.rows]
        name = f"{sheet.group}/{sheet.table}"
        files[f"{name}.csv"] = _csv(sheet.names, rows)
        files[f"{name}.ndjson"] = _ndjson(sheet.names, rows)
        tables[name] = {"rows": len(rows), "more": sheet.more}
    cut = bundle.headers_only or not bundle.unredacted
    if bundle.packets:
        files["packets.pcap"] = packets_file(bundle.packets, cut=cut)
    said = bundle.said if bundle.unredacted else tree(bundle.said)
    manifest = {
        **said,
        "redacted": not bundle.unredacted,
        "tables": tables,
        "packets": _packets_said(bundle.packets, cut=cut),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    return _zip({**files, "manifest.json": _json(manifest)})


def packets_file(packets: Sequence[Packet], *, cut: bool) -> bytes:
    """A pcap file of them; ``cut``: their headers alone."""
    kept = [headers_only(packet) for packet in packets] if cut else packets
    return b"".join(pcap_bytes(kept, packets[0].linktype if packets else 1))


def _packets_said(packets: Sequence[Packet] | None, *, cut: bool) -> str:
    if packets is None:
        return "not asked for"
    if not packets:
        return "none are kept"
    return f"{len(packets)}, headers only" if cut else f"{len(packets)}, with payload"


def _row(sheet: Sheet, row: Sequence[Any], *, unredacted: bool) -> list[Any]:
    if unredacted:
        return list(row)
    return [redacted(sheet.table, name, value) for name, value in zip(sheet.names, row, strict=True)]


def _csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A spreadsheet takes a cell that begins so for a formula, and others chose what stands in it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode("utf-8", "surrogatepass")


def _cell(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def _ndjson(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows]
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "surrogatepass")


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _ZIP_DAY)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive_.writestr(entry, files[name])
    return out.getvalue()
