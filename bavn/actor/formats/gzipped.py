"""A log file as plain bytes from its start, packed or not, told apart by content. What a damaged archive still gives is
given; the damage is said. Refuses to know what the bytes say."""

import io
import os
from pathlib import Path
from typing import Final, Self

from bavn.actor.formats.packed import DAMAGED, INPUT_BYTES, Unpacking, packing_of
from bavn.model.text import Text

_SIGN_BYTES: Final = 8


class LogFile:
    """Open for reading, forward only. OSError from opening it. ``damage``: why nothing more can be read, or None.
    ``compressed``: offsets are those of the plain bytes, which its size does not tell."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: Text | None = None
        self._file = path.open("rb", buffering=0)
        self._packing = packing_of(os.pread(self._file.fileno(), _SIGN_BYTES, 0))
        self.compressed = self._packing is not None
        self._unpacking = self._opened()
        status = os.fstat(self._file.fileno())
        self.key = (status.st_dev, status.st_ino)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Harmless when repeated."""
        self._file.close()

    def size(self) -> int:
        """Bytes it takes on disk now."""
        return os.fstat(self._file.fileno()).st_size

    def modified_ns(self) -> int:
        return os.fstat(self._file.fileno()).st_mtime_ns

    def rewind(self) -> None:
        """To the first byte, also where the file has another name by now."""
        self._file.seek(0)
        self._unpacking = self._opened()
        self.damage = None

    def seek(self, offset: int) -> None:
        """To an offset in the plain bytes. A compressed file is read up to there, so only from its start."""
        if not self.compressed:
            self._file.seek(offset)
            return
        left = offset
        while left > 0:
            passed = len(self.read(min(left, 1 << 22)))
            if not passed:
                return
            left -= passed

    def read(self, count: int) -> bytes:
        """Up to ``count`` plain bytes; fewer only at the end (as it is now) or at damage."""
        parts: list[bytes] = []
        left = count
        while left > 0 and self.damage is None:
            part = self._unpacked(left) if self.compressed else self._plain(left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def head(self, count: int) -> bytes:
        """The first plain bytes, whatever was read before."""
        if self._packing is None:
            return os.pread(self._file.fileno(), count, 0)
        unpacking = self._packing.opened(io.BytesIO(os.pread(self._file.fileno(), INPUT_BYTES, 0)).read)
        plain = b""
        try:
            while len(plain) < count and (some := unpacking.read(count - len(plain))):
                plain += some
        except DAMAGED:
            pass
        return plain

    def _opened(self) -> Unpacking | None:
        return self._packing.opened(self._plain) if self._packing else None

    def _plain(self, count: int) -> bytes:
        try:
            return self._file.read(count) or b""
        except OSError as error:
            self.damage = Text("cannot be read on: {why}", why=error.strerror)
            return b""

    def _unpacked(self, count: int) -> bytes:
        """Some plain bytes, or none at the end of the last archive in the file."""
        assert self._packing is not None  # noqa: S101 - it is compressed
        assert self._unpacking is not None  # noqa: S101 - as above
        try:
            return self._unpacking.read(count)
        except EOFError:
            self.damage = self.damage or Text("the {form} archive is cut off", form=self._packing.name)
        except DAMAGED as error:
            why = Text.of_error(error)
            self.damage = self.damage or Text("the {form} archive is damaged: {why}", form=self._packing.name, why=why)
        return b""


def head_of(path: Path, count: int) -> bytes:
    """The first plain bytes of a file; none where it cannot be read."""
    try:
        with LogFile(path) as file:
            return file.head(count)
    except OSError:
        return b""
