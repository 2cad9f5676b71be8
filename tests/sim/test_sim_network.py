import contextlib
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.model.moment import SECOND_US
from bavn.model.ports import LinkDown
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.network import LATE_MAX, BadLink, Faults
from bavn.traffic.dice import SeededDice
from tests.sector.drawn_script import drawn_faults

START_US = 1_000 * SECOND_US


class Other:
    """The other side: keeps what comes, says how far it has it; has a row of its own to give."""

    def __init__(self, rows=0) -> None:
        self.got: list[int] = []
        self.rows = rows

    def post(self, envelopes):
        self.got += [int(raw) for raw in envelopes]
        return [int(raw) for raw in envelopes]

    def pull(self, after, wait_s):
        return [str(n).encode() for n in range(after + 1, min(self.rows, after + 5) + 1)]


def link(faults, seed=1, rows=0):
    clock, other = SimClock(START_US), Other(rows)
    return BadLink(other, faults, SeededDice(seed), clock), other, clock


def test_without_faults_it_is_the_link_and_with_them_each_does_what_it_says() -> None:
    good, other, _ = link(Faults(), rows=7)
    assert good.post([b"1", b"2"]) == [1, 2]
    assert other.got == [1, 2]
    assert good.pull(3, 0) == [b"4", b"5", b"6", b"7"]
    lost, other, _ = link(Faults(request_lost=1.0), rows=3)
    for call in (lambda: lost.post([b"1"]), lambda: lost.pull(0, 0)):
        with pytest.raises(LinkDown):
            call()
    assert other.got == []
    unheard, other, _ = link(Faults(answer_lost=1.0))
    with pytest.raises(LinkDown):
        unheard.post([b"1"])
    assert other.got == [1]
    twice, other, _ = link(Faults(doubled=1.0))
    assert twice.post([b"1", b"2"]) == [1, 2]
    assert other.got == [1, 2, 1, 2]
    late, other, clock = link(Faults(late=1.0, late_s_max=100))
    with pytest.raises(LinkDown):
        late.post([b"1"])
    late.faults = Faults()
    assert late.post([b"2"]) == [2]
    clock.advance(100 * SECOND_US)
    assert late.arrive() == 1
    assert other.got == [2, 1]
    assert late.arrive() == 0
    parted, other, clock = link(Faults(partitions=((START_US, START_US + 10 * SECOND_US),)))
    with pytest.raises(LinkDown):
        parted.post([b"1"])
    clock.advance(10 * SECOND_US)
    parted.post([b"1"])
    assert other.got == [1]


def test_stale_answers_are_earlier_ones_and_what_is_under_way_is_bounded() -> None:
    stale, _, _ = link(Faults(), rows=10)
    first = stale.pull(0, 0)
    stale.faults = Faults(stale_answer=1.0)
    assert stale.pull(5, 0) == first
    full, _, _ = link(Faults(late=1.0))
    for _ in range(LATE_MAX + 5):
        with pytest.raises(LinkDown):
            full.post([b"1"])
    assert (full.met.late, full.met.late_forgotten) == (LATE_MAX, 5)


@pytest.mark.parametrize("wrong", [{"late": 1.5}, {"doubled": -0.1}, {"late_s_max": 0}, {"partitions": ((5, 5),)}])
def test_faults_outside_their_bounds_are_refused(wrong) -> None:
    with pytest.raises(ValueError):
        Faults(**wrong)


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_retrying_until_acknowledged_loses_nothing_and_a_run_is_its_seed(seed) -> None:
    def run():
        faults = drawn_faults(SeededDice(seed, "faults"), START_US, START_US + 2000 * SECOND_US)
        bad, other, clock = link(faults, seed, rows=25)
        waiting, heard, order = list(range(1, 26)), 0, []
        for _ in range(4000):
            clock.advance(10 * SECOND_US)
            try:
                done = bad.post([str(n).encode() for n in waiting[:4]])
                waiting = [n for n in waiting if n not in done]
                got = [int(raw) for raw in bad.pull(heard, 0)]
                assert got == sorted(got)
                for n in got:
                    if n == heard + 1:
                        order.append(n)
                        heard = n
            except LinkDown:
                continue
        return waiting, heard, order, other.got, bad.met

    waiting, heard, order, got, met = run()
    assert waiting == []
    assert order == list(range(1, 26))
    assert heard == 25
    assert set(got) == set(range(1, 26))
    assert (waiting, heard, order, got, met) == run()


def test_every_fault_is_met_in_a_drawn_network() -> None:
    seen = set()
    for seed in range(30):
        faults = drawn_faults(SeededDice(seed, "faults"), START_US, START_US + 2000 * SECOND_US)
        bad, _, clock = link(faults, seed, rows=50)
        for n in range(300):
            clock.advance(10 * SECOND_US)
            with contextlib.suppress(LinkDown):
                bad.post([b"1"])
            with contextlib.suppress(LinkDown):
                bad.pull(n % 50, 0)
        seen |= {each.name for each in fields(bad.met) if getattr(bad.met, each.name)}
    assert seen >= {each.name for each in fields(bad.met)} - {"late_forgotten"}
