import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice


def test_a_clock_moves_forward_and_dice_have_their_shape_in_every_fork() -> None:
    clock = SimClock(5)
    assert clock.now_us() == 5
    assert clock.advance(10) == clock.now_us() == 15
    assert clock.until(7) == 15
    assert clock.until(70) == clock.now_us() == 70
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="1970"):
        SimClock(-1)
    one, other = SeededDice(1, "a"), SeededDice(1, "a")
    one.bytes(100)
    assert one.fork("x").bytes(32) == other.fork("x").bytes(32)
    streams = {SeededDice(s, label).fork(f).bytes(16) for s in (1, 2) for label in ("", "a", "a/x") for f in ("x", "y")}
    assert len(streams) == 12
    dice = SeededDice(3)
    units = dice.units(20_000)
    assert units.min() >= 0
    assert units.max() < 1
    assert abs(units.mean() - 0.5) < 0.01
    assert abs(dice.waits(20_000, 7.0).mean() - 7) < 0.3
    bells = dice.bells(20_000, 10, 2)
    assert abs(bells.mean() - 10) < 0.1
    assert abs(bells.std() - 2) < 0.1
    picked = np.bincount(dice.pick(20_000, np.array([1.0, 0.0, 3.0])), minlength=3) / 20_000
    assert picked[1] == 0
    assert abs(picked[2] - 0.75) < 0.02
    assert set(dice.whole(1000, 3).tolist()) == {0, 1, 2}
    assert {dice.below(3) for _ in range(100)} == {0, 1, 2}
    assert 300 < sum(dice.chance(0.4) for _ in range(1000)) < 500
    with pytest.raises(ValueError, match="below 0"):
        dice.below(0)


@given(st.integers(0, 2**63), st.text(max_size=20), st.lists(st.integers(0, 50), max_size=6))
def test_the_same_seed_and_label_fall_alike_whatever_the_pieces(seed, label, pieces) -> None:
    whole = SeededDice(seed, label).bytes(sum(pieces))
    dice = SeededDice(seed, label)
    assert b"".join(dice.bytes(n) for n in pieces) == whole
