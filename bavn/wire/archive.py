"""Closed parts of a ledger: compressed files that are written once, read-only, and found again by what stands in them.

A part is the very lines of the ledger as one JSON object each, in their order, so that its chain is the ledger's. The
same lines always make the same bytes. Refuses to know what a line means, and to delete anything.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

LINE_BYTES_MAX: Final = 1 << 20
SIEVE_BITS_PER_ITEM: Final = 10
_SIEVE_HASHES: Final = 7


class ArchiveBroken(Exception):
    """A closed part is missing or cannot be read. The operator must act: bring the file back from a backup."""


def folder_of(book: Path) -> Path:
    """Where the closed parts of the ledger in this book lie."""
    return book.with_name(book.name + ".ledger")


def name_of(first: int, last: int) -> str:
    """The file of the lines first..last."""
    return f"{first:012}-{last:012}.jsonl.gz"


def write(folder: Path, first: int, last: int, lines: Iterable[Mapping[str, Any]]) -> None:
    """Writes a part for good: it is whole and on the disk when this returns. OSError where the disk refuses."""
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / name_of(first, last)
    unfinished = file.with_suffix(".unfinished")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                for line in lines:
                    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                    packed.write(text.encode() + b"\n")
            raw.flush()
            os.fchmod(raw.fileno(), 0o400)
            os.fsync(raw.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    listed = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(listed)
    finally:
        os.close(listed)


def read(folder: Path, first: int, last: int) -> Iterator[dict[str, Any]]:
    """The lines of a part, in order. Raises ArchiveBroken."""
    file = folder / name_of(first, last)
    try:
        with gzip.open(file, "rb") as packed:
            while raw := packed.readline(LINE_BYTES_MAX):
                line = json.loads(raw)
                if not isinstance(line, dict):
                    raise ArchiveBroken(f"{file} holds something that is no line")
                yield line
    except FileNotFoundError as error:
        raise ArchiveBroken(f"{file} is missing") from error
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise ArchiveBroken(f"{file} cannot be read: {error}") from error


def sieve(items: Iterable[str]) -> bytes:
    """A Bloom filter of the items that a part holds: 1.25 bytes each; one in a hundred parts is opened in vain."""
    known = list(items)
    bits = bytearray(max(8, -(-len(known) * SIEVE_BITS_PER_ITEM // 8)))
    for item in known:
        for at in _places(item, len(bits) * 8):
            bits[at // 8] |= 1 << at % 8
    return bytes(bits)


def may_hold(bits: bytes, item: str) -> bool:
    """False only if the part has no such item."""
    return all(bits[at // 8] >> at % 8 & 1 for at in _places(item, len(bits) * 8))


def _places(item: str, bits: int) -> list[int]:
    digest = hashlib.sha256(item.encode()).digest()
    return [int.from_bytes(digest[4 * n : 4 * n + 4]) % bits for n in range(_SIEVE_HASHES)]
