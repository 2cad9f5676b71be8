"""What "well" means: a list of promises, each kept, broken or not checked yet; and the bounds for all of Bavn.

A service is well only where every promise was checked and is kept. Metrics, alarms, consoles and reports ask this
module or node_health.py, and have no bound of their own (test_one_bound.py). Refuses to check
anything: whoever runs a service does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.text import Text

NODE_SILENT_S: Final = 150
"""A node tells how it is each minute ([node] health_s): two words are missing. The one bound for it."""
NODE_AWAY_US: Final = DAY_US
"""A document of a week or a quarter counts a node as not heard of only after a whole day."""
HEALTH_FILE_OLD_S: Final = 60
"""A service writes how it is every few seconds: one whose file is older hangs, or was killed."""
LOSS_PERMILLE_MAX: Final = 10
"""Of a sensor's packets: what is lost above this makes it lossy."""
CLOCK_OFF_S_MAX: Final = 120
CLOCK_JUMP_S_MAX: Final = 10
"""NTP steps a clock that is further off; what is less is slewed, or a look that came late."""
QUEUE_MAX: Final = 1000
"""So many messages waiting at a node are a backlog, as the centre sees it."""
LAG_S_MAX: Final = 120
"""How old the oldest line may be that a node has not read."""
PATIENT: Final = frozenset({"captures"})
"""Sources that may take their time: what waits there does not get lost. A program of its own reads a capture, and takes
long before it says anything."""
SENSOR_SILENT_TIMES: Final = 3
"""A Suricata that wrote no statistics for so many of its intervals does not keep up, or hangs."""
SOURCE_SILENT_S_MAX: Final = 21_600
SOURCE_SILENT_S_MIN: Final = 120
"""A source that is always heard is missed sooner than after six hours, but never sooner than this."""
CANARY_DAYS_MAX: Final = 2
"""A canary that is older says nothing of today."""
CANARY_SOURCE_US: Final = 15 * MINUTE_US
"""A source that gave a record so long before the canary set out, or since, is a source that sees."""
ROUNDS_PERCENT_MIN: Final = 90
"""A round whose keys did not come in time, or that met a restart, is lost without harm."""

CERTIFICATE_DAYS_MIN: Final = 20
"""A node renews its certificate 30 days before the end: with fewer left it has not been able to for ten days."""
SERVER_CERTIFICATE_DAYS_MIN: Final = 30
"""The centre and the key holder renew at a start within 60 days of the end: who runs one that long must restart it."""
AUTHORITY_DAYS_MIN: Final = 365

NODE_DISK_FREE_MB_MIN: Final = 1024
CENTRE_DISK_FREE_MB_MIN: Final = 2048
KEYHOLDER_DISK_FREE_MB_MIN: Final = 512

STEP_LATE_S: Final = 60.0
"""A step of the centre takes well under a second; a round of a large sector some."""
LETTER_LATE_US: Final = 10 * MINUTE_US
"""A letter that was to be tried so long ago and was not."""
SOURCE_LATE_TIMES: Final = 3
"""A source of intelligence that was not asked for so many of its turns is not read."""
SECRETS_LATE_S: Final = 300.0
"""The key holder looks for past days' secrets each minute."""
DATABASE_LATE_S: Final = 5.0

ACCEPTED_CLOCK_OFF_S_MAX: Final = 5
"""An acceptance test asks more than daily work: a second is rounding, and a clock that is kept is not further off."""
ACCEPTED_QUEUE_MAX: Final = 100
ACCEPTED_LAG_S_MAX: Final = 30


def away(received_us: int | None, now_us: int) -> bool:
    """Whether a document counts a node as not heard of. ``received_us``: None for never."""
    return received_us is None or now_us - received_us > NODE_AWAY_US


def file_old(written_us: int, now_us: int) -> bool:
    """Whether a service that wrote its health file then hangs, or is gone."""
    return (now_us - written_us) // SECOND_US > HEALTH_FILE_OLD_S


def ends_soon(end_us: int, now_us: int, days_min: int = CERTIFICATE_DAYS_MIN) -> bool:
    """Whether a certificate ends, or has ended, that should have been renewed by now."""
    return end_us - now_us < days_min * DAY_US


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

    def as_json(self) -> dict[str, Any]:
        """As it stands in health.json."""
        p = self.promise
        return {
            "code": p.code,
            "state": self.state,
            "since_us": self.since_us,
            "says": p.says.spoken(),
            "affected": None if self.affected is None else self.affected.spoken(),
            "act": self.act,
            "first": p.first.spoken(),
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


def unchecked_only(health: Mapping[str, Any]) -> bool:
    """Whether by a health file nothing is broken and something is not checked yet."""
    states = {one["state"] for one in health.get("promises", [])}
    return "unknown" in states and "broken" not in states and not health["problems"]


def _affected(breaches: Sequence[Breach]) -> Text:
    shown, more = breaches[:AFFECTED_MAX], len(breaches) - AFFECTED_MAX
    said = Text.joined("; ", [one.text for one in shown])
    return said if more <= 0 else Text("{said}; and {more} more", said=said, more=more)
