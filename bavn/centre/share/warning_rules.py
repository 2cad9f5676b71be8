"""Gate 3, the rules for a warning: a second look at who gets it, how it is marked and what it names.

Refuses to know how it was drafted; what its source allows it was told.
"""

from dataclasses import dataclass
from typing import Final

from bavn.centre.share.case_rules import plainly
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.outcome import Refused
from bavn.model.sector.partner import tlp_within
from bavn.model.sector.sector_warning import WARNING_ID, WarningState, may_name
from bavn.model.statement import Cautioning

OVER: Final = frozenset({WarningState.ENDED, WarningState.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningGrounds:
    """Why a warning may go to one actor: what stays at the centre. ``by``: who sent it; ``addressed``: its address fits
    this actor, or it was told before; ``named``: a person named this very actor; ``others``: names of all other actors;
    ``may_say``: those of them that a person let it name; ``tlp_min``, ``pap_max``: the terms of its source."""

    by: str
    addressed: bool
    named: bool
    others: tuple[str, ...]
    may_say: tuple[str, ...] = ()
    tlp_min: Tlp = Tlp.CLEAR
    pap_max: Pap = Pap.CLEAR


def addressed(statement: Cautioning, grounds: WarningGrounds) -> Refused | None:
    """A person sent it, to this actor; its id tells nothing."""
    if not grounds.by or not WARNING_ID.fullmatch(statement.warning.id) or statement.warning.version < 1:
        return Refused("addressed", "nobody sent it, or its id could tell something")
    if statement.warning.state is WarningState.DRAFT:
        return Refused("addressed", "a draft goes to nobody")
    return None if grounds.addressed else Refused("addressed", "it is not for this actor")


def warning_marking(said: Cautioning, grounds: WarningGrounds) -> Refused | None:
    """No laxer than its source's terms; TLP:RED to named actors alone."""
    content = said.warning.content
    if content.tlp is Tlp.RED and not grounds.named:
        return Refused("warning_marking", "it is TLP:RED and nobody named this actor")
    if not tlp_within(grounds.tlp_min, content.tlp) or content.pap > grounds.pap_max:
        source = f"{grounds.tlp_min.value}, PAP:{grounds.pap_max.name}"
        return Refused("warning_marking", "its source told of it as {source}", source=source)
    return None


def warning_names(said: Cautioning, grounds: WarningGrounds) -> Refused | None:
    """No other actor's name stands in it, unless a person let it; what it names lies outside."""
    content = said.warning.content
    for text in (content.title.en, content.title.da, content.text.en, content.text.da):
        plain = f"-{plainly(text)}-"
        for name in grounds.others:
            if name not in grounds.may_say and f"-{plainly(name)}-" in plain:
                return Refused("warning_names", "it names another actor, and nobody said that it may")
    if not all(map(may_name, content.observables)):
        return Refused("warning_names", "it names something inside, or in no canonical form")
    return None
