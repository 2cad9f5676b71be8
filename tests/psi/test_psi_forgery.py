"""A centre that lies: it knows every plane, every tag that was ever answered and all xs, has no key, and wants one
actor's elements that fewer than t hold. 0 must be revealed. The polynomial forgery opens everything where a receipt is
a point of the polynomial, and is proved to do so here."""

import hashlib
from collections.abc import Iterator

import pytest

from bavn.psi.field import P
from bavn.psi.receipt import check, dummy_tag, tag
from bavn.psi.round import Cell

Others = list[tuple[int, bytes]]
VICTIM, M = 101, 60


class Actor:
    """An honest actor's two answers (PSI.md, reveal)."""

    def __init__(self, game, x: int, ids: list[bytes]) -> None:
        self.x, self.kr, self.params, self.registered = x, game.kr, game.params, frozenset(game.shares)
        self.planes, self.slots, self.ids = game.shares[x].planes, game.shares[x].slots, ids
        self.own_key = hashlib.sha256(b"own %d" % x).digest()

    def id_at(self, cell: Cell) -> bytes | None:
        slot = self.slots.find(cell)
        return None if slot is None else self.ids[slot.element]

    def receipt(self, cell: Cell) -> bytes:
        held = self.id_at(cell)
        return dummy_tag(self.own_key, self.kr, cell) if held is None else tag(self.kr, held, self.own_key, cell)

    def reveals(self, cell: Cell, others: Others) -> bool:
        given = [raw for _, raw in others]
        return check(self.kr, self.id_at(cell), cell, given, self.own_key, len(self.registered), self.params.t)

    def cell(self, cell: Cell) -> tuple[int, int]:
        return int(self.planes[0, cell.table, cell.bin]), int(self.planes[1, cell.table, cell.bin])


class NaiveActor(Actor):
    """What an actor must not be: it takes t cells on one polynomial as proof."""

    def reveals(self, cell: Cell, others: Others) -> bool:
        points = [(self.x, self.cell(cell)), *((x, unpack(raw)) for x, raw in others)]
        t = self.params.t
        if self.id_at(cell) is None or len({x for x, _ in points}) < max(t, len(points)):
            return False
        first, rest = points[: t - 1], points[t - 1 :]
        return all(interpolate([(x, pair[c]) for x, pair in first], x) == last[c] for x, last in rest for c in (0, 1))


def pack(pair: tuple[int, int]) -> bytes:
    return pair[0].to_bytes(8, "little") + pair[1].to_bytes(8, "little") + bytes(16)


def unpack(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")


def interpolate(points: list[tuple[int, int]], x: int) -> int:
    total = 0
    for i, (xi, yi) in enumerate(points):
        term = yi
        for j, (xj, _) in enumerate(points):
            if j != i:
                term = term * (x - xj) * pow(xi - xj, -1, P) % P
        total += term
    return total % P


def extended(x: int, known: tuple[int, int], slope: int, at: int) -> tuple[int, int]:
    """A polynomial through what is known of the victim: the constant at t=2, a line of any slope at t=3."""
    return tuple((value + slope * (at - x)) % P for value in known)  # type: ignore[return-value]


def forgeries(victim: Actor, actors: dict[int, Actor], cell: Cell, elsewhere: Cell) -> Iterator[tuple[str, Others]]:
    """Everything a centre without a key can send; ``elsewhere`` is another cell it has asked about."""
    others = [actor for x, actor in actors.items() if x != victim.x]
    xs = [actor.x for actor in others][: max(1, victim.params.t)]
    needed = xs[: victim.params.t - 1]
    slopes = (0,) if victim.params.t == 2 else (0, 1, 12345)
    own_tag = victim.receipt(cell)
    for slope in slopes:
        cells = [extended(victim.x, victim.cell(cell), slope, x) for x in needed]
        yield "polynomial", [(x, pack(pair)) for x, pair in zip(needed, cells, strict=True)]
        yield "polynomial, other packing", [(x, pack(pair)[::-1]) for x, pair in zip(needed, cells, strict=True)]
        yield (
            "polynomial of the tag",
            [(x, pack(extended(victim.x, (unpack(own_tag)[0] % P, unpack(own_tag)[1] % P), slope, x))) for x in needed],
        )
    yield "own tag for all", [(x, own_tag) for x in needed]
    yield "own tag and own x", [(victim.x, own_tag), *((x, own_tag) for x in needed[1:])]
    yield "what the others answered here", [(actor.x, actor.receipt(cell)) for actor in others]
    yield "what just enough others answered here", [(actor.x, actor.receipt(cell)) for actor in others[: len(needed)]]
    yield "what the others answered elsewhere", [(actor.x, actor.receipt(elsewhere)) for actor in others]
    yield "the victim's answer elsewhere", [(x, victim.receipt(elsewhere)) for x in needed]
    yield "one actor many times", [(others[0].x, others[0].receipt(cell))] * victim.params.t
    yield "an actor that does not exist", [(999 + i, own_tag) for i in range(len(needed))]
    yield "nothing", []


def sector(played, params, element_id, t: int, kind: type[Actor]) -> dict[int, Actor]:
    """t+1 actors; the victim shares elements with t-2 others (one below the threshold) and has some of its own."""
    xs = [VICTIM, *range(7, 7 + t)]
    shared = [("shared", i) for i in range(20)] if t > 2 else []
    sets = {x: [*(shared if i < t - 1 else []), *((x, n) for n in range(M - 20))] for i, x in enumerate(xs)}
    game = played(params(t, M, 4), sets)
    assert game.hits() == []
    return {x: kind(game, x, [element_id(name) for name in names]) for x, names in sets.items()}


def revealed(actors: dict[int, Actor]) -> tuple[set[str], int]:
    victim, kinds, opened = actors[VICTIM], set(), set()
    cells = [cell for cell, _ in victim.slots.cells()]
    for cell, elsewhere in zip(cells, cells[1:] + cells[:1], strict=True):
        for name, others in forgeries(victim, actors, cell, elsewhere):
            if victim.reveals(cell, others):
                kinds.add(name)
                opened.add(victim.id_at(cell))
    return kinds, len(opened)


@pytest.mark.parametrize("t", [2, 3])
def test_nothing_is_revealed_to_a_lying_centre(played, params, element_id, t) -> None:
    assert revealed(sector(played, params, element_id, t, Actor)) == (set(), 0)


@pytest.mark.parametrize("t", [2, 3])
def test_receipts_on_the_polynomial_would_reveal_everything(played, params, element_id, t) -> None:
    actors = sector(played, params, element_id, t, NaiveActor)
    kinds, opened = revealed(actors)
    assert "polynomial" in kinds
    assert opened == len(actors[VICTIM].ids)


@pytest.mark.parametrize("t", [2, 3])
def test_a_plane_forged_for_a_true_hit_opens_nothing_either(played, params, element_id, t) -> None:
    """The centre makes planes of its own in others' names, so that its reconstruction "finds" the victim's cells: the
    hit is real to the centre and still no receipt follows from it."""
    from bavn.psi.reconstruct import reconstruct

    actors = sector(played, params, element_id, t, Actor)
    victim = actors[VICTIM]
    faked = {VICTIM: victim.planes}
    for x in (7, 8)[: t - 1]:
        grown = victim.planes.astype("uint64") + (0 if t == 2 else 5 * ((x - VICTIM) % P))
        faked[x] = (grown % P).astype("uint32")
    hits = reconstruct(victim.params, faked)
    assert len(hits) == victim.params.r * victim.params.bins
    for hit in hits:
        others = [(x, pack((int(faked[x][0, hit.cell.table, hit.cell.bin]), 0))) for x in hit.holders if x != VICTIM]
        assert not victim.reveals(hit.cell, others)


@pytest.mark.parametrize("t", [2, 3])
def test_true_holders_do_reveal(played, params, element_id, t) -> None:
    """The control: with t holders the same actors open every cell in which they meet."""
    xs = [VICTIM, *range(7, 7 + t)]
    sets = {x: [("shared", i) for i in range(15)] + [(x, n) for n in range(30)] for x in xs}
    game = played(params(t, M, 4), sets)
    actors = {x: Actor(game, x, [element_id(name) for name in names]) for x, names in sets.items()}
    hits = game.hits()
    assert len(hits) > 40
    for hit in hits:
        tags = [(x, actors[x].receipt(hit.cell)) for x in hit.holders]
        assert all(actors[x].reveals(hit.cell, [pair for pair in tags if pair[0] != x]) for x in hit.holders)
