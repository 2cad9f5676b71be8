"""Share generation against PSI.md's pseudo-code written out plainly: one block, one element, one bin at a time."""

import struct

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.psi import share as share_module
from bavn.psi.field import P, horner, reduce
from bavn.psi.round import Cell, RoundParams
from bavn.psi.share import generate, keystream, uniform_cells


def aes_block(kr: bytes, h: bytes, n: int) -> bytes:
    return Cipher(algorithms.AES(kr), modes.ECB()).encryptor().update(h + struct.pack(">H", n))


class Counter:
    """AES-256-CTR from counter zero, byte by byte."""

    def __init__(self, key: bytes) -> None:
        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self._count, self._left = 0, b""

    def take(self, count: int) -> bytes:
        while len(self._left) < count:
            self._left += self._block.update(self._count.to_bytes(16))
            self._count += 1
        taken, self._left = self._left[:count], self._left[count:]
        return taken


def plain_generate(params: RoundParams, kr: bytes, own: list[bytes], x: int, key: bytes):
    """Cells [2][r][bins] and slots {cell: (id, insertion)}; ``own`` has at most m ids, all different."""
    stream, t, bins = Counter(key), params.t, params.bins
    ids = sorted(own)
    fakes = stream.take(14 * (params.m - len(ids)))
    ids += [fakes[i : i + 14] for i in range(0, len(fakes), 14)]
    planes, slots = [[], []], {}
    priority: dict[bytes, int] = {}
    for r in range(params.r):
        cells = [[int(word) for word in struct.unpack(f"<{bins}I", stream.take(4 * bins))] for _ in (0, 1)]
        cells = [[word & P for word in row] for row in cells]
        assert all(word != P for row in cells for word in row)  # one in 2**31: the rejection has its own test
        place = {h: struct.unpack("<IIQ", aes_block(kr, h, r * (2 * t - 1))) for h in ids}
        priority = {h: place[h][2] for h in ids} if r % 2 == 0 else {h: 2**64 - 1 - priority[h] for h in ids}
        holder: dict[int, tuple[bytes, int]] = {}
        for h in sorted(ids, key=lambda h: priority[h]):
            holder.setdefault(place[h][0] * bins >> 32, (h, 1))
        first = set(holder)
        for h in sorted(ids, key=lambda h: -priority[h]):
            position = place[h][1] * bins >> 32
            if position not in first:
                holder.setdefault(position, (h, 2))
        for position, (h, insertion) in holder.items():
            base = r * (2 * t - 1) + (1 if insertion == 1 else t)
            blocks = [struct.unpack("<QQ", aes_block(kr, h, base + k)) for k in range(t - 1)]
            for coordinate in (0, 1):
                cell = sum((block[coordinate] % P) * x**k for k, block in enumerate(blocks)) % P
                cells[coordinate][position] = cell
            if h in own:
                slots[Cell(r, position)] = (h, insertion)
        planes[0].append(cells[0])
        planes[1].append(cells[1])
    return planes, slots


@given(
    t=st.integers(2, 5),
    m=st.integers(1, 24),
    filled=st.floats(0, 1),
    x=st.integers(1, P - 1),
    seed=st.integers(0, 2**64),
)
@settings(max_examples=30, deadline=None)
def test_every_cell_and_slot_is_what_the_pseudo_code_says(
    t,
    m,
    filled,
    x,
    seed,
) -> None:
    rng = np.random.default_rng(seed)
    params = RoundParams(version=1, epoch=3, round_id=rng.bytes(16), registry_version=2, tier="B", t=t, m=m, r=4)
    kr, key, own = rng.bytes(32), rng.bytes(32), [rng.bytes(14) for _ in range(round(filled * m))]

    class KeyDice:
        def bytes(self, count: int) -> bytes:
            assert count == 32
            return key

    made = generate(params, kr, [(h, 0.0) for h in own], x, KeyDice())
    planes, slots = plain_generate(params, kr, own, x, key)
    assert made.planes.tolist() == planes
    assert {cell: (own[slot.element], slot.insertion) for cell, slot in made.slots.cells()} == slots
    for cell, (h, insertion) in slots.items():
        slot = made.slots.find(cell)
        assert slot is not None
        assert (own[slot.element], slot.insertion) == (h, insertion)


def test_a_share_depends_on_the_seed_and_keeps_the_most_suspicious_in_two_cells(params, dice, element_id) -> None:
    p = params(3, 100, 4)
    ids = [(element_id(i), 1.0) for i in range(70)]
    one = generate(p, bytes(32), ids, 5, dice("a"))
    other = generate(p, bytes(32), ids[::-1], 5, dice("a"))
    assert one.to_bytes() == other.to_bytes()
    assert [(c, ids[s.element]) for c, s in one.slots.cells()] == [
        (c, ids[::-1][s.element]) for c, s in other.slots.cells()
    ]
    assert one.to_bytes() != generate(p, bytes(32), ids, 5, dice("b")).to_bytes()
    p = params(2, 10, 10)
    ids = [(element_id(i), float(i % 50)) for i in range(50)] + [(element_id(i), 0.5) for i in range(50)]
    made = generate(p, bytes(32), ids, 9, dice("few"))
    assert {slot.element for _, slot in made.slots.cells()} == set(range(40, 50))
    made = generate(params(2, 50, 10), bytes(32), [(element_id(i), 1.0) for i in range(50)], 9, dice("twins"))
    twice = 0
    for table in range(10):
        where: dict[int, list[int]] = {}
        for cell, slot in made.slots.cells():
            if cell.table == table:
                where.setdefault(slot.element, []).append(cell.bin)
        for bins in where.values():
            cells = [tuple(made.planes[:, table, bin_].tolist()) for bin_ in bins]
            assert len(set(cells)) == len(cells)
            twice += len(bins) == 2
    assert twice > 100
    p = params(2, 3, 2)
    for kr, h, x in (
        (bytes(31), bytes(14), 1),
        (bytes(32), bytes(13), 1),
        (bytes(32), bytes(14), 0),
        (bytes(32), bytes(14), P),
    ):
        with pytest.raises(ValueError, match=r"x lies|a round key"):
            generate(p, kr, [(h, 1.0)], x, dice("bad"))


@pytest.mark.parametrize("held", [0, 1, 57, 100, 300])
def test_upload_and_dice_are_the_same_whatever_the_set(params, dice, element_id, held) -> None:
    p = params(3, 100, 4)
    thrown = dice("size")
    made = generate(p, bytes(32), [(element_id(i), float(i)) for i in range(held)], 9, thrown)
    assert len(made.to_bytes()) == p.upload_bytes == 8 * 4 * 3 * 100
    assert thrown.draws == [32]


def test_dummies_keystream_and_ties_follow_the_pseudo_code() -> None:
    full, one = b"\xff\xff\xff\x7f", b"\x01\x00\x00\x80"
    served = {16: [full + one + b"\xff" * 4 + one], 8: [full + one], 4: [full, b"\x09\x00\x00\x00"]}
    assert uniform_cells(4, lambda count: served[count].pop(0)).tolist() == [9, 1, 1, 1]
    assert not any(served.values())
    key = bytes(range(32))
    whole = Counter(key).take(1000)
    take = keystream(key)
    assert b"".join(take(n) for n in (1, 15, 16, 0, 500, 468)) == whole
    position, priority = np.array([4, 4, 4, 2]), np.array([7, 3, 3, 3], dtype=np.uint64)
    bins, winners = share_module._best(6, position, priority, np.array([10, 11, 12, 13]))
    assert (bins.tolist(), winners.tolist()) == ([2, 4], [13, 11])


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6), st.integers(1, P - 1))
def test_field_arithmetic_is_that_of_the_integers(values, x) -> None:
    edge = [*values, 0, P - 1, P, P + 1, 2 * P, 2**64 - 1, (P - 1) ** 2 + P - 1]
    assert reduce(np.array(edge, dtype=np.uint64)).tolist() == [value % P for value in edge]
    coefficients = [value % P for value in edge]
    rows = np.array([[c, P - 1] for c in coefficients], dtype=np.uint64)
    expected = [sum(c * x**k for k, c in enumerate(column)) % P for column in zip(*rows.tolist(), strict=True)]
    assert horner(rows, x).tolist() == expected
