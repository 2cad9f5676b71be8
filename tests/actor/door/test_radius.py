"""What a block would hit, asked before a release: with noise, once for a name, within a budget of its own."""

import json

import pytest

from bavn.actor.door.conversations.questions import QUESTIONS_SQL, Finding
from bavn.actor.door.policy import DoorPolicy
from bavn.model.intel.radius import CELL_MAX, ENTRIES, by_function, functions_of
from bavn.model.moment import DAY_US, hour_of
from bavn.model.observable import Observable
from bavn.model.ports import NoiseDown
from bavn.rehearsal.noise import SeededNoise
from bavn.traffic.dice import SeededDice
from bavn.wire.messages import catalogue as messages

from .conftest import NOW_US, Actor, TestCentre

EVIL = Observable.of("domain", "kvist-maler.net")
FUNCTIONS = (0, 0, 0, 0, 0, 7, *[0] * (len(ENTRIES) - 6))


def asking(*observables, number=0, at_us=NOW_US, kind=messages.RadiusAsked) -> messages.QuestionAsked:
    return kind(
        question_id=f"{number:032x}",
        observables=tuple(messages.AskedObservable(type=o.type.value, value=o.value) for o in observables or (EVIL,)),
        since_hour=hour_of(at_us) - 24 * 30,
        asked_us=at_us,
        until_us=at_us + DAY_US,
        asked_by="anne",
        approved_by="bo",
        why="released next",
    )


class Noise:
    """Adds what nobody can foresee, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.given, self._law = [], SeededNoise(SeededDice(7, "radius"))

    def __call__(self, counts, sensitivity, epsilon):
        self.given.append((tuple(counts), sensitivity, epsilon))
        return self._law(counts, sensitivity, epsilon)


@pytest.fixture
def noise() -> Noise:
    return Noise()


def a_node(centre, noise, **policy) -> Actor:
    return Actor("north", centre.key, policy=DoorPolicy(**policy), noise=noise)


def answer(actor, hosts=40, functions=FUNCTIONS, days=30) -> None:
    for due in actor.door.questions.due():
        assert due.asks == "hit"
        actor.door.questions.answer(Finding(due, days, hosts, functions=functions))


def states(actor) -> list[tuple[str, str]]:
    return [(row[10], row[11]) for row in actor.book.rows(QUESTIONS_SQL)]


def test_one_vector_of_fixed_length_leaves_with_noise_in_every_number(centre, noise) -> None:
    north = a_node(centre, noise, radius_epsilon=0.2)
    centre.to(north, asking())
    answer(north)
    (said,) = north.said()
    assert isinstance(said, messages.QuestionCounted)
    assert (said.epsilon_milli, len(said.functions)) == (200, len(ENTRIES))
    assert noise.given == [((40,), 1, 0.1), (FUNCTIONS, 1, 0.1)]
    assert (said.in_all, said.functions) != (40, FUNCTIONS)
    assert states(north) == [("counted", "")]
    (line,) = north.ledger.lines(kind="QuestionCounted")
    assert (line.privacy, json.loads(line.summary)["in_all"]) == ("S3", said.in_all)


def test_the_same_name_gets_the_same_answer_so_that_nothing_is_averaged_out(centre, noise) -> None:
    north = a_node(centre, noise)
    for number in range(40):
        centre.to(north, asking(number=number))
        answer(north, hosts=40 + number)
    said = north.said()
    assert len(said) == 40
    assert len({(each.in_all, each.functions, each.epsilon_milli) for each in said}) == 1
    assert len(noise.given) == 2
    north.clock.advance(31 * DAY_US)
    north.door.tidy()
    now_us = north.clock.now_us()
    centre.to(north, asking(number=99, at_us=now_us))
    answer(north)
    assert len(noise.given) == 4


def test_ten_names_a_day_and_they_take_nothing_of_other_questions(centre, noise) -> None:
    north = a_node(centre, noise, questions_per_day_max=1)
    for number in range(25):
        centre.to(north, asking(Observable.of("domain", f"probe-{number}.net"), number=number))
        answer(north)
    said = north.said()
    assert sum(isinstance(each, messages.QuestionCounted) for each in said) == 10
    assert sum(isinstance(each, messages.QuestionDeclined) for each in said) == 15
    assert {rule for _, rule in states(north)} == {"", "question_budget"}
    centre.to(north, asking(number=50, kind=messages.QuestionAsked))
    assert [due.asks for due in north.door.questions.due()] == ["met"]
    centre.to(north, asking(Observable.of("domain", "probe-3.net"), number=51))
    north.door.questions.answer(Finding(north.door.questions.due()[1], 30, 1, functions=FUNCTIONS))
    assert isinstance(north.said()[-1], messages.QuestionCounted)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ({"answer_radius": "never"}, "answer_mode"),
        ({"reveal_domain": "never"}, "answer_mode"),
        ({"leave_out": (str(EVIL),)}, "not_left_out"),
        ({"radius_per_day_max": 0}, "question_budget"),
    ],
)
def test_the_policy_declines_with_the_same_bytes_and_no_noise_is_drawn(centre, noise, policy, rule) -> None:
    north = a_node(centre, noise, **policy)
    centre.to(north, asking())
    answer(north)
    assert north.said() == [messages.QuestionDeclined(question_id="0" * 32, number=0)]
    assert (states(north), noise.given) == ([("declined", rule)], [])


def test_it_is_asked_of_one_name_at_a_time_after_leave_and_without_a_store_declines(centre, noise) -> None:
    north = a_node(centre, noise, answer_radius="ask")
    centre.to(north, asking())
    assert north.door.questions.due() == []
    north.door.state.set_override(EVIL, "allow", "anna", NOW_US)
    answer(north)
    assert [type(each) for each in north.said()] == [messages.QuestionCounted]
    north = a_node(centre, noise)
    centre.to(north, asking(EVIL, Observable.of("ip4", "45.9.148.20"), number=1))
    centre.to(north, asking(Observable.of("ip4", "10.1.2.3"), number=2))
    assert north.door.questions.due() == []
    assert {rule for _, rule in states(north)} == {"question_form"}

    def down(*_):
        raise NoiseDown("none")

    empty, silent = a_node(centre, noise), Actor("south", centre.key, noise=down)
    centre.to(empty, asking())
    answer(empty, days=0)
    assert states(empty) == [("declined", "history")]
    centre.to(silent, asking())
    answer(silent)
    assert (silent.said(), states(silent)) == ([], [("open", "")])


def test_one_host_more_moves_each_list_by_one_and_no_actor_counts_beyond_its_bound(centre, noise) -> None:
    """What the noise is fitted to: two worlds that differ in one host differ by one in either list."""
    networks = functions_of(["imaging=10.2.0.0/16", "surgery=10.0.0.0/8", "imaging=10.3.0.0/16"])
    hosts = ["10.2.0.1", "10.3.0.1", "10.9.0.1", "192.0.2.1", "2001:db8::1"]
    before = by_function(hosts, networks)
    assert {name: count for name, count in zip(ENTRIES, before, strict=True) if count} == {"imaging": 2, "surgery": 1}
    for more in ("10.2.0.2", "10.9.0.2", "198.51.100.7"):
        after = by_function([*hosts, more], networks)
        assert sum(abs(one - other) for one, other in zip(before, after, strict=True)) <= 1
    north = a_node(centre, noise)
    centre.to(north, asking())
    answer(north, hosts=50_000)
    assert noise.given[0][0] == (CELL_MAX,)


def test_a_network_of_no_function_is_refused() -> None:
    with pytest.raises(ValueError, match="kitchen"):
        functions_of(["kitchen=10.2.0.0/16"])


def test_an_answer_is_the_same_bytes_whichever_hosts_and_hours_it_rests_on() -> None:
    """Twins: the finding of both worlds counts the same, all else of it differs."""
    sealed = []
    for first_us in (NOW_US - 20 * DAY_US, NOW_US - 3):
        fresh = TestCentre()
        north = Actor("north", fresh.key, noise=SeededNoise(SeededDice(3, "twin")))
        fresh.to(north, asking())
        (due,) = north.door.questions.due()
        north.door.questions.answer(Finding(due, 30, 40, first_us, NOW_US, FUNCTIONS))
        sealed.append(north.sealed()[0])
    assert sealed[0] == sealed[1]
