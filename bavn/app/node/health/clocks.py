"""Clocks that are off: what a sensor's newest records say, and what the centre says, beside the node's own. Pure.

Refuses to know which of two clocks is right.
"""

from collections.abc import Sequence
from typing import Final

from bavn.actor.sense.account import Figures
from bavn.app.process.problem import Problem
from bavn.model.health import CLOCK_JUMP_S_MAX, CLOCK_OFF_S_MAX
from bavn.model.moment import SECOND_US
from bavn.model.spans import lasting
from bavn.model.text import Text

OLD_S: Final = 7 * 86400
"""Records that are older than this when they come are an old log that is read, not a clock that is slow."""


def clock_problems(sources: Sequence[Figures], centre_skew_s: int | None, jumped_s: int = 0) -> list[Problem]:
    """``centre_skew_s``: the node's clock minus the centre's; None where nobody knows. ``jumped_s``: how far the node's
    own clock jumped of late."""
    problems = []
    if abs(jumped_s) > CLOCK_JUMP_S_MAX:
        way = Text("ahead") if jumped_s > 0 else Text("back")
        problems.append(
            Problem(
                code="clock_jump",
                source="node",
                text=Text(
                    "this node's clock jumped {jump} {way}, or the machine slept: keep it by NTP",
                    jump=lasting(abs(jumped_s) * SECOND_US),
                    way=way,
                ),
            )
        )
    problems += [problem for source in sources if (problem := _of_source(source)) is not None]
    if centre_skew_s is not None and abs(centre_skew_s) > CLOCK_OFF_S_MAX:
        way = Text("ahead of") if centre_skew_s > 0 else Text("behind")
        problems.append(
            Problem(
                code="clock",
                source="centre",
                text=Text(
                    "this node's clock is {off} {way} the centre's: set the clocks by NTP",
                    off=lasting(abs(centre_skew_s) * SECOND_US),
                    way=way,
                ),
            )
        )
    return problems


def _of_source(source: Figures) -> Problem | None:
    """What a sensor's newest records say of its clock; nothing while they are old, or the reader is behind."""
    off = source.clock_offset_s
    if off is None or abs(off) <= CLOCK_OFF_S_MAX or off < -OLD_S:
        return None
    if off < 0 and (source.lag_bytes or source.caught_up_us is None):
        return None
    way = Text("ahead of") if off > 0 else Text("behind")
    return Problem(
        code="clock",
        source=source.name,
        text=Text(
            "the newest records of {source} are {off} {way} this node's clock: set the clocks by NTP",
            source=source.name,
            off=lasting(abs(off) * SECOND_US),
            way=way,
        ),
    )
