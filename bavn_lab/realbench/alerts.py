"""Files of one organisation's alerts, ``ten_minutes, host, kind, phase, count``, as rows in the order of time.

A row that cannot be read costs that row, a file that cannot be read costs that file; each is counted or named with its
reason. ``phase`` is the step of an attack by the label's clock, empty outside it. Refuses to trust the order of rows.
"""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from bavn.model.observable import NotCanonical
from bavn.psi.ordinary import Ordinary, OrdinaryType

COLUMNS: Final = ("ten_minutes", "host", "kind", "phase")
ROWS_MAX: Final = 2_000_000
TEXT_MAX: Final = 300
TIME_DIGITS_MAX: Final = 10


class Alert(NamedTuple):
    """``at``: the beginning of ten minutes, seconds since 1970."""

    at: int
    host: str
    kind: str
    phase: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """``alerts`` by time; at one time those outside any phase first. ``refused``: rows left out, by reason."""

    name: str
    alerts: tuple[Alert, ...]
    refused: Mapping[str, int]

    @property
    def begins(self) -> int:
        return self.alerts[0].at

    @property
    def phases(self) -> frozenset[str]:
        return frozenset(alert.phase for alert in self.alerts if alert.phase)


@dataclass(frozen=True, slots=True)
class Organisations:
    """Those that can be read, by name, and why each other file cannot."""

    organisations: tuple[Organisation, ...]
    unreadable: Mapping[str, str]


def read_organisations(folder: Path) -> Organisations:
    """Every ``NAME.csv`` and ``NAME.csv.gz`` of the folder. OSError where the folder itself cannot be listed."""
    organisations: list[Organisation] = []
    unreadable: dict[str, str] = {}
    for path in sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz"))):
        refused: Counter[str] = Counter()
        try:
            alerts = sorted(_alerts(path, refused))
        except (OSError, EOFError, zlib.error, csv.Error, ValueError) as error:
            unreadable[path.name] = str(error)
            continue
        if alerts:
            organisations.append(Organisation(path.name.split(".")[0], tuple(alerts), dict(refused)))
        else:
            unreadable[path.name] = "not one row can be read"
    return Organisations(tuple(organisations), unreadable)


def _alerts(path: Path, refused: Counter[str]) -> Iterator[Alert]:
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.DictReader(text)
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise ValueError(f"it has no column {', '.join(missing)}")
        for number in range(ROWS_MAX + 1):
            try:
                row = next(rows, None)
            except csv.Error:
                refused["no row of commas and quotes"] += 1
                continue
            if row is None:
                return
            alert = _alert(row) if number < ROWS_MAX else f"rows beyond {ROWS_MAX:,} are not read"
            if isinstance(alert, str):
                refused[alert] += 1
            else:
                yield alert


def _alert(row: Mapping[str, str | None]) -> Alert | str:
    """The row, or why not."""
    at, host, kind, phase = ((row[name] or "").strip() for name in COLUMNS)
    if max(len(host), len(phase)) > TEXT_MAX:
        return "a text that is too long"
    if not (at.isascii() and at.isdigit() and len(at) <= TIME_DIGITS_MAX):
        return "no time"
    try:
        return Alert(int(at), host, Ordinary.of(OrdinaryType.ALERT, kind).value, phase)
    except NotCanonical:
        return "no kind of alert"
