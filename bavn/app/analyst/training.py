"""A suspicion made into a training case: its rows told again as EVE of a network that does not exist, tried on the very
detectors, and two sheets.

It begins with the rows that the suspicion rests on and takes more of what lies around until the detectors conclude the
same from the case alone. Refuses a case from which they do not, and to write over a folder.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bavn.actor.evidence import rows
from bavn.actor.evidence.ends import Ends, ends_of
from bavn.actor.evidence.rewording import TOLD, Rewording, eve
from bavn.actor.store.query.window import StoreWindow
from bavn.app.analyst.analyse import Unit, Unread, analyse
from bavn.app.analyst.evidence_of import window_of
from bavn.app.analyst.training_sheet import answers, questions
from bavn.app.config.load import NodeConfig
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.app.process.whole_file import write_whole
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

P_MAX: Final = 0.05
CASE: Final = "case.eve.json"
LEVELS: Final = ("its own rows", "all of its host", "all of that time")
NOT_TOLD: Final = frozenset({"ioc"})
"""What a list of indicators says is no case for an eye: it is the list's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``files``: name -> bytes. ``found``: what the detectors conclude from the case; ``level``: how much it took."""

    files: Mapping[str, bytes]
    found: Suspicion
    level: str
    lines: int


def case_of(given: NodeConfig, suspicion: Suspicion, rows_max: int) -> Case:
    """The training case of a suspicion. Stop where nothing is left of its rows, or the detectors do not conclude the
    same from at most ``rows_max`` rows of each table."""
    if suspicion.detector in NOT_TOLD:
        raise Stop(
            Exit.NOT_NOW,
            Text("{id}: a match of an indicator list is no training case: the list says it all", id=suspicion.id),
        )
    seen = 0
    with window_of(given, suspicion, 0) as window, tempfile.TemporaryDirectory(prefix="bavn-training-") as scratch:
        for level in LEVELS:
            rows = list(_rows(window, suspicion, level, rows_max))
            if not rows:
                raise Stop(Exit.NOT_FOUND, Text("{id}: the store holds none of its rows any more", id=suspicion.id))
            case = Rewording(given.node.homes, given.protect.own_domains)
            lines = eve(case, rows)
            seen = lines.count(b"\n")
            file = Path(scratch) / CASE
            file.write_bytes(lines)
            same = _same(file, case, suspicion)
            if same is not None:
                files = {CASE: lines}
                for language in ("en", "da"):
                    files[f"questions.{language}.html"] = questions(same, language, CASE).encode()
                    files[f"answers.{language}.html"] = answers(same, language, CASE).encode()
                return Case(files=files, found=same, level=level, lines=seen)
    raise Stop(
        Exit.NOT_NOW,
        Text(
            "{id}: the {detector} detector does not conclude the same from {seen} rows alone (--rows): what it"
            " weighs lies further back, or is not told in a case",
            id=suspicion.id,
            detector=suspicion.detector,
            seen=seen,
        ),
    )


def write(case: Case, folder: Path) -> None:
    """Into a new folder that nobody else may read. Stop where there is one, or the disk refuses."""
    try:
        folder.mkdir(mode=0o700)
        for name, content in case.files.items():
            write_whole(folder / name, content, mode=0o600, new=True)
    except FileExistsError as error:
        raise Stop(Exit.USAGE, Text("{file} exists: name a new folder", file=folder)) from error
    except OSError as error:
        raise cannot_write(folder, error, Exit.USAGE) from error


def _rows(window: StoreWindow, suspicion: Suspicion, level: str, rows_max: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row once, by table."""
    seen: set[tuple[str, str]] = set()
    for table in _tables(window, suspicion, level, rows_max):
        if table.table not in TOLD:
            continue
        for row in table.found.to_pylist():
            key = table.table, repr(row)
            if key not in seen:
                seen.add(key)
                yield table.table, row


def _tables(window: StoreWindow, suspicion: Suspicion, level: str, rows_max: int) -> Iterator[rows.Rows]:
    if level == LEVELS[2]:
        for table in TOLD:
            whole = window.arrow(f"SELECT * FROM {table} ORDER BY ALL LIMIT {rows_max}")
            if whole.num_rows:
                yield rows.Rows(table, whole, whole.num_rows == rows_max)
        return
    yield from rows.rests_on(window, suspicion, rows_max)
    ends = ends_of(window, suspicion) if level == LEVELS[0] else Ends(host=suspicion.host, peers=())
    yield from rows.around(window, ends, rows_max)


def _same(file: Path, case: Rewording, suspicion: Suspicion) -> Suspicion | None:
    """What the same detector says of the same host in the case; None where it says nothing of it."""
    seen = analyse(Unit(file.name, (file,)))
    if isinstance(seen, Unread):
        return None
    host, peer = case.address(suspicion.host), case.words(suspicion.peer)
    mine = [
        entry.suspicion
        for entry in seen.suspicions
        if entry.suspicion.detector == suspicion.detector
        and entry.suspicion.host == host
        and entry.suspicion.p <= P_MAX
    ]
    alike = [entry for entry in mine if entry.peer == peer or set(entry.observables) & set(suspicion.observables)]
    return min(alike or mine, key=lambda entry: (entry.p, entry.id), default=None)
