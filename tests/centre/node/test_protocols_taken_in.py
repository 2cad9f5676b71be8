"""A state of the roll-out rests on a protocol that the centre verified: its actor's, of its kind, fresh, never used."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.cases import audit
from bavn.centre.desk.agreements import ProtocolRefused
from bavn.centre.desk.rollout import Blocked
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.sector.acceptance_protocol import Bound, Figure, Measure, Part, TestKind, TestProtocol
from bavn.model.sector.protocol_file import SignedProtocol, read, signed
from bavn.model.sector.rollout import Need, RolloutState
from bavn.model.text import Text
from bavn.traffic.dice import SeededDice
from bavn.wire.enrol import NodeKeys

from .test_rollout import ANNA, house  # noqa: F401  the same centre

OFFSET = Measure(name=Text.written("offset", da="afvigelse"), bound=Bound.AT_MOST, bar=5, unit="s", always=True)
DEMANDS = {"clock": {"offset": OFFSET}}
WHY = "seen together"


def part(value=1, name="clock"):
    figures = (Figure(key="offset", measure=OFFSET, value=value),)
    return Part(name=name, title=Text.written("Clock", da="Ur"), figures=figures)


def key_of(actor="region-a"):
    return NodeKeys.make(actor, SeededDice(1, actor)).message


def made(house, actor="region-a", *, kind=TestKind.ACCEPTANCE, value=1, key=None, age_us=0, id_="ab" * 16, parts=None):  # noqa: F811
    ended_us = house.clock.now_us() - age_us
    protocol = TestProtocol(
        id=id_,
        actor=actor,
        kind=kind,
        version="1",
        began_us=ended_us - 1,
        ended_us=ended_us,
        parts=(part(value),) if parts is None else parts,
    )
    return signed(protocol, key or key_of(actor))


def take(house, given, actor="region-a", *, kind=TestKind.ACCEPTANCE, centre=None):  # noqa: F811
    return house.agreements.take_test(actor, kind, given, DEMANDS, centre or part(name="centre"), ANNA, WHY)


@pytest.fixture
def enrolled(house):  # noqa: F811
    """region-a and region-b, enrolled."""
    for actor in ("region-a", "region-b"):
        house.agreed(actor)
        house.enrol(actor)
        house.come(actor, "testing")
    house.clock.advance(HOUR_US)
    return house


def test_a_protocol_that_was_taken_in_carries_one_state(enrolled) -> None:
    assert enrolled.line("region-a").missing == (Need.PROTOCOL,)
    given = made(enrolled)
    record = take(enrolled, given)
    assert record.holds()
    assert read(record.fields["protocol"].encode()).digest == record.fields["protocol_sha256"] == given.digest
    assert enrolled.line("region-a").missing == ()
    assert enrolled.line("region-b").missing == (Need.PROTOCOL,)
    enrolled.come("region-a", "accepted")
    assert enrolled.line("region-a").state is RolloutState.ACCEPTED
    assert "rollout-test" in [one.act for one in audit.lines(enrolled.engine, subject="rollout/region-a")]


def test_a_protocol_serves_once_and_not_after_a_set_back(enrolled) -> None:
    given = made(enrolled)
    take(enrolled, given)
    with pytest.raises(ProtocolRefused, match="taken in before, as number 1 of region-a"):
        take(enrolled, given)
    enrolled.come("region-a", "accepted", "testing")
    with pytest.raises(Blocked, match="it waits for: protocol"):
        enrolled.come("region-a", "accepted")
    enrolled.clock.advance(DAY_US)
    early = made(enrolled, age_us=DAY_US + HOUR_US, id_="cd" * 16)
    take(enrolled, early)
    with pytest.raises(Blocked, match="protocol"):  # it was made before the step back
        enrolled.come("region-a", "accepted")
    take(enrolled, made(enrolled, id_="ef" * 16))
    enrolled.come("region-a", "accepted")


def test_a_protocol_ages_also_after_it_was_taken_in(enrolled) -> None:
    take(enrolled, made(enrolled))
    enrolled.clock.advance(15 * DAY_US)
    with pytest.raises(Blocked, match="protocol"):
        enrolled.come("region-a", "accepted")


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"key": Ed25519PrivateKey.from_private_bytes(b"x" * 32)}, "signature"),
        ({"key": key_of("region-b"), "actor": "region-b"}, "signature"),
        ({"actor": "region-b", "key": key_of()}, "actor"),
        ({"kind": TestKind.FINAL}, "kind"),
        ({"age_us": 15 * DAY_US}, "age"),
        ({"age_us": -DAY_US}, "ahead"),
        ({"value": 9}, "passed"),
        ({"parts": ()}, "passed"),
        ({"parts": (part(name="door"),)}, "passed"),
    ],
)
def test_what_is_not_this_actor_s_fresh_passed_protocol_is_refused(enrolled, how, rule) -> None:
    with pytest.raises(ProtocolRefused) as refused:
        take(enrolled, made(enrolled, **how))
    assert refused.value.refused.rule == rule
    assert enrolled.agreements.records("test") == []


def test_a_changed_protocol_another_s_key_and_an_own_side_that_fails_are_refused(enrolled) -> None:
    given = made(enrolled, value=9)
    better = read(
        given.file().replace(b'"outcome":"failed"', b'"outcome":"passed"').replace(b'"value":9', b'"value":1')
    )
    forged = SignedProtocol(better.protocol, better.body, given.key, given.signature)
    with pytest.raises(ProtocolRefused, match="or it was changed"):
        take(enrolled, forged)
    with pytest.raises(ProtocolRefused, match=r"the centre's own side is failed: [a-z]"):
        take(enrolled, made(enrolled), centre=part(9, name="centre"))
    with pytest.raises(ProtocolRefused, match="or it was changed"):
        take(enrolled, forged, centre=part(9, name="centre"))
    enrolled.members.suspend("region-a", ANNA, WHY)
    with pytest.raises(ProtocolRefused, match="not let in"):
        take(enrolled, made(enrolled))
