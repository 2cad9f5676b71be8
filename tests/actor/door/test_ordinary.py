"""What is ordinary next door is not offered to the rounds for suspicions, unless an indicator names it."""

import pytest

from bavn.actor.door.ordinary import ordinary_of
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.model.intel.own_rules import OWN_RULES
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef
from bavn.psi.element import element_bytes
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, BAD_ADDRESS, suspicion

from .conftest import NOW_US, Actor

TODAY = NOW_US // DAY_US
HARMLESS = Observable.of("domain", "lager-styring.dk")
HARMLESS_ADDRESS = Observable.of("ip4", "185.32.20.99")
TELEMETRY = {"peer": "www.lager-styring.dk", "observables": (HARMLESS, HARMLESS_ADDRESS), "id": "7" * 32}


def ordinary_at(actor: Actor, element: Observable, days: int = 7, bucket: int = 2) -> None:
    for back in reversed(range(days)):
        CommonsTable(actor.book).keep(TODAY - back, {element_bytes(element): bucket})


def sector(centre, **policy) -> list[Actor]:
    """Three actors that share a bad peer and a harmless one, which all find as odd."""
    return [
        Actor(
            name,
            centre.key,
            seed=seed,
            suspicions=[suspicion(), suspicion(**TELEMETRY)],
            policy=DoorPolicy(**policy),
        )
        for seed, name in enumerate(("north", "south", "west"), 1)
    ]


def revealed(centre, actors) -> set[str]:
    """What rounds of the weak tier bring to light; the test's centre asks about one table of each."""
    found: set[str] = set()
    for number in range(4):
        _, _, answers = centre.round(actors, round_id=f"{number:032x}")
        found |= {m.value for said in answers.values() for m in said if isinstance(m, messages.Report)}
    return found


BOTH = {BAD.value, BAD_ADDRESS.value}
ALL = BOTH | {HARMLESS.value, HARMLESS_ADDRESS.value}


def test_the_join_carries_fewer_harmless_elements_and_all_bad_ones(centre) -> None:
    assert revealed(centre, sector(centre)) == ALL
    knowing = sector(centre)
    for actor in knowing:
        ordinary_at(actor, HARMLESS)
    assert revealed(centre, knowing) == BOTH
    kept = [line for line in knowing[0].ledger.lines(kind="Element") if line.rule]
    assert {(line.verdict, line.rule) for line in kept} == {("refused", "not_ordinary")}
    assert len(kept) == 2, "the name, and the address behind it"
    offered = {str(item.element.observable): out for item, out in knowing[0].door.rounds.preview("B")}
    assert offered[str(HARMLESS)].rule == "not_ordinary"
    assert offered[str(BAD)] is None


@pytest.mark.parametrize(
    ("days", "bucket", "policy"), [(6, 2, {}), (7, 1, {}), (7, 2, {"join_commons": False})], ids=["days", "few", "off"]
)
def test_what_is_not_known_to_be_ordinary_is_offered(centre, days, bucket, policy) -> None:
    actors = sector(centre, **policy)
    for actor in actors:
        ordinary_at(actor, HARMLESS, days, bucket)
    assert revealed(centre, actors) == ALL


@pytest.mark.parametrize(
    "named",
    [
        {"detector": "ioc"},
        {"detector": "signature", "rows": RowsRef("alert", (("signature_id", OWN_RULES.start),), 0, 1)},
    ],
)
def test_what_an_indicator_names_is_offered_however_ordinary_it_is(named) -> None:
    everything = {HARMLESS, HARMLESS_ADDRESS}.intersection
    plain, ioc = suspicion(**TELEMETRY), suspicion(**{**TELEMETRY, "id": "8" * 32, **named})
    assert ordinary_of([plain], everything) == {HARMLESS, HARMLESS_ADDRESS}
    assert ordinary_of([ioc], everything) == frozenset()
    assert ordinary_of([plain, ioc], everything) == frozenset()


def test_an_address_of_an_ordinary_name_is_offered_where_it_is_known_by_another_too() -> None:
    other = suspicion(id="9" * 32, peer="andet.dk", observables=(Observable.of("domain", "andet.dk"), HARMLESS_ADDRESS))
    assert ordinary_of([suspicion(**TELEMETRY), other], {HARMLESS}.intersection) == {HARMLESS}
