"""The daily canary: a harmless, labelled name that each node puts through its whole chain, and what became of it.

Everything about a canary follows from the day: its name, its report, its hours. Nobody can put anything into one. The
name lies below ``.invalid`` (RFC 2606: no such name ever exists), so that no gate lets it through as anything else.
Refuses to know how a link of the chain is tried.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Final, Literal

from bavn.model.moment import DAY_US, HOUR_US, hour_of
from bavn.model.observable import Observable, ObservableType
from bavn.model.text import Text

DETECTOR: Final = "canary"
TECHNIQUE: Final = "T0000"
"""No technique of ATT&CK has this number."""
P: Final = 1e-9
BEGIN_HOUR: Final = 10
"""UTC: at work's hours in all of Europe, so that there is somebody to mend what is broken."""
WINDOW_US: Final = HOUR_US
"""So long a canary takes part in the rounds of strong evidence; the others' are there in the same hour."""
KEPT_DAYS: Final = 60
RUNS_PER_DAY_MAX: Final = 10
"""The day's own and those on command."""

State = Literal["passed", "waiting", "failed", "not-covered"]
STATES: Final[dict[State, Text]] = {
    "passed": Text.in_context("canary", "passed"),
    "waiting": Text("under way"),
    "failed": Text("did not pass"),
    "not-covered": Text("not covered"),
}

LINKS: Final[dict[str, Text]] = {
    "sensor": Text("sensor or source"),
    "store": Text("store"),
    "detect": Text("detectors"),
    "door": Text("door"),
    "join": Text("private join"),
    "reveal": Text("reveal"),
    "answer": Text("the centre's answer"),
    "block": Text.in_context("canary", "block"),
}
"""The chain in its order."""

WHYS: Final[dict[str, Text]] = {
    "no-sensor": Text("no sensor"),
    "silent": Text("no source gives a record"),
    "no-rows": Text("the store has never held a record"),
    "no-round": Text("no round of strong evidence was open"),
    "no-other": Text("no other actor's canary was met"),
    "policy": Text("the actor's policy"),
    "no-enforcer": Text("no enforcer that takes names"),
    "enforcer-down": Text("an enforcer is down"),
    "kill-switch": Text("a kill switch is on"),
    "late": Text("not in time"),
    "earlier": Text("a link before it did not pass"),
}
"""Why a link did not pass or is not covered. A fixed list: no actor's own words."""

TOOK_EDGES_S: Final = (1, 10, 60, 300, 1800)
"""How long a link took leaves as one of six buckets: up to 1 s, 10 s, a minute, 5 minutes, 30 minutes, more."""
TOOK: Final = (
    Text("up to 1 s"),
    Text("up to 10 s"),
    Text("up to 1 min"),
    Text("up to 5 min"),
    Text("up to 30 min"),
    Text("over 30 min"),
)

_NAME: Final = re.compile(r"^bavn-canary-([0-9]{1,6})\.invalid$")
_SPACE: Final = uuid.UUID("4d2f4b52-6a53-5b0e-8a7e-1d8c2a4f0e11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a link stands. ``took``: index of TOOK, None unless it passed; ``why``: a key of WHYS, or empty."""

    link: str
    state: State
    took: int | None = None
    why: str = ""


def name_of(day: int) -> Observable:
    """The canary of a day (since 1970, UTC): the same at every actor."""
    return Observable.trusted(ObservableType.DOMAIN, f"bavn-canary-{day}.invalid")


def day_of(observable: Observable) -> int | None:
    """The day whose canary this is; None for anything else."""
    found = _NAME.fullmatch(observable.value) if observable.type is ObservableType.DOMAIN else None
    return None if found is None or name_of(int(found.group(1))) != observable else int(found.group(1))


def begins_us(day: int) -> int:
    """When a day's canary sets out."""
    return day * DAY_US + BEGIN_HOUR * HOUR_US


def ends_us(day: int) -> int:
    """When it must have come through: from then on it is late."""
    return begins_us(day) + WINDOW_US


def hour(day: int) -> int:
    """The hour that a canary's report names: the one in which it set out, whenever that was."""
    return hour_of(begins_us(day))


def is_current(day: int, now_us: int) -> bool:
    """Whether a canary of this day may still be under way: today's, and yesterday's for a day more."""
    return 0 <= now_us // DAY_US - day <= 1


def indicator_id(day: int) -> str:
    """Under which enforcers keep its block."""
    return f"indicator--{uuid.uuid5(_SPACE, str(day))}"


def took_bucket(seconds: float) -> int:
    """The index of TOOK."""
    return next((at for at, edge in enumerate(TOOK_EDGES_S) if seconds <= edge), len(TOOK_EDGES_S))
