"""Whether a source of rules holds rules at all, before and after suricata-update read it.

suricata-update takes an archive that it cannot open for a file of rules, and a page that says "try again later" for a
set without rules; neither is an error to it. Refuses to write what it reads anywhere.
"""

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.members import Zip, tarred
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.rules.text import OUTSIDE, forbidden, rule_of
from bavn.model.intel.web_address import is_protected
from bavn.model.malformed import MALFORMED
from bavn.model.text import Text

FILE_BYTES_MAX: Final = 128 << 20
"""Of one download, and of all rules in it when it is unpacked: they are held in memory."""

MEMBERS_MAX: Final = 10_000
_ARCHIVES: Final = (".tar.gz", ".tgz", ".zip")
BROKEN: Final = (OSError, EOFError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error, *MALFORMED)
"""What reading an archive raises."""


class RulesRefused(Exception):
    """No set was put in place; the last good one stays. The operator must act."""


def not_done(what: str, seconds: float) -> Text:
    """What became of a program that was given so long."""
    return Text("{what} was not done after {seconds:.0f} s", what=what, seconds=seconds)


def source_option(source: str) -> list[str]:
    """How suricata-update is told of a source: an address, an archive, a file or folder of rules. Raises
    RulesRefused for what is neither, cannot be read, or would come unprotected over the network."""
    if "://" in source:
        if is_protected(source):
            return ["--url", source]
        raise RulesRefused(
            of_file(source, Text("rules are fetched by https only: anybody could change them on the way"), ": ")
        )
    path = readable(Path(source))
    if path.is_file() and is_archive(path.name):
        return ["--url", path.absolute().as_uri()]
    return ["--local", str(path)]


def readable(path: Path) -> Path:
    """RulesRefused where it cannot be read: suricata-update would go on without it."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            with path.open("rb"):
                pass
    except OSError as error:
        raise RulesRefused(of_file(path, Text("cannot be read ({why})", why=error.strerror))) from error
    return path


def is_archive(name: str) -> bool:
    """By its name, as suricata-update is told of it."""
    return name.endswith(_ARCHIVES)


def examine_local(source: str) -> None:
    """An archive of the actor's own; a file or folder of its own may well be empty. Raises RulesRefused."""
    path = Path(source)
    if "://" not in source and path.is_file() and is_archive(path.name):
        _examine(source, path)


def cached(source: str, cache: Path) -> Path:
    """Where suricata-update keeps what it fetched from an address."""
    digest = hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()
    return cache / f"{digest}-{source.rpartition('/')[2].split('?', 1)[0]}"


def examine_fetched(source: str, cache: Path) -> None:
    """What came from an address, as suricata-update keeps it in ``cache``; nothing where it came to no file at all,
    which suricata-update says. Raises RulesRefused."""
    if "://" not in source:
        return
    path = cached(source, cache)
    if path.is_file():
        _examine(source, path)


def _examine(source: str, path: Path) -> None:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise RulesRefused(of_file(source, Text("it is larger than {most} MiB", most=FILE_BYTES_MAX >> 20), ": "))
        if is_archive(urlsplit(source).path):
            lines = _unpacked(source, path)
        else:
            lines = _read(source, path.open("rb"), FILE_BYTES_MAX)
        rules = 0
        for line in lines:
            rule = rule_of(line)
            rules += rule is not None
            # suricata-update would copy such a file, whatever it is, before anybody could look at the rule.
            if rule and forbidden(line, ()) in OUTSIDE:
                raise RulesRefused(
                    of_file(source, Text("sid {what} names a file outside its set", what=rule.sid), ": ")
                )
        if not rules:
            raise RulesRefused(of_file(source, Text("there is not one rule in it"), ": "))
    except BROKEN as why:
        raise RulesRefused(of_file(source, Text("it is no archive of rules ({why})", why=_bounded(why)), ": ")) from why


def _unpacked(source: str, path: Path) -> Iterator[str]:
    """The lines of its files of rules, the whole archive gone through: one that breaks off is no archive."""
    for name, size, member in members(source, path):
        if name.endswith(".rules"):
            yield from _read(source, member, size)


def members(source: str | Path, path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, unpacked size and content of each file in it. Raises RulesRefused where it is too large, and BROKEN."""
    left = FILE_BYTES_MAX
    for number, (name, size, member) in enumerate(_members(path)):
        left -= size
        if number >= MEMBERS_MAX or left < 0:
            most = FILE_BYTES_MAX >> 20
            why = Text("it holds more than {files} files or {most} MiB", files=MEMBERS_MAX, most=most)
            raise RulesRefused(of_file(source, why, ": "))
        yield name, size, member


def _members(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    if zipfile.is_zipfile(path):
        with Zip(path) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    with packed.open(entry) as member:
                        yield entry.filename, entry.file_size, member
        return
    with LogFile(path) as file:
        for tar, info in tarred(file):
            inner = tar.extractfile(info) if info.isreg() else None
            if inner is not None:
                yield info.name, info.size, inner
        if file.damage:
            raise tarfile.ReadError(file.damage.en)


def _read(source: str, file: IO[bytes], size_max: int) -> Iterator[str]:
    with file:
        raw = file.read(size_max + 1)
    if len(raw) > size_max:
        raise RulesRefused(of_file(source, Text("it holds more than it says"), ": "))
    yield from raw.decode("utf-8", "replace").splitlines()


def _bounded(why: BaseException) -> str:
    return " ".join((str(why) or type(why).__name__).split())[:200]
