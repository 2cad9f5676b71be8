"""What the sector's picture counts: a fixed list, so that which counts are told never tells anything.

A report of counts has one number for each entry, in this order, zeros too. The list may only grow at its end, under a
new ``VOCABULARY``. Refuses to know how anything is counted.
"""

from types import MappingProxyType
from typing import Final

from bavn.model.observable import ObservableType
from bavn.model.text import Text

VOCABULARY: Final = 1
PARTS: Final = 2
"""What was suspected and what was blocked: each is told for half of a day's epsilon."""
OTHER: Final = "other"
TECHNIQUES: Final = MappingProxyType(
    {
        "T1003": Text("credentials read out", "udlæsning af adgangsoplysninger"),
        "T1007": Text("services listed", "oplistning af tjenester"),
        "T1012": Text("registry asked", "opslag i registreringsdatabasen"),
        "T1018": Text("machines searched for", "eftersøgning af maskiner"),
        "T1021": Text("remote services used", "brug af fjernadgang"),
        "T1046": Text("services scanned", "skanning efter tjenester"),
        "T1047": Text("WMI used", "brug af WMI"),
        "T1048": Text("data on its way out", "data på vej ud"),
        "T1053": Text("tasks scheduled", "planlagte opgaver"),
        "T1070": Text("traces removed", "sletning af spor"),
        "T1071": Text("command channel in web, DNS or mail", "styrekanal i web, DNS eller post"),
        "T1087": Text("accounts listed", "oplistning af konti"),
        "T1110": Text("passwords guessed", "gætteri på adgangskoder"),
        "T1133": Text("remote access from outside", "fjernadgang udefra"),
        "T1187": Text("log-on forced", "fremtvungen logon"),
        "T1189": Text("drive-by", "smitte fra websted"),
        "T1190": Text("exposed service attacked", "angreb på udstillet tjeneste"),
        "T1210": Text("inner service attacked", "angreb på intern tjeneste"),
        "T1496": Text("machines misused", "misbrug af maskiner"),
        "T1498": Text("flooding", "oversvømmelse"),
        "T1547": Text("start-up changed", "ændret opstart"),
        "T1566": Text("phishing", "phishing"),
        "T1568": Text("made-up names", "opfundne navne"),
        "T1569": Text("services started", "start af tjenester"),
        "T1570": Text("tools moved inside", "værktøjer flyttet internt"),
        "T1571": Text("unusual port", "usædvanlig port"),
        "T1573": Text("encrypted channel", "krypteret kanal"),
        "T1595": Text("scanned from outside", "skannet udefra"),
        OTHER: Text("all other techniques", "alle andre teknikker"),
    }
)
"""ATT&CK techniques without their sub-techniques: those that this Bavn's detectors name, and one for the rest."""

BLOCKED: Final = MappingProxyType(
    {
        "domain": Text("names", "navne"),
        "address": Text("addresses", "adresser"),
        "fingerprint": Text("fingerprints", "fingeraftryk"),
        "file": Text("files", "filer"),
    }
)
"""Sorts of indicator."""


def technique_entry(technique: str) -> str:
    """The entry under which a technique is counted."""
    base = technique.partition(".")[0]
    return base if base in TECHNIQUES else OTHER


def blocked_entry(kind: ObservableType) -> str:
    """The entry under which an indicator of this type is counted."""
    if kind is ObservableType.DOMAIN:
        return "domain"
    if kind in (ObservableType.IP4, ObservableType.IP6):
        return "address"
    return "file" if kind is ObservableType.SHA256 else "fingerprint"
