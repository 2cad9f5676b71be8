"""Sources of rules copied without the lines that suricata-update cannot read: one byte that is no UTF-8 ends it.

Made only where it ended so. Whatever else a source holds (lists, classes) is copied as it is. Refuses to look whether
it is an archive at all: source.py did.
"""

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bavn.actor.formats.refused import of_file
from bavn.actor.sense.rules.source import FILE_BYTES_MAX, RulesRefused, cached, is_archive, members
from bavn.actor.sense.rules.text import LeftOut
from bavn.model.text import Text

ENDED: Final = ("endswith first arg must be bytes", "UnicodeDecodeError", "cannot use a string pattern on a bytes-like")
"""What suricata-update's last line says when a line is no text to it."""

REASON: Final = Text("it is not UTF-8")


def readable_copies(sources: Sequence[str], cache: Path, folder: Path) -> tuple[list[str], list[LeftOut]]:
    """suricata-update's options for copies of all sources, made in ``folder``, which is empty; and each line that was
    left out. ``cache``: where it keeps what it fetched. Raises OSError, RulesRefused."""
    options: list[str] = []
    left_out: list[LeftOut] = []
    for number, source in enumerate(sources):
        copy = folder / f"{number}.tar.gz"
        left = FILE_BYTES_MAX
        with tarfile.open(copy, "w:gz", compresslevel=1) as packed:
            for name, raw in _files(source, cache):
                left -= len(raw)
                if left < 0:
                    raise RulesRefused(
                        of_file(source, Text("it holds more than {most} MiB", most=FILE_BYTES_MAX >> 20), ": ")
                    )
                kept = _kept(name, raw, left_out) if name.endswith(".rules") else raw
                entry = tarfile.TarInfo(name)
                entry.size = len(kept)
                packed.addfile(entry, io.BytesIO(kept))
        options += ["--url", copy.absolute().as_uri()]
    return options, left_out


def _files(source: str, cache: Path) -> Iterator[tuple[str, bytes]]:
    path = cached(source, cache) if "://" in source else Path(source)
    if path.is_dir():
        for file in sorted(entry for entry in path.iterdir() if entry.is_file()):
            yield file.name, file.read_bytes()
    elif is_archive(path.name):
        for name, size, member in members(source, path):
            yield name.lstrip("/"), member.read(size)
    else:
        yield f"{path.name.removesuffix('.rules')}.rules", path.read_bytes()


def _kept(name: str, raw: bytes, left_out: list[LeftOut]) -> bytes:
    lines = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            if not line.lstrip().startswith(b"#"):
                left_out.append(LeftOut(f"line {number} of {name}", REASON))
        else:
            lines.append(line)
    return b"\n".join(lines)
