"""What `bavn bench psi` measures: whole rounds with planted elements, timed and attacked.

Each case makes real shares for N actors, reconstructs, and counts what a stranger would ask for: planted elements that
were missed, groups that hold different things, twins that mark real cells (PSI.md, pitfall 0), and what a lying centre
gets out of one actor by forged receipts. Clock of the CPU only. Refuses to judge: it gives the figures.
"""

import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np

from bavn.psi import receipt
from bavn.psi.field import P, Plane
from bavn.psi.keys import ID_BYTES, KEY_BYTES
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import PROTOCOL_VERSION, Cell, Hit, RoundParams
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap
from bavn.traffic.dice import SeededDice
from bavn_lab.sim.psi_published import published_cpu_s

PAIR_MISS: Final = 0.0614
"""PSI.md: the chance that a pair of tables misses an element of exactly t, at most."""
SHARED_MAX: Final = 50
CELLS_ATTACKED_MAX: Final = 2000
BASELINE_S: Final = 5.0
COMBINED_PER_S: Final = 1.5e8
"""About what the baseline does in a second: it decides how large a part of it is done, not its figure."""
KR: Final = bytes(range(KEY_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A case: ``n`` actors with ``m`` elements each, ``r`` tables, threshold ``t``."""

    n: int
    t: int
    m: int
    r: int


class NoSize(ValueError):
    """Not the size of a round. Whoever wrote it must act."""


N_MAX: Final = 400
CELLS_MAX: Final = 3_000_000_000
"""Cells of all actors together: 8 bytes each on disk."""


def size_of(text: str) -> Size:
    """From ``N,t,M,R``. Raises NoSize."""
    numbers = text.split(",")
    if len(numbers) != 4 or not all(number.strip().isdecimal() for number in numbers):
        raise NoSize(f"{text[:60]!r} is not N,t,M,R, as in 10,3,10000,20")
    n, t, m, r = (int(number) for number in numbers)
    try:
        params = _params(Size(n=n, t=t, m=m, r=r))
    except ValueError as error:
        raise NoSize(f"{text[:60]!r}: {error} (t 2 to 8, R even, 2 to 40)") from error
    if not t <= n <= N_MAX:
        raise NoSize(f"{text[:60]!r}: N lies between t and {N_MAX}")
    if n * params.bins * r > CELLS_MAX:
        raise NoSize(f"{text[:60]!r}: its uploads would take {8 * n * params.bins * r // 2**30} GB of disk")
    return Size(n=n, t=t, m=m, r=r)


SMALL: Final = (
    Size(n=15, t=2, m=1_000, r=10),
    Size(n=10, t=3, m=10_000, r=20),
    Size(n=33, t=3, m=5_000, r=20),
    Size(n=12, t=4, m=5_000, r=10),
)
BIG: Final = (Size(n=33, t=3, m=150_000, r=20), Size(n=100, t=3, m=100_000, r=10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case's figures. ``baseline_part``: the share of its bins that the baseline did; below 1 its figure is
    extrapolated from them. ``planted``: elements held by exactly t; ``missed`` (of R=10 or more) and ``false_groups``
    must be 0; ``missed_expected``: at most, by the specification.
    ``twin_pairs``: pairs of an actor's bins with the same cell. ``forged_tries`` and ``forged_reveals``: of a lying
    centre, against an actor whose elements t-1 hold."""

    N: int
    t: int
    M: int
    R: int
    cpu_s: float
    share_cpu_s: float
    baseline_cpu_s: float
    baseline_part: float
    ratio: float
    planted: int
    missed: int
    missed_expected: float
    false_groups: int
    twin_pairs: int
    forged_tries: int
    forged_reveals: int

    @property
    def baseline_says(self) -> str:
        return "measured" if self.baseline_part >= 1 else f"extrapolated from {self.baseline_part:.3%} of the bins"

    def told(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self) | {"baseline": self.baseline_says}


def cases(sizes: Sequence[Size], seed: int) -> Iterator[Case]:
    """Each size's figures, one after the other."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
            yield _case(size, seed, Path(folder))


def _params(size: Size) -> RoundParams:
    return RoundParams(
        version=PROTOCOL_VERSION,
        epoch=1,
        round_id=bytes(16),
        registry_version=1,
        tier="A",
        t=size.t,
        m=size.m,
        r=size.r,
    )


def _case(size: Size, seed: int, folder: Path) -> Case:
    params = _params(size)
    names = _sets(size, seed)
    planes, slots, share_cpu_s = _shares(params, names, seed, folder)
    if size.n * params.bins * size.r < 1e8:
        reconstruct(params, planes)
    begun = time.thread_time()
    hits = reconstruct(params, planes)
    cpu_s = time.thread_time() - begun
    groups, false_groups = _understood(hits, slots, names)
    planted = {name: holders for name, holders in _held_by(names).items() if len(holders) >= size.t}
    part = min(1.0, BASELINE_S * COMBINED_PER_S / (_choose(size) * size.t * params.bins * size.r))
    baseline = published_cpu_s(size.n, size.t, params.bins * size.r, part)
    tries, opened = _forged(params, planes, slots, names)
    return Case(
        N=size.n,
        t=size.t,
        M=size.m,
        R=size.r,
        cpu_s=cpu_s,
        share_cpu_s=share_cpu_s / size.n,
        baseline_cpu_s=baseline,
        baseline_part=part,
        ratio=baseline / cpu_s,
        planted=len(planted),
        missed_expected=len(planted) * PAIR_MISS ** (size.r // 2),
        missed=sum(groups.get(name) != holders for name, holders in planted.items()),
        false_groups=false_groups,
        twin_pairs=sum(_twins(planes[x]) for x in planes),
        forged_tries=tries,
        forged_reveals=opened,
    )


def _choose(size: Size) -> int:
    return len(list(combinations(range(size.n), size.t))) if size.n <= 40 else ceil(size.n**size.t / 6)


def _sets(size: Size, seed: int) -> dict[int, list[str]]:
    """Each actor's elements by x: some that exactly t hold, some that t-1 hold, the rest its own."""
    shared = min(SHARED_MAX, max(1, size.m // 20))
    sets: dict[int, list[str]] = {x: [] for x in range(1, size.n + 1)}
    for number in range(2 * shared):
        count = size.t if number < shared else size.t - 1
        for step in range(count):
            sets[1 + (number * 7 + step) % size.n].append(f"{seed} shared {number}")
    for x, names in sets.items():
        names.extend(f"{seed} own {x} {number}" for number in range(size.m - len(names)))
    return {x: names[: size.m] for x, names in sets.items()}


def _held_by(names: Mapping[int, Sequence[str]]) -> dict[str, tuple[int, ...]]:
    held: dict[str, list[int]] = {}
    for x, own in sorted(names.items()):
        for name in own:
            held.setdefault(name, []).append(x)
    return {name: tuple(xs) for name, xs in held.items()}


def _id(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=ID_BYTES).digest()


def _shares(
    params: RoundParams, names: Mapping[int, Sequence[str]], seed: int, folder: Path
) -> tuple[dict[int, Plane], dict[int, SlotMap], float]:
    """Planes on disk as a centre has them, slot maps, and the CPU seconds of all share generations."""
    planes: dict[int, Plane] = {}
    slots: dict[int, SlotMap] = {}
    spent = 0.0
    for x, own in names.items():
        ids = [(_id(name), 1.0) for name in own]
        begun = time.thread_time()
        shares = generate(params, KR, ids, x, SeededDice(seed, f"share {x}"))
        spent += time.thread_time() - begun
        (folder / str(x)).write_bytes(shares.to_bytes())
        planes[x] = np.memmap(folder / str(x), dtype="<u4", mode="r", shape=shares.planes.shape)
        slots[x] = shares.slots
    return planes, slots, spent


def _understood(
    hits: Sequence[Hit], slots: Mapping[int, SlotMap], names: Mapping[int, Sequence[str]]
) -> tuple[dict[str, tuple[int, ...]], int]:
    """Element -> all its holders that were found, over all tables; and how many hits hold more than one element."""
    groups: dict[str, set[int]] = {}
    false_groups = 0
    for hit in hits:
        slot = {x: slots[x].find(hit.cell) for x in hit.holders}
        named = {None if at is None else names[x][at.element] for x, at in slot.items()}
        only = named.pop()
        if named or only is None:
            false_groups += 1
        else:
            groups.setdefault(only, set()).update(hit.holders)
    return {name: tuple(sorted(xs)) for name, xs in groups.items()}, false_groups


def _twins(planes: Plane) -> int:
    """Pairs of bins of one table in which one actor shows the same cell twice."""
    count = 0
    for table in range(planes.shape[1]):
        words = np.sort(planes[0, table].astype(np.uint64) << np.uint64(32) | planes[1, table])
        count += int((words[1:] == words[:-1]).sum())
    return count


def _own_key(x: int) -> bytes:
    return hashlib.sha256(b"%d" % x).digest()


def _forged(
    params: RoundParams, planes: Mapping[int, Plane], slots: Mapping[int, SlotMap], names: Mapping[int, Sequence[str]]
) -> tuple[int, int]:
    """A centre that has all planes and asks anybody for receipts, against what t-1 actors hold: (tries, opened)."""
    below = {name for name, holders in _held_by(names).items() if len(holders) < params.t}
    tries = opened = 0
    for x in sorted(planes)[:3]:
        cells = [(cell, slot) for cell, slot in slots[x].cells() if names[x][slot.element] in below]
        cells = cells[:CELLS_ATTACKED_MAX]
        for (cell, slot), (elsewhere, _) in zip(cells, cells[1:] + cells[:1], strict=True):
            own = _id(names[x][slot.element])
            for others in _forgeries(params, planes, slots, names, x, cell, elsewhere):
                tries += 1
                opened += receipt.check(KR, own, cell, others, _own_key(x), len(planes), params.t)
    return tries, opened


def _forgeries(
    params: RoundParams,
    planes: Mapping[int, Plane],
    slots: Mapping[int, SlotMap],
    names: Mapping[int, Sequence[str]],
    victim: int,
    cell: Cell,
    elsewhere: Cell,
) -> Iterator[list[bytes]]:
    """Points of polynomials through the victim's own cell, its own answers, and true answers of others."""

    def answer(x: int, at: Cell) -> bytes:
        slot = slots[x].find(at)
        if slot is None:
            return receipt.dummy_tag(_own_key(x), KR, at)
        return receipt.tag(KR, _id(names[x][slot.element]), _own_key(x), at)

    others = [x for x in sorted(planes) if x != victim]
    needed = others[: params.t - 1]
    a, b = (int(planes[victim][coordinate, cell.table, cell.bin]) for coordinate in (0, 1))
    for slope in (0, 1, 12_345):
        points = [((a + slope * (x - victim)) % P, (b + slope * (x - victim)) % P) for x in needed]
        yield [u.to_bytes(8, "little") + v.to_bytes(8, "little") + bytes(16) for u, v in points]
    own = answer(victim, cell)
    yield [own for _ in needed]
    yield [own, *(answer(x, cell) for x in needed[1:])]
    yield [answer(x, cell) for x in others]
    yield [answer(x, cell) for x in needed]
    yield [answer(x, elsewhere) for x in needed]
    yield [answer(victim, elsewhere) for _ in needed]
    yield [answer(needed[0], cell)] * params.t
    yield []
