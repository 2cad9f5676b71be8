"""What a commons round costs, and how near its answers come to plain counting: the sector, the centre, one node.

Run: nice .venv/bin/python bench/commons.py [--big] [--tables K] [--json FILE]
1. N=15, M=10,000 end to end in one process: ids by the oblivious PRF of a real key holder, shares, answers, tables.
   Wall and CPU seconds of everybody together, two threads. Then a second day, on which a twentieth of what everybody
   knows is new: how often a node reads the bucket that counting gives, and how many new shared elements it misses.
2. N=100, M=100,000 (with --big; else M=10,000): CPU seconds of the centre from the planes of K tables (of 10, the rest
   extrapolated), and of the key holder from a sample of evaluations.
3. One node at M=100,000 in a process of its own: CPU seconds of its day, and the peak of its memory beyond what it had
   before. The key holder is in the same process: its seconds are taken off, its memory is not.
Sets are drawn: an element is known to k actors by Sibuya's law with a = .66, so most of a set is shared. Baseline of
the centre, in the same run: the published way (sim/psi_published.py), extrapolated.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.app.process.real import SystemClock, SystemDice
from bavn.keyholder.settings import HolderSettings
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.sector.known_days import bucket_of
from bavn.psi import oprf
from bavn.psi.commons import (
    EDGES,
    answer_bytes,
    answers,
    planes_by_table,
    read_answer,
    table_answers,
)
from bavn.psi.commons_terms import CANARY_CLASS, KNOWN_CLASS, SIZES, R, T, commons_params
from bavn.psi.element import element_bytes
from bavn.psi.identifier import Joined
from bavn.psi.round import RoundParams
from bavn.psi.share import generate
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import KeyHolders
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from bavn_lab.sim.psi_published import published_cpu_s
from tests.keyholder.conftest import Place, Way

SIBUYA_A = 0.66
NEW = 0.05
FULL = 0.95
"""Share of M that an actor lists; the rest is padding."""
SAMPLE = 2_000
BASELINE_PART = 0.0005


def sets_of(n: int, m: int, seed: int) -> list[np.ndarray]:
    """For each actor the numbers of its elements, most of them shared."""
    rng = np.random.default_rng(seed)
    weights = [SIBUYA_A]
    for k in range(1, n):
        weights.append(weights[-1] * (k - SIBUYA_A) / (k + 1))
    chances = np.array(weights) / sum(weights)
    count = int(n * m * FULL / (chances @ np.arange(1, n + 1)))
    held_by = rng.choice(np.arange(1, n + 1), count, p=chances)
    places = rng.random((count, n)).argsort(axis=1) if count * n < 2e7 else None
    held: list[list[int]] = [[] for _ in range(n)]
    for element, k in enumerate(held_by.tolist()):
        for actor in (places[element] if places is not None else rng.permutation(n))[:k].tolist():
            held[actor].append(element)
    return [np.array(mine[:m]) for mine in held]


def name(element: int) -> Observable:
    return Observable.trusted(ObservableType.DOMAIN, f"name-{element}.example")


def plain_id(element: int) -> bytes:
    return hashlib.blake2b(b"%d" % element, digest_size=14).digest()


@dataclass
class Spent:
    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Of the whole process."""
    figures = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield figures
    figures.wall_s, figures.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


class Node:
    """One actor's side of a round, as far as it is built: ids, share, answer, table."""

    def __init__(self, x: int, holder: Place, folder: Path) -> None:
        self.x, self.book = x, Book(folder / f"node-{x}.db")
        self.table = CommonsTable(self.book)
        clock, self.dice = SystemClock(), SystemDice()
        ledger = Ledger(self.book)
        ask = KeyHolders(1, {1: Way(holder, f"actor-{x}")}, ledger, clock, self.dice)
        self.identifiers = KeyHolderIdentifiers(ask, ledger, clock, self.dice)

    def share(self, params: RoundParams, observables: list[Observable]):
        joined: Joined = self.identifiers.of(params.epoch, params.tier).join(params, observables)
        self.elements = [element_bytes(one) for one in observables]
        known = self.table.shared(self.elements)
        ids = [joined.canary_id]
        ahead = {joined.canary_id: CANARY_CLASS}
        self.listed = [element for element, id_ in zip(self.elements, joined.ids, strict=True) if id_ is not None]
        for element, id_ in zip(self.elements, joined.ids, strict=True):
            if id_ is not None:
                ids.append(id_)
                if element in known:
                    ahead[id_] = KNOWN_CLASS
        share = generate(params, joined.kr, [(one, 1.0) for one in ids], self.x, self.dice, ahead)
        self.slots = share.slots
        return share.planes

    def hear(self, params: RoundParams, raw: bytes) -> np.ndarray:
        read = read_answer(params, raw, self.slots, 1 + len(self.listed))
        assert not isinstance(read, Refused)
        self.table.keep(params.epoch, dict(zip(self.listed, read[1:].tolist(), strict=True)))
        return read


def key_holder(folder: Path) -> Place:
    folder.mkdir()
    return Place(folder, HolderSettings(m_max=SIZES[1]), clock=SystemClock(), tiers=("Commons",))


def round_of(m: int, r: int = R) -> RoundParams:
    today = SystemClock().now_us() // DAY_US
    return replace(commons_params(epoch=today, round_id=SystemDice().bytes(16), registry_version=1, m=m), r=r)


# --- 1: a sector ------------------------------------------------------------------------------------------------------


def sector(n: int, m: int, folder: Path) -> dict:
    held = sets_of(n, m, seed=1)
    params = round_of(m)
    with closing(key_holder(folder / "keyholder")) as holder, ThreadPoolExecutor(2) as pool:
        nodes = [Node(x, holder, folder) for x in range(1, n + 1)]
        named = [[name(element) for element in mine.tolist()] for mine in held]
        with spent() as all_of_it:
            planes = list(pool.map(lambda pair: pair[0].share(params, pair[1]), zip(nodes, named, strict=True)))
            by_x = {node.x: mine for node, mine in zip(nodes, planes, strict=True)}
            raw = answers(params, tuple(by_x), {x: str(x) for x in by_x}, planes_by_table(by_x))
            read = list(pool.map(lambda node: node.hear(params, raw[node.x]), nodes))
        for node in nodes:
            node.book.close()
    assert {int(mine[0]) for mine in read} == {bucket_of(n)}
    return {
        "what": "sector",
        "actors": n,
        "m": m,
        "wall_s": round(all_of_it.wall_s, 1),
        "cpu_s": round(all_of_it.cpu_s, 1),
        "bar_wall_s": 60,
        "answer_bytes": answer_bytes(params),
        "first_day": against_counting(held, [mine[1:] for mine in read]),
        "second_day": second_day(held, params),
    }


def second_day(held: list[np.ndarray], params: RoundParams) -> dict:
    """A twentieth of all elements is of today; what was shared yesterday goes ahead."""
    kr = bytes(32)
    groups = np.bincount(np.concatenate(held))
    known = set(np.flatnonzero((groups >= T) & (np.arange(len(groups)) % round(1 / NEW) != 0)).tolist())
    planes, slots = {}, {}
    for x, mine in enumerate(held, 1):
        ids = [(plain_id(element), 1.0) for element in mine.tolist()]
        ahead = {plain_id(element): KNOWN_CLASS for element in mine.tolist() if element in known}
        share = generate(params, kr, ids, x, SystemDice(), ahead)
        planes[x], slots[x] = share.planes, share.slots
    raw = answers(params, tuple(planes), {x: str(x) for x in planes}, planes_by_table(planes))
    read = [read_answer(params, raw[x], slots[x], len(mine)) for x, mine in enumerate(held, 1)]
    return against_counting(held, read, known)


def against_counting(held: list[np.ndarray], read: list[np.ndarray], known: set[int] | None = None) -> dict:
    """Over each actor's own elements: how many are told as counting gives them; and of those that are shared and new,
    how many were missed, told as below the threshold."""
    groups = np.bincount(np.concatenate(held))
    plain = np.searchsorted(EDGES, groups, side="right")
    told, counted = np.concatenate(read), np.concatenate([plain[mine] for mine in held])
    figures = {
        "elements": len(told),
        "as_counted": int((told == counted).sum()),
        "lower": int((told < counted).sum()),
        "higher": int((told > counted).sum()),
        "shared": int((counted > 0).sum()),
        "shared_missed": int(((counted > 0) & (told == 0)).sum()),
    }
    if known is not None:
        new = np.concatenate([np.array([element not in known for element in mine.tolist()]) for mine in held])
        figures["new_shared"] = int((new & (counted > 0)).sum())
        figures["new_shared_missed"] = int((new & (counted > 0) & (told == 0)).sum())
    return figures


# --- 2: the centre and the key holder ---------------------------------------------------------------------------------


def centre(n: int, m: int, tables: int, folder: Path) -> dict:
    params = round_of(m, tables)
    file = folder / "planes"
    planes = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint32, shape=(tables, 2, n, params.bins))
    for at, mine in enumerate(sets_of(n, m, seed=2)):
        ids = [(plain_id(element), 1.0) for element in mine.tolist()]
        planes[:, :, at] = generate(params, bytes(32), ids, at + 1, SystemDice()).planes.transpose(1, 0, 2)
    planes.flush()
    xs = tuple(range(1, n + 1))
    group_of = {x: str(x) for x in xs}
    table_answers(round_of(SIZES[0], 2), xs[:3], group_of, 0, np.zeros((2, 3, T * SIZES[0]), dtype=np.uint32), "numba")
    with spent() as centre_s:
        cells = sum(
            len(raw) for table in range(tables) for raw in table_answers(params, xs, group_of, table, planes[table])
        )
    points = [oprf.random_point(SystemDice()) for _ in range(SAMPLE)]
    key = oprf.random_scalar(SystemDice())
    with spent() as sample_s:
        assert oprf.are_points(points)
        oprf.evaluate(key, points)
    centre_cpu_s, keyholder_cpu_s = centre_s.cpu_s * R / tables, sample_s.cpu_s * n * m / SAMPLE
    baseline = published_cpu_s(n, T, T * m * R, BASELINE_PART * 10_000 / m)
    return {
        "what": "centre",
        "actors": n,
        "m": m,
        "tables_done": tables,
        "centre_cpu_s": round(centre_cpu_s, 1),
        "keyholder_cpu_s": round(keyholder_cpu_s, 1),
        "bar_cpu_s": 1200 if m == SIZES[1] else None,
        "answer_mb_each": round(cells * R / tables / n / 1e6, 2),
        "published_reconstruct_cpu_s": round(baseline),
        "peak_mb": peak_mb(),
    }


# --- 3: one node ------------------------------------------------------------------------------------------------------


def node(m: int, folder: Path) -> dict:
    """Of the day after: all is known, so that the table is read and written in full."""
    params = round_of(m)
    with closing(key_holder(folder / "keyholder-of-one")) as holder:
        one = Node(1, holder, folder)
        evaluated = Spent()
        part = holder.holder.part

        def timed(actor, request):
            begun = time.process_time()
            answered = part(actor, request)
            evaluated.cpu_s += time.process_time() - begun
            return answered

        holder.holder.part = timed
        observables = [name(element) for element in range(round(m * FULL))]
        one.table.keep(params.epoch - 1, {element_bytes(observable): 1 for observable in observables})
        raw = bytes(answer_bytes(params))
        before_mb = peak_mb()
        with spent() as day:
            planes = one.share(params, observables)
            upload = planes.tobytes()
            del planes
            one.hear(params, raw)
        one.book.close()
    return {
        "what": "node",
        "m": m,
        "elements": len(observables),
        "cpu_s": round(day.cpu_s - evaluated.cpu_s, 1),
        "bar_cpu_s": 60,
        "upload_mb": len(upload) / 1e6,
        "peak_mb_more": peak_mb() - before_mb,
        "peak_mb": peak_mb(),
        "bar_mb": 200,
    }


def peak_mb(pid: int | str = "self") -> int:
    """The most memory that a process has had itself: getrusage also counts what its parent had when it began it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def alone(what: str) -> dict:
    """One part in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--only", what], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--big", action="store_true", help="the centre at N=100, M=100,000: minutes, 480 MB of disk")
    parser.add_argument("--tables", type=int, default=2, help="even; how many of the 10 the centre really does")
    parser.add_argument("--only", choices=("sector", "centre", "node"), help="this part alone, as JSON")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    chosen = parser.parse_args()
    parts = {
        "sector": lambda folder: sector(15, SIZES[0], folder),
        "centre": lambda folder: centre(100, SIZES[1] if chosen.big else SIZES[0], chosen.tables, folder),
        "node": lambda folder: node(SIZES[1], folder),
    }
    if chosen.only:
        with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
            print(json.dumps(parts[chosen.only](Path(folder))))
        return
    rows = []
    for what, measure in parts.items():
        with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
            rows.append(alone(what) if what == "node" else measure(Path(folder)))
        print(json.dumps(rows[-1]), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps({"bench": "commons", "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
