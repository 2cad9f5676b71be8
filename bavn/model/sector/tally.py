"""What the sector's picture counts: a fixed list, so that which counts are told never tells anything.

A report of counts has one number for each entry, in this order, zeros too. The list may only grow at its end, under a
new ``VOCABULARY``. Refuses to know how anything is counted.
"""

from types import MappingProxyType
from typing import Final

from bavn.model.observable import ObservableType
from bavn.model.text import Text

VOCABULARY: Final = 3
PARTS: Final = 2
"""What was suspected and what was blocked: each is told for half of a day's epsilon."""
OTHER: Final = "other"
TECHNIQUES: Final = MappingProxyType(
    {
        "T1003": Text("credentials read out"),
        "T1007": Text("services listed"),
        "T1012": Text("registry asked"),
        "T1018": Text("machines searched for"),
        "T1021": Text("remote services used"),
        "T1046": Text("services scanned"),
        "T1047": Text("WMI used"),
        "T1048": Text("data on its way out"),
        "T1053": Text("tasks scheduled"),
        "T1070": Text("traces removed"),
        "T1071": Text("command channel in web, DNS or mail"),
        "T1087": Text("accounts listed"),
        "T1110": Text("passwords guessed"),
        "T1133": Text("remote access from outside"),
        "T1187": Text("log-on forced"),
        "T1189": Text("drive-by"),
        "T1190": Text("exposed service attacked"),
        "T1210": Text("inner service attacked"),
        "T1496": Text("machines misused"),
        "T1498": Text("flooding"),
        "T1547": Text("start-up changed"),
        "T1566": Text("phishing"),
        "T1568": Text("made-up names"),
        "T1569": Text("services started"),
        "T1570": Text("tools moved inside"),
        "T1571": Text("unusual port"),
        "T1573": Text("encrypted channel"),
        "T1595": Text("scanned from outside"),
        OTHER: Text("all other techniques"),
        "T1213": Text("records read out of archives"),
        "T1565": Text("data changed on its way"),
        "T1572": Text("a conversation inside another"),
        "T1095": Text("command channel below TCP and UDP"),
        "T1090": Text("proxies"),
    }
)
"""ATT&CK techniques without their sub-techniques: those that this Bavn's detectors name, and one for the rest."""

FALSE_TABLE_MAX: Final = 0.05
"""Of whole tables of noisy counts, how many may say of any cell what is not so."""
NOT_KNOWN: Final = Text("not known")

BLOCKED: Final = MappingProxyType(
    {
        "domain": Text("names"),
        "address": Text("addresses"),
        "fingerprint": Text("fingerprints"),
        "file": Text("files"),
    }
)
"""Sorts of indicator."""


def is_known(low: float) -> bool:
    """Whether a noisy count, whose true one is at least ``low``, stands clear of its noise: else nothing is told of it.
    ``low`` is of an interval that holds for all cells of its table together (bavn.centre.desk.counts)."""
    return low > 0


def count_words(low: float, high: float, form: str = ",") -> Text:
    """A noisy count in words, the one place that has them: its interval, or ``not known``."""
    if not is_known(low):
        return NOT_KNOWN
    return Text.shaped("{low}-{high}", low=Text.number(low, form), high=Text.number(high, form))


def technique_entry(technique: str) -> str:
    """The entry under which a technique is counted."""
    base = technique.partition(".")[0]
    return base if base in TECHNIQUES else OTHER


def technique_name(technique: str) -> Text | None:
    """What a technique of ATT&CK is in words, a sub-technique by the one that it belongs to; None where Bavn has no
    words for it."""
    base = technique.partition(".")[0]
    return TECHNIQUES[base] if base != OTHER and base in TECHNIQUES else None


def technique_words(technique: str) -> Text:
    """A technique's id with its name where Bavn has one: ``T1071.001 (command channel in web, DNS or mail)``."""
    known = technique_name(technique)
    if known is None:
        return Text.plain(technique or "-")
    return Text.shaped("{technique} ({known})", technique=technique, known=known)


def blocked_entry(kind: ObservableType) -> str:
    """The entry under which an indicator of this type is counted."""
    if kind is ObservableType.DOMAIN:
        return "domain"
    if kind in (ObservableType.IP4, ObservableType.IP6):
        return "address"
    return "file" if kind is ObservableType.SHA256 else "fingerprint"
