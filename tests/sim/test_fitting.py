"""The fit finds what was drawn, never falls with a smaller p, and believes little where little stands behind it."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.laws.fitted import OPTIONAL
from bavn.traffic.dice import SeededDice
from bavn_lab.sectorbench import fitting
from bavn_lab.sectorbench.fitting import GUARDS, Sighted, choose, common_ratio, fitted_rows, isotonic, level_of


def elements(count, share_of_rarity, dice, families=0):
    """Elements of two reports each; of those of campaigns a family is one of so many."""
    made = []
    for number in range(count):
        reports = tuple(("rarity" if dice.unit() < share_of_rarity else "beacon", 5 + dice.below(4)) for _ in range(2))
        family = f"family {dice.below(families)}" if families else ""
        made.append(Sighted(family, (15, 1 + number % 2), reports, 1.0, number % 3))
    return made


def test_the_fit_finds_the_drawn_ratio_and_believes_one_family_less() -> None:
    dice = SeededDice(5)
    seen = elements(3000, 0.6, dice, families=60) + elements(6000, 0.2, dice)
    rows = common_ratio(seen, ["beacon", "rarity"])
    assert abs(rows["rarity"][6] - log(3)) < 0.15
    assert abs(rows["beacon"][6] + log(2)) < 0.15
    assert all((np.diff(row) >= 0).all() for row in rows.values())

    def rarity(families):
        dice = SeededDice(5)
        return common_ratio(elements(600, 0.8, dice, families) + elements(900, 0.2, dice), ["rarity"])["rarity"][6]

    assert 0 < rarity(1) < rarity(5) < rarity(60)


def test_a_row_has_its_interval_and_what_many_hold_says_nothing() -> None:
    """What is compared are elements that equally many hold: a detector of wide things is no sign of harmlessness."""
    wide = [Sighted("", (100, 4), (("beacon", 6),) * 9, 1.0, 0)] * 900
    narrow = [Sighted("", (100, 1), ((name, 6),) * 2, 1.0, 0) for name in ("beacon", "rarity")] * 100
    campaigns = [
        Sighted(f"f{n % 40}", (100, 1), ((name, 6),) * 2, 1.0, 0) for n in range(100) for name in ("beacon", "rarity")
    ]
    rows = common_ratio(wide + narrow + campaigns, ["beacon", "rarity"])
    assert abs(rows["beacon"][6]) < 0.1
    assert abs(rows["rarity"][6]) < 0.1
    dice = SeededDice(5)
    rows = fitted_rows(elements(60, 0.8, dice, 6) + elements(90, 0.2, dice), SeededDice(1), resamples=20)
    assert set(rows) == {"", "beacon", "rarity"}
    row = rows["rarity"]
    assert all(low - 1e-9 <= high for low, high in zip(row.low, row.high, strict=True))
    assert 0 < row.families[6] <= 6
    assert row.families[0] == 0


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 5)), min_size=1, max_size=16))
def test_the_rising_sequence_rises_and_keeps_the_mean(pairs) -> None:
    values, weights = np.array([v for v, _ in pairs]), np.array([w for _, w in pairs])
    risen = isotonic(values, weights)
    assert (np.diff(risen) >= -1e-12).all()
    assert float((risen * weights).sum()) == pytest.approx(float((values * weights).sum()), abs=1e-9)


@pytest.mark.parametrize(
    ("gains", "kept"),
    [
        ({}, ("sharing",)),
        ({"sharing": (-0.1, 0.1)}, ()),
        ({"congruence": (0.1, -0.01), "graph": (0.0, 0.0)}, ("sharing",)),
        ({"congruence": (0.1, 0.0), "graph": (0.05, 0.05)}, ("sharing", "graph")),
        ({"crowd": (0.1, 0.2), "graph": (0.05, 0.05)}, ("sharing", "crowd", "graph")),
    ],
)
def test_a_term_joins_only_where_it_gains_at_both_sizes(monkeypatch, gains, kept) -> None:
    def recall(_days, terms, _jobs):
        small, large = (sum(gains.get(term, (0.0, 0.0))[at] for term in terms) for at in (0, 1))
        return {15: 0.5 + small, 100: 0.5 + large}

    monkeypatch.setattr(fitting, "recall_by_size", recall)
    tried = choose([], 1, lambda _: None)
    assert set(tried[-1].terms) == set(kept)
    assert set(kept) <= set(OPTIONAL)


def test_the_level_lets_no_more_than_its_share_of_the_harmless_over_a_guard() -> None:
    for spread in (0.3, 1.0, 2.0):
        harmless = [spread * one for one in SeededDice(7).bells(4000, 0.0, 1.0)]
        level = level_of(harmless)
        over = [(sum(one + level >= guard for one in harmless) / len(harmless), share) for guard, share in GUARDS]
        assert all(reached <= share for reached, share in over)
        assert any(reached >= 0.9 * share for reached, share in over)
    assert level_of([]) == -0.001
