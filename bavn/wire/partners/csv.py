"""Indicators as CSV, to and from partners: one row for each, the columns of :data:`COLUMNS`, UTF-8.

A cell that a spreadsheet could take for a formula is written with an apostrophe before it, and read without. What is
read becomes a STIX object for gate 2, whatever the row says: the gate refuses, this only translates. Refuses to judge.
"""

import csv
import io
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import iso
from bavn.model.observable import NotCanonical, Observable
from bavn.model.outcome import Refused
from bavn.wire.partners.marking import PAP_IDS, TLP_IDS
from bavn.wire.partners.stix_indicator import NotWritable, observable_of, pattern_of

COLUMNS: Final = (
    "id",
    "type",
    "value",
    "tlp",
    "pap",
    "confidence",
    "technique",
    "valid_from",
    "valid_until",
    "modified",
    "revoked",
)
ROWS_MAX: Final = 200_000
CELL_CHARACTERS_MAX: Final = 4096
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_ID_SPACE: Final = uuid.UUID("1c5b2c0e-0f4f-5f8e-9a64-7f0d0f9e6a21")
_TLPS: Final = {tlp.value: marking for tlp, marking in TLP_IDS.items()}
_PAPS: Final = {f"PAP:{pap.name}": marking for pap, marking in PAP_IDS.items()}
_TLP_OF: Final = {marking: tlp for tlp, marking in TLP_IDS.items()}
_PAP_OF: Final = {marking: pap for pap, marking in PAP_IDS.items()}


def guarded(cell: str) -> str:
    """The cell as it is written: no program can take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The inverse of :func:`guarded`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def text_of(bodies: Iterable[str]) -> str:
    """CSV text of STIX indicators as Bavn writes them (JSON texts); other objects have no row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for body in bodies:
        found = json.loads(body)
        if found["type"] == "indicator":
            writer.writerow(guarded(cell) for cell in _cells(found))
    return out.getvalue()


def _cells(stix_object: dict[str, Any]) -> tuple[str, ...]:
    observable = observable_of(stix_object["pattern"])
    if isinstance(observable, Refused):
        raise TypeError(f"{stix_object['id']} is not an indicator as Bavn writes them")
    marks = stix_object["object_marking_refs"]
    tlp = next(level for level in map(_TLP_OF.get, marks) if isinstance(level, Tlp))
    pap = next(level for level in map(_PAP_OF.get, marks) if isinstance(level, Pap))
    return (
        stix_object["id"],
        observable.type.value,
        observable.value,
        tlp.value,
        f"PAP:{pap.name}",
        str(stix_object["confidence"]),
        stix_object["external_references"][0]["external_id"],
        stix_object["valid_from"],
        stix_object["valid_until"],
        stix_object["modified"],
        "true" if stix_object["revoked"] else "false",
    )


def objects_of(text: str, now_us: int) -> Iterator[dict[str, Any]] | Refused:
    """STIX objects of a CSV text with at least the columns ``type`` and ``value``, in any order, with commas or
    semicolons between. What a row does not say holds from ``now_us`` on, unmarked; a row that makes no sense makes an
    object that gate 2 refuses. Refused for a text that is no such table."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    first = lines.readline()
    lines.seek(0)
    reader = csv.reader(lines, delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not {"type", "value"} <= set(names) or len(set(names)) != len(names):
            return Refused("csv", "the first line names the columns, type and value among them, each once")
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        return Refused("csv", "not CSV: {error}", error=error)
    if len(rows) > ROWS_MAX:
        return Refused("csv", "at most {most} rows are read", most=ROWS_MAX)
    return (_object(dict(zip(names, map(unguarded, row), strict=False)), now_us) for row in rows)


def _object(row: dict[str, str], now_us: int) -> dict[str, Any]:
    given = {name: row.get(name, "").strip()[:CELL_CHARACTERS_MAX] for name in COLUMNS}
    modified = given["modified"] or iso(now_us)
    stix_object: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "created": modified,
        "modified": modified,
        "id": given["id"] or f"indicator--{uuid.uuid5(_ID_SPACE, given['type'] + ':' + given['value'])}",
        "pattern": _pattern(given["type"], given["value"]),
        "pattern_type": "stix",
        "valid_from": given["valid_from"] or modified,
        "revoked": given["revoked"].lower() in ("true", "1", "yes"),
    }
    if given["valid_until"]:
        stix_object["valid_until"] = given["valid_until"]
    if given["confidence"]:
        whole = given["confidence"].isdecimal() and given["confidence"].isascii()
        stix_object["confidence"] = int(given["confidence"][:9]) if whole else given["confidence"]
    marks = [_mark(given["tlp"].upper(), "TLP:", _TLPS), _mark(given["pap"].upper(), "PAP:", _PAPS)]
    stix_object["object_marking_refs"] = [mark for mark in marks if mark]
    if given["technique"]:
        stix_object["external_references"] = [{"source_name": "mitre-attack", "external_id": given["technique"]}]
    if any(mark is None for mark in marks):
        stix_object["object_marking_refs"] = "a marking that is none"  # gate 2 says no: nobody guesses a marking
    return stix_object


def _mark(text: str, prefix: str, known: dict[str, str]) -> str | None:
    """The marking's id, empty for no text, None for one that is none."""
    return known.get(text if text.startswith(prefix) else prefix + text) if text else ""


def _pattern(kind: str, value: str) -> str:
    """The pattern of what the row names; one that nobody knows where it names nothing."""
    try:
        return pattern_of(Observable.once(kind.lower(), value))
    except (NotCanonical, NotWritable, ValueError):
        return f"{kind}:{value}"
