"""The states of the roll-out: how far an actor has come, and what it needs before it comes to the next one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from bavn.model.sector.acceptance_protocol import TestKind
from bavn.model.text import Text


class RolloutState(StrEnum):
    """How far an actor has come."""

    PLANNED = "planned"
    TESTING = "testing"
    ACCEPTED = "accepted"
    LIVE = "live"
    LEAVING = "leaving"


class Need(StrEnum):
    """What must be there before a state."""

    AGREEMENT = "agreement"
    CERTIFICATE = "certificate"
    PROTOCOL = "protocol"


_S, _N = RolloutState, Need
PATH: Final = (_S.PLANNED, _S.TESTING, _S.ACCEPTED, _S.LIVE)
"""The way in, in its order."""
NEEDS_OF: Final[Mapping[RolloutState, tuple[Need, ...]]] = {
    _S.TESTING: (_N.AGREEMENT, _N.CERTIFICATE),
    _S.ACCEPTED: (_N.CERTIFICATE, _N.PROTOCOL),
    _S.LIVE: (_N.AGREEMENT, _N.CERTIFICATE, _N.PROTOCOL),
}
TESTS: Final[Mapping[RolloutState, TestKind]] = {_S.ACCEPTED: TestKind.ACCEPTANCE, _S.LIVE: TestKind.FINAL}
"""The test whose protocol a state needs."""

STATES: Final[dict[RolloutState, Text]] = {
    _S.PLANNED: Text("planned"),
    _S.TESTING: Text("being tested"),
    _S.ACCEPTED: Text("acceptance test passed"),
    _S.LIVE: Text("in operation"),
    _S.LEAVING: Text("leaving, not deleted yet"),
}
NEEDS: Final[dict[Need, Text]] = {
    _N.AGREEMENT: Text("an agreement in force on the terms"),
    _N.CERTIFICATE: Text("a node that is enrolled and let in"),
    _N.PROTOCOL: Text("the protocol of the test that passed"),
}


def next_of(state: RolloutState) -> RolloutState | None:
    """The next state on the way in; None at its end and for an actor that leaves."""
    at = PATH.index(state) + 1 if state in PATH else len(PATH)
    return PATH[at] if at < len(PATH) else None


def may_come(state: RolloutState, to: RolloutState) -> bool:
    """Whether a state follows: the next one, an earlier one, or leaving; after leaving only the first."""
    here = PATH.index(state) if state in PATH else -1
    return to is _S.LEAVING or PATH.index(to) <= here + 1
