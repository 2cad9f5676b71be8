"""Both lives of a warning are tables; an address reaches whom it says; what it may say has bounds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.sector_warning import (
    ANSWER_LIFE,
    ANSWERS,
    WARNING_LIFE,
    WARNING_STATES,
    Address,
    Addressee,
    AnswerAct,
    AnswerState,
    BadWarning,
    Content,
    NoSuchStep,
    Urgency,
    WarningAct,
    WarningState,
    answer_after,
    warning_after,
)
from bavn.model.text import Text

CONTENT = Content(
    title=Text.written("Patch it", da="Opdater det"),
    text=Text.written("Now.", da="Nu."),
    urgency=Urgency.CRITICAL,
    tlp=Tlp.AMBER,
    pap=Pap.AMBER,
)


def test_every_state_has_words_and_is_reached_and_over_is_over() -> None:
    assert set(WARNING_STATES) == set(WarningState)
    assert set(ANSWERS) == set(AnswerState)
    assert {*WARNING_LIFE.values()} == set(WarningState)
    assert {*ANSWER_LIFE.values()} == set(AnswerState)
    for state in (WarningState.ENDED, WarningState.WITHDRAWN):
        for act in WarningAct:
            with pytest.raises(NoSuchStep, match="possible: nothing"):
                warning_after(state, act)
    with pytest.raises(NoSuchStep, match="cannot answer done"):
        answer_after(AnswerState.TOLD, AnswerAct.DONE)


KINDS = st.lists(st.sampled_from(["region", "clinic", "supplier"]), max_size=2).map(tuple)
SOME = st.lists(st.sampled_from(sorted(FUNCTIONS)[:3]), max_size=2).map(tuple)
NAMES = st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=2).map(tuple)
ADDRESSES = st.builds(Address, kinds=KINDS, functions=SOME, suppliers=NAMES, regions=NAMES, actors=NAMES)
WHO = st.builds(
    Addressee,
    actor=st.sampled_from(["aa", "bb", "cc"]),
    kind=st.sampled_from(["region", "clinic"]),
    region=st.sampled_from(["", "aa"]),
    functions=SOME,
    suppliers=NAMES,
)


@given(ADDRESSES, WHO)
def test_an_address_reaches_whom_it_names_and_whoever_fits_all_its_lists(address, who) -> None:
    lists = [address.kinds, address.functions, address.suppliers, address.regions]
    if who.actor in address.actors or not any([*lists, address.actors]):
        assert address.reaches(who)
    elif not any(lists):
        assert not address.reaches(who)
    else:
        fits = (
            (not address.kinds or who.kind in address.kinds)
            and (not address.functions or bool(set(address.functions) & set(who.functions)))
            and (not address.suppliers or bool(set(address.suppliers) & set(who.suppliers)))
            and (not address.regions or who.region in address.regions)
        )
        assert address.reaches(who) is fits


@pytest.mark.parametrize(
    "more",
    [
        {"title": Text.written(" ", da="x")},
        {"title": Text.written("a\nb", da="x")},
        {"title": Text.written("x" * 121, da="x")},
        {"text": Text.written("x\u202e", da="x")},
        {"text": Text.written("x", da="y" * 4001)},
        {"hours": 0},
        {"acknowledge_hours": 1000},
        {"hours": 10**6},
        {"observables": (Observable.of("ip4", "10.1.2.3"),)},
        {"observables": (Observable.of("domain", "evil.example.com"),) * 2},
        {"observables": tuple(Observable.of("domain", f"e{n}.example.com") for n in range(51))},
    ],
)
def test_what_no_screen_or_actor_should_be_given_is_no_warning(more) -> None:
    with pytest.raises(BadWarning):
        replace(CONTENT, **more)


@pytest.mark.parametrize(
    "more",
    [
        {"kinds": ("kingdom",)},
        {"functions": ("juggling",)},
        {"suppliers": ("A b",)},
        {"actors": ("X",)},
        {"regions": ("n",) * 201},
    ],
)
def test_an_address_of_nobody_is_refused(more) -> None:
    with pytest.raises(BadWarning):
        Address(**more)
