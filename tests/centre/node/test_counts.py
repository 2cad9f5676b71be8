"""The sector's counts: sums with their noise and interval, never one actor's, and no liar moves them far."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.door.counts import Counting
from bavn.centre.correlate.laplace import half_interval, spread
from bavn.centre.desk.counts import ALL, CELL_MAX, KIND_ACTORS_MIN, REST, actor_counts, by_kind, table
from bavn.model.moment import DAY_US
from bavn.model.sector.tally import BLOCKED, TECHNIQUES, VOCABULARY, count_words
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.messages import catalogue as messages

SIX = {name: name for name in ("clinic", "east", "north", "south", "vendor", "west")}


@pytest.fixture
def sector(make_sector, suspicion):
    made = make_sector(SIX)
    for at, name in enumerate(sorted(SIX)):
        node = made.nodes[name]
        node.suspicions = [suspicion(id=f"{n:032x}", host=f"10.0.0.{n}") for n in range(10 * (at + 1))]
        node.counting = counting(node, SeededDice(at + 50, "noise"))
    return made


def counting(node, dice):
    return Counting(node.door, node.clock, SeededNoise(dice), lambda: node.suspicions, list)


def told(sector):
    for node in sector.nodes.values():
        node.counting.tell()
    sector.run()


def word(day, **other):
    plain = {
        "day": day,
        "vocabulary": VOCABULARY,
        "epsilon_milli": 1000,
        "cell_max": 1000,
        "by_technique": (0,) * len(TECHNIQUES),
        "blocked": (0,) * len(BLOCKED),
    }
    return messages.Counts(**plain | other)


def send(sector, name, seq, message):
    node = sector.nodes[name]
    sector.centre.receive(name, [seal.seal(node.key, name, "centre", seq, message)])
    sector.wait(2)


def test_the_sum_lies_in_its_interval_and_no_exact_count_reaches_the_centre(sector) -> None:
    day = sector.clock.now_us() // DAY_US - 1
    for node in sector.nodes.values():
        span = {"first_us": day * DAY_US, "last_us": day * DAY_US}
        node.suspicions = [replace(one, **span) for one in node.suspicions]
    told(sector)
    counts = {(c.what, c.entry): c for c in sector.desk.counts(day, day) if c.kind == ALL}
    assert len(counts) == len(TECHNIQUES) + len(BLOCKED)
    command = counts["suspected", "T1071"]
    assert command.told == 6
    assert command.low <= 210 <= command.high
    assert command.value != 210
    assert math.isclose(command.noise, math.sqrt(6) * spread([0.5]))
    right = sum(c.low <= (210 if c.entry == "T1071" else 0) <= c.high for c in counts.values())
    assert right >= 0.8 * len(counts)
    assert sum(c.value != 0 for c in counts.values()) > 20


@pytest.mark.slow
def test_counts_of_one_or_two_actors_are_never_shown(sector) -> None:
    day = sector.clock.now_us() // DAY_US - 1
    for seq, name in enumerate(("east", "north"), 1000):
        send(sector, name, seq, word(day))
    assert sector.desk.counts(day, day) == ()
    send(sector, "west", 1003, word(day))
    assert {c.told for c in sector.desk.counts(day, day)} == {3}


@pytest.mark.slow
def test_the_first_word_of_an_actor_on_a_day_counts(sector) -> None:
    day = sector.clock.now_us() // DAY_US - 1
    for seq, name in enumerate(("east", "north", "west"), 1000):
        send(sector, name, seq, word(day))
    before = sector.desk.counts(day, day)
    send(sector, "west", 2000, word(day, by_technique=(900,) * len(TECHNIQUES)))
    assert sector.desk.counts(day, day) == before


@pytest.mark.slow
def test_what_cannot_be_is_refused_at_the_gate(sector) -> None:
    day = sector.clock.now_us() // DAY_US - 1
    wrong = ({"by_technique": (1, 2)}, {"blocked": ()}, {"vocabulary": VOCABULARY + 1})
    words = [*(word(day, **other) for other in wrong), word(0), word(99_999), word(day + 1)]
    for seq, said in enumerate(words, 1000):
        send(sector, "east", seq, said)
    lines = sector.centre._inbox.ledger.lines(kind="Counts")
    assert [line.verdict for line in lines] == ["refused"] * len(words)
    assert lines[-1].rule == "counts_day"
    assert sector.desk.counts(0, 100_000) == ()


@given(st.lists(st.integers(-1_000_000, 1_000_000), min_size=1, max_size=5), st.integers(100, 10_000))
def test_a_liar_moves_a_sum_by_no_more_than_the_largest_count_and_some_noise(cells, epsilon_milli) -> None:
    cut = actor_counts("region", "liar", epsilon_milli, cells).cells
    slack = 8 * spread([0.05]) + 1
    assert all(-slack <= cell <= CELL_MAX + slack for cell in cut)
    honest = actor_counts("region", "honest", epsilon_milli, [5, 0, CELL_MAX]).cells
    assert honest == (5, 0, CELL_MAX)


@given(st.lists(st.sampled_from(["region", "clinic", "agency", "supplier", "other"]), min_size=3, max_size=14))
def test_no_sum_and_no_difference_of_sums_is_fewer_than_three_actors(kinds) -> None:
    told = [actor_counts(kind, f"a{n}", 1000, [1]) for n, kind in enumerate(kinds)]
    shown = dict(by_kind(told))
    sizes = {name: {one.actor for one in mine} for name, mine in shown.items()}
    assert sizes[ALL] == {f"a{n}" for n in range(len(kinds))}
    parts = [actors for name, actors in sizes.items() if name != ALL]
    assert all(len(actors) >= KIND_ACTORS_MIN for actors in parts)
    left = sizes[ALL].difference(*parts) if parts else sizes[ALL]
    assert not parts or not left
    assert set(shown) <= {ALL, REST, *kinds}


def whole_tables(seed, actors, epsilon_milli, by_kind, spans, times):
    """Of so many whole tables in which every true count is 0, how many say of any cell that it is known."""
    draw = np.random.default_rng(seed)
    kinds = {f"a{n:02}": f"kind{n % by_kind}" for n in range(actors)}
    part, wrong = 1 - math.exp(-epsilon_milli / 2000), 0
    for _ in range(times):
        size = (spans, actors, len(TECHNIQUES) + len(BLOCKED))
        noise = (draw.geometric(part, size) - draw.geometric(part, size)).tolist()
        shown = [
            table(
                [
                    (name, epsilon_milli, (cells[: len(TECHNIQUES)], cells[len(TECHNIQUES) :]))
                    for name, cells in zip(kinds, span, strict=True)
                ],
                kinds,
                spans,
            )
            for span in noise
        ]
        wrong += any(count.known for each in shown for count in each)
    return wrong


@pytest.mark.parametrize(
    ("actors", "epsilon_milli", "by_kind", "spans"), [(3, 4000, 1, 1), (7, 1000, 2, 1), (12, 250, 4, 3)]
)
def test_of_whole_tables_fewer_than_one_in_twenty_tells_what_is_not_so(actors, epsilon_milli, by_kind, spans) -> None:
    """0.05 is of both ends of the intervals, so about half of it is seen."""
    assert whole_tables(actors + epsilon_milli, actors, epsilon_milli, by_kind, spans, 200) < 0.05 * 200


def test_what_is_not_clear_of_its_noise_is_not_known_and_what_is_is_told() -> None:
    days = [
        (f"a{n}", 1000, ((0,) * 18 + (17 if n == 0 else 0,) + (0,) * (len(TECHNIQUES) - 19), (0,) * len(BLOCKED)))
        for n in range(6)
    ]
    misused = next(count for count in table(days, {}) if count.entry == "T1496")
    assert misused.value == 17
    assert misused.value - half_interval([0.5] * 6) > 0, "one cell alone would have been told as 3 and more"
    assert not misused.known
    assert count_words(misused.low, misused.high).say("da") == "ukendt"
    days[0] = ("a0", 1000, (tuple(3 * cell for cell in days[0][2][0]), days[0][2][1]))
    misused = next(count for count in table(days, {}) if count.entry == "T1496")
    assert misused.known
    assert count_words(misused.low, misused.high).say("en") == f"{misused.low}-{misused.high}"
    of_many = next(count for count in table(days, {}, tables=400) if count.entry == "T1496")
    assert of_many.low < misused.low


# --- the law of the noise ------------------------------------------------------------------------------------------


def test_the_interval_is_exact_for_one_holds_for_many_and_the_noise_follows_the_law() -> None:
    """P(|noise| <= h) = 1 - 2 q^(h+1) / (1+q), by hand. 2,000 sums of seven actors' seeded noise: 95 % within, give or
    take the error of so many. Frequencies of 30,000 draws against (1-q)/(1+q) q^|k|, chi-square far from its tail;
    the seed is fixed."""
    for epsilon in (0.05, 0.5, 2.0):
        q, h = math.exp(-epsilon), half_interval([epsilon])
        assert 1 - 2 * q ** (h + 1) / (1 + q) >= 0.95
        assert h == 0 or 1 - 2 * q**h / (1 + q) < 0.95
    assert half_interval([]) == 0
    assert half_interval([10.0]) == 0
    epsilons, noise = [0.5] * 5 + [0.2] * 2, SeededNoise(SeededDice(1, "many"))
    half = half_interval(epsilons)
    inside = sum(abs(sum(noise([0], 1, e)[0] for e in epsilons)) <= half for _ in range(2000))
    assert 0.935 <= inside / 2000 <= 0.965
    q, draws = math.exp(-0.5), 30_000
    seen = Counter(SeededNoise(SeededDice(2, "law"))([0] * draws, 1, 0.5))
    expected = {k: draws * (1 - q) / (1 + q) * q ** abs(k) for k in range(-8, 9)}
    chi = sum((seen[k] - n) ** 2 / n for k, n in expected.items())
    assert chi < 45
    ratios = [math.log(seen[k] / seen[k + 1]) for k in range(5)]
    assert np.allclose(ratios, 0.5, atol=0.15)
