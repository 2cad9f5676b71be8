"""Prevalence, novelty and names: asked of windows whose truth is known."""

import pytest

from bavn.actor.detect.indicators.lists import NO_LISTS, Lists
from bavn.actor.detect.queries.homes import LINK, PRIVATE, inferred
from bavn.actor.detect.terms import EDGE_NATS, NEW_NATS, OLD_NATS, UNSEEN, PeerProfile, Terms
from bavn.model.intel.grades import Grade
from bavn.model.observable import Observable


def world(made, calls, *, hours=24, known_days=0, homes=("10.0.0.0/8",)):
    case = made.Case("beacon", "hit-x", {"hours": hours, "calls": calls})
    return made.MemoryWindow(made.rows_of(case), hours=hours, known_days=known_days, homes=homes)


def call(host: str, peer: str, **more):
    return {"host": host, "peer": peer, "period_s": 3600, "to_h": 2.5, **more}


def known(**more) -> PeerProfile:
    return PeerProfile(
        **{"hosts": 1, "first_us": 1, "new": None, "names": (), "grade": Grade.UNKNOWN, "edge": False, **more}
    )


def test_hosts_and_names_of_an_address_and_its_least_popular_name(made) -> None:
    window = world(
        made,
        [
            call("10.0.0.1", "45.9.148.1", name="www.a.dk"),
            call("10.0.0.2", "45.9.148.1", resolved="b.dk"),
            call("10.0.0.3", "45.9.148.2"),
        ],
    )
    terms = Terms(window, lambda: NO_LISTS)
    assert terms.hosts == 3
    found = terms.addresses(["45.9.148.1", "45.9.148.2", "45.9.148.3"])
    assert found["45.9.148.1"].hosts == 2
    assert found["45.9.148.1"].names == ("b.dk", "www.a.dk")
    assert found["45.9.148.2"].names == ()
    assert found["45.9.148.3"] == UNSEEN
    assert terms.domains(["a.dk"])["a.dk"].hosts == 1
    window = world(
        made,
        [
            call("10.0.0.1", "45.9.148.1", name="www.famous.com"),
            call("10.0.0.1", "45.9.148.2", name="www.famous.com"),
            call("10.0.0.1", "45.9.148.2", name="c2.unknown.net"),
        ],
    )
    found = Terms(window, lambda: Lists.of(popular=["famous.com"])).addresses(["45.9.148.1", "45.9.148.2"])
    assert found["45.9.148.1"].grade is Grade.POPULAR
    assert found["45.9.148.2"].grade is Grade.UNKNOWN


def test_terms_load_lists_when_asked_and_weigh_nameless_clouds_less(made) -> None:
    loaded = []
    terms = Terms(world(made, [call("10.0.0.1", "45.9.148.1")]), lambda: loaded.append(1) or NO_LISTS)
    assert terms.hosts == 1
    assert loaded == []
    terms.addresses(["45.9.148.1"])
    terms.addresses(["45.9.148.1"])
    assert loaded == [1]
    terms = Terms(world(made, [call("10.0.0.1", "45.9.148.1")]), lambda: NO_LISTS)
    assert terms.nats(known(edge=True)) == terms.nats(known()) + EDGE_NATS
    assert terms.nats(known(edge=True, names=("a.dk",))) == terms.nats(known(names=("a.dk",)))
    assert terms.nats(known(edge=True, grade=Grade.POPULAR)) == terms.nats(known(grade=Grade.POPULAR))


@pytest.mark.parametrize(
    ("known_days", "from_h", "hours", "new"),
    [
        (0, 1, 24, None),  # a short capture: nobody can say what is new
        (30, 1, 24, True),
        (6, 1, 24, None),
        (0, 200, 240, True),  # ten days in the window itself, first seen on the ninth
        (0, 100, 240, None),  # neither new nor old
        (0, 1, 240, False),
    ],
)
def test_new_is_said_only_where_the_past_is_known(made, known_days, from_h, hours, new) -> None:
    calls = [call("10.0.0.1", "45.9.148.1", from_h=from_h, to_h=from_h + 3)]
    window = world(made, calls, hours=hours, known_days=known_days)
    history = world(made, calls, hours=hours)
    history.first_us -= known_days * 86_400_000_000
    history.known_from_us = history.first_us
    terms = Terms(window, lambda: NO_LISTS, history)
    assert terms.addresses(["45.9.148.1"])["45.9.148.1"].new is new


def test_what_the_terms_are_worth_and_how_many_use_a_peer(made) -> None:
    terms = Terms(world(made, [call(f"10.0.0.{n}", "45.9.148.1") for n in range(1, 41)]), lambda: NO_LISTS)
    assert terms.hosts == 40
    assert terms.nats(known()) == 0
    assert terms.nats(known(new=True)) == NEW_NATS
    assert terms.nats(known(new=False)) == OLD_NATS
    assert (
        terms.nats(known(grade=Grade.KNOWN))
        > terms.nats(known(grade=Grade.POPULAR))
        > terms.nats(known(grade=Grade.SERVICE))
    )
    assert terms.nats(known(hosts=2)) > -0.9
    assert terms.nats(known(hosts=38)) < -4
    for hosts, users, said in (
        (1, 1, "the only host here uses it"),
        (3, 1, "1 of 3 hosts uses it"),
        (3, 2, "2 of 3 hosts use it"),
    ):
        terms = Terms(world(made, [call(f"10.0.0.{n}", "45.9.148.1") for n in range(1, hosts + 1)]), lambda: NO_LISTS)
        assert terms.said(known(hosts=users))[0].en == said


def test_homes_are_where_those_talk_that_nobody_else_owns(made) -> None:
    assert inferred(world(made, [call("10.0.0.1", "45.9.148.1")], homes=())).networks == PRIVATE + LINK
    window = world(made, [call(f"45.9.148.{n}", "45.9.160.7") for n in range(1, 30)], homes=())
    found = inferred(window)
    assert found.networks[0] == "45.9.160.7/32"
    assert "45.9.160.7" in found.sentence.en
    assert "45.9.160.7" in found.sentence.da
    window = world(made, [call("45.9.148.1", f"45.9.160.{n}") for n in range(1, 5)], homes=())
    assert inferred(window).networks[0] == "45.9.148.1/32"
    calls = [call("0.0.51.217", f"45.9.148.{n}") for n in range(1, 40)] + [call("45.9.160.7", "45.9.161.8")]
    assert inferred(world(made, calls, homes=())).networks[0] in ("45.9.160.7/32", "45.9.161.8/32")
    assert inferred(world(made, [], homes=())).networks == PRIVATE + LINK


NAME, ADDRESS, OTHER = (
    Observable.of(*one) for one in (("domain", "a.dk"), ("ip4", "45.9.148.1"), ("ip4", "45.9.148.2"))
)


@pytest.mark.parametrize(
    ("known_days", "from_h", "hours", "dated"),
    [
        (0, 1, 24, False),  # a short capture: nobody can say since when
        (30, 1, 24, True),
        (6, 1, 24, False),
        (0, 200, 240, True),  # ten days in the window itself, first used on the ninth
        (0, 100, 240, False),  # it may have been used before there was a past to ask
        (0, 1, 672, True),  # at least four weeks: as old as any step
    ],
)
def test_a_first_use_is_dated_only_where_the_past_is_known_or_it_is_older_than_any_step(
    made, known_days, from_h, hours, dated
) -> None:
    """Of a name and an address each its own; what was never used has none."""
    calls = [call("10.0.0.1", "45.9.148.1", name="www.a.dk", from_h=from_h, to_h=from_h + 3)]
    window = world(made, calls, hours=hours)
    window.known_from_us -= known_days * 86_400_000_000
    history = world(made, calls, hours=hours)
    history.first_us -= known_days * 86_400_000_000
    history.known_from_us = history.first_us
    first = Terms(window, lambda: NO_LISTS, history).first_uses([NAME, ADDRESS, OTHER])
    began_us = window.first_us + from_h * 3_600_000_000
    assert set(first) == ({NAME, ADDRESS} if dated else set())
    assert all(began_us <= at <= began_us + 3_600_000_000 for at in first.values())
