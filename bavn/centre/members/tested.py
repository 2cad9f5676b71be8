"""Protocols of tests that the centre took in: which may be taken in, and whether a state may rest on one.

A protocol is taken in when it is the actor's own, signed by the key it enrolled with, of the kind that was asked for,
fresh, passed by the centre's own bars, and never taken in before. The centre signs what it looked at, protocol and all.
Refuses to know what is measured: the demands are handed in.
"""

from typing import Final

from sqlalchemy import Connection

from bavn.centre.members import signed
from bavn.centre.members.signed import Record
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.outcome import Refused
from bavn.model.sector.acceptance_protocol import Demands, Part, TestKind, shortfalls
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.text import Text

AGE_DAYS_MAX: Final = 14
AHEAD_US_MAX: Final = 10 * MINUTE_US
SHORTFALLS_NAMED_MAX: Final = 5


def refusal(
    given: SignedProtocol, actor: str, kind: TestKind, key: str, now_us: int, demands: Demands
) -> Refused | None:
    """Why a protocol is not taken in. ``key``: the message key (hex) that the actor enrolled with."""
    protocol = given.protocol
    if not given.holds(key):
        return Refused(
            "signature", "it is not signed by the key that {actor} enrolled with, or it was changed", actor=actor
        )
    if protocol.actor != actor:
        return Refused("actor", "it is {theirs}'s, not {actor}'s", theirs=protocol.actor, actor=actor)
    if protocol.kind is not kind:
        return Refused(
            "kind", "it is of the {theirs} test, not of the {kind} test", theirs=protocol.kind.value, kind=kind.value
        )
    if protocol.ended_us > now_us + AHEAD_US_MAX:
        return Refused("ahead", "it ends in the future by this centre's clock")
    if now_us - protocol.ended_us > AGE_DAYS_MAX * DAY_US:
        return Refused("age", "it is older than {days} days", days=AGE_DAYS_MAX)
    lacks = shortfalls(protocol, demands)
    if lacks:
        more = len(lacks) - SHORTFALLS_NAMED_MAX
        named = lacks[:SHORTFALLS_NAMED_MAX] + ([Text("and {more} more", more=more)] if more > 0 else [])
        return Refused("passed", "it has not passed: {shortfalls}", shortfalls=Text.joined("; ", named))
    return None


def taken_before(tx: Connection, digest: str) -> Record | None:
    """The record by which this protocol was taken in, whoever's it was said to be."""
    return next((one for one in signed.holding(tx, "test", digest) if one.fields["protocol_sha256"] == digest), None)


def usable(tx: Connection, actor: str, kind: TestKind, since_us: int, now_us: int) -> bool:
    """Whether a protocol of a test is fresh, and was begun and taken in since the actor came to its state."""
    for record in signed.records(tx, "test", actor):
        content = record.fields
        fresh = now_us - int(content["ended_us"]) <= AGE_DAYS_MAX * DAY_US
        since = record.at_us > since_us and int(content["began_us"]) >= since_us - AHEAD_US_MAX
        if content["test"] == kind.value and fresh and since:
            return True
    return False


def body(given: SignedProtocol, centre: Part, by: str, why: str) -> dict[str, object]:
    """What the centre signs of a protocol that it takes in."""
    protocol = given.protocol
    return {
        "test": protocol.kind.value,
        "protocol_sha256": given.digest,
        "protocol": given.file().decode(),
        "began_us": protocol.began_us,
        "ended_us": protocol.ended_us,
        "version": protocol.version,
        "by": by,
        "why": why,
        "outcomes": {one.name: one.outcome.value for one in protocol.parts},
        "centre": {one.key: [one.value, one.outcome.value] for one in centre.figures},
    }
