"""One line for each actor: does its node run, how is it, what blocks, what does it owe. Looks on, changes nothing.

What lies in an actor's folder is a stranger's to the operator: no link is followed, nothing large is read, and one that
cannot be read is a line that says so.
"""

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bavn.app.config.load import NodeConfig
from bavn.app.config.operator import OperatorConfig
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.node.parts import BOOK_FILE
from bavn.app.operator.home import home_of
from bavn.app.operator.register import Entry, Place, Register
from bavn.app.operator.supervise import running_state
from bavn.app.process.exits import Stop
from bavn.app.process.real import SystemClock
from bavn.model.catalogue import languages
from bavn.model.health import file_old, unchecked_only
from bavn.model.malformed import UNREADABLE
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import read_only

HEALTH_BYTES_MAX: Final = 4 << 20
UNCHECKED: Final = Text("Nothing is known to be wrong, but not all is checked yet.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``well`` None where the node does not run or has told nothing yet; counts None where its book cannot be read."""

    actor: str
    place: str
    separation: str
    running: bool
    up_s: int | None = None
    starts: int = 0
    memory_mb: int = 0
    why: str = ""
    well: bool | None = None
    problems: tuple[dict[str, str], ...] = ()
    blocks: int | None = None
    due: int | None = None
    overdue: int | None = None


def lines(operator: OperatorConfig) -> list[Line]:
    """All actors, by name."""
    entries = Register(operator.folder).entries()
    state = running_state(operator.folder)
    now_us = SystemClock().now_us()
    alive = bool(state) and not state["stopped"] and not file_old(int(state["at_us"]), now_us)
    return [_line(operator, entry, state if alive else {}, now_us) for _, entry in sorted(entries.items())]


def separation_of(entry: Entry, kernel: str) -> str:
    """What keeps this actor's node from the others': a user of its own, the kernel's fence, both, or folders alone."""
    return "+".join(
        [name for name, has in (("user", entry.uid is not None), ("kernel", kernel == "kernel")) if has]
    ) or ("folder")


def blocks_of(config: NodeConfig) -> int:
    """How many blocks are in force; 0 where no book can be read."""
    try:
        return _count(config, SystemClock().now_us())
    except (sqlite3.Error, OSError):
        return 0


def _line(operator: OperatorConfig, entry: Entry, state: dict[str, Any], now_us: int) -> Line:
    kept = state.get("actors", {}).get(entry.actor, {})
    line = Line(
        actor=entry.actor,
        place=entry.place.value,
        separation=separation_of(entry, state.get("separation", "")),
        running=kept.get("pid") is not None,
        up_s=kept.get("up_s"),
        starts=kept.get("starts", 0),
        memory_mb=kept.get("memory_mb", 0),
        why=kept.get("why", ""),
    )
    if entry.place is Place.MOVED:
        return line
    try:
        config = home_of(operator, entry.actor)
    except (SettingsError, Stop) as error:
        return replace(line, why=str(error))
    try:
        due, overdue = _owed(config, now_us)
        line = replace(line, blocks=_count(config, now_us), due=due, overdue=overdue)
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        line = replace(line, why=line.why or f"its book cannot be read: {error}")
    return _health(line, config, now_us) if line.running else line


def _health(line: Line, config: NodeConfig, now_us: int) -> Line:
    file = config.folder / HEALTH_FILE
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            health = json.loads(opened.read(HEALTH_BYTES_MAX))
        if file_old(int(health["at_us"]), now_us) or health["stopped"]:
            return line
        problems = tuple(
            {"en": str(one["en"])} | {name: str(one[name]) for name in languages() if name in one}
            for one in health["problems"]
        )
        unchecked = (UNCHECKED.spoken(),) if unchecked_only(health) else ()
        return replace(line, well=bool(health["healthy"]), problems=problems + unchecked)
    except UNREADABLE:
        return line


def _book(config: NodeConfig) -> Path | None:
    file = config.folder / BOOK_FILE
    if config.folder.is_symlink() or file.is_symlink():
        raise OSError(f"{file} is a link")
    return file if file.exists() else None


def _count(config: NodeConfig, now_us: int) -> int:
    from bavn.actor.protect.queries import BLOCKS_SQL

    file = _book(config)
    if file is None:
        return 0
    with closing(read_only(file)) as book:
        try:
            return int(book.execute(BLOCKS_SQL, (now_us,)).fetchone()[0])
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0
            raise


def _owed(config: NodeConfig, now_us: int) -> tuple[int, int]:
    """(steps of the sector's cases that this actor owes, those whose time is over)."""
    from bavn.actor.door.conversations.case_book import CASES_SQL, cases_of
    from bavn.app.node.case_parts import OWED, dues_of
    from bavn.model.sector.work import DueState

    file = _book(config)
    if file is None:
        return 0, 0
    with closing(read_only(file)) as book:
        try:
            kept = cases_of(book.execute(CASES_SQL).fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0, 0
            raise
    states = [state for one in kept for _, _, _, state in dues_of(one, now_us) if state in OWED]
    return len(states), sum(state is DueState.OVERDUE for state in states)
