"""The upload of who holds nothing: uniform cells, read by everybody as any share is, and no element in it."""

import struct

import numpy as np
import pytest

from bavn.model.outcome import Refused
from bavn.psi import cover
from bavn.psi.cover import Cover, NoSlots, no_slots
from bavn.psi.field import P
from bavn.psi.planes import planes_from_bytes, tables_of
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import PROTOCOL_VERSION, Cell, RoundParams
from bavn.psi.share import generate
from bavn.psi.slots import SlotMap
from bavn.traffic.dice import SeededDice

PARAMS = RoundParams(
    version=PROTOCOL_VERSION, epoch=1, round_id=bytes(range(16)), registry_version=1, tier="A", t=3, m=200, r=4
)


def planes_of(raw):
    planes = planes_from_bytes(PARAMS, raw)
    assert not isinstance(planes, Refused), planes
    return planes


def test_a_cover_reads_as_planes_uniform_meeting_nothing_with_an_empty_slot_map() -> None:
    """Chi square over 64 equal parts of the field: 63 degrees of freedom, below 125 but once in a million."""
    made = Cover.drawn(PARAMS, SeededDice(1, "cover"))
    planes = planes_of(made.to_bytes())
    assert made.tables() == tables_of(planes)
    share = generate(PARAMS, bytes(32), [(bytes(14), 1.0)], 7, SeededDice(2, "share"))
    assert len(made.to_bytes()) == len(share.to_bytes())
    cells = planes_of(Cover.drawn(PARAMS, SeededDice(3, "cover")).to_bytes()).ravel().astype(np.uint64)
    counts = np.bincount((cells * 64 // P).astype(int), minlength=64)
    assert ((counts - cells.size / 64) ** 2 / (cells.size / 64)).sum() < 125
    ids = [(n.to_bytes(14), 1.0) for n in range(100)]
    shares = {x: generate(PARAMS, bytes(32), ids, x, SeededDice(x, "share")).to_bytes() for x in (1, 2)}
    covers = {x: Cover.drawn(PARAMS, SeededDice(x, "cover")).to_bytes() for x in (3, 4, 5)}
    assert reconstruct(PARAMS, {x: planes_of(raw) for x, raw in {**shares, **covers}.items()}, "numpy") == []
    read = SlotMap.from_bytes(PARAMS, no_slots(PARAMS))
    assert isinstance(read, SlotMap)
    assert (len(read), read.cells(), NoSlots().cells()) == (0, [], [])
    assert read.find(Cell(0, 0)) is NoSlots().find(Cell(0, 0)) is None


class Stream:
    """AES in counter mode, but for the words that a test wants."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def update(self, given):
        piece = self.pieces.pop(0)
        return piece + bytes(len(given) - len(piece))


@pytest.mark.parametrize("place", [0, 5])
def test_the_one_word_that_is_no_element_is_drawn_again_until_it_is_one(monkeypatch, place) -> None:
    rejected = struct.pack("<I", 0xFFFFFFFF)
    across = b"\x01\xff\xff\xff\xff\xff\xff\x04"  # the same bytes across two words are none of it
    stream = Stream(across + bytes(4 * place) + rejected, rejected, struct.pack("<I", 0x80000009))
    monkeypatch.setattr(cover, "Cipher", lambda *_: type("C", (), {"encryptor": lambda _: stream})())
    words = struct.unpack_from(f"<{place + 3}I", Cover.drawn(PARAMS, SeededDice(4, "cover")).to_bytes())
    assert (words[:2], words[2 + place]) == ((0x7FFFFF01, 0x04FFFFFF), 9)
    assert stream.pieces == []
