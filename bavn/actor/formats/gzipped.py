"""A log file as plain bytes from its start, gzip or not, told apart by content. What a damaged archive still gives is
given; the damage is said. Refuses to know what the bytes say."""

import os
import zlib
from pathlib import Path
from typing import Final, Self

from bavn.model.text import Text

_INPUT_BYTES: Final = 1 << 18
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WBITS: Final = 31


class LogFile:
    """Open for reading, forward only. OSError from opening it. ``damage``: why nothing more can be read, or None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: Text | None = None
        self._file = path.open("rb", buffering=0)
        self.compressed = os.pread(self._file.fileno(), 2, 0) == _GZIP_MAGIC
        self._inflate = zlib.decompressobj(_GZIP_WBITS)
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
        self._inflate = zlib.decompressobj(_GZIP_WBITS)
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
            part = self._inflated(left) if self.compressed else self._plain(left)
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def head(self, count: int) -> bytes:
        """The first plain bytes, whatever was read before."""
        if not self.compressed:
            return os.pread(self._file.fileno(), count, 0)
        try:
            return zlib.decompressobj(_GZIP_WBITS).decompress(os.pread(self._file.fileno(), _INPUT_BYTES, 0), count)
        except zlib.error:
            return b""

    def _plain(self, count: int) -> bytes:
        try:
            return self._file.read(count) or b""
        except OSError as error:
            self.damage = Text("cannot be read on: {why}", why=error.strerror)
            return b""

    def _inflated(self, count: int) -> bytes:
        """Some plain bytes, or none at the end of the last archive in the file."""
        while True:
            if self._inflate.eof:
                rest = self._inflate.unused_data or self._plain(_INPUT_BYTES)
                if not rest.strip(b"\0"):
                    return b""
                self._inflate = zlib.decompressobj(_GZIP_WBITS)
            else:
                rest = self._inflate.unconsumed_tail or self._plain(_INPUT_BYTES)
            if not rest:
                self.damage = self.damage or Text("the gzip archive is cut off")
                return b""
            try:
                out = self._inflate.decompress(rest, count)
            except zlib.error as error:
                self.damage = Text("the gzip archive is damaged: {why}", why=Text.of_error(error))
                return b""
            if out:
                return out


def head_of(path: Path, count: int) -> bytes:
    """The first plain bytes of a file; none where it cannot be read."""
    try:
        with LogFile(path) as file:
            return file.head(count)
    except OSError:
        return b""
