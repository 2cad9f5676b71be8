"""Files put together in one (tar, packed or not; zip) -> a folder with them. What cannot be taken out is told by name.

No name leads out of the folder, links and devices are left out, and there are bounds on number and size. Refuses to
know what the files hold.
"""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.members import HeaderTooLarge, Zip, tarred
from bavn.model.malformed import MALFORMED
from bavn.model.text import Text

FILES_MAX: Final = 10_000
BYTES_MAX: Final = 64 << 30
FREE_BYTES_MIN: Final = 1 << 30
"""So much room on the disk is left to others."""

_TAR_AT: Final = 257
_NAME_LENGTH_MAX: Final = 200
_PIECE_BYTES: Final = 1 << 22
_BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, *MALFORMED)
"""RuntimeError, and with it NotImplementedError: locked by a password, or packed in a way that is not known here."""

Left = tuple[str, Text]
"""What is left in an archive: its name there, and why."""


def is_archive(head: bytes) -> bool:
    """By the plain bytes at its beginning."""
    return head.startswith(b"PK\x03\x04") or head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def unpack(archive: Path, folder: Path) -> list[Left]:
    """Takes the files out into ``folder``; gives what was left there, in order. OSError where it cannot be opened."""
    room = _Room(folder)
    with archive.open("rb") as opened:
        is_zip = opened.read(4) == b"PK\x03\x04"
    left: list[Left] = []
    try:
        members = _zipped(archive) if is_zip else _tarred(archive)
        with closing(members):
            for number, (name, member) in enumerate(members):
                if number >= FILES_MAX:
                    left.append((archive.name, Text("holds more than {most} files", most=FILES_MAX)))
                    break
                why = room.taken(name, member)
                if why:
                    left.append((name, why))
                if room.full:
                    break
    except HeaderTooLarge as error:
        left.append((archive.name, Text.of_error(error)))
    except _BROKEN as error:
        left.append((archive.name, Text("the archive is damaged: {why}", why=Text.of_error(error))))
    return left


def _tarred(archive: Path) -> Generator[tuple[str, Any]]:
    with LogFile(archive) as file:
        for tar, member in tarred(file):
            if member.isreg():
                yield member.name, lambda tar=tar, member=member: tar.extractfile(member)
        if file.damage:
            raise tarfile.ReadError(file.damage.en)


def _zipped(archive: Path) -> Generator[tuple[str, Any]]:
    with Zip(archive) as members:
        for member in members.infolist():
            if not member.is_dir():
                yield member.filename, lambda member=member: members.open(member)


class _Room:
    """Where the files go, and how much of them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._bytes, self.full = folder, 0, False

    def taken(self, name: str, opened: Any) -> Text | None:
        """Why the file could not be taken out whole; None if it was."""
        target = self._folder.joinpath(*_parts(name))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened() as source, target.open("xb") as copy:
                self._copy(source, copy)
        except _BROKEN as error:
            return Text("cannot be taken out of the archive: {why}", why=Text.of_error(error))
        if self.full:
            return Text("does not fit: the archive is too large, or the disk is full")
        return None

    def _copy(self, source: IO[bytes], copy: IO[bytes]) -> None:
        while part := source.read(_PIECE_BYTES):
            self._bytes += len(part)
            free = shutil.disk_usage(self._folder).free
            if self._bytes > BYTES_MAX or free < FREE_BYTES_MIN:
                self.full = True
                return
            copy.write(part)


def _parts(name: str) -> list[str]:
    """A name's folders and its own, none of which leads up or to the root."""
    parts = [
        part for part in PurePosixPath(name.replace("\\", "/").replace("\0", "")).parts if part not in ("/", "..", ".")
    ]
    return [part[-_NAME_LENGTH_MAX:] or "_" for part in parts] or ["_"]
