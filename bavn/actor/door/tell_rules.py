"""Gate 1, the rules for what the node tells of its own accord: sightings, block outcomes (S2), health (S4)."""

from collections.abc import Callable
from dataclasses import dataclass

from bavn.actor.door.draft import Draft
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.switches import turned_off
from bavn.model.evidence import bucket_of
from bavn.model.forms import forms
from bavn.model.intel.indicator import COUNT_EDGES, BlockOutcome, Sighting
from bavn.model.moment import hour_of
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.wire.gate import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the node is: ``sensor`` up, down or none; loss in 1/1000 of packets; skew against the centre in seconds;
    ``problems``: kinds of model/sector/alarm.py; ``records``: record types that some source gave of late,
    None: not known."""

    version: str
    sensor: str
    capture_loss_permille: int
    clock_skew_s: int
    queue_messages: int
    last_round: str | None
    problems: tuple[str, ...] = ()
    records: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a person here takes back. ``number`` names the wish at home."""

    number: int
    observable: Observable


class TellRules:
    """The rows over one policy. ``was_reported``: whether a report on this has left."""

    def __init__(self, policy: DoorPolicy, was_reported: Callable[[Observable], bool]) -> None:
        self._policy, self._was_reported = policy, was_reported

    def withdrawal_row(self) -> tuple[Rule[TakenBack, Draft], ...]:
        return (Rule("was_reported", self._reported), Rule("withdrawn", _withdrawn))

    def _reported(self, item: TakenBack, draft: Draft) -> Draft | Refused:
        """To take back what was never said would say it."""
        known = self._was_reported(item.observable)
        return draft if known else Refused("was_reported", "no report on it has left this node")

    def sighting_row(self) -> tuple[Rule[Sighting, Draft], ...]:
        return (Rule("tell_sightings", self._sightings_due), Rule("sighting", _sighting))

    def outcome_row(self) -> tuple[Rule[BlockOutcome, Draft], ...]:
        return (Rule("tell_sightings", self._outcomes_due), Rule("outcome", _outcome))

    def health_row(self) -> tuple[Rule[Condition, Draft], ...]:
        return (Rule("tell_health", self._health_due), Rule("health", _health))

    def _sightings_due(self, _: Sighting, draft: Draft) -> Draft | Refused:
        return turned_off(self._policy, "Observation") or draft

    def _outcomes_due(self, _: BlockOutcome, draft: Draft) -> Draft | Refused:
        return turned_off(self._policy, "Receipt") or draft

    def _health_due(self, _: Condition, draft: Draft) -> Draft | Refused:
        return turned_off(self._policy, "Health") or draft


def _withdrawn(item: TakenBack, draft: Draft) -> Draft | Refused:
    return draft.plus(type=item.observable.type.value, value=item.observable.value)


def _sighting(item: Sighting, draft: Draft) -> Draft | Refused:
    return draft.plus(
        indicator_id=item.indicator_id,
        kind=item.kind,
        count_bucket=bucket_of(item.count, COUNT_EDGES),
        first_hour=None if item.first_us is None else hour_of(item.first_us),
        last_hour=None if item.last_us is None else hour_of(item.last_us),
    )


def _outcome(item: BlockOutcome, draft: Draft) -> Draft | Refused:
    return draft.plus(
        indicator_id=item.indicator_id,
        version=item.version,
        state=item.state,
        enforcers=item.enforcers,
        rule=item.rule,
        not_carried=item.not_carried,
    )


def _health(item: Condition, draft: Draft) -> Draft | Refused:
    return draft.plus(
        version=item.version,
        sensor=item.sensor,
        capture_loss_permille=min(1000, max(0, item.capture_loss_permille)),
        clock_skew_s=min(86400, max(-86400, item.clock_skew_s)),
        queue_messages=item.queue_messages,
        last_round=item.last_round,
        forms=forms(),
        problems=item.problems,
        records=item.records,
    )
