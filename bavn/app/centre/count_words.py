"""What the sector's counts are called, on every surface that shows them."""

from typing import Final

from bavn.model.sector.tally import BLOCKED, TECHNIQUES
from bavn.model.text import Text

WHAT: Final = {
    "suspected": Text("own machines suspected of", "egne maskiner under mistanke for"),
    "blocked": Text("indicators blocked, by sort", "spærrede indikatorer, efter slags"),
}
KINDS: Final = {
    "all": Text("all", "alle"),
    "region": Text("regions", "regioner"),
    "municipality": Text("municipalities", "kommuner"),
    "supplier": Text("suppliers", "leverandører"),
    "agency": Text("agencies", "styrelser"),
    "clinic": Text("clinics", "klinikker"),
    "it-centre": Text("shared IT centres", "fælles it-centre"),
    "other": Text("others", "øvrige"),
    "other kinds": Text("other kinds together", "andre slags samlet"),
}
ENTRIES: Final = {"suspected": TECHNIQUES, "blocked": BLOCKED}
