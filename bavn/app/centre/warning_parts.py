"""Opens the warnings of a centre, and drafts one from a lead or from what a partner said. Refuses to send."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bavn.app.centre.exchange.parts import open_intelligence
from bavn.app.centre.parts import open_desk, open_registry
from bavn.app.config.load import CentreFile
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop
from bavn.centre.cases.warnings.mail import WarningMails
from bavn.centre.cases.warnings.rows import Origin
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.desk.desk import Desk
from bavn.centre.members.registry import Registry
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.model.sector.lead import UnknownLead
from bavn.model.sector.sector_warning import OBSERVABLES_MAX, Content, Urgency, may_name
from bavn.model.sector.tally import technique_words
from bavn.model.text import Text

GROUPS_MIN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What a draft begins with; a person puts it in better words."""

    content: Content
    origin: Origin


@contextmanager
def opened_warnings(file: CentreFile) -> Iterator[tuple[Warnings, WarningMails, Registry]]:
    """For as long as one command asks; also beside a centre that runs."""
    registry = open_registry(file)
    try:
        clock = BesideClock(file.folder)
        yield Warnings(registry.engine, clock), WarningMails(registry.engine, clock), registry
    finally:
        registry.engine.dispose()


def of_lead(file: CentreFile, lead_id: str) -> Drafted:
    """From a lead: what at least two independent groups reported and lies outside, and never who. As its case is
    marked, if it has one. Stop for an unknown lead, and for one that has nothing to name."""
    desk = open_desk(file)
    try:
        return _of_lead(desk, lead_id)
    except UnknownLead as error:
        raise Stop(Exit.NOT_FOUND, Text.of_error(error)) from error
    finally:
        desk.engine.dispose()


def _of_lead(desk: Desk, lead_id: str) -> Drafted:
    view = desk.lead(lead_id)
    groups: dict[Observable, set[str]] = {}
    for sign in view.lead.signs:
        groups.setdefault(sign.observable, set()).add(sign.group)
    named = tuple(sorted(one for one, who in groups.items() if len(who) >= GROUPS_MIN and may_name(one)))
    if not named:
        raise Stop(
            Exit.NOT_NOW,
            Text("{lead_id}: nothing in it that two independent groups reported can be named", lead_id=lead_id),
        )
    techniques = sorted({sign.technique for sign in view.lead.signs if sign.observable in named})
    case_id = next((case.id for case in desk.cases.every() if case.lead_id == lead_id), "")
    marking = desk.files.marked(case_id) if case_id else None
    tlp, pap = (Tlp.AMBER, Pap.AMBER) if marking is None else (marking.tlp, marking.pap)
    return Drafted(
        content=Content(
            title=Text("Activity at several actors of the sector"),
            text=Text(
                "Independent actors of the sector report what is named below ({techniques}). Look for it in"
                " your own history and logs, and answer whether you are affected.",
                techniques=Text.joined(", ", [technique_words(technique) for technique in techniques]),
            ),
            urgency=Urgency.IMPORTANT,
            observables=named[:OBSERVABLES_MAX],
            tlp=tlp,
            pap=min(pap, Pap.AMBER),
        ),
        origin=Origin(kind="lead", ref=lead_id, tlp_min=tlp, pap_max=pap),
    )


def of_partner(file: CentreFile, observable: Observable) -> Drafted:
    """From what partners and sources said of an observable, on the terms of the one that allows most. Stop for what
    nobody proposed, nobody trusted claims, or must stay at the centre."""
    from bavn.centre.cases.intelligence.proposals import UnknownProposal

    registry = open_registry(file)
    try:
        intelligence, book = open_intelligence(file, registry)
        with book:
            proposal = intelligence.proposals.get(observable)
            weight = intelligence.weight(proposal)
    except UnknownProposal as error:
        raise Stop(Exit.NOT_FOUND, Text.of_error(error)) from error
    finally:
        registry.engine.dispose()
    if not weight.may_reach_actors or not may_name(observable):
        raise Stop(
            Exit.NOT_NOW,
            Text("{observable}: no source that is trusted lets the sector's actors hear of it", observable=observable),
        )
    technique = f" ({weight.technique})" if weight.technique else ""
    return Drafted(
        content=Content(
            title=Text("Partners warn of activity"),
            text=Text(
                "Partners of the sector warn of what is named below{technique}. Look for it in your own"
                " history and logs, and answer whether you are affected.",
                technique=technique,
            ),
            urgency=Urgency.IMPORTANT,
            observables=(observable,),
            tlp=weight.tlp,
            pap=min(weight.pap, Pap.AMBER),
        ),
        origin=Origin(kind="partner", ref=str(observable)[:300], tlp_min=weight.tlp, pap_max=weight.pap),
    )


def contacts(file: CentreFile) -> dict[str, tuple[str, ...]]:
    """actor -> mailboxes for warnings: those of [remind] mail_actors."""
    addresses: dict[str, tuple[str, ...]] = {}
    for actor, address in file.remind.actors:
        addresses[actor] = *addresses.get(actor, ()), address
    return addresses
