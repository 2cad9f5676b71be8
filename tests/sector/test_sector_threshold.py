"""A whole sector by key holders of whom k evaluate: n-k of them die in mid-round, lie, are silent and come back, by
dice, and nobody's book says another word but a line that names them."""

import json
from dataclasses import replace

import pytest

from bavn.rehearsal.holder_faults import HolderFaults
from bavn.rehearsal.script import CENTRE, START_US, HolderChange, holder_name
from bavn.rehearsal.world import World
from bavn.traffic.dice import SeededDice
from tests.sector.drawn_script import drawn_changes, drawn_script

pytestmark = pytest.mark.slow
STEPS = 14
MINUTE_US = 60_000_000
CHAINED = {"seq", "hash", "prev"}
DEAD = HolderFaults(dead=True)


def run(folder, script):
    world = World(script, folder)
    try:
        result = world.run()
        assert result.settled
        assert all(ledger.verify() is None for ledger in world.ledgers().values())
        return result
    finally:
        world.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The story with all key holders well, played once."""
    kept = {}

    def played(n, k):
        if (n, k) not in kept:
            kept[n, k] = run(tmp_path_factory.mktemp("plain"), script(3, n, k))
        return kept[n, k]

    return played


def script(seed, n, k, *changes):
    plain = drawn_script(seed, steps=STEPS, faults=False)
    return replace(plain, holders=n, holders_k=k, holder_changes=changes)


def lines(result, who, *, of_holders=False):
    """Of one book, less what stands there of key holders by name; or that alone."""
    every = [json.loads(line) for line in result.ledgers[who]]
    some = [line for line in every if line["peer"].startswith("keyholder-") == of_holders]
    return [{name: value for name, value in line.items() if name not in CHAINED} for line in some]


def named(result):
    """(holder, rule): whom nodes refused something of, and why."""
    every = [line for who in result.blocks for line in lines(result, who, of_holders=True)]
    return {(line["peer"], line["rule"]) for line in every if line["verdict"] == "refused"}


def found(result):
    return [([str(observable) for observable in lead.observables], lead.actors, lead.score) for lead in result.leads]


def changes_no_other_line(changed, honest):
    assert changed.leads == honest.leads
    assert changed.blocks == honest.blocks
    assert changed.ledgers[CENTRE] == honest.ledgers[CENTRE]
    for who in honest.blocks:
        assert lines(changed, who) == lines(honest, who), who


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.world)])
@pytest.mark.parametrize(("n", "k"), [(3, 2), (5, 3)])
def test_any_n_less_k_holders_killed_or_lying_in_mid_round_change_nothing_but_lines_that_name_them(
    disk, plain, n, k, seed
) -> None:
    """Drawn once for each in each run, twice in the world; test_sector_faults.py draws it for eight days more."""
    honest = plain(n, k)
    assert honest.leads
    assert found(honest) == found(plain(1, 1)), "nor does it matter whether one holder is alone"
    assert not named(honest)
    changes = drawn_changes(SeededDice(seed, f"holders {n}"), n, k, START_US, START_US + STEPS * MINUTE_US)
    changed = run(disk / "changed", script(3, n, k, *changes))
    changes_no_other_line(changed, honest)
    bad = {change.who for change in changes}
    assert len(bad) == n - k
    assert set() != {holder for holder, _ in named(changed)} <= bad


def test_one_killed_between_two_requests_of_one_round_is_named_by_those_who_came_later(disk, plain) -> None:
    honest = plain(3, 2)
    parts = [
        (line["at_us"], name)
        for name in map(holder_name, (1, 2, 3))
        for line in lines(honest, name)
        if line["kind"] == "PartAsked"
    ]
    round_us, killed = max((one for one in parts if one[0] > min(parts)[0]), key=parts.count)
    for questions in (5, 9):  # a part asks the clock four times, and its own step may come first
        death = HolderChange(round_us, killed, DEAD, questions)
        changed = run(disk / f"killed {questions}", script(3, 3, 2, death))
        changes_no_other_line(changed, honest)
        before = [line["kind"] for line in lines(changed, killed) if line["at_us"] == round_us].count("PartAsked")
        if before:
            break
    assert 0 < before < parts.count((round_us, killed)), "in the middle of it"
    assert named(changed) == {(killed, "holder_silent")}


def test_one_that_lost_its_shares_comes_back_by_a_reshare_and_bears_the_sector_with_another_gone(disk) -> None:
    first, second, third = (holder_name(number) for number in (1, 2, 3))
    changes = (
        HolderChange(START_US, third, DEAD),
        HolderChange(START_US + 2 * MINUTE_US, third, HolderFaults(), lost=True),
        HolderChange(START_US + 17 * MINUTE_US, second, DEAD),
    )
    longer = replace(script(3, 3, 2), steps=30)
    honest = run(disk / "longer", longer)
    changed = run(disk / "back", replace(longer, holder_changes=changes))
    changes_no_other_line(changed, honest)
    late_us = START_US + 17 * MINUTE_US
    late = [line["kind"] for line in lines(changed, third) if line["at_us"] > late_us]
    assert "PartAsked" in late
    assert any("wrong []" in line["summary"] for line in lines(changed, third) if line["kind"] == "EpochKeys")
    assert not [line for line in lines(changed, second) if line["at_us"] > late_us]
    assert first not in {holder for holder, _ in named(changed)}


def test_with_fewer_than_k_rounds_wait_and_go_on_once_there_are_k(disk) -> None:
    back_us = START_US + 14 * MINUTE_US
    gone = [HolderChange(START_US, holder_name(number), DEAD) for number in (1, 3)]
    assert not run(disk / "gone", script(3, 3, 2, *gone)).leads
    back = HolderChange(back_us, holder_name(3), HolderFaults())
    longer = replace(script(3, 3, 2, *gone, back), steps=40)
    assert found(run(disk / "back", longer))
