"""What should be heard of and is not: a source that gives no record any more, a node without any. Pure.

Refuses to know whether a network may be as quiet as that: the bound is the actor's own (``[health] silent_s_max``).
"""

from collections.abc import Sequence
from typing import Final

from bavn.actor.sense.account import Figures
from bavn.app.process.problem import Problem
from bavn.model.health import SOURCE_SILENT_S_MIN
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.text import Number, Text

OCCASIONAL: Final = frozenset({"captures", "kex", "kex-ring", "canary"})
"""Sources of which nothing comes for days where nothing is wrong: somebody must put a capture there."""

GAPS: Final = 6

NO_SOURCE: Final = Problem(
    code="no_source",
    source="",
    text=Text("nothing is read and there is no sector: name a source under [sense] in node.toml (docs/sources.md)"),
)
"""Of a node that can neither see nor protect."""


def silence_problems(sources: Sequence[Figures], now_us: int, began_us: int, silent_s_max: int) -> list[Problem]:
    """``silent_s_max``: seconds without a record of traffic; 0 asks nothing. A source that is always heard is asked
    sooner. One that is broken or behind says so by itself."""
    problems = []
    for source in sources:
        since_us = now_us - (began_us if source.received_us is None else source.received_us)
        if source.name in OCCASIONAL or source.broken or source.lag_bytes or not silent_s_max:
            continue
        if since_us > silent_us_max(source, silent_s_max):
            long = Text("{count} h", count=Number(since_us / HOUR_US, ".1f"))
            if since_us < HOUR_US:
                long = Text("{count} min", count=since_us // MINUTE_US)
            problems.append(
                Problem(
                    code="silent",
                    source=source.name,
                    text=Text(
                        "{source} has given no record for {long}: does it still see, or get sent, anything?",
                        source=source.name,
                        long=long,
                    ),
                )
            )
    return problems


def silent_us_max(source: Figures, silent_s_max: int) -> int:
    """From when on its silence is an alarm: six times its longest silence of the last two days, never sooner than
    SOURCE_SILENT_S_MIN, nor later than the bound of the configuration."""
    if source.usual_gap_us is None:
        return silent_s_max * SECOND_US
    return min(silent_s_max * SECOND_US, max(SOURCE_SILENT_S_MIN * SECOND_US, GAPS * source.usual_gap_us))
