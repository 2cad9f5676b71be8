"""Planes and slot maps as bytes: what was written is read; anything else is refused as a value, never a crash."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.outcome import Refused
from bavn.psi.field import P
from bavn.psi.planes import planes_from_bytes, planes_to_bytes
from bavn.psi.round import Cell, RoundParams
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap

SMALL = RoundParams(version=1, epoch=1, round_id=bytes(16), registry_version=1, tier="A", t=2, m=2, r=2)


@given(st.lists(st.integers(0, P - 1), min_size=16, max_size=16))
def test_planes_come_back(values) -> None:
    planes = np.array(values, dtype=np.uint32).reshape(2, 2, 4)
    raw = planes_to_bytes(planes)
    assert raw == b"".join(value.to_bytes(4, "little") for value in values)
    read = planes_from_bytes(SMALL, raw)
    assert not isinstance(read, Refused)
    assert np.array_equal(read, planes)
    assert (read.dtype, read.flags.writeable) == (np.uint32, False)


@given(st.binary(max_size=80) | st.binary(min_size=64, max_size=64))
@settings(max_examples=300)
def test_any_bytes_are_planes_or_refused(raw) -> None:
    read = planes_from_bytes(SMALL, raw)
    words = [int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 4)]
    if len(raw) != 64:
        assert isinstance(read, Refused)
        assert read.rule == "planes_length"
    elif max(words) >= P:
        assert isinstance(read, Refused)
        assert read.rule == "planes_value"
    else:
        assert not isinstance(read, Refused)
        assert read.ravel().tolist() == words


@pytest.mark.parametrize("value", [P, P + 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("at", [0, 7, 15])
def test_one_value_too_large_anywhere_is_refused(value, at) -> None:
    planes = np.zeros(16, dtype=np.uint32)
    planes[at] = value
    refused = planes_from_bytes(SMALL, planes.tobytes())
    assert isinstance(refused, Refused)
    assert refused.rule == "planes_value"


def slot_map(dice, element_id, number=0) -> SlotMap:
    params = RoundParams(version=1, epoch=1, round_id=number.to_bytes(16), registry_version=1, tier="A", t=2, m=9, r=4)
    return generate(params, bytes(32), [(element_id(i), 1.0) for i in range(7)], 3, dice("slots")).slots


def test_slot_maps_come_back_and_those_of_another_round_are_refused(dice, element_id, params) -> None:
    slots = slot_map(dice, element_id)
    read = SlotMap.from_bytes(slots.params, slots.to_bytes())
    assert isinstance(read, SlotMap)
    assert read.cells() == slots.cells()
    assert len(read) == len(slots) > 20
    inside = dict(slots.cells())
    for table in range(-1, 5):
        for bin_ in range(-1, 19):
            assert read.find(Cell(table, bin_)) == inside.get(Cell(table, bin_))
    p = params(2, 9, 4)
    slots = generate(p, bytes(32), [], 3, dice("none")).slots
    assert slots.cells() == []
    assert slots.find(Cell(0, 0)) is None
    read = SlotMap.from_bytes(p, slots.to_bytes())
    assert isinstance(read, SlotMap)
    assert len(read) == 0
    refused = SlotMap.from_bytes(slot_map(dice, element_id, 1).params, slot_map(dice, element_id, 2).to_bytes())
    assert isinstance(refused, Refused)
    assert refused.rule == "slots_round"


@given(cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), max_size=4))
@settings(max_examples=150)
def test_a_damaged_slot_map_is_refused_or_inside_the_planes(cut, flips) -> None:
    raw = bytearray(_GOOD.to_bytes()[:cut])
    for at, value in flips:
        if at < len(raw):
            raw[at] = value
    read = SlotMap.from_bytes(_GOOD.params, bytes(raw))
    if isinstance(read, SlotMap):
        cells = [cell for cell, _ in read.cells()]
        assert cells == sorted(set(cells))
        assert all(0 <= cell.table < 4 and 0 <= cell.bin < 18 for cell in cells)
        assert all(slot.insertion in (1, 2) for _, slot in read.cells())
    else:
        assert read.rule in {"slots_format", "slots_round"}


class _Dice:
    def bytes(self, count: int) -> bytes:
        return bytes(count)


_GOOD = slot_map(lambda _: _Dice(), lambda i: bytes([i]) * 14)
