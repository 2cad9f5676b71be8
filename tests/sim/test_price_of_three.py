"""What it costs that three must hold strong evidence and not two, on SectorBench's campaigns: figures of the docs."""

import numpy as np

from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench.background import P_MAX
from bavn_lab.sectorbench.campaigns import P_MIN, STRONG_P, VICTIMS, VICTIMS_SHARE, drawn_onsets

CAMPAIGNS = 2_000


def test_five_in_a_hundred_are_lost_and_sixteen_are_later() -> None:
    """A campaign is found when its second strong victim or its third of any strength is hit; with three, when its third
    is. Of those that are found with two so many are lost or later, and by so many hours."""
    dice, found, lost, later_h = SeededDice(1, "price"), 0, 0, []
    for _ in range(CAMPAIGNS):
        onsets = drawn_onsets(VICTIMS[int(dice.pick(1, np.array(VICTIMS_SHARE))[0])], dice)
        strong = [onset for onset in onsets if P_MIN * (P_MAX / P_MIN) ** dice.unit() <= STRONG_P]
        with_two = min([*strong[1:2], *onsets[2:3]], default=None)
        with_three = next(iter(onsets[2:3]), None)
        found += with_two is not None
        lost += with_two is not None and with_three is None
        if with_two is not None and with_three is not None and with_three > with_two:
            later_h.append((with_three - with_two) / 60)
    assert 0.04 < lost / found < 0.065
    assert 0.14 < len(later_h) / found < 0.18
    assert 4.5 < float(np.median(later_h)) < 7.5
