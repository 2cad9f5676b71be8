"""What stands in a tar or a zip, with a bound on the headers before tarfile and zipfile read them.

Both read a header whole into memory, whatever size it claims, and keep each one. Refuses to write a member anywhere.
"""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, Protocol

from bavn.model.malformed import MALFORMED
from bavn.model.text import Text

HEADER_BYTES_MAX: Final = 1 << 16
"""Of all headers of one file in a tar: its block, names, extended attributes, where its holes are."""

DIRECTORY_BYTES_MAX: Final = 16 << 20
"""Of a zip's list of files."""

_SKIPPED_BYTES: Final = 1 << 20
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Python's zipfile unpacks the other methods without a bound on what comes out of one piece."""


class HeaderTooLarge(ValueError):
    """Raised with a Text. The archive is not read on."""

    def __init__(self, most: int) -> None:
        super().__init__(Text("a header in it is larger than {most} KiB", most=most >> 10))


class Readable(Protocol):
    """A tar, unpacked."""

    def read(self, count: int, /) -> bytes:
        """Up to so many bytes; fewer only at the end."""


class _Forward:
    """A stream as tarfile reads it. ``left``: bytes that may still be read for headers; None: for a file's content."""

    def __init__(self, file: Readable) -> None:
        self.left: int | None = HEADER_BYTES_MAX
        self._file, self._at = file, 0

    def tell(self) -> int:
        return self._at

    def seek(self, at: int) -> int:
        if at < self._at:
            raise tarfile.StreamError("seeking backwards is not allowed")
        while self._at < at and (passed := len(self._file.read(min(at - self._at, _SKIPPED_BYTES)))):
            self._at += passed
        return self._at

    def read(self, count: int) -> bytes:
        if count < 0:
            raise tarfile.ReadError("a size in it is negative")
        if self.left is not None:
            self.left -= count
            if self.left < 0:
                raise HeaderTooLarge(HEADER_BYTES_MAX)
        data = self._file.read(count)
        self._at += len(data)
        return data


def tarred(file: Readable) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Each member in order, none of which is kept; its content can be read until the next one is asked for. Raises
    HeaderTooLarge, tarfile.TarError, and what reading raises."""
    through = _Forward(file)
    try:
        with tarfile.open(fileobj=through, mode="r:", stream=True) as tar:  # type: ignore[call-overload]
            while (member := tar.next()) is not None:
                through.left = None
                tar.pax_headers = {}  # what is said of all files that follow would grow without end
                yield tar, member
                through.left = HEADER_BYTES_MAX
    except HeaderTooLarge:
        raise
    except MALFORMED as error:
        raise tarfile.ReadError(f"a header in it is not well-formed ({error})") from error


class _ZipFile(io.BufferedReader):
    """A zip as zipfile reads it. ``bounded``: while its list of files is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.bounded = True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.bounded and (size or 0) > DIRECTORY_BYTES_MAX:
            raise HeaderTooLarge(DIRECTORY_BYTES_MAX)
        return super().read(size)


class Zip(zipfile.ZipFile):
    """A zip for reading. Raises HeaderTooLarge, and what zipfile raises."""

    def __init__(self, path: Path) -> None:
        self._raw = _ZipFile(path)
        try:
            super().__init__(self._raw)
        except BaseException:
            self._raw.close()
            raise
        self._raw.bounded = False

    def open(self, name: str | zipfile.ZipInfo, *given: Any, **named: Any) -> IO[bytes]:
        """NotImplementedError, as zipfile's, for a member that could not be unpacked within a bound."""
        if self.getinfo(name if isinstance(name, str) else name.filename).compress_type not in _METHODS:
            raise NotImplementedError(Text("it is packed in a way that is not read here"))
        return super().open(name, *given, **named)

    def close(self) -> None:
        """Harmless when repeated."""
        super().close()
        self._raw.close()
