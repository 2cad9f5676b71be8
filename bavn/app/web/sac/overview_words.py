"""What the overview says of actors, of the sector, and of what nobody knows yet."""

from typing import Final

from bavn.model.sector.member import ActorState
from bavn.model.text import Text

STATES: Final = {
    ActorState.INVITED: Text("invited"),
    ActorState.ACTIVE: Text("active"),
    ActorState.SUSPENDED: Text.in_context("web sac overview words", "suspended"),
    ActorState.REVOKED: Text("shut out"),
}

BLIND: Final = {
    "no-node": Text("has no node yet: the sector sees nothing of it"),
    "never-heard": Text("its node has never reported its health"),
    "silent": Text("its node is silent"),
    "sensor-down": Text("its sensor is down: network traffic is not seen"),
    "no-sensor": Text("it has no sensor: only its logs are seen"),
    "loss": Text("its sensor loses packets"),
    "clock": Text("its clock is off"),
    "backlog": Text("its messages pile up"),
    "no-rounds": Text("it took part in no round of the last day"),
    "few-rounds": Text("it missed more than a tenth of the last day's rounds"),
}
"""Code of a blind spot -> its sentence, which follows the actor's name."""

BAD: Final = frozenset({"never-heard", "silent", "sensor-down", "no-rounds"})

MISSING: Final = {
    "regions": Text("Where some actors lie is not known: bavn centre rollout set --region."),
}
