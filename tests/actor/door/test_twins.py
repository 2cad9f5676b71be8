"""Two worlds that differ in all that must stay at home say the same bytes (DESIGN.md, What may leave an actor)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.door.tell_rules import Condition
from bavn.model.intel.indicator import Sighting
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.wire import seal
from bavn.wire.messages import catalogue as messages
from tests.builders import BAD, BAD_ADDRESS, suspicion

from .conftest import NOW_US, Actor, TestCentre

BEHAVIOUR = (Observable.of("fp-pair", "1" * 32 + "+" + "2" * 32), Observable.of("chain", "T1046-T1071.001@16"))
INDICATOR = "indicator--11111111-1111-4111-8111-111111111111"


def world(plain, south, west, *, seed=1) -> list[Actor]:
    centre = TestCentre()
    return [
        Actor("north", centre.key, seed=seed, suspicions=[plain]),
        Actor("south", centre.key, seed=2, suspicions=[south]),
        Actor("west", centre.key, seed=3, suspicions=[west]),
    ]


def a_round(actors) -> list[bytes]:
    TestCentre().round(actors)
    return actors[0].sealed()


@settings(max_examples=25)
@given(
    host=st.ip_addresses(v=4, network="10.0.0.0/8"),
    peer=st.text(min_size=1, max_size=20),
    first=st.integers(0, HOUR_US - 1),
    last=st.integers(0, HOUR_US - 1),
    p=st.floats(2**-6 + 1e-9, 2**-5),
    period=st.floats(300.1, 899.9),
    regularity=st.floats(0.71, 0.89),
    shared=st.sampled_from([(BAD, BAD_ADDRESS), BEHAVIOUR]),
    known=st.integers(7 * DAY_US + HOUR_US, 21 * DAY_US - HOUR_US),
)
def test_a_message_tells_nothing_of_host_exact_time_or_exact_figures(
    host, peer, first, last, p, period, regularity, shared, known
):
    """Of a domain and address as of a pair and a chain, which every actor's own peer stands behind."""
    base_first, base_last = NOW_US - 5 * HOUR_US, NOW_US - 2 * HOUR_US
    since = tuple((element, NOW_US - 8 * DAY_US) for element in shared)
    one = suspicion(first_us=base_first, last_us=base_last, p=2**-5, observables=shared, known_since=since)
    two = replace(
        one,
        host=str(host),
        peer=peer,
        first_us=base_first + first,
        last_us=base_last + last,
        p=p,
        period_s=period,
        regularity=regularity,
        id="f" * 32,
        evidence_nats=1.0,
        statistic=99.0,
        known_since=tuple((element, NOW_US - known) for element in shared),
    )
    others = (suspicion(observables=shared), suspicion(observables=shared))
    assert a_round(world(one, *others)) == a_round(world(two, *others))


@settings(max_examples=25)
@given(
    judgement=st.sampled_from(["benign", "ignore"]),
    scope=st.sampled_from(["story", "detector-peer", "host", "peer"]),
    comment=st.text(max_size=50),
    by=st.text(min_size=1, max_size=20).filter(str.strip),
    shared=st.booleans(),
)
def test_a_verdict_only_ever_keeps_something_at_home(judgement, scope, comment, by, shared) -> None:
    """A world in which people put a suspicion aside says what a world says that never had it, byte for byte."""
    aside = suspicion(
        id="9" * 32,
        detector="exfil",
        host="10.7.7.7",
        peer="elsewhere.net",
        p=0.001,
        observables=suspicion().observables if shared else (Observable.of("domain", "elsewhere.net"),),
    )
    others = (suspicion(), suspicion())
    judged, never = world(suspicion(), *others), world(suspicion(), *others)
    judged[0].suspicions.append(aside)
    judged[0].verdicts.give(aside, judgement, scope, until_us=NOW_US + DAY_US, now_us=NOW_US, by=by, comment=comment)
    assert a_round(judged) == a_round(never)


def a_day(actor: Actor, centre: TestCentre, peers: list[Actor], private: list) -> list[tuple[int, list[bytes]]]:
    """24 hourly rounds with sightings and health; what stood in the outbox, hour by hour."""
    said = []
    for hour in range(24):
        for each in (actor, *peers):
            each.clock.advance(HOUR_US)
        actor.suspicions = [suspicion(last_us=NOW_US + hour * HOUR_US), *private[: hour % (len(private) + 1)]]
        for each in peers:
            each.suspicions = [suspicion(last_us=NOW_US + hour * HOUR_US)]
        now_us = NOW_US + (hour + 1) * HOUR_US
        centre.round(
            [actor, *peers], round_id=f"{hour + 1:032x}", deadline_us=now_us + 10 * MINUTE_US, epoch=now_us // DAY_US
        )
        actor.door.tell_sighting(
            Sighting(indicator_id=INDICATOR, kind="seen", count=2, first_us=NOW_US, last_us=NOW_US)
        )
        actor.door.tell_health(
            Condition(
                version="0.1.0", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0, last_round=None
            )
        )
        said.append((now_us, actor.sealed()))
    return said


def unlike(number: int) -> list:
    """Suspicions that are nobody else's: internal names, hosts, and peers below the threshold."""
    return [
        suspicion(
            id=f"{number:02x}{i:02x}" * 8,
            host=f"10.{number}.0.{i + 1}",
            peer=f"secret-{number}-{i}",
            observables=(Observable.of("domain", f"only-here-{number}-{i}.dk"),),
            p=0.01 + i / 1000,
        )
        for i in range(6)
    ]


@pytest.mark.slow
def test_a_whole_day_has_the_same_shape_whatever_stays_at_home() -> None:
    """S0 planes differ (they are random below the threshold) but never in length, number, order or time; everything
    of the other classes says the same, message for message."""
    days = []
    for number, private in ((1, []), (7, unlike(7))):
        centre = TestCentre()
        actors = [Actor(n, centre.key, seed=i + 1) for i, n in enumerate(("north", "south", "west"))]
        days.append([*a_day(actors[0], centre, actors[1:], private), (0, actors[0])])
        assert len(private) == (0 if number == 1 else 6)
    (*one, (_, a)), (*two, (_, b)) = days
    shapes = [[(at, folded([seal.address(raw).kind for raw in raws])) for at, raws in day] for day in (one, two)]
    assert shapes[0] == shapes[1]
    for actor in (a, b):
        actor.said()
    said = [actor.ever for actor in (a, b)]
    uploads = [[len(m.planes) for m in each if isinstance(m, messages.ShareUpload)] for each in said]
    assert uploads[0] == uploads[1] == [8 * 10 * 150] * 24
    rest = [folded(sorted_runs(each)) for each in said]
    assert rest[0] == rest[1]
    assert len({m.value for m in said[0] if isinstance(m, messages.Report)}) == 2


def folded(items: list) -> list:
    """Without repeats next to each other: in how many cells of a table a revealed element lies (one or two) depends
    on the padded set, and each cell the centre asks about is answered once."""
    return [item for i, item in enumerate(items) if i == 0 or item != items[i - 1]]


def sorted_runs(said: list[messages.Message]) -> list:
    """All but the uploads, without cells; answers of one round sorted among themselves."""
    runs, answers = [], []
    for message in said:
        if isinstance(message, messages.Report):
            answers.append(without_cell(message))
        elif not isinstance(message, messages.ShareUpload):
            runs += [*sorted(answers, key=repr), without_cell(message)]
            answers = []
    return runs + answers


def without_cell(message: messages.Message):
    """A message less the cell it is about and the tag that goes with it: where an element lies in the planes is drawn
    by the round's key and by what else is in the padded set, and a tag is a PRF of the place."""
    if isinstance(message, messages.Receipts):
        return (type(message), message.round_id)
    return (type(message), message.model_dump(exclude={"table", "bin"}))


@pytest.mark.slow
def test_what_depends_on_private_data_by_intent_is_only_this() -> None:
    """The buckets of DESIGN.md's class S1, named one by one: change the exact value past its bucket and it shows."""
    base = suspicion(p=2**-5, known_since=((BAD, NOW_US - 2 * DAY_US),))
    said = {}
    for name, other in {
        "p_bucket": {"p": 0.006},
        "hosts_bucket": {"hosts": 3},
        "first_hour": {"first_us": base.first_us - 9 * HOUR_US},
        "last_hour": {"last_us": base.last_us - 3 * HOUR_US},
        "period_bucket": {"period_s": 3000.0},
        "regularity_bucket": {"regularity": 0.2},
        "walk_half_nats": {"walk_nats": 5.5},
        "age_bucket": {"known_since": ((BAD, NOW_US - 12 * DAY_US),)},
        "technique": {"technique": "T1046"},
        "detector": {"detector": "scan"},
    }.items():
        values = []
        for world_ in (base, replace(base, **other)):
            actors = world(world_, suspicion(), suspicion())
            _, _, answers = TestCentre().round(actors)
            values.append(next(m for m in answers["north"] if isinstance(m, messages.Report) and m.type == "domain"))
        said[name] = {f for f in type(values[0]).model_fields if getattr(values[0], f) != getattr(values[1], f)}
    assert said == {name: {name} for name in said}
