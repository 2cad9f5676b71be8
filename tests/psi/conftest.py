"""What the tests of the private join share: dice by seed, rounds by size, ids by name, and a whole round at once."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pytest

from bavn.psi.reconstruct import Engine, reconstruct
from bavn.psi.round import Hit, RoundParams
from bavn.psi.share import Share, generate


class SeededDice:
    """SHAKE-256 of a seed and a counter: plain, repeatable, and not the room's own way of expanding."""

    def __init__(self, seed: object) -> None:
        self._seed = repr(seed).encode()
        self.draws: list[int] = []

    def bytes(self, count: int) -> bytes:
        self.draws.append(count)
        return hashlib.shake_256(b"%s/%d" % (self._seed, len(self.draws))).digest(count)


def make_params(t: int, m: int, r: int, number: int = 0) -> RoundParams:
    return RoundParams(
        version=1, epoch=20_781, round_id=number.to_bytes(16), registry_version=1, tier="A", t=t, m=m, r=r
    )


def make_id(name: object) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()[:14]


@dataclass
class PlayedRound:
    """Sets by x as names; every actor's share; what the centre finds."""

    params: RoundParams
    kr: bytes
    sets: dict[int, list[object]]
    shares: dict[int, Share]

    def hits(self, engine: Engine = "auto") -> list[Hit]:
        return reconstruct(self.params, {x: share.planes for x, share in self.shares.items()}, engine)

    def found(self, hits: Iterable[Hit]) -> dict[object, set[int]]:
        """Element -> all holders the centre learned, after checking that every hit is one element only."""
        found: dict[object, set[int]] = {}
        for hit in hits:
            names = {self.name_at(x, hit) for x in hit.holders}
            assert len(names) == 1, f"a false group: {hit} {names}"
            found.setdefault(names.pop(), set()).update(hit.holders)
        return found

    def name_at(self, x: int, hit: Hit) -> object:
        slot = self.shares[x].slots.find(hit.cell)
        return ("nothing", x, hit.cell) if slot is None else self.sets[x][slot.element]

    def expected(self) -> dict[object, set[int]]:
        holders: dict[object, set[int]] = {}
        for x, names in self.sets.items():
            for name in names:
                holders.setdefault(name, set()).add(x)
        return {name: xs for name, xs in holders.items() if len(xs) >= self.params.t}


def play(params: RoundParams, sets: Mapping[int, Iterable[object]], seed: object = 0) -> PlayedRound:
    kr = hashlib.sha256(b"kr" + params.canonical()).digest()
    named = {x: list(names) for x, names in sets.items()}
    shares = {
        x: generate(params, kr, [(make_id(name), 1.0) for name in names], x, SeededDice((seed, x)))
        for x, names in named.items()
    }
    return PlayedRound(params, kr, named, shares)


@pytest.fixture
def dice() -> Callable[[object], SeededDice]:
    return SeededDice


@pytest.fixture
def params() -> Callable[..., RoundParams]:
    return make_params


@pytest.fixture
def element_id() -> Callable[[object], bytes]:
    return make_id


@pytest.fixture
def played() -> Callable[..., PlayedRound]:
    return play
