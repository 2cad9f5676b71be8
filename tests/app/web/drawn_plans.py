"""What a drawn sector has beside its work: a roll-out, and warnings that actors answered. All of it by the books that
people use; the steps were taken in the weeks before."""

from bavn.app.process.party_keys import PartyKeys
from bavn.app.web.sac.context import SacContext
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.desk.agreements import Agreements
from bavn.centre.desk.rollout import Rollout
from bavn.centre.members.terms import Signing, Terms
from bavn.centre.node.warning_post import addressees
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US, iso
from bavn.model.observable import Observable
from bavn.model.received import WarningAnswer
from bavn.model.sector.rollout import RolloutState
from bavn.model.sector.sector_warning import Address, Content, Urgency
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from tests.app.web.drawn_sector import ANNA, BO

DOCUMENT = "5a" * 32


def add(house: SacContext) -> None:
    """Everything below, once."""
    rollout(house)
    warnings(house)


def rollout(house: SacContext) -> None:
    """Members as they stand, and four actors on their way in."""
    opened = Rollout(house.registry, house.clock)
    for actor, given in {
        "it-nord": {"day": "2027-01-12", "group": "wave-1", "region": "north"},
        "clinic-north": {
            "day": "2027-02-01",
            "group": "wave-1",
            "region": "north",
            "waits_for": "the network of it-nord",
        },
        "kommune-syd": {"group": "wave-2", "region": "south"},
        "harbour-clinic": {},
    }.items():
        opened.change(actor, ANNA, "steering group", **given)
    today = house.clock.now_us()
    terms = Terms(
        purpose_en="Protect the sector.",
        purpose_da="Beskytte sektoren.",
        legal_basis="The law.",
        classes=("S0", "S1", "S2", "S4"),
        retention_days=180,
        valid_days=1100,
    )
    agreements = Agreements(house.registry, house.clock, PartyKeys(house.file.folder, "centre").message_key())
    agreements.publish_terms(terms, ANNA, "first version")
    for actor in ("it-nord", "region-syd"):
        signed = Signing(signed_by="the director", as_what="director", day=iso(today)[:10], document=DOCUMENT)
        agreements.sign(actor, signed, ANNA)
    opened.change("region-syd", BO, "it is here", state=RolloutState.TESTING)


def warnings(house: SacContext) -> None:
    """One in force that some answered, some are late with and one was not told; one draft, and one that is over."""
    clock = SimClock(house.clock.now_us() - 48 * HOUR_US)
    kept = Warnings(house.registry.engine, clock)
    mail = Content(
        title=Text.written("False mails from a supplier", da="Falske mails fra en leverandør"),
        text=Text.written("Do not open them.", da="Åbn dem ikke."),
        urgency=Urgency.IMPORTANT,
        tlp=Tlp.GREEN,
        pap=Pap.GREEN,
    )
    kept.draft(mail, Address(suppliers=("kmd",)), ANNA)
    old = kept.send(kept.draft(mail, Address(), BO).id, BO, "three have got them")
    who = addressees(house.registry, clock)
    kept.step(who)
    for owed in kept.owed(who):
        kept.done(owed, "", None)
    kept.end(old.id, BO, "they have stopped")
    clock.advance(18 * HOUR_US)
    gateway = Content(
        title=Text.written("Patch the gateway now", da="Opdater gatewayen nu"),
        text=Text.written(
            "A flaw in the gateway is used against the sector.\n\nPatch it today and look for the name below.",
            da="En fejl i gatewayen udnyttes mod sektoren.\n\nOpdater den i dag, og se efter navnet herunder.",
        ),
        urgency=Urgency.CRITICAL,
        tlp=Tlp.AMBER,
        pap=Pap.AMBER,
        observables=(Observable.of("domain", "gateway-update.net"),),
        acknowledge_hours=24,
        hours=14 * 24,
    )
    sent = kept.send(kept.draft(gateway, Address(kinds=("municipality", "region")), ANNA).id, ANNA, "seen in use")
    kept.step(who)
    for owed in kept.owed(who):
        kept.done(owed, "warning_names" if owed.to == "kommune-vest" else "", None)
    for serial, (actor, act, words) in enumerate(
        (
            ("region-nord", "affected", "two gateways, patched tonight"),
            ("region-syd", "not-affected", ""),
            ("region-nord", "done", ""),
        )
    ):
        clock.advance(2 * HOUR_US)
        kept.take_in(
            WarningAnswer(
                item_id="i",
                actor=actor,
                warning_id=sent.id,
                version=sent.version,
                serial=serial,
                act=act,
                words=words,
                received_us=clock.now_us(),
            )
        )
