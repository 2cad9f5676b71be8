"""What every rule of an indicator carries, and what none may be made of. Refuses to name a case or an actor.

Expect no quoting: a value in its canonical form has no letter that any of these languages could read as its own, and
one that is in another form is refused before a language sees it.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import iso
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.outcome import Refused

Form = Literal["suricata", "sigma"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
TITLES: Final[dict[Form, str]] = {
    "suricata": "Suricata",
    "sigma": "Sigma",
}
_ID: Final = re.compile(r"indicator--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TECHNIQUE: Final = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_PLACE: Final = re.compile(r"https?://[A-Za-z0-9.:_~/?=\[\]-]{1,200}")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a rule or in it. ``technique`` and ``place`` are empty where there is none, or none that a rule
    could carry."""

    title: str
    lines: tuple[str, ...]
    technique: str
    place: str


def refusal(indicator: Indicator, now_us: int) -> Refused | None:
    """Why no rule may be made of it, in whatever language."""
    observable = indicator.observable
    try:
        in_form = Observable.once(observable.type, observable.value) == observable
    except (NotCanonical, ValueError):
        in_form = False
    if not in_form or not _ID.fullmatch(indicator.id):
        return Refused("canonical", "its value or its id is not written as Bavn writes it: no rule is made of that")
    if indicator.revoked:
        return Refused("revoked", "it was taken back")
    if not now_us < indicator.valid_until_us:
        return Refused("expired", "its end has passed")
    if indicator.tlp is Tlp.RED or indicator.pap is Pap.RED:
        return Refused("marking", "TLP:RED and PAP:RED do not let it into a tool that others read")
    if observable.type is ObservableType.CHAIN:
        return Refused("no_field", "techniques one after another are in no field of one event")
    return None


def head_of(indicator: Indicator, place: str) -> Head:
    """``place``: where a person reads more, such as the console's page of it."""
    technique = indicator.technique if _TECHNIQUE.fullmatch(indicator.technique) else ""
    place = place if _PLACE.fullmatch(place) else ""
    until = f"{indicator.tlp.value}, PAP:{indicator.pap.name}, until {iso(indicator.valid_until_us)[:16]}Z"
    lines = (indicator.id, until, technique, place)
    title = f"Bavn, shared indicator: {indicator.observable}"
    return Head(title, tuple(filter(None, lines)), technique, place)


def fields_of_pair(observable: Observable) -> list[tuple[str, str]]:
    """The client's and the server's fingerprint of a pair, each with its field as Zeek calls it."""
    client, _, server = observable.value.partition("+")
    return [("ja4" if "_" in client else "ja3", client), ("ja4s" if "_" in server else "ja3s", server)]
