"""One log file, read from a place on: whole lines, each once, with the place behind them. Refuses to know what its name
is tomorrow, and what the lines say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.lines import LINE_BYTES_MAX, SEGMENT_BYTES_MAX, Piece, Segment, cut, line_ends
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.place import BEGINNING, HEAD_BYTES_MAX, Head, Place, hash_of
from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines, and the place behind them. ``lost``: lines are missing before them, and why."""

    segment: Segment
    place: Place
    lost: Text | None = None


class Reading:
    """One open file and how far it is read. ``carried``: bytes behind the place that have no line end yet."""

    def __init__(self, path: Path, place: Place) -> None:
        self.file = LogFile(path)
        self.place = place
        self._carried = b""
        self._whole = True
        self.file.seek(place.offset)

    def still_same(self) -> bool:
        """False once the file was cut short or written anew under us."""
        if self.file.compressed:
            return True
        return self.file.size() >= self.place.offset + len(self._carried) and self.place.head.begins(
            self.file.head(HEAD_BYTES_MAX)
        )

    def left_bytes(self) -> int:
        return 0 if self.file.compressed else max(0, self.file.size() - self.place.offset)

    def chunks(self, *, complete: bool) -> Iterator[Chunk]:
        """All whole lines up to where the file ends now. ``complete``: nobody writes to it any more, so that a last
        line without an end is one too. Whoever asks may stop asking after any chunk."""
        if not self._whole:
            self._go_back()
        end = None if self.file.compressed else self.file.size()
        while True:
            at = self.place.offset + len(self._carried)
            want = SEGMENT_BYTES_MAX if end is None else min(SEGMENT_BYTES_MAX, end - at)
            data = self.file.read(want) if want > 0 else b""
            last = len(data) < want or want < SEGMENT_BYTES_MAX
            before = self.place.offset
            self._whole = False
            yield from self._cut(self._carried + data if self._carried else data, complete=complete and last)
            self._whole = True
            if last:
                return
            if self.place.offset > before and not self.file.compressed:
                # Reading a part of a line again is cheaper than putting it before the next segment.
                self._go_back()

    def pass_over(self) -> bytes:
        """The whole lines of the next segment, which are behind the place then; none where there are none."""
        self._go_back()
        data = self.file.read(SEGMENT_BYTES_MAX)
        pieces, _ = cut(data, complete=False)
        if pieces:
            self._chunk(pieces[0])
        self._go_back()
        return pieces[0].raw if pieces else b""

    def _go_back(self) -> None:
        """To the place: what was read behind it is dropped and will be read again."""
        self._carried = b""
        self._whole = True
        self.file.rewind()
        self.file.seek(self.place.offset)

    def _cut(self, data: bytes, *, complete: bool) -> Iterator[Chunk]:
        if self.place.skipping:
            end = data.find(b"\n") + 1 or len(data)
            skipping = not data[:end].endswith(b"\n")
            self.place = replace(self.place, offset=self.place.offset + end, skipping=skipping)
            data = data[end:]
        pieces, self._carried = cut(data, complete=complete)
        for piece in pieces:
            yield self._chunk(piece)
        if len(self._carried) > LINE_BYTES_MAX:
            raw, self._carried = self._carried, b""
            yield self._chunk(Piece(raw, line_ends(raw)), skipping=True)

    def _chunk(self, piece: Piece, *, skipping: bool = False) -> Chunk:
        before = self.place
        offset = before.offset + len(piece.raw)
        head = before.head
        if head.count < HEAD_BYTES_MAX:
            start = self.file.head(min(HEAD_BYTES_MAX, offset))
            head = Head(hash_of(start), len(start))
        self.place = Place(head, offset, before.lines + len(piece.ends), skipping, before.left)
        return Chunk(Segment(self.file.path.name, before.lines + 1, piece.raw, piece.ends), self.place)


def whole(path: Path, place: Place = BEGINNING) -> Iterator[Chunk]:
    """A file that nobody writes to any more, from a place in it to its end. Raises SourceBroken."""
    try:
        reading = Reading(path, place)
    except OSError as error:
        raise SourceBroken(
            of_file(path, Text("cannot be opened ({why}): let the node's user read it", why=error.strerror))
        ) from error
    with reading.file:
        yield from reading.chunks(complete=True)
        if reading.file.damage:
            at = reading.place
            yield Chunk(Segment(path.name, at.lines + 1, b""), at, reading.file.damage)
