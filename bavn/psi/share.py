"""Share generation: an actor's set becomes two planes that are uniformly random to anyone with fewer than t actors'.

PSI.md gives the algorithm; this file fixes what it leaves open: words of a block are little-endian, the smallest
priority is the best, equal priorities fall to the smaller id, and x is Horner's. Refuses to know an element: ids only.

Dummies and fakes come from one keystream, AES-256 in counter mode under 32 bytes drawn from the dice for this share
alone. Whoever could tell that keystream from random could tell AES from random, and with it every real cell too: so
the expansion asks for no trust that the join does not need anyway, and planes of 50 MB do not wait for the system's
dice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bavn.model.ports import Dice
from bavn.psi.element import select
from bavn.psi.field import P, Plane, Words, horner, reduce, valid_x
from bavn.psi.keys import ID_BYTES, KEY_BYTES
from bavn.psi.planes import planes_to_bytes, tables_of
from bavn.psi.round import RoundParams
from bavn.psi.slots import SlotMap

Indexes = npt.NDArray[np.int64]
Keystream = Callable[[int], bytes]
_BLOCK: Final = 16
LAST_CLASS: Final = 3
NOBODY_AHEAD: Final[Mapping[bytes, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """``planes``: uint32 [2, r, bins], to be uploaded. ``slots``: the actor's own, never uploaded."""

    planes: Plane
    slots: SlotMap

    def to_bytes(self) -> bytes:
        return planes_to_bytes(self.planes)

    def tables(self) -> tuple[bytes, ...]:
        """Both planes of each table apart."""
        return tables_of(self.planes)

    def slot_bytes(self) -> bytes:
        """The slots, for the actor's own encrypted disk."""
        return self.slots.to_bytes()


def generate(
    params: RoundParams,
    kr: bytes,
    ids: Sequence[tuple[bytes, float]],
    x: int,
    dice: Dice,
    ahead: Mapping[bytes, int] = NOBODY_AHEAD,
) -> Share:
    """The share of actor ``x``. ``ids``: (id of 14 bytes, priority); of more than m the most suspicious (largest
    priority) stay; an id given twice counts once. Slots count elements as ``ids`` lists them. ``ahead``: ids
    that are placed before all others, in classes 0, 1, 2, the lowest first (commons.py); empty where all are alike.

    Draws 32 bytes from the dice, whatever the set. ValueError for an id or key of the wrong length, x outside 1..p-1
    or a class that there is not.
    """
    if not valid_x(x):
        raise ValueError(f"x lies in 1..2**31-2: {x}")
    if len(kr) != KEY_BYTES or any(len(element_id) != ID_BYTES for element_id, _ in ids):
        raise ValueError("a round key has 32 bytes and an element id 14")
    if not all(0 <= one < LAST_CLASS for one in ahead.values()):
        raise ValueError(f"a class lies in 0..{LAST_CLASS - 1}")
    stream = keystream(dice.bytes(KEY_BYTES))
    chosen = _chosen(ids, params.m)
    blocks = _Blocks(params, kr, [ids[index][0] for index in chosen], stream)
    planes: Plane = np.empty((2, params.r, params.bins), dtype=np.uint32)
    classes = _classes(params.m, [ids[index][0] for index in chosen], ahead)
    slots = SlotMap.of_tables(params, _fill(planes, params, blocks, classes, x, stream), chosen)
    return Share(planes, slots)


def _fill(
    planes: Plane, params: RoundParams, blocks: "_Blocks", classes: list[Indexes], x: int, stream: Keystream
) -> Iterator[npt.NDArray[np.int64]]:
    """Fills the planes table by table; yields who of the padded set each insertion put in each bin, [2, bins]."""
    priority: Words = np.empty(0, dtype=np.uint64)
    for table in range(params.r):
        planes[:, table] = uniform_cells(2 * params.bins, stream).reshape(2, params.bins)
        block = blocks.of(table)
        priority = block[:, 0, 1].copy() if table % 2 == 0 else ~priority
        held = np.full((2, params.bins), params.m, dtype=np.int64)
        for insertion, bins, placed in _insert(params.bins, block[:, 0, 0], priority, classes):
            first = first_coefficient(params.t, insertion)
            coefficients = reduce(block[placed, first : first + params.t - 1]).transpose(1, 2, 0)
            planes[:, table, bins] = horner(coefficients, x)
            held[insertion - 1, bins] = placed
        yield held


def first_coefficient(t: int, insertion: int) -> int:
    """Which of an element's 2t-1 blocks of a table begins the coefficients of insertion 1 or 2. They differ, so that
    an element placed twice never shows the same cell twice (twins: PSI.md, pitfall 0)."""
    return 1 if insertion == 1 else t


def keystream(key: bytes) -> Keystream:
    """``take(count)`` gives the next bytes of AES-256-CTR under ``key``: the same key, the same bytes."""
    cipher = Cipher(algorithms.AES(key), modes.CTR(bytes(_BLOCK))).encryptor()
    return lambda count: cipher.update(bytes(count))


def uniform_cells(count: int, stream: Keystream) -> Plane:
    """``count`` values, exactly uniform in [0, p): 31 bits of each word, p itself rejected and drawn again."""
    cells = np.frombuffer(stream(4 * count), dtype="<u4").astype(np.uint32) & np.uint32(P)
    rejected = np.flatnonzero(cells == P)
    while len(rejected):
        cells[rejected] = np.frombuffer(stream(4 * len(rejected)), dtype="<u4") & np.uint32(P)
        rejected = rejected[cells[rejected] == P]
    return cells


def _chosen(ids: Sequence[tuple[bytes, float]], m: int) -> Indexes:
    """Indexes into ``ids`` of the set, in the order of the ids, which is the same for all actors that hold them."""
    index_of: dict[bytes, int] = {}
    for index, (element_id, _) in enumerate(ids):
        index_of.setdefault(element_id, index)
    kept = sorted(element_id for element_id, _ in select(ids, m))
    return np.array([index_of[element_id] for element_id in kept], dtype=np.int64)


class _Blocks:
    """AES over (id || counter) for every element, one call a table; the set is padded with random fakes first."""

    def __init__(self, params: RoundParams, kr: bytes, real: list[bytes], stream: Keystream) -> None:
        self._each = 2 * params.t - 1
        padded = b"".join(real) + stream(ID_BYTES * (params.m - len(real)))
        self._input = np.empty((params.m, self._each, _BLOCK), dtype=np.uint8)
        self._input[:, :, :ID_BYTES] = np.frombuffer(padded, dtype=np.uint8).reshape(params.m, 1, ID_BYTES)
        # ECB is right here: a PRF on blocks that all differ, not the hiding of a text.
        self._cipher = Cipher(algorithms.AES(kr), modes.ECB()).encryptor()  # noqa: S305
        self._output = np.empty(self._input.size + _BLOCK - 1, dtype=np.uint8)

    def of(self, table: int) -> Words:
        """uint64 [m, 2t-1, 2]; it is overwritten by the next call."""
        counters = np.arange(table * self._each, (table + 1) * self._each, dtype=">u2")
        self._input[:, :, ID_BYTES:] = counters.view(np.uint8).reshape(1, self._each, 2)
        self._cipher.update_into(self._input.data, self._output.data)
        filled = self._output[: self._input.size]
        return filled.view("<u8").astype(np.uint64, copy=False).reshape(-1, self._each, 2)


def _classes(m: int, real: list[bytes], ahead: Mapping[bytes, int]) -> list[Indexes]:
    """Indexes into the padded set, class by class; fakes are of the last."""
    classes = np.full(m, LAST_CLASS, dtype=np.int64)
    if ahead:
        classes[: len(real)] = [ahead.get(element_id, LAST_CLASS) for element_id in real]
    return [np.flatnonzero(classes == one) for one in np.unique(classes)]


def _insert(
    bins: int, positions: Words, priority: Words, classes: list[Indexes]
) -> Iterator[tuple[int, Indexes, Indexes]]:
    """Both insertions of a table, class by class: (insertion, bins, elements that got them)."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    first = ((positions & low) * np.uint64(bins) >> half).astype(np.int64)
    second = ((positions >> half) * np.uint64(bins) >> half).astype(np.int64)
    empty = np.ones(bins, dtype=bool)
    for members in classes:
        for insertion, places, ranks in ((1, first, priority), (2, second, ~priority)):
            rest = members[empty[places[members]]]
            taken, winners = _best(bins, places[rest], ranks[rest], rest)
            empty[taken] = False
            yield insertion, taken, winners


def _best(bins: int, position: Indexes, priority: Words, elements: Indexes) -> tuple[Indexes, Indexes]:
    """For each bin that somebody wants: the element with the smallest priority, of equal ones the first."""
    smallest = np.full(bins, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, position, priority)
    best = np.flatnonzero(smallest[position] == priority)
    holder = np.full(bins, len(elements), dtype=np.int64)
    np.minimum.at(holder, position[best], best)
    taken = np.flatnonzero(holder < len(elements))
    return taken, elements[holder[taken]]
