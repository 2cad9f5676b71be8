"""Alarms, taken on by people. Refuses to end one: its cause does."""

from typing import Final

from bavn.app.access.rights import Right
from bavn.app.acts.act import Kind, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.desk.alarms import Alarms, UnknownAlarm
from bavn.model.sector.alarm import Alarm

REFUSES: Final[tuple[Kind, ...]] = ((UnknownAlarm, 404, "unknown-alarm", "you"), *KINDS)


@act(Right.TRIAGE, *REFUSES)
def take(alarms: Alarms, by: str, number: int) -> Alarm:
    """Take it on: others see who minds it. The first who does stays."""
    return alarms.acknowledge(number, by)
