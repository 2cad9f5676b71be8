"""What verdicts teach: in bounded steps, towards what was confirmed, never a row that falls."""

from dataclasses import replace
from itertools import pairwise
from math import log

from hypothesis import given
from hypothesis import strategies as st

from bavn.centre.correlate.laws.fitted import ANY, Weights, shipped
from bavn.centre.correlate.laws.learned import (
    NEW_MAX,
    NEW_MIN,
    SHIFT_NATS_MAX,
    JudgedLead,
    Learned,
    applied,
    learn,
)
from bavn.centre.correlate.laws.novelty import NEW_CAMPAIGN, Novelty

TABLE = Weights({ANY: (0.0,) * 16, "beacon": (-0.5,) * 8 + (0.5,) * 8, "rarity": (1.0,) * 16})


def judged(detector, confirmed, *, score=6.0, bucket=10, new=True, reports=1):
    return JudgedLead(score=score, confirmed=confirmed, reports=((detector, bucket),) * reports, new=new)


def mixed(good, bad, n=20):
    """Of one detector all are confirmed, of the other none, at one score."""
    return [judged(good, confirmed=True) for _ in range(n)] + [judged(bad, confirmed=False) for _ in range(n)]


def test_what_is_confirmed_rises_and_what_is_dismissed_falls_at_the_step_that_was_seen() -> None:
    learned = learn(mixed("beacon", "rarity"), TABLE)
    assert 0.5 < learned.shifts["beacon"][10] <= SHIFT_NATS_MAX
    assert learned.shifts["beacon"][0] == 0
    assert -SHIFT_NATS_MAX <= learned.shifts["rarity"][10] < -0.5
    assert (learned.judged, learned.confirmed, learned.new) == (40, 20, 20)
    weighed = applied(TABLE, learned)
    assert weighed.nats("beacon", 10) == 0.5 + learned.shifts["beacon"][10]
    assert weighed.terms == TABLE.terms


def test_what_the_score_already_said_teaches_nothing() -> None:
    """All that scored high was confirmed, whatever reported it."""
    half = [judged(name, confirmed=True, score=9.0) for name in ("beacon", "rarity") for _ in range(15)]
    half += [judged(name, confirmed=False, score=3.0) for name in ("beacon", "rarity") for _ in range(15)]
    learned = learn(half, TABLE)
    assert all(abs(shift) < 0.05 for row in learned.shifts.values() for shift in row)


def test_few_verdicts_and_verdicts_of_one_kind_teach_nothing() -> None:
    assert learn(mixed("beacon", "rarity", 9), TABLE) is None
    assert learn([judged("beacon", confirmed=True) for _ in range(60)], TABLE) is None
    assert learn([], TABLE) is None


def test_a_detector_without_a_row_teaches_the_row_of_all_and_without_a_table_there_is_nothing_to_move() -> None:
    assert learn(mixed("unheard of", "beacon"), TABLE).shifts[ANY][0] > 0
    assert learn(mixed("beacon", "rarity"), Weights()).shifts == {}


def test_what_was_learned_before_stays_and_is_still_bounded() -> None:
    first = learn(mixed("beacon", "rarity"), TABLE)
    again = learn(mixed("beacon", "rarity"), TABLE, first)
    assert again.shifts["beacon"][10] == SHIFT_NATS_MAX
    assert again.judged == 80
    calm = [judged(ANY, confirmed=at % 2 == 0) for at in range(40)]
    assert learn(calm, TABLE, first).shifts["beacon"] == first.shifts["beacon"]


def test_the_share_of_new_campaigns_moves_with_the_confirmed_alone_and_within_its_bounds() -> None:
    old = [replace(one, new=False) for one in mixed("beacon", "rarity", 200)]
    assert learn(old, TABLE).new_share == NEW_MIN
    assert learn(mixed("beacon", "rarity", 200), TABLE).new_share == NEW_MAX
    assert Novelty(campaigns=0.3).nats((), new=True) == log(0.3 / 0.05)
    assert Learned().new_share == NEW_CAMPAIGN == Novelty().campaigns


LEADS = st.lists(
    st.builds(
        JudgedLead,
        score=st.floats(-5, 20),
        confirmed=st.booleans(),
        reports=st.lists(
            st.tuples(st.sampled_from(["beacon", "rarity", "dga", "scan", "none"]), st.integers(0, 15)), max_size=5
        ).map(tuple),
        new=st.booleans(),
    ),
    max_size=80,
)


@given(first=LEADS, then=LEADS)
def test_whatever_people_say_no_number_moves_by_more_than_its_bound_and_every_row_still_rises(first, then) -> None:
    base = learn(first, shipped()) or Learned()
    learned = learn(then, shipped(), base) or base
    assert NEW_MIN <= learned.new_share <= NEW_MAX
    assert all(abs(shift) <= SHIFT_NATS_MAX + 1e-9 for row in learned.shifts.values() for shift in row)
    for row in applied(shipped(), learned).evidence.values():
        assert all(later >= earlier - 1e-9 for earlier, later in pairwise(row))
