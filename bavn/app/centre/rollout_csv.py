"""The roll-out's register as CSV, out and in: one row for each actor, the columns of :data:`COLUMNS`, UTF-8.

What is written can be read back and changes nothing. A cell that a spreadsheet could take for a formula is written with
an apostrophe before it. A file is read whole or not at all, and each fault is told with its line and column. Refuses to
delete anybody: who is not in a file stays as they are.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from bavn.centre.desk.rolling import Entry, day_of
from bavn.centre.members.rollout import Party, Planned
from bavn.model.sector.functions import Role
from bavn.model.sector.rollout import PATH, Stage, Wait
from bavn.wire.partners.csv import guarded, unguarded

PLAN_PREFIX: Final = "plan_"
COLUMNS: Final = (
    "actor",
    "title",
    "kind",
    "region",
    "group",
    "functions",
    "suppliers",
    "contact",
    "waits",
    "stage",
    *(PLAN_PREFIX + stage.value for stage in PATH[1:]),
)
ROWS_MAX: Final = 1000
BYTES_MAX: Final = 2_000_000
CELL_CHARS_MAX: Final = 5000
FAULTS_SHOWN_MAX: Final = 20
_WAIT: Final = re.compile(r"([a-z-]+):([a-z][a-z0-9-]{1,39})=([a-z-]+)")


class BadRegister(ValueError):
    """The file is no register. Its author must act; the words name lines and columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is written of one actor. ``role``, ``kind`` and ``group``: the registry's for a member."""

    party: Party
    role: Role
    kind: str
    group: str
    waits: tuple[Wait, ...]
    plan: tuple[Planned, ...]


def text_of(rows: Iterable[Row]) -> str:
    """The register as CSV text. ``stage`` is for the reader: steps are taken by `rollout move`, never by a file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        party, days = row.party, {planned.stage: planned.day for planned in row.plan}
        cells = [
            party.actor,
            party.title,
            row.kind,
            party.region,
            row.group,
            " ".join(row.role.functions),
            " ".join(row.role.suppliers),
            party.contact,
            " ".join(f"{wait.stage.value}:{wait.other}={wait.until.value}" for wait in row.waits),
            party.stage.value,
            *(iso_day(days[stage]) if stage in days else "" for stage in PATH[1:]),
        ]
        writer.writerow(guarded(cell) for cell in cells)
    return out.getvalue()


def entries_of(raw: bytes) -> list[Entry]:
    """Lines of a register; commas or semicolons between cells, the columns in any order, ``actor`` among them; what has
    no column stays as it is, an empty cell empties. Raises BadRegister."""
    if len(raw) > BYTES_MAX:
        raise BadRegister(f"more than {BYTES_MAX} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRegister(f"byte {error.start} is no UTF-8: save it as CSV UTF-8") from None
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    lines.seek(0)
    reader = csv.reader(lines, delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_names(names)
        return _read(reader, names)
    except csv.Error as error:
        raise BadRegister(f"line {reader.line_num}: {error}") from None


def _check_names(names: list[str]) -> None:
    if "actor" not in names:
        raise BadRegister("line 1: there is no column actor")
    unknown = sorted(set(names) - set(COLUMNS))
    if unknown or len(set(names)) != len(names):
        raise BadRegister(
            f"line 1: no column is called {unknown[0][:40]!r}; known: {', '.join(COLUMNS)}"
            if unknown
            else "line 1: a column stands there twice"
        )


def _read(reader: Any, names: list[str]) -> list[Entry]:
    entries: list[Entry] = []
    faults: list[str] = []
    seen: set[str] = set()
    for cells in reader:
        where = f"line {reader.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(entries) + len(faults) >= ROWS_MAX:
            raise BadRegister(f"more than {ROWS_MAX} rows")
        if len(cells) != len(names) or any(len(cell) > CELL_CHARS_MAX for cell in cells):
            faults.append(f"{where}: {len(cells)} cells, not {len(names)}, or one above {CELL_CHARS_MAX} characters")
            continue
        row = {name: unguarded(cell.strip()) for name, cell in zip(names, cells, strict=True)}
        entry = _entry(row, where, faults)
        if entry is not None and entry.actor in seen:
            faults.append(f"{where}, actor: {entry.actor} stands there twice")
        elif entry is not None:
            seen.add(entry.actor)
            entries.append(entry)
    if faults:
        more = f" and {len(faults) - FAULTS_SHOWN_MAX} more" if len(faults) > FAULTS_SHOWN_MAX else ""
        raise BadRegister("; ".join(faults[:FAULTS_SHOWN_MAX]) + more)
    return entries


def _entry(row: dict[str, str], where: str, faults: list[str]) -> Entry | None:
    """One row, or None with its faults noted."""
    actor, before = row["actor"], len(faults)
    given: dict[str, Any] = {name: row[name] for name in ("title", "region", "group", "contact") if name in row}
    if row.get("kind"):
        given["kind"] = row["kind"]
    for name in ("functions", "suppliers"):
        if name in row:
            given[name] = tuple(sorted(set(row[name].split())))
    _take(row, "waits", where, faults, given, lambda cell: tuple(_wait(actor, one) for one in cell.split()))
    plan: dict[str, Any] = {}
    for name in row:
        if name.startswith(PLAN_PREFIX):
            _take(row, name, where, faults, plan, lambda cell: day_of(cell) if cell else None)
    if plan:
        given["plan"] = {Stage(name.removeprefix(PLAN_PREFIX)): day for name, day in plan.items()}
    if len(faults) > before:
        return None
    entry = Entry(actor=actor, **given)
    try:
        Party(
            actor=actor,
            title=entry.title or "",
            kind=entry.kind or "other",
            region=entry.region or "",
            group=entry.group or "",
            role=Role(entry.functions or (), entry.suppliers or ()),
            contact=entry.contact or "",
        )
    except ValueError as error:
        faults.append(f"{where}: {error}")
        return None
    return entry


def _take(
    row: dict[str, str], name: str, where: str, faults: list[str], given: dict[str, Any], read: Callable[[str], Any]
) -> None:
    if name not in row:
        return
    try:
        given[name] = read(row[name])
    except ValueError as error:
        faults.append(f"{where}, {name}: {error}")


def _wait(actor: str, text: str) -> Wait:
    match = _WAIT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:60]!r} is not STATE:ACTOR=STATE")
    return Wait(actor, Stage(match[1]), match[2], Stage(match[3]))


def iso_day(day: int) -> str:
    """A day since 1970 as 2026-11-26."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()
