"""How bytes are packed, told apart by how they begin, and what unpacks them a bounded piece at a time.

Text in UTF-16 counts as packed: its bytes come out as UTF-8. Refuses to know what the bytes say.
"""

import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import pyarrow as pa

INPUT_BYTES: Final = 1 << 18
_GZIP_WBITS: Final = 31
_STEP_BYTES: Final = 1 << 14
"""At most so much of what Arrow had unpacked already is lost where an archive is cut off."""
_XZ_BYTES_MAX: Final = 256 << 20

Read = Callable[[int], bytes]
"""So many bytes at most, fewer only at the end."""

DAMAGED: Final = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, pa.ArrowException)
"""What unpacking raises; EOFError where an archive is cut off."""


class Unpacking(Protocol):
    """Plain bytes of an archive, forward only."""

    def read(self, count: int, /) -> bytes:
        """Some plain bytes, none at the end (as it is now). One of DAMAGED."""


@dataclass(frozen=True, slots=True)
class Packing:
    """``name``: for people. ``opened``: from how packed bytes are read."""

    name: str
    begins: bytes
    opened: Callable[[Read], Unpacking]


def packing_of(head: bytes) -> Packing | None:
    """By its first bytes; None for what is not packed, or in a way that is not known here."""
    return next((packing for packing in _PACKINGS if head.startswith(packing.begins)), None)


class _Gzip:
    """As bz2's and lzma's decompressors are."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_WBITS)

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, most)


class _Archives:
    """One archive behind the other, zeroes behind the last."""

    def __init__(self, make: Callable[[], Any], read: Read) -> None:
        self._make, self._read = make, read
        self._archive = make()

    def read(self, count: int) -> bytes:
        while True:
            archive = self._archive
            if archive.eof:
                data = archive.unused_data or self._read(INPUT_BYTES)
                if not data.strip(b"\0"):
                    return b""
                archive = self._archive = self._make()
            else:
                data = self._read(INPUT_BYTES) if archive.needs_input else b""
                if not data and archive.needs_input:
                    raise EOFError
            out: bytes = archive.decompress(data, count)
            if out:
                return out


class _Frames:
    """zstd and lz4, which Arrow unpacks."""

    def __init__(self, codec: str, read: Read) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(_Pipe(read), mode="r"), codec)

    def read(self, count: int) -> bytes:
        try:
            out: bytes = self._stream.read(min(count, _STEP_BYTES))
        except OSError as error:
            if "Truncated" in str(error):
                raise EOFError from error
            raise
        return out


class _Pipe:
    """What Arrow takes for a file; it never closes what it reads."""

    closed = False

    def __init__(self, read: Read) -> None:
        self._read = read

    def read(self, count: int) -> bytes:
        return self._read(count)

    def close(self) -> None:
        """Whoever opened the file closes it."""


class _Utf16:
    def __init__(self, read: Read) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._read, self._ready = read, b""

    def read(self, count: int) -> bytes:
        while not self._ready:
            data = self._read(INPUT_BYTES)
            if not data:
                return b""
            self._ready = self._decoder.decode(data).encode("utf-8", "replace")
        some, self._ready = self._ready[:count], self._ready[count:]
        return some


_PACKINGS: Final = (
    Packing("gzip", b"\x1f\x8b", partial(_Archives, _Gzip)),
    Packing("bzip2", b"BZh", partial(_Archives, bz2.BZ2Decompressor)),
    Packing("xz", b"\xfd7zXZ\0", partial(_Archives, partial(lzma.LZMADecompressor, memlimit=_XZ_BYTES_MAX))),
    Packing("zstd", b"\x28\xb5\x2f\xfd", partial(_Frames, "zstd")),
    Packing("lz4", b"\x04\x22\x4d\x18", partial(_Frames, "lz4")),
    Packing("UTF-16", b"\xff\xfe", _Utf16),
    Packing("UTF-16", b"\xfe\xff", _Utf16),
)
