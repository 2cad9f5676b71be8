"""The popularity and warning lists for a guard: made once by a child process, then only mapped from a file.

Reading them takes a second and leaves 80 MB behind in the process that does it. A node that watches needs them all day
and has the room; a guard looks up a value now and then. Refuses to know what the lists say.
"""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pyarrow as pa

from bavn.actor.detect.indicators.lists import Grade, Lists, Names, Ranges, shipped
from bavn.model.tied import tied

MAKE_S_MAX: Final = 600.0
_PACKAGE: Final = "pymispwarninglists"


class Kept:
    """``folder``: where the file is kept. Opened at the first question."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lists: Lists | None = None

    def __call__(self) -> Lists:
        """The lists; read into this process after all where they cannot be kept in a file."""
        if self._lists is None:
            try:
                self._lists = _mapped(self._made())
            except (OSError, ValueError, subprocess.SubprocessError, pa.ArrowException):
                self._lists = shipped()
        return self._lists

    def _made(self) -> Path:
        file = self._folder / f"known-{version(_PACKAGE)}.arrow"
        if not file.exists():
            for old in self._folder.glob("known-*.arrow"):
                old.unlink()
            subprocess.run(
                tied([sys.executable, "-P", "-m", __spec__.name, file]),
                check=True,
                timeout=MAKE_S_MAX,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return file


def write(lists: Lists, file: Path) -> None:
    """Grades of names and addresses as Arrow record batches: one a grade, marked by its number and kind. Whole or not
    at all."""
    fresh = file.with_name(file.name + ".new")
    schema = pa.schema([("names", pa.large_string()), ("first", pa.binary(16)), ("last", pa.binary(16))])
    with pa.OSFile(str(fresh), "wb") as sink, pa.ipc.new_file(sink, schema) as out:
        for grade in Grade:
            names = lists.names_of(grade).array.cast(pa.large_string())
            spans = [pa.array([n.to_bytes(16) for n in some], pa.binary(16)) for some in lists.spans_of(grade)]
            for columns in (
                (names, *(pa.nulls(len(names), pa.binary(16)) for _ in spans)),
                (pa.nulls(len(spans[0]), pa.large_string()), *spans),
            ):
                out.write_batch(pa.record_batch(list(columns), schema=schema))
    fresh.rename(file)


def _mapped(file: Path) -> Lists:
    read = pa.ipc.open_file(pa.memory_map(str(file)))
    if read.num_record_batches != 2 * len(Grade):
        raise ValueError(f"{file} holds other lists")
    names, addresses = {}, {}
    for n, grade in enumerate(Grade):
        names[grade] = Names.held(read.get_batch(2 * n).column(0))
        spans = read.get_batch(2 * n + 1)
        firsts, lasts = ([int.from_bytes(one) for one in spans.column(at).to_pylist()] for at in (1, 2))
        addresses[grade] = Ranges.held(firsts, lasts)
    return Lists(names, addresses)


if __name__ == "__main__":
    write(shipped(), Path(sys.argv[1]))
