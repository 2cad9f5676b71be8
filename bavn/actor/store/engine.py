"""DuckDB connections with their bounds: one that may read and write files (ours), one that is locked (a query's).

Refuses to know what is asked. A connection spills into a directory of its own, which the kernel's lock on it marks as
in use; what a killed process left is swept by the next writer.
"""

import fcntl
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bavn.actor.store.limits import StoreLimits


class Engine:
    """A DuckDB in memory. ``sql`` texts are ours; what a user writes passes bavn.actor.store.query.query first."""

    def __init__(self, limits: StoreLimits, spill: Path) -> None:
        import duckdb  # a node without a history needs none

        spill.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spill = Path(tempfile.mkdtemp(prefix="engine-", dir=spill))
        self._held = os.open(self._spill, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._held, fcntl.LOCK_SH)
        self._closed = duckdb.ConnectionException
        self._connection: Any = duckdb.connect(
            config={
                "threads": limits.threads,
                "memory_limit": f"{limits.memory_mb_max}MiB",
                "temp_directory": str(self._spill),
                "max_temp_directory_size": f"{limits.spill_mb_max}MiB",
                "python_enable_replacements": False,
                "arrow_lossless_conversion": True,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "allow_persistent_secrets": False,
            }
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._cursors: weakref.WeakSet[Any] = weakref.WeakSet()

    def lock(self, files: Sequence[Path]) -> None:
        """From here on nothing but these files can be opened, nothing written, nothing loaded or set."""
        listed = ", ".join(quoted(str(file)) for file in files)
        self._connection.execute(f"SET allowed_paths = [{listed}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def do(self, sql: str) -> None:
        """Run statements of our own."""
        self._connection.execute(sql).fetchall()

    def cursor(self) -> Any:
        """A DuckDB cursor of its own on the same database."""
        made = self._connection.cursor()
        self._cursors.add(made)
        return made

    def interrupt(self) -> None:
        """Break off what any cursor of this database runs. From any thread."""
        for cursor in list(self._cursors):
            with suppress(self._closed):  # closed meanwhile
                cursor.interrupt()

    def close(self) -> None:
        """Harmless when repeated."""
        if self._held >= 0:
            self._connection.close()
            shutil.rmtree(self._spill, ignore_errors=True)
            os.close(self._held)
            self._held = -1


def sweep_spill(spill: Path) -> None:
    """Delete the spill directories that no living process holds."""
    for directory in sorted(spill.glob("engine-*")):
        descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def file_list(files: Sequence[Path]) -> str:
    """A SQL list of file names."""
    return "[" + ", ".join(quoted(str(file)) for file in files) + "]"
