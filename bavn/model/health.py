"""What "well" means: a list of promises, each kept, broken or not checked yet; and the bounds for all of Bavn.

A service is well only where every promise was checked and is kept. Metrics, alarms, consoles and reports ask this list
and have no bound of their own. Refuses to check anything: whoever runs a service does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bavn.model.moment import SECOND_US
from bavn.model.text import Text

NODE_SILENT_S: Final = 150
"""A node tells how it is each minute ([node] health_s): two words are missing. The one bound for it."""
NODE_SILENT_US: Final = NODE_SILENT_S * SECOND_US
LOSS_PERMILLE_MAX: Final = 10
"""Of a sensor's packets: what is lost above this makes it lossy."""
CLOCK_OFF_S_MAX: Final = 120
QUEUE_MAX: Final = 1000
"""So many messages waiting at a node are a backlog, as the centre sees it."""

State = Literal["kept", "broken", "unknown"]
Act = Literal["operator", "centre", "other-side", "nobody"]
AFFECTED_MAX: Final = 6
"""Things that are wrong are named so many at a time; the rest is counted."""

ACTS: Final[dict[Act, Text]] = {
    "operator": Text("you, who run this"),
    "centre": Text.in_context("node health checks", "the centre"),
    "other-side": Text("the other side"),
    "nobody": Text("nobody yet: it is waited out"),
}
STATES: Final[dict[State, Text]] = {
    "kept": Text("kept"),
    "broken": Text.in_context("health", "broken"),
    "unknown": Text("not checked yet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One thing that a service promises. ``act``: who must act where it is broken, unless what broke it says another;
    ``first``: what that person does first."""

    code: str
    says: Text
    act: Act
    first: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseState:
    """How a promise stands. ``since_us``: since when it has stood so, None where nobody knows. ``affected``: what is,
    with figures; of one not checked, why not."""

    promise: Promise
    state: State
    since_us: int | None
    affected: Text | None
    act: Act

    def told(self) -> dict[str, Any]:
        """As it stands in health.json."""
        p = self.promise
        return {
            "code": p.code,
            "state": self.state,
            "since_us": self.since_us,
            "says": {"en": p.says.en, "da": p.says.da},
            "affected": None if self.affected is None else {"en": self.affected.en, "da": self.affected.da},
            "act": self.act,
            "first": {"en": p.first.en, "da": p.first.da},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What breaks a promise now. ``act``: who must act, where it is not the promise's own."""

    code: str
    text: Text
    act: Act | None = None


def judged(
    promises: Iterable[Promise],
    breaches: Sequence[Breach],
    unchecked: Mapping[str, Text],
    before: Mapping[str, tuple[State, int | None]],
    now_us: int,
) -> tuple[PromiseState, ...]:
    """How each promise stands now. ``unchecked``: why a promise is not known to be kept; ``before``: how each stood
    when it was last known, and since when."""
    stands = []
    for promise in promises:
        mine = [breach for breach in breaches if breach.code == promise.code]
        state: State = "broken" if mine else "unknown" if promise.code in unchecked else "kept"
        was, since_us = before.get(promise.code, ("", None))
        stands.append(
            PromiseState(
                promise=promise,
                state=state,
                since_us=None if state == "unknown" else since_us if was == state else now_us,
                affected=_affected(mine) if mine else unchecked.get(promise.code),
                act=next((breach.act for breach in mine if breach.act), promise.act),
            )
        )
    return tuple(stands)


def well(stands: Iterable[PromiseState]) -> bool:
    """Whether each was checked and is kept."""
    return all(one.state == "kept" for one in stands)


def _affected(breaches: Sequence[Breach]) -> Text:
    shown, more = breaches[:AFFECTED_MAX], len(breaches) - AFFECTED_MAX
    said = Text.joined("; ", [one.text for one in shown])
    return said if more <= 0 else Text("{said}; and {more} more", said=said, more=more)
