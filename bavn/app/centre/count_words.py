"""What the sector's counts are called, on every surface that shows them."""

from typing import Final

from bavn.model.sector.tally import BLOCKED, TECHNIQUES
from bavn.model.text import Text

WHAT: Final = {
    "suspected": Text("own machines suspected of"),
    "blocked": Text("indicators blocked, by sort"),
}
KINDS: Final = {
    "all": Text("all"),
    "region": Text("regions"),
    "municipality": Text("municipalities"),
    "supplier": Text("suppliers"),
    "agency": Text("agencies"),
    "clinic": Text("clinics"),
    "it-centre": Text("shared IT centres"),
    "other": Text("others"),
    "other kinds": Text("other kinds together"),
}
ENTRIES: Final = {"suspected": TECHNIQUES, "blocked": BLOCKED}
