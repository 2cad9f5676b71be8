"""The resolver's log of what its policy zone refused, read as counts per blocked name.

The client's address stands in each line; it goes with the count as far as rollback.py, which keeps it for an hour. The
log is turned over when it grows: renamed, reopened, drained, deleted, in an order that counts each line once whatever
happens between. Refuses to know which indicator a name belongs to.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from bavn.actor.protect.sightings import HOSTS_MAX, Hit
from bavn.model.moment import SECOND_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

LOG_BYTES_MAX: Final = 16 * 1024 * 1024
_APPLIED: Final = re.compile(
    rb"""
    \[([0-9]{1,12})\]\ unbound\[[0-9:]+\]                               # seconds
    \ info:\ rpz:\ applied\ \[bavn\]\ (?:\*\.)?([a-z0-9._-]{1,253})\.   # name, with or without what is under it
    \ rpz-nxdomain\ (?:([0-9a-f.:]{2,45})@)?                            # client
    """,
    re.VERBOSE,
)


class Reopens(Protocol):
    """Whoever writes the log."""

    def reopen_log(self) -> None:
        """Close the log file and open the one of that name again. Raises EnforcerDown."""
        ...


class RpzLog:
    """A HitSource. A mark is ``inode:offset``."""

    def __init__(self, file: Path, writer: Reopens, *, bytes_max: int = LOG_BYTES_MAX) -> None:
        self._file, self._old = file, file.with_name(file.name + ".old")
        self._writer = writer
        self._bytes_max = bytes_max

    name = "rpz_log"

    def read(self, mark: str | None) -> tuple[tuple[Hit, ...], str]:
        """See HitSource: first what is left of a log that was turned over, then the present one."""
        inode, offset = _parsed(mark)
        lines: list[bytes] = []
        present = _inode(self._file)
        if inode != 0 and _inode(self._old) == inode:
            lines, offset = _whole_lines(self._old, offset)
            if present is None:
                return tuple(_hits(lines)), f"{inode}:{offset}"
            offset = 0
        elif present != inode:
            offset = 0
        if present is None:
            return (), "0:0"
        more, end = _whole_lines(self._file, offset)
        return tuple(_hits([*lines, *more])), f"{present}:{end}"

    def kept(self, mark: str) -> None:
        """See HitSource: deletes a log that was drained, and turns over one that grew too long."""
        inode, offset = _parsed(mark)
        old, present = _inode(self._old), _inode(self._file)
        if old is not None and old != inode:
            self._old.unlink()
        elif old is None and inode != 0 and present == inode and offset > self._bytes_max:
            self._file.rename(self._old)
            self._writer.reopen_log()
        elif old is not None and present is None:
            self._writer.reopen_log()


def _parsed(mark: str | None) -> tuple[int, int]:
    inode, _, offset = (mark or "0:0").partition(":")
    return int(inode), int(offset)


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None


def _whole_lines(file: Path, offset: int) -> tuple[list[bytes], int]:
    """The complete lines after an offset, and where they end. Raises EnforcerDown."""
    try:
        with file.open("rb") as log:
            log.seek(offset if os.fstat(log.fileno()).st_size >= offset else 0)
            read = log.read()
            start = log.tell() - len(read)
    except OSError as error:
        raise EnforcerDown(Text("{file} cannot be read: {strerror}", file=file, strerror=error.strerror)) from error
    end = read.rfind(b"\n") + 1
    return read[:end].splitlines(), start + end


def _hits(lines: Iterable[bytes]) -> list[Hit]:
    sums: dict[str, tuple[int, int, int]] = {}
    hosts: dict[str, dict[str, int]] = {}
    for line in lines:
        match = _APPLIED.match(line)
        if match is None:
            continue
        at_us, name = int(match[1]) * SECOND_US, match[2].decode("ascii")
        count, first_us, last_us = sums.get(name, (0, at_us, at_us))
        sums[name] = (count + 1, min(first_us, at_us), max(last_us, at_us))
        met = hosts.setdefault(name, {})
        host = match[3].decode("ascii") if match[3] else ""
        if host and (host in met or len(met) < HOSTS_MAX):
            met[host] = max(at_us, met.get(host, 0))
    return [
        Hit(observable, *sums[name], hosts=tuple(sorted(hosts[name].items())))
        for name in sorted(sums)
        if (observable := _observable(name)) is not None
    ]


def _observable(name: str) -> Observable | None:
    try:
        return Observable.of(ObservableType.DOMAIN, name)
    except NotCanonical:
        return None
