"""Critical functions of an actor: what society notices first when they stop. Names, words and points for priority.

Points are nats on the scale of the score, and assumed: they say what an analyst should look at first among leads that
are equally likely, not how likely a lead is. Refuses to know who has which.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its points and its name in words."""

    points: float
    words: Text


FUNCTIONS: Final[dict[str, Function]] = {
    "blood-bank": Function(1.0, Text("blood bank")),
    "citizen-services": Function(0.5, Text("citizen services")),
    "dispatch": Function(1.5, Text("emergency dispatch")),
    "emergency": Function(1.5, Text("emergency department")),
    "home-care": Function(0.5, Text("home care")),
    "imaging": Function(1.0, Text("imaging")),
    "intensive-care": Function(1.5, Text("intensive care")),
    "laboratory": Function(1.0, Text("laboratory")),
    "medication": Function(1.0, Text("medication")),
    "patient-records": Function(1.0, Text("patient records")),
    "surgery": Function(1.5, Text("surgery")),
    "utilities": Function(1.0, Text("water, heat and power")),
}


@dataclass(frozen=True, slots=True)
class Role:
    """What an actor does that others depend on, and on whom it depends itself: names of FUNCTIONS, and suppliers as
    the sector names them. Both sorted."""

    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
