"""A dictionary tried on every upload of a sector, by the centre and k-1 of n key holders, and by it and one that claims
a key of its own; k of them, and a member within its quota beside it, so that the attack is seen to work.

.venv/bin/python bench/dictionary.py [--names N] [-k K] [-n N] [--tables R] [--quota Q] [--jobs J]
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from bavn.psi import group
from bavn.traffic.dice import SeededDice
from bavn_lab.sim.dictionary import (
    Sector,
    Upload,
    array_of,
    asked_within_quota,
    hashed,
    ids_by,
    keys_of,
    name_of,
    opened,
    play,
    whole_key,
)

PIECE = 10_000


def tried_on_piece(
    uploads: Sequence[Upload], keys: Sequence[bytes], count: int, first: int
) -> tuple[list[set[str]], list[float]]:
    """What each key opens of a piece of the dictionary, and the CPU seconds of hashing it and of each key."""
    begun = time.process_time()
    names = [name_of(number) for number in range(first, min(count, first + PIECE))]
    points = hashed(names)
    found, spent = [], [time.process_time() - begun]
    for key in keys:
        begun = time.process_time()
        found.append({names[at] for at in opened(uploads, ids_by(key, points))})
        spent.append(time.process_time() - begun)
    return found, spent


def shown(who: str, opened_names: Iterable[str], sector: Sector, seconds: float, beside: str = "") -> None:
    of_these = set(opened_names)
    wrong = len(of_these - sector.names)
    print(
        f"{who:42} {len(of_these & sector.names):5} of {len(sector.names)}, {wrong} wrong; {seconds:.0f} CPU s{beside}"
    )


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--names", type=int, default=1_000_000)
    asked.add_argument("--each", type=int, default=200)
    asked.add_argument("-k", type=int, default=2)
    asked.add_argument("-n", type=int, default=3)
    asked.add_argument("--tables", type=int, default=4)
    asked.add_argument("--quota", type=int, default=5_000)
    asked.add_argument("--jobs", type=int, default=2)
    given = asked.parse_args()
    sizes = {"k": given.k, "n": given.n, "each": given.each, "dictionary": given.names, "tables": given.tables}
    with tempfile.TemporaryDirectory() as folder:
        sector = play(Path(folder), **sizes)
        try:
            tried(sector, given)
        finally:
            sector.world.close()
    with tempfile.TemporaryDirectory() as folder:
        own = group.random_scalar(SeededDice(1, "a key of its own"))
        sector = play(Path(folder), **sizes, own=own)
        try:
            claimed(sector, own, given)
        finally:
            sector.world.close()


def claimed(sector: Sector, own: bytes, given: argparse.Namespace) -> None:
    """What the centre opens with one holder that claims a key of its own as every day's."""
    keys = [own, *keys_of([sector.shares[given.n]])]
    with ProcessPoolExecutor(given.jobs) as jobs:
        pieces = [*jobs.map(partial(tried_on_piece, sector.uploads, keys, given.names), range(0, given.names, PIECE))]
    found = set().union(*(one for made, _ in pieces for one in made))
    spent = sum(seconds for _, column in pieces for seconds in column[1:])
    who = f"the centre and 1 of {given.n} that claims a key"
    shown(who, found, sector, spent, f", by {len(keys)} keys")


def tried(sector: Sector, given: argparse.Namespace) -> None:
    k, n, count = given.k, given.n, given.names
    names = [name_of(number) for number in range(count)]
    held = [sector.shares[number] for number in range(1, k + 1)]
    keys = [whole_key(held), *keys_of(held[: k - 1])]
    with ProcessPoolExecutor(given.jobs) as jobs:
        pieces = [*jobs.map(partial(tried_on_piece, sector.uploads, keys, count), range(0, count, PIECE))]
    hashing_s, *by_key_s = (sum(column) for column in zip(*(spent for _, spent in pieces), strict=True))
    together, *fewer = (set().union(*column) for column in zip(*(made for made, _ in pieces), strict=True))
    print(
        f"{count:,} names, {len(sector.uploads)} uploads, {hashing_s:.0f} CPU s to hash; opened of the names held, by"
    )
    shown(f"the centre and {k} of {n} key holders", together, sector, by_key_s[0])
    of_all = set().union(*fewer)
    shown(f"the centre and {k - 1} of {n} key holders", of_all, sector, sum(by_key_s[1:]), f", by {len(fewer)} keys")
    begun = time.process_time()
    got = asked_within_quota(sector, names, given.quota)
    asked_for = [*got]
    within = {asked_for[at] for at in opened(sector.uploads, array_of([*got.values()]))}
    beside = f", {len(got):,} evaluated ({given.quota:,} at each holder)"
    shown("the centre and a member within its quota", within, sector, time.process_time() - begun, beside)


if __name__ == "__main__":
    main()
