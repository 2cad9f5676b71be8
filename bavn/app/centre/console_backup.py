"""The console's accounts in a centre's backup: everything but what people have open, which no backup brings back.

Sessions and links are left out; tokens come back ended, since one that was taken back after the
backup would be good again. Refuses a file whose log does not hold.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from bavn.app.access.book import CONSOLE_FILE
from bavn.app.access.tables import LINK, SESSION, TOKEN
from bavn.app.process.backup_file import CHUNK_BYTES, BadBackup, Reader, Writer
from bavn.app.process.real import SystemClock
from bavn.centre.cases import audit
from bavn.centre.store.engine import open_engine, writing

PART: Final = "console.db"
LEFT_OUT: Final = (SESSION.name, LINK.name)


def add(folder: Path, work: Path, writer: Writer) -> list[str]:
    """Puts a copy of the console's accounts into a backup, where there are some; what is broken in it. ``work``: a
    folder for the copy."""
    there = folder / CONSOLE_FILE
    if not there.exists():
        return []
    copy = work / CONSOLE_FILE
    with closing(sqlite3.connect(copy)) as target:
        with closing(sqlite3.connect(f"{there.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("PRAGMA secure_delete=ON")
        for name in LEFT_OUT:
            target.execute(f"DELETE FROM {name}")
        target.commit()
        target.execute("VACUUM")
    bad = _chain(copy)
    writer.add(PART, _pieces(copy))
    return [] if bad is None else [f"the console's log: {bad}"]


def bring(reader: Reader, folder: Path, by: str) -> Path | None:
    """The accounts beside their place, checked; None where the backup holds none. Raises BadBackup."""
    if PART not in reader.manifest.parts:
        return None
    coming = folder / f"{CONSOLE_FILE}.coming"
    clear(folder)
    reader.copy(PART, coming)
    bad = _chain(coming)
    if bad is not None:
        raise BadBackup(f"its console's log does not hold: {bad}")
    engine = open_engine(URL.create("sqlite", database=str(coming)))
    try:
        with writing(engine) as tx:
            tx.execute(TOKEN.update().values(ended=True))
            audit.note(tx, SystemClock().now_us(), by, "restored", "console", {})
    finally:
        engine.dispose()
    with closing(sqlite3.connect(coming)) as whole:
        whole.execute("PRAGMA journal_mode=DELETE")
    return coming


def in_place(coming: Path | None) -> None:
    """Raises FileExistsError where there are accounts by now."""
    if coming is not None:
        os.link(coming, coming.parent / CONSOLE_FILE)


def clear(folder: Path) -> None:
    """What was brought and is of no use any more."""
    for tail in ("", "-wal", "-shm"):
        (folder / f"{CONSOLE_FILE}.coming{tail}").unlink(missing_ok=True)


def _chain(file: Path) -> str | None:
    """What is wrong with the file; None where it is sound and its chain holds."""
    try:
        with closing(sqlite3.connect(file)) as opened:
            (sound,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    if sound != "ok":
        return str(sound)
    engine = open_engine(URL.create("sqlite", database=str(file)))
    try:
        bad = audit.verify(engine)
    finally:
        engine.dispose()
    return None if bad is None else f"line {bad.seq} {bad.reason}"


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece
