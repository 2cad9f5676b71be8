"""A file that a shipper reads: one event a line, rotated by size; whole lines alone, also after kill -9.

What was written is on the disk (fsync) before it counts as handed over.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from bavn.app.siem.transports.base import Handed, Message, NotTaken
from bavn.model.text import Text

BYTES_MAX: Final = 100_000_000
FILES_MAX: Final = 5
_PIECE_BYTES: Final = 65_536


class FileTransport:
    """``file`` and the older ones beside it: ``file.1`` is the newest of them, at most ``files_max``."""

    def __init__(self, file: Path, bytes_max: int = BYTES_MAX, files_max: int = FILES_MAX) -> None:
        self._file, self._bytes_max, self._files_max = file, bytes_max, files_max

    @property
    def receiver(self) -> str:
        return str(self._file)

    def hand(self, messages: Sequence[Message]) -> Handed:
        try:
            self._turn_over()
            with self._opened() as opened:
                opened.write(b"".join(line_of(message) + b"\n" for message in messages))
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise NotTaken(Text("it cannot be written ({why})", why=error.strerror or type(error).__name__)) from error
        return Handed()

    def close(self) -> None:
        """Nothing is open between two batches: a rotator of others may move the file."""

    def _opened(self) -> BinaryIO:
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        opened = os.fdopen(descriptor, "r+b")
        try:
            _cut_torn_line(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def _turn_over(self) -> None:
        if not self._file.exists() or self._file.stat().st_size < self._bytes_max:
            return
        for number in range(self._files_max - 1, 0, -1):
            older = self._aside(number)
            if older.exists():
                older.replace(self._aside(number + 1))
        if self._files_max:
            self._file.replace(self._aside(1))
        else:
            self._file.unlink()

    def _aside(self, number: int) -> Path:
        return self._file.with_name(f"{self._file.name}.{number}")


def line_of(message: Message) -> bytes:
    """A message as one line of bytes, without its end."""
    content = message.content
    if not isinstance(content, str):
        content = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return content.encode("utf-8", "replace")


def _cut_torn_line(opened: BinaryIO) -> None:
    """What a kill left of a line goes: that event is written again. Stands at the end then."""
    end = at = opened.seek(0, os.SEEK_END)
    while at:
        begin = max(0, at - _PIECE_BYTES)
        opened.seek(begin)
        piece = opened.read(at - begin)
        line_end = piece.rfind(b"\n")
        if line_end >= 0:
            at = begin + line_end + 1
            break
        at = begin
    if at < end:
        opened.truncate(at)
    opened.seek(at)
