"""An actor's whole folder in one sealed file: configuration, keys, store, book and ledger, as they were at one moment.

Links and what is no file do not travel; a file that is also somewhere else (a second link) is refused, since it may be
another's. Nothing is unpacked outside the folder that was named. Refuses to start or stop anything.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

from bavn.actor.formats.members import HeaderTooLarge, tarred
from bavn.app.operator.sealed import BundleDamaged, SealedReader, SealedWriter
from bavn.model.malformed import MALFORMED
from bavn.model.ports import Dice

FORMAT: Final = "bavn actor bundle 1"
MANIFEST: Final = "bundle.json"
MANIFEST_BYTES_MAX: Final = 65_536
FILES_MAX: Final = 1_000_000
NAME_BYTES_MAX: Final = 1024
BUFFER_BYTES: Final = 1 << 20
SKIPPED: Final = ("tmp",)
"""Folders at the top whose content nobody needs again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``ledger``: number and hash of the last line at the moment of the move."""

    format: str
    version: str
    actor: str
    operator: str
    made: str
    ledger: tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """``left_out``: what is no plain file (links, sockets), by its name in the folder."""

    files: int
    bytes: int
    left_out: tuple[str, ...]


class ForeignFile(Exception):
    """A file in the folder is also somewhere else. The operator must act: look whose it is, and take it out."""


def pack(home: Path, manifest: Manifest, out: BinaryIO, passphrase: str, dice: Dice) -> Packed:
    """Raises ForeignFile, OSError; ValueError for a passphrase that is too short."""
    sealed = SealedWriter(out, passphrase, dice)
    files, size, left = 0, 0, []
    with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BUFFER_BYTES) as tar:
        text = json.dumps(asdict(manifest), sort_keys=True).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(text)
        tar.addfile(head, io.BytesIO(text))
        for path, entry in _walk(home):
            name = f"home/{path.relative_to(home).as_posix()}"
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = stat.S_IMODE(entry.st_mode) & 0o700, int(entry.st_mtime)
            if stat.S_ISDIR(entry.st_mode):
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
            elif stat.S_ISREG(entry.st_mode):
                with _opened(path) as opened:
                    here = os.fstat(opened.fileno())
                    if here.st_nlink != 1 or here.st_ino != entry.st_ino:
                        raise ForeignFile(f"{path} has a second name elsewhere, or was changed meanwhile")
                    member.size = here.st_size
                    tar.addfile(member, opened)
                files, size = files + 1, size + member.size
            else:
                left.append(path.relative_to(home).as_posix())
    sealed.finish()
    return Packed(files=files, bytes=size, left_out=tuple(left))


def unpack(source: BinaryIO, passphrase: str, to: Path | None) -> Manifest:
    """Into ``to``, an empty folder, or nowhere: to see that all of it opens. Raises WrongPassphrase, BundleDamaged."""
    sealed = SealedReader(source, passphrase)
    try:
        manifest = None
        for count, (tar, member) in enumerate(tarred(io.BufferedReader(sealed, BUFFER_BYTES))):
            if count > FILES_MAX:
                raise BundleDamaged(f"it holds more than {FILES_MAX} files")
            if manifest is None:
                manifest = _manifest(tar, member)
            else:
                _member(tar, member, to)
    except (tarfile.TarError, HeaderTooLarge) as error:
        raise BundleDamaged(f"what is sealed in it cannot be read ({error})") from error
    sealed.drain()
    if manifest is None:
        raise BundleDamaged("its manifest is missing")
    return manifest


def sha256_of(file: Path) -> str:
    """Of a whole bundle (hex)."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _walk(home: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below, folders before what is in them, by name; no link is followed."""
    waiting = [home]
    while waiting:
        folder = waiting.pop()
        inside = []
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            path = Path(entry.path)
            if folder == home and entry.name in SKIPPED:
                continue
            found = entry.stat(follow_symlinks=False)
            yield path, found
            if stat.S_ISDIR(found.st_mode):
                inside.append(path)
        waiting += reversed(inside)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        yield opened


def _manifest(tar: tarfile.TarFile, head: tarfile.TarInfo) -> Manifest:
    if head.name != MANIFEST or not head.isreg() or head.size > MANIFEST_BYTES_MAX:
        raise BundleDamaged("its manifest is missing")
    try:
        said = json.loads(cast("BinaryIO", tar.extractfile(head)).read())
        number, line = said.pop("ledger")
        manifest = Manifest(**said, ledger=(int(number), str(line)))
    except MALFORMED as error:
        raise BundleDamaged("its manifest cannot be read") from error
    if manifest.format != FORMAT or not all(
        isinstance(text, str) for text in (manifest.actor, manifest.operator, manifest.made)
    ):
        raise BundleDamaged(f"it is not of the form {FORMAT!r}")
    return manifest


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path | None) -> None:
    name = PurePosixPath(member.name)
    bad = len(member.name) > NAME_BYTES_MAX or name.is_absolute() or ".." in name.parts or name.parts[:1] != ("home",)
    if bad or len(name.parts) < 2 or not (member.isreg() or member.isdir()):
        raise BundleDamaged(f"it holds {member.name[:80]!r}, which no bundle holds")
    if to is None:
        return
    target = to.joinpath(*name.parts[1:])
    try:
        if member.isdir():
            target.mkdir(mode=0o700)
            return
        if member.size > shutil.disk_usage(to).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, member.mode & 0o700 or 0o600)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise BundleDamaged(f"it holds {member.name[:80]!r} twice, or without its folder") from error
    with os.fdopen(handle, "wb") as out:
        content = cast("BinaryIO", tar.extractfile(member))
        while piece := content.read(BUFFER_BYTES):
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    os.utime(target, (member.mtime, member.mtime))
