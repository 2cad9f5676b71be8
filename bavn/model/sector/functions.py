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
    "blood-bank": Function(1.0, Text("blood bank", "blodbank")),
    "citizen-services": Function(0.5, Text("citizen services", "borgerservice")),
    "dispatch": Function(1.5, Text("emergency dispatch", "alarm- og vagtcentral")),
    "emergency": Function(1.5, Text("emergency department", "akutmodtagelse")),
    "home-care": Function(0.5, Text("home care", "hjemmepleje")),
    "imaging": Function(1.0, Text("imaging", "billeddiagnostik")),
    "intensive-care": Function(1.5, Text("intensive care", "intensiv behandling")),
    "laboratory": Function(1.0, Text("laboratory", "laboratorium")),
    "medication": Function(1.0, Text("medication", "medicin")),
    "patient-records": Function(1.0, Text("patient records", "patientjournal")),
    "surgery": Function(1.5, Text("surgery", "operation")),
    "utilities": Function(1.0, Text("water, heat and power", "vand, varme og el")),
}


@dataclass(frozen=True, slots=True)
class Role:
    """What an actor does that others depend on, and on whom it depends itself: names of FUNCTIONS, and suppliers as
    the sector names them. Both sorted."""

    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
