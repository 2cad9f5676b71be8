"""A log that somebody else writes, followed across rotation: renamed and begun anew, or copied and truncated.

Gives whole lines in order, each once, with the place behind them. What has no line end yet waits. Refuses to know what
the lines say, and never writes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.lines import Segment, count_lines
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import Loss, Passed, SourceBroken, mark_of_another
from bavn.actor.sense.place import BEGINNING, HEAD_BYTES_MAX, LEFT_MAX, Head, Place, hash_of
from bavn.actor.sense.reading import Chunk, Reading
from bavn.model.text import Text

OLDER_MAX: Final = 1000
"""Rotated files looked at, newest first, to find the one in which reading stopped."""

_ROTATED_AWAY: Final = Text("rotated away while nobody read: the lines between are lost")
_CUT_SHORT: Final = Text("cut short in place and no copy found: the lines between may be lost")


class Follower:
    """Follows ``path``. ``older`` lists where a rotated file may lie, in any order; ``place`` is where to go on.

    ``ours``: all that lies there was written for us, so that without a place the oldest rotated file is the first to
    read. Else it is ``path``, and what was rotated before then was somebody else's to read.
    """

    def __init__(self, path: Path, place: Place | None, older: Callable[[], list[Path]], *, ours: bool = False) -> None:
        self._ours = ours
        self._path = path
        self._place = place or BEGINNING
        self._older = older
        self._reading: Reading | None = None
        self._leaving = False
        self._lost: Text | None = None

    def read(self) -> Iterator[Chunk]:
        """What is complete now. Raises SourceBroken."""
        while self._reading or self._begin():
            reading = self._reading
            assert reading is not None  # noqa: S101 - _begin says so
            if not reading.still_same():
                self._restart()
                continue
            behind = reading.file.key != _key(self._path)
            for chunk in reading.chunks(complete=behind and (self._leaving or reading.file.compressed)):
                self._place = chunk.place
                yield self._with_lost(chunk)
            if reading.file.damage:
                self._lost = reading.file.damage
                yield self._with_lost(Chunk(Segment(reading.file.path.name, self._place.lines + 1, b""), self._place))
            if not behind:
                return
            younger = self._younger(reading)
            if younger is None and not self._path.exists():
                return
            if not self._leaving and not reading.file.compressed:
                # Its writer may still be at it: what it writes last is read at the next call, then it is left.
                self._leaving = True
                if younger is None:
                    return
                continue  # with another file begun after it, nobody writes to it any more
            self.close()
            self._leaving = False
            self._place = self._place.next()
            if younger:
                self._open(younger, self._place)

    def _with_lost(self, chunk: Chunk) -> Chunk:
        lost, self._lost = self._lost, None
        return replace(chunk, lost=lost)

    def go_back(self, place: Place | None) -> None:
        """Reads on from there."""
        self.close()
        self._place, self._leaving, self._lost = place or BEGINNING, False, None

    def pass_over(self) -> Passed | None:
        """Goes on behind what would be read next (one segment of whole lines at most), and says what that was."""
        if self._reading is None and not self._begin():
            return None
        reading = self._reading
        assert reading is not None  # noqa: S101 - _begin says so
        raw = reading.pass_over()
        self._place = reading.place
        loss = Loss(what="passed_over", count=count_lines(raw), unit="lines")
        return Passed(loss, raw, self._place.text()) if raw else None

    def lag_bytes(self) -> int:
        """Bytes in the files that are known and not yet read; a compressed one counts as read."""
        reading = self._reading
        if reading is None:
            return max(0, _size(self._path) - self._place.offset)
        return reading.left_bytes() + (0 if reading.file.key == _key(self._path) else _size(self._path))

    def head(self, count: int) -> bytes:
        """The first plain bytes of the file that is read."""
        return self._reading.file.head(count) if self._reading else b""

    def close(self) -> None:
        """Harmless when repeated."""
        if self._reading:
            self._reading.file.close()
            self._reading = None

    def _begin(self) -> bool:
        """Open the file that the place is in, else the current one from its start; False while there is none."""
        place = self._place
        if place == BEGINNING:
            older = self._by_age()
            if self._ours and older:
                return self._open(older[0][1], place)
            place = replace(place, left=self._before())
        if place.head.begins(head_of(self._path, HEAD_BYTES_MAX)):
            return self._open(self._path, place)
        path = self._holder(place)
        if path is None and self._path.exists():
            self._lost = _ROTATED_AWAY
            return self._open(self._path, place.next())
        return path is not None and self._open(path, place)

    def _open(self, path: Path, place: Place) -> bool:
        try:
            self._reading = Reading(path, place)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SourceBroken(
                of_file(path, Text("cannot be opened ({why}): let the node's user read it", why=error.strerror))
            ) from error
        self._place = place
        return True

    def _restart(self) -> None:
        """Cut short under us: the rest of what it held is in a copy, if anywhere; then it begins anew."""
        self.close()
        copy = self._holder(self._place)
        if copy is None or not self._open(copy, self._place):
            # Without a copy nobody knows whether all of it was read.
            self._lost = _CUT_SHORT
            self._place = self._place.next()

    def _younger(self, reading: Reading) -> Path | None:
        """The rotated file that was begun after this one, if there is any between it and the current one."""
        left = (*self._place.left, self._place.head)
        known = {reading.file.key, _key(self._path)}
        for at_ns, path in self._by_age():
            if at_ns > reading.file.modified_ns() and _key(path) not in known:
                head = head_of(path, HEAD_BYTES_MAX)
                if head and not any(one.begins(head) for one in left if one.count):
                    return path
        return None

    def _before(self) -> tuple[Head, ...]:
        """The youngest files that were rotated before following began."""
        heads = [head_of(path, HEAD_BYTES_MAX) for _, path in self._by_age()[-LEFT_MAX:]]
        return tuple(Head(hash_of(head), len(head)) for head in heads if head)

    def _holder(self, place: Place) -> Path | None:
        """The rotated file that the place is in, the youngest if there are copies."""
        older = reversed(self._by_age())
        return next((path for _, path in older if place.head.begins(head_of(path, HEAD_BYTES_MAX))), None)

    def _by_age(self) -> list[tuple[int, Path]]:
        """Rotated files with their last change, the oldest first."""
        aged = []
        for path in self._older():
            try:
                aged.append((path.stat().st_mtime_ns, path))
            except OSError:
                continue
        return sorted(aged)[-OLDER_MAX:]


def _key(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class FollowedFile:
    """What sources of one followed file have in common. ``path``: the current file; rotated ones lie beside it and
    begin with its name or stem. SourceBroken for a mark that is not this source's."""

    def __init__(self, name: str, path: Path, mark: str | None) -> None:
        self._name, self._path = name, path
        self._follower = Follower(path, place_of(name, mark), lambda: rotated(path))
        self._begun = mark is not None

    @property
    def name(self) -> str:
        return self._name

    def go_back(self, mark: str | None) -> None:
        """See GoesBack."""
        self._follower.go_back(place_of(self._name, mark))

    def pass_over(self) -> Passed | None:
        """See PassesOver."""
        return self._follower.pass_over()

    def acknowledge(self, mark: str) -> None:
        """Nothing to do: the files are somebody else's."""

    def lag_bytes(self) -> int:
        return self._follower.lag_bytes()

    def close(self) -> None:
        self._follower.close()


def rotated(path: Path) -> list[Path]:
    """Files beside ``path`` that may be what it was before a rotation. SourceBroken if the folder cannot be read."""
    try:
        beside = [other for other in path.parent.iterdir() if other.name.startswith(path.stem)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SourceBroken(
            of_file(path.parent, Text("cannot be listed ({why}): let the node's user read it", why=error.strerror))
        ) from error
    return [other for other in beside if other.name != path.name and other.is_file()]


def place_of(name: str, mark: str | None) -> Place | None:
    """The place in a mark of one file. SourceBroken for another source's mark."""
    try:
        return None if mark is None else Place.parse(mark)
    except ValueError as error:
        raise SourceBroken(mark_of_another(name)) from error
