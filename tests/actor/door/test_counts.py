"""Counts for the sector's picture: bounded, noised at home, told once a day, and never beyond the budget."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.counts import SETTLES_US, Counting
from bavn.actor.door.door import Door
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.tally import SENSITIVITY, blocked_by_type, by_technique
from bavn.actor.door.terms import DoorOwner, Keys, NodeKnowledge
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import NoiseDown
from bavn.model.sector.tally import BLOCKED, OTHER, TECHNIQUES
from bavn.psi.identifier import LocalIdentifiers
from bavn.rehearsal.clock import SimClock
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from tests.builders import suspicion

from .conftest import GROUP_KEY, NOW_US, OPEN, TestCentre

DAY = NOW_US // DAY_US - 1
AT = list(TECHNIQUES)


def exact(counts, sensitivity, epsilon):
    """No noise: to see what is counted."""
    return list(counts)


class Teller:
    """A door that counts; ``file`` None keeps its book in memory."""

    def __init__(self, *, policy=None, suspicions=(), met=(), noise=exact, file=None, now_us=NOW_US) -> None:
        self.book = Book(file)
        OPEN.append(self.book)
        self.clock, self.ledger = SimClock(now_us), Ledger(self.book)
        centre = TestCentre().key
        self.door = Door(
            owner=DoorOwner(
                name="north",
                homes=("10.0.0.0/8",),
                keys=Keys(own=centre, centre=centre.public_key(), secret=bytes(32)),
            ),
            ledger=self.ledger,
            clock=self.clock,
            dice=SeededDice(1, "north"),
            policy=policy or DoorPolicy(),
            identifiers=LocalIdentifiers(GROUP_KEY),
            knowledge=NodeKnowledge(suspicions=lambda: suspicions),
        )
        self.counting = Counting(self.door, self.clock, noise, lambda: suspicions, lambda: met)

    def told(self):
        """The fields of the message that was made now, or the rule that refused; None for nothing to decide."""
        outcome = self.counting.tell()
        return outcome.rule if isinstance(outcome, Refused) else outcome and outcome.fields

    def lines(self):
        return [(line.verdict, line.rule, line.privacy) for line in self.ledger.lines(kind="Counts")]


def at(host, technique="T1071.001", p=0.01, day=DAY, **other):
    """A suspicion of one host in the middle of a day."""
    noon_us = day * DAY_US + 12 * HOUR_US
    return suspicion(
        id=f"{host} {technique}", host=host, technique=technique, p=p, first_us=noon_us, last_us=noon_us, **other
    )


# --- what is counted, and how far one host or indicator reaches -------------------------------------------------------


def test_hosts_and_blocks_count_once() -> None:
    seen = [
        at("10.0.0.1", "T1046", 0.02),
        at("10.0.0.1", "T1071.004", 0.001),
        at("10.0.0.2", "T1046"),
        at("10.0.0.3", "T9999"),
        at("10.0.0.4", "T1048", day=DAY - 1),
        at("10.0.0.5", "T1048", day=DAY + 1),
    ]
    counts = dict(zip(AT, by_technique(seen, DAY, 1000), strict=True))
    assert {name: n for name, n in counts.items() if n} == {"T1071": 1, "T1046": 1, OTHER: 1}
    noon_us = DAY * DAY_US + 12 * HOUR_US
    met = [
        ("i1", ObservableType.DOMAIN, noon_us, noon_us),
        ("i2", ObservableType.IP4, noon_us - 3 * DAY_US, noon_us),
        ("i3", ObservableType.IP6, noon_us + DAY_US, noon_us + DAY_US),
        ("i4", ObservableType.JA4, noon_us, noon_us),
        ("i1", ObservableType.DOMAIN, noon_us, noon_us),
    ]
    assert blocked_by_type(met, DAY, 1000) == [1, 1, 1, 0]


HOSTS = st.integers(0, 6).map(lambda n: f"10.0.0.{n}")
SEEN = st.lists(
    st.builds(
        at,
        HOSTS,
        st.sampled_from(["T1071.001", "T1046", "T1110", "T1048", "T4711"]),
        st.floats(1e-6, 0.05),
        st.integers(DAY - 1, DAY + 1),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(SEEN, HOSTS, st.integers(1, 5))
def test_one_host_more_or_less_moves_one_number_by_one(seen, host, cell_max) -> None:
    """The sensitivity that the noise is fitted to: neighbouring worlds differ in all that one host ever did."""
    without = [one for one in seen if one.host != host]
    one, other = by_technique(seen, DAY, cell_max), by_technique(without, DAY, cell_max)
    assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) <= SENSITIVITY
    assert max(one) <= cell_max


MET = st.lists(
    st.tuples(
        st.integers(0, 8).map(str),
        st.sampled_from(list(ObservableType)),
        st.just(DAY * DAY_US),
        st.integers(DAY * DAY_US - 5, DAY * DAY_US + DAY_US),
    ),
    max_size=30,
    unique_by=lambda m: m[0],
)


@settings(max_examples=200)
@given(MET, st.integers(0, 8).map(str), st.integers(1, 5))
def test_one_indicator_more_or_less_moves_one_number_by_one(met, name, cell_max) -> None:
    without = [entry for entry in met if entry[0] != name]
    one, other = blocked_by_type(met, DAY, cell_max), blocked_by_type(without, DAY, cell_max)
    assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) <= SENSITIVITY


# --- through the door ---------------------------------------------------------------------------------------------


def test_a_day_is_told_once_when_it_is_over_with_a_number_for_every_entry() -> None:
    north = Teller(suspicions=[at("10.0.0.1")], now_us=DAY * DAY_US + DAY_US + SETTLES_US - 1)
    before = north.told()
    assert before is not None
    assert before["day"] == DAY - 1
    north.clock.advance(1)
    assert north.told()["by_technique"] == tuple(1 if name == "T1071" else 0 for name in TECHNIQUES)
    for _ in range(50):
        north.clock.advance(HOUR_US // 3)
        assert north.told() is None
    north.clock.advance(8 * HOUR_US)
    assert north.told()["day"] == DAY + 1
    assert north.lines() == [("passed", "", "S3")] * 3
    said = north.door.outbox.waiting("centre")
    assert len({len(one.raw) for one in said}) <= 2
    assert north.ledger.verify() is None


def test_the_noise_takes_half_of_epsilon_and_the_message_says_what_was_charged() -> None:
    asked = []

    def noise(counts, sensitivity, epsilon):
        asked.append((len(counts), sensitivity, epsilon))
        return [7] * len(counts)

    north = Teller(noise=noise, policy=DoorPolicy(counts_epsilon=0.8))
    fields = north.told()
    assert asked == [(len(TECHNIQUES), 1, 0.4), (len(BLOCKED), 1, 0.4)]
    assert (fields["epsilon_milli"], set(fields["by_technique"]), set(fields["blocked"])) == (800, {7}, {7})
    north = Teller(policy=DoorPolicy(counts_epsilon=0.3))
    north.told()
    ((day, milli),) = north.book.rows("SELECT day, epsilon_milli FROM door_budget")
    made = messages.Counts.model_validate_json(north.ledger.lines(kind="Counts")[0].summary, strict=False)
    assert (made.day, made.epsilon_milli) == (day, milli) == (DAY, 300)


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=9), st.integers(0, 6 * HOUR_US), st.floats(1e-6, 0.05), st.booleans())
def test_a_days_counts_tell_nothing_of_hosts_peers_or_times(name, shift_us, p, listed) -> None:
    """The twin of counts: two worlds with as many hosts under each technique say the same bytes for the same noise."""
    base = [at("10.0.0.1"), at("10.0.0.2", "T1046")]
    other = [
        replace(
            one,
            host=f"10.9.9.{n}",
            peer=name,
            p=p,
            first_us=one.first_us - shift_us,
            listed=listed,
            last_us=one.last_us + shift_us,
            hosts=99,
            observables=(),
        )
        for n, one in enumerate(base)
    ]
    said = []
    for seen in (base, other):
        north = Teller(suspicions=seen, noise=SeededNoise(SeededDice(4, "noise")))
        assert north.told()["day"] == DAY
        said.append(north.door.queued())
    assert said[0] == said[1]


def test_the_policy_can_say_no_and_a_spent_budget_too() -> None:
    north = Teller(policy=DoorPolicy(tell_counts=False))
    assert north.told() == "tell_counts"
    assert north.told() is None
    assert north.door.queued() == []
    assert north.lines() == [("refused", "tell_counts", "")]
    north = Teller(policy=DoorPolicy(counts_epsilon=1.0, counts_epsilon_30_days=3.0))
    assert days(north, 33) == ["told"] * 3 + ["counts_budget"] * 27 + ["told"] * 3
    assert len(north.door.queued()) == 6


def test_a_full_outbox_is_tried_again_and_spends_nothing(monkeypatch) -> None:
    north = Teller()
    monkeypatch.setattr(north.door.outbox, "room", lambda *_: Refused("outbox_full", "no room"))
    assert north.told() == "outbox_full"
    assert north.counting.budget.spent_milli(DAY) == 0
    monkeypatch.undo()
    assert north.told() is None
    north.clock.advance(HOUR_US)
    assert north.told()["day"] == DAY


# --- the budget ------------------------------------------------------------------------------------------------------


def days(teller, count):
    """What was told or refused on so many days in a row."""
    found = []
    for _ in range(count):
        outcome = teller.told()
        found.append(outcome if isinstance(outcome, str) else "told")
        teller.clock.advance(DAY_US)
    return found


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 1.0, 2.5]), st.integers(1, 9)), max_size=25))
def test_no_thirty_days_ever_cost_more_than_the_budget(steps) -> None:
    """Whatever epsilon the policy is set to from day to day, and however the node sleeps."""
    north, spent = Teller(policy=DoorPolicy(counts_epsilon_30_days=5.0)), {}
    for epsilon, gap in steps:
        north.counting._policy = DoorPolicy(counts_epsilon=epsilon, counts_epsilon_30_days=5.0)
        outcome = north.told()
        if outcome is not None and not isinstance(outcome, str):
            spent[outcome["day"]] = outcome["epsilon_milli"]
        north.clock.advance(gap * DAY_US)
    for first in spent:
        assert sum(milli for day, milli in spent.items() if first <= day < first + 30) <= 5000


def test_what_is_spent_stays_spent_over_a_restart_and_a_clock_set_back(tmp_path) -> None:
    file, policy = tmp_path / "node.db", DoorPolicy(counts_epsilon_30_days=2.0)
    north = Teller(file=file, policy=policy)
    assert days(north, 3) == ["told", "told", "counts_budget"]
    north.book.close()
    again = Teller(file=file, policy=policy, now_us=NOW_US)
    assert again.told() is None  # this day was told
    for back in (1, 2, 3):
        earlier = Teller(file=file, policy=policy, now_us=NOW_US - back * DAY_US)
        assert earlier.told() == "counts_budget"
    assert again.counting.budget.spent_milli(DAY) == 2000


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM door_budget WHERE number = 2",
        "DELETE FROM door_budget WHERE number = 1",
        "DELETE FROM door_budget",
        "UPDATE door_budget SET epsilon_milli = 1 WHERE number = 1",
        "UPDATE door_budget SET day = 3 WHERE number = 2",
        "UPDATE door_budget SET number = 7 WHERE number = 2",
        "INSERT INTO door_budget SELECT 3, 9, 1, item_id, hash, hash FROM door_budget WHERE number = 2",
    ],
)
def test_a_budget_that_was_tampered_with_spends_nothing_more(harm) -> None:
    north = Teller()
    assert days(north, 2) == ["told", "told"]
    assert north.counting.budget.holds()
    kept = north.book.rows("SELECT count(*) FROM door_budget")
    with pytest.raises(Exception, match="spent stays spent"), north.book.transaction() as tx:
        tx.execute("DELETE FROM door_budget")
    assert north.book.rows("SELECT count(*) FROM door_budget") == kept
    with north.book.transaction() as tx:
        for act in ("update", "delete"):
            tx.execute(f"DROP TRIGGER door_budget_no_{act}")
        tx.execute(harm)
    assert not north.counting.budget.holds()
    assert north.told() == "counts_budget"


def test_every_technique_that_a_detector_names_has_an_entry() -> None:
    """Else a new detector's suspicions would all be counted as other without anybody noticing."""
    import re
    from pathlib import Path

    import bavn.actor.detect

    text = "".join(file.read_text(encoding="utf-8") for file in Path(bavn.actor.detect.__file__).parent.rglob("*.py"))
    named = {technique.partition(".")[0] for technique in re.findall(r'"(T\d{4}(?:\.\d{3})?)"', text)}
    assert len(named) > 20
    assert named <= set(TECHNIQUES)


def test_without_noise_nothing_leaves_and_the_day_is_told_when_it_comes_back() -> None:
    down = [True]

    def noise(counts, sensitivity, epsilon):
        if down:
            raise NoiseDown("drawing noise failed: killed")
        return list(counts)

    north = Teller(noise=noise)
    assert north.told() == "counted"
    assert north.told() is None, "not tried again at once"
    assert north.counting.budget.spent_milli(DAY) == 0
    down.clear()
    north.clock.advance(HOUR_US)
    assert north.told()["day"] == DAY
    assert [line[:2] for line in north.lines()] == [("refused", "counted"), ("passed", "")]
