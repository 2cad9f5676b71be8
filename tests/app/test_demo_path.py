"""What the demonstration shows: the campaign, nothing that a list speaks for, and blocks only where they are."""

from types import SimpleNamespace

import pytest

from bavn.model.observable import Observable, ObservableType
from bavn_lab.demo.by_hand import Step, in_force, to_look_at, walk
from bavn_lab.demo.consoles import Consoles
from bavn_lab.demo.run import _first_case_lead, _spoken_for

DOMAIN = Observable.of("domain", "evil.example.com")
SERVICE = Observable.of("domain", "films.example.net")


def element(observable, listed):
    return SimpleNamespace(observable=observable, listed=listed)


def view(lead_id, *elements, lists=0.0):
    terms = (SimpleNamespace(name="lists", nats=lists),)
    return SimpleNamespace(lead=SimpleNamespace(id=lead_id, terms=terms), elements=elements)


@pytest.fixture
def pair():
    return SimpleNamespace(type=ObservableType.FP_PAIR)


@pytest.mark.parametrize(
    ("elements", "lists", "spoken"),
    [
        ([(DOMAIN, False)], 0.0, False),
        ([(DOMAIN, False), (SERVICE, True)], 0.0, False),
        ([(SERVICE, True)], 0.0, True),
        ([("pair", False), (SERVICE, True)], 0.0, True),
        ([("pair", False)], 0.0, True),
        ([(DOMAIN, False)], -6.0, True),
    ],
)
def test_what_a_list_speaks_for_is_not_shown_as_the_campaign(pair, elements, lists, spoken) -> None:
    made = view("lead-1", *(element(pair if one == "pair" else one, listed) for one, listed in elements), lists=lists)
    assert _spoken_for(made) is spoken


def test_the_first_lead_with_a_case_that_nothing_speaks_for_is_taken(pair) -> None:
    views = [
        view("service", element(pair, False), element(SERVICE, True)),
        view("other", element(DOMAIN, False)),
        view("campaign", element(DOMAIN, False)),
    ]
    cases = [SimpleNamespace(lead_id=name) for name in ("service", "campaign")]
    desk = SimpleNamespace(cases=SimpleNamespace(every=lambda: cases), lead_book=SimpleNamespace(leads=lambda _: views))
    assert _first_case_lead(desk).lead.id == "campaign"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], None),
        ([{"a": "enforced"}], None),
        ([{"a": "enforced", "b": "sent"}], None),
        ([{"a": "enforced", "b": "enforced"}], "in force at all 2 actors: a, b"),
        ([{"a": "enforced", "b": "refused"}], "in force at 1 of 2 actors; not, or in part, at b (refused)"),
        (
            [{"a": "enforced", "b": "enforced"}, {"a": "partly", "b": "enforced"}],
            "in force at 1 of 2 actors; not, or in part, at a (enforced, partly)",
        ),
    ],
)
def test_a_step_is_ticked_off_with_what_is_so(there, said) -> None:
    assert in_force(there, 2) == said


def test_the_path_names_the_lead_and_its_case_by_their_addresses() -> None:
    consoles = Consoles(sac="https://a", soc="https://b", analyst=None, approver=None, soc_person=None)
    lines = list(to_look_at(consoles, "lead-1", "case-1", "north", "klinik"))
    assert any("https://a/leads/lead-1" in line for line in lines)
    assert any("https://a/cases/case-1" in line for line in lines)


@pytest.mark.slow
def test_steps_are_ticked_off_in_order_and_a_broken_sector_ends_the_path() -> None:
    said, answers = [], iter([None, "opened", "released"])
    steps = [Step("open", lambda: next(answers)), Step("release", lambda: next(answers))]
    walk(said.append, steps, lambda: None)
    assert said == ["  1. open", "  2. release", "", "  [done] 1. opened", "  [done] 2. released"]

    def broken():
        raise RuntimeError("a node ended")

    with pytest.raises(RuntimeError):
        walk(said.append, [Step("wait", lambda: None)], broken)
