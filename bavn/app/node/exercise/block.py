"""The block of an exercise: the indicator that would be released goes to gate 4's rules and into an enforcer of the
sandbox's own.

Apart from what plays its traffic, since a guard blocks and has no detectors. Refuses to touch a real enforcer.
"""

import tempfile
from pathlib import Path
from typing import Final

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.rpz import Rpz, names_in
from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.own_history import Found
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import Arrived, Draft, Evidence, Row, Spent
from bavn.model.intel.indicator import Block, Indicator, Pap, Tlp
from bavn.model.moment import HOUR_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.sector.exercise import ActorStep, BadExercise, element_of
from bavn.wire.partners.stix_indicator import bundle_of

HOMES: Final = ("10.0.0.0/8",)
HOURS: Final = 24
AT_US: Final = 1_790_000_000 * SECOND_US
"""The sandbox's own moment: nothing in it depends on when it is played."""
_IDENTITY: Final = "identity--6f1f6c3a-8d0e-5c52-9d5a-1b8b4d2f7e01"


class SandboxClock:
    """The Clock port: the sandbox's own moment."""

    def now_us(self) -> int:
        """Always the same."""
        return AT_US


def blocked(exercise_id: str, policy: ProtectPolicy, never: NeverBlock) -> ActorStep:
    """The released indicator to gate 4's rules and into an enforcer of the sandbox's own. Raises BadExercise,
    OSError."""
    element = element_of(exercise_id)
    indicator = Indicator(
        id=f"indicator--{exercise_id[9:17]}-{exercise_id[17:21]}-5{exercise_id[21:24]}-8000-{'0' * 12}",
        version=AT_US,
        observable=element,
        tlp=Tlp.GREEN,
        pap=Pap.GREEN,
        confidence=100,
        valid_from_us=AT_US,
        valid_until_us=AT_US + HOUR_US,
        case_id=f"case-{exercise_id[9:25]}",
        technique="T1071",
    )
    bundle = bundle_of(indicator, created_by=_IDENTITY, created_us=AT_US)
    with tempfile.TemporaryDirectory(prefix="bavn-exercise-") as scratch:
        zone = Path(scratch) / "rpz.zone"
        enforcer = Rpz(zone)
        row = Row(
            policy=policy,
            never=lambda: never,
            homes=HOMES,
            enforcers=Enforcers([enforcer], []),
            clock=SandboxClock(),
            known=lambda _: None,
            held=lambda _: None,
            spent=lambda: Spent(blocks=0, destinations=0, in_force=0, covered=0, items=0),
        )
        draft = Draft()
        seen = Found(days=1, hits=HOURS, hosts=1, destinations=1, background_hosts=1, background_destinations=1)
        for rule in row.rules:
            given = Arrived(bundle=bundle, item_id="0" * 64, evidence=Evidence(found=seen, listed=None))
            outcome = rule.apply(given, draft)
            if isinstance(outcome, Refused):
                return ActorStep.REFUSED
            draft = outcome
        if draft.waits:
            return ActorStep.WAITS
        enforcer.enforce([Block(element, indicator.id, indicator.valid_until_us)])
        if names_in(zone.read_bytes()) != {element.value}:
            raise BadExercise("the sandbox's enforcer says more than the exercise's name")
        enforcer.enforce([])
    return ActorStep.BLOCKED
