"""A log as files (C2SP tlog-tiles): where each lies, what stands in it, and what a growing log adds.

A tile holds up to 256 hashes of one level, a bundle the entries below a tile of level 0. A file of a full tile never
changes; one that is not full yet has its width in its name. Refuses to read or write: ``files`` says what to write.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.merkle import EMPTY_ROOT, HASH_BYTES, SIZE_MAX, leaf_hash, node_hash, root, split

TILE: Final = 256
ENTRY_BYTES_MAX: Final = 65_535
CHECKPOINT: Final = "checkpoint"
WITNESSED: Final = "witnessed"
"""Beside it: the newest checkpoint that at least half of the members cosigned, with their lines."""

Read = Callable[[str], bytes]
"""The bytes of the file of this path in the log. Raises LookupError or OSError where there is none."""


def tile_path(level: int, index: int, width: int = TILE) -> str:
    """Where a tile lies; ``width`` below 256: one that is not full."""
    return f"tile/{level}/{_number(index, width)}"


def bundle_path(index: int, width: int = TILE) -> str:
    """Where the entries below a tile of level 0 lie."""
    return f"tile/entries/{_number(index, width)}"


def _number(index: int, width: int) -> str:
    text = f"{index:03}"
    text = text.zfill(-(-len(text) // 3) * 3)
    parts = [text[at : at + 3] for at in range(0, len(text), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]]) + ("" if width == TILE else f".p/{width}")


def bundle(entries: Sequence[bytes]) -> bytes:
    """The text of a bundle. ValueError for an entry that is too long."""
    if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise ValueError(f"an entry has at most {ENTRY_BYTES_MAX} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(text: bytes, width: int) -> list[bytes]:
    """The entries of a bundle of that width. Raises BadLog."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(text) and len(entries) < width:
        end = at + 2 + int.from_bytes(text[at : at + 2], "big")
        entries.append(text[at + 2 : end])
        at = end
    if at != len(text) or len(entries) != width:
        raise BadLog(Text("a bundle of the log does not hold {width} whole entries", width=width))
    return entries


def hashes_of(text: bytes, width: int) -> list[bytes]:
    """The hashes of a tile of that width. Raises BadLog."""
    if len(text) != width * HASH_BYTES:
        raise BadLog(Text("a tile of the log does not hold {width} whole hashes", width=width))
    return [text[at : at + HASH_BYTES] for at in range(0, len(text), HASH_BYTES)]


def widths(size: int) -> list[int]:
    """How many hashes stand in the last tile of each level of a tree of this size; 0: it ends with a full one."""
    counts: list[int] = []
    while size:
        counts.append(size % TILE)
        size //= TILE
    return counts


@dataclass(slots=True)
class Edge:
    """The right edge of a growing log: what its next files are made from. ``levels``: the hashes of each level's last
    tile that is not full; ``entries``: those of the last bundle."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)

    def root(self) -> bytes:
        """Of the tree up to here."""
        right: bytes | None = None
        for hashes in self.levels:
            row = hashes if right is None else [*hashes, right]
            right = root(row) if row else right
        return EMPTY_ROOT if right is None else right

    def grow(self, entries: Iterable[bytes]) -> dict[str, bytes]:
        """Takes entries in; path -> bytes of every full file that came, and of those of the new right edge."""
        files: dict[str, bytes] = {}
        for entry in entries:
            if self.size >= SIZE_MAX:
                raise ValueError("the log is full")
            self.entries.append(entry)
            self.size += 1
            self._add(0, leaf_hash(entry), files)
            if len(self.entries) == TILE:
                files[bundle_path(self.size // TILE - 1)] = bundle(self.entries)
                self.entries = []
        if self.entries:
            files[bundle_path(self.size // TILE, len(self.entries))] = bundle(self.entries)
        for level, hashes in enumerate(self.levels):
            if hashes:
                index = self.size // TILE ** (level + 1)
                files[tile_path(level, index, len(hashes))] = b"".join(hashes)
        return files

    def _add(self, level: int, reached: bytes, files: dict[str, bytes]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        hashes = self.levels[level]
        hashes.append(reached)
        if len(hashes) == TILE:
            files[tile_path(level, self.size // TILE ** (level + 1) - 1)] = b"".join(hashes)
            self._add(level + 1, root(hashes), files)
            self.levels[level] = []


def _tile(read: Read, level: int, index: int, width: int) -> list[bytes]:
    """The first hashes of a tile: one that was not full yet may have given way to the full one."""
    try:
        return hashes_of(read(tile_path(level, index, width)), width)
    except (LookupError, FileNotFoundError):
        if width == TILE:
            raise
        return hashes_of(read(tile_path(level, index)), TILE)[:width]


def _bundle(read: Read, index: int, width: int) -> list[bytes]:
    """The first entries of a bundle, in the same way."""
    try:
        return entries_of(read(bundle_path(index, width)), width)
    except (LookupError, FileNotFoundError):
        if width == TILE:
            raise
        return entries_of(read(bundle_path(index)), TILE)[:width]


def edge_of(size: int, read: Read) -> Edge:
    """The right edge of a log of this size, from its own files. Raises BadLog, and what ``read`` raises."""
    edge = Edge(size=size)
    for level, width in enumerate(widths(size)):
        edge.levels.append(_tile(read, level, size // TILE ** (level + 1), width) if width else [])
    if size % TILE:
        edge.entries = _bundle(read, size // TILE, size % TILE)
    return edge


class Tree:
    """A log's tree as its tiles have it: roots and proofs of every size up to its own. Believes what it reads: a proof
    is worth what checks it against a signed root."""

    def __init__(self, size: int, read: Read) -> None:
        self.size, self._read = size, read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def subtree(self, start: int, end: int) -> bytes:
        """As merkle.Subtree. Raises BadLog, and what reading raises."""
        count = end - start
        if count & (count - 1) or start % count:
            middle = start + split(count)
            return node_hash(self.subtree(start, middle), self.subtree(middle, end))
        level = (count.bit_length() - 1) // 8
        each = TILE**level
        first = start // each
        hashes = self._tile(level, first // TILE)[first % TILE : first % TILE + count // each]
        return root(hashes)

    def root(self, size: int | None = None) -> bytes:
        """Of the whole tree, or of its first entries."""
        end = self.size if size is None else size
        return self.subtree(0, end) if end else EMPTY_ROOT

    def entry(self, index: int) -> bytes:
        """An entry. Raises BadLog, and what reading raises."""
        number = index // TILE
        width = min(TILE, self.size - number * TILE)
        return _bundle(self._read, number, width)[index % TILE]

    def _tile(self, level: int, index: int) -> list[bytes]:
        known = self._tiles.get((level, index))
        if known is None:
            width = min(TILE, self.size // TILE**level - index * TILE)
            if width <= 0:
                raise BadLog(Text("a tree of {size} entries has no such tile", size=self.size))
            known = self._tiles[level, index] = _tile(self._read, level, index, width)
        return known


def all_entries(size: int, read: Read, since: int = 0) -> Iterable[bytes]:
    """The entries of a log of this size, in order, bundle by bundle. Raises BadLog, and what ``read`` raises."""
    for number in range(since // TILE, -(-size // TILE)):
        width = min(TILE, size - number * TILE)
        yield from _bundle(read, number, width)[max(0, since - number * TILE) :]


def superseded(files: Iterable[str]) -> list[str]:
    """The folders of what was not full yet, of those of these files that are full: they may be deleted."""
    return [f"{path}.p" for path in files if path.startswith("tile/") and ".p/" not in path]
