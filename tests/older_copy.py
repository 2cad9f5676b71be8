"""A book as a backup of an hour ago holds it, and that backup put back."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

from bavn.model.moment import HOUR_US


def copy_of_an_hour_ago(file: Path) -> Path:
    """Of a book that is closed: what it says of when it was written last is an hour old."""
    copy = file.with_name(f"{file.name}.copy")
    shutil.copy(file, copy)
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE book_mark SET at_us = at_us - ?", (HOUR_US,))
    return copy


def put_back(copy: Path, file: Path) -> None:
    """As a person does; its times are the copy's."""
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    shutil.copy2(copy, file)
