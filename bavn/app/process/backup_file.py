"""A backup's file: a zip with tables, book and closed parts, and a manifest that names every part with its SHA-256.

It is written whole or not at all, and readable by its owner alone. What is read is believed only after every part has
the size and the hash that the manifest says. Refuses to know what a part means.
"""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from bavn.actor.formats.members import Zip
from bavn.model.malformed import MALFORMED

FORMAT: Final = "bavn centre backup 1"
MANIFEST: Final = "manifest.json"
MANIFEST_BYTES_MAX: Final = 4 << 20
PARTS_MAX: Final = 100_000
PART_NAME: Final = re.compile(
    r"""
    tables/[a-z0-9_]{1,60}\.jsonl           # a table of the centre's book
    | book\.db | console\.db                # the door's book and the console's accounts
    | ledger/\d{12}-\d{12}\.jsonl\.gz       # lines of the ledger, first and last
    | keys\.sealed                          # keys
    """,
    re.VERBOSE,
)
CHUNK_BYTES: Final = 1 << 20
LINE_BYTES_MAX: Final = 1 << 28


class BadBackup(Exception):
    """The file is no backup, or not as it was written. Whoever gave it must act: take another copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``bytes`` unpacked, ``sha256`` hex; ``rows`` of a table, else 0."""

    bytes: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is. ``revision`` of the tables; ``audit`` and ``ledger``: number and hash of the last line;
    ``left_out``: what it does not hold, in words."""

    format: str
    version: str
    sector: str
    made: str
    database: str
    revision: str
    audit: tuple[int, str]
    ledger: tuple[int, str]
    keys: bool
    left_out: tuple[str, ...]
    parts: dict[str, Part] = field(default_factory=dict)


class Writer:
    """Adds parts; ``finish`` writes the manifest. Made by ``writing_to``."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._zip = packed
        self.parts: dict[str, Part] = {}

    def add(self, name: str, pieces: Iterable[bytes], *, rows: bool = False) -> None:
        """``rows``: the pieces are lines, of which the first is a head."""
        hashed, size, count = hashlib.sha256(), 0, 0
        packed = zipfile.ZipInfo(name)
        packed.compress_type = zipfile.ZIP_STORED if name.endswith((".gz", ".sealed")) else zipfile.ZIP_DEFLATED
        with self._zip.open(packed, "w", force_zip64=True) as out:
            for piece in pieces:
                out.write(piece)
                hashed.update(piece)
                size, count = size + len(piece), count + 1
        self.parts[name] = Part(bytes=size, sha256=hashed.hexdigest(), rows=max(0, count - 1) if rows else 0)

    def finish(self, manifest: Manifest) -> None:
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1, sort_keys=True))


@contextmanager
def writing_to(file: Path) -> Iterator[Writer]:
    """Raises FileExistsError where the file is there; nothing is left of what did not become whole."""
    if file.exists():
        raise FileExistsError(f"{file} is there already")
    unfinished = file.with_name(f".{file.name}.unfinished")
    handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w+b") as raw:
            with zipfile.ZipFile(raw, "w") as packed:
                yield Writer(packed)
            raw.flush()
            os.fsync(raw.fileno())
        os.link(unfinished, file)  # refuses to overwrite, also what came meanwhile
    finally:
        unfinished.unlink(missing_ok=True)


class Reader:
    """A backup whose parts have been checked."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._zip = packed
        self.manifest = self._manifest()
        self._check()

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.manifest.parts if name.startswith(prefix))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with self._zip.open(name) as part:
            yield part

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a part. Raises BadBackup for one that is longer than any row can be."""
        with self._zip.open(name) as part:
            while line := part.readline(LINE_BYTES_MAX):
                if len(line) >= LINE_BYTES_MAX:
                    raise BadBackup(f"{name} holds a line that is too long")
                yield line

    def copy(self, name: str, to: Path) -> None:
        """Writes a part out; it is on the disk when this returns."""
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out, self._zip.open(name) as part:
            while piece := part.read(CHUNK_BYTES):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())

    def _manifest(self) -> Manifest:
        try:
            entry = self._zip.getinfo(MANIFEST)
            if entry.file_size > MANIFEST_BYTES_MAX:
                raise BadBackup("its manifest is too large")
            manifest = json.loads(self._zip.read(entry))
            if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
                raise BadBackup(f"it is not of the form {FORMAT!r}")
            parts = {str(name): _part(part) for name, part in manifest.pop("parts").items()}
            for name in ("audit", "ledger"):
                number, line = manifest[name]
                manifest[name] = (int(number), str(line))
            manifest["left_out"] = tuple(map(str, manifest["left_out"]))
            return Manifest(**manifest, parts=parts)
        except MALFORMED as error:
            raise BadBackup("it has no manifest that can be read") from error

    def _check(self) -> None:
        entries = self._zip.infolist()
        names = [entry.filename for entry in entries]
        if len(names) > PARTS_MAX or sorted(names) != sorted([*self.manifest.parts, MANIFEST]):
            raise BadBackup("it does not hold the parts that its manifest names")
        for entry in entries:
            if entry.filename == MANIFEST:
                continue
            part = self.manifest.parts[entry.filename]
            if not PART_NAME.fullmatch(entry.filename) or entry.file_size != part.bytes:
                raise BadBackup(f"its part {entry.filename[:80]!r} is not as the manifest says")
            hashed = hashlib.sha256()
            with self._zip.open(entry) as opened:
                while piece := opened.read(CHUNK_BYTES):
                    hashed.update(piece)
            if hashed.hexdigest() != part.sha256:
                raise BadBackup(f"its part {entry.filename!r} is damaged")


def _part(said: dict[str, Any]) -> Part:
    return Part(bytes=int(said["bytes"]), sha256=str(said["sha256"]), rows=int(said["rows"]))


@contextmanager
def reading_from(file: Path) -> Iterator[Reader]:
    """Raises BadBackup, OSError."""
    try:
        with Zip(file) as packed:
            yield Reader(packed)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadBackup(f"it cannot be unpacked ({error})") from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise BadBackup(f"it cannot be unpacked ({error})") from error
        raise


def sha256_of(file: Path) -> str:
    """Of a whole file (hex)."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
