"""The national scale and the sorts of threat: words, what each step means, and which RSIT type speaks for which sort.

The scale's five names and the five sorts are the national assessment's own; the sentences are ours. Refuses to guess a
purpose: what RSIT does not say, a person says, or it is unknown.
"""

from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from bavn.model.text import Text


class Threat(StrEnum):
    """What somebody wants with an attack."""

    ESPIONAGE = "espionage"
    CRIME = "crime"
    ACTIVISM = "activism"
    DESTRUCTIVE = "destructive"
    TERROR = "terror"


class Level(IntEnum):
    """The steps of the scale."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    VERY_HIGH = 4


THREATS: Final = MappingProxyType(
    {
        Threat.ESPIONAGE: Text("cyber espionage"),
        Threat.CRIME: Text("cyber crime"),
        Threat.ACTIVISM: Text("cyber activism"),
        Threat.DESTRUCTIVE: Text("destructive cyber attacks"),
        Threat.TERROR: Text("cyber terror"),
    }
)

LEVELS: Final = MappingProxyType(
    {
        Level.NONE: Text("none"),
        Level.LOW: Text("low"),
        Level.MEDIUM: Text("medium"),
        Level.HIGH: Text("high"),
        Level.VERY_HIGH: Text("very high"),
    }
)
UNKNOWN: Final = Text("not known")

LEVEL_NAMES: Final = MappingProxyType(
    {
        "none": Level.NONE,
        "low": Level.LOW,
        "medium": Level.MEDIUM,
        "high": Level.HIGH,
        "very-high": Level.VERY_HIGH,
        "ingen": Level.NONE,
        "lav": Level.LOW,
        "middel": Level.MEDIUM,
        "hoej": Level.HIGH,
        "høj": Level.HIGH,
        "meget-hoej": Level.VERY_HIGH,
        "meget-høj": Level.VERY_HIGH,
    }
)
"""What a level may be called on the command line."""

BY_RSIT: Final = MappingProxyType(
    {
        "malicious-code": Threat.CRIME,
        "fraud": Threat.CRIME,
        "availability/dos": Threat.ACTIVISM,
        "availability/ddos": Threat.ACTIVISM,
        "availability/sabotage": Threat.DESTRUCTIVE,
        "information-gathering/sniffing": Threat.ESPIONAGE,
    }
)
"""A type, or a whole class. What is not here says nothing of a purpose; nothing says terror."""


def by_rsit(code: str) -> Threat | None:
    """The sort of threat that an RSIT ``class/type`` speaks for, if any."""
    return BY_RSIT.get(code) or BY_RSIT.get(code.partition("/")[0])
