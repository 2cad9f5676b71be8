"""What a partner posted to the centre's TAXII server stands among the proposals, and goes when it takes it back."""

from dataclasses import replace

from bavn.centre.books.tables import open_engine
from bavn.centre.correlate.lists import NoLists
from bavn.centre.desk.partnership import open_partners
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.offers import Offers
from bavn.centre.node.intelligence import Intelligence
from bavn.model.moment import DAY_US, MINUTE_US, iso
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.intel import IntelSettings
from bavn.model.sector.partner import Inward, Partner
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book

NOW_US = 20_000 * DAY_US


def indicator(name, **other):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--00000001-0000-4000-8000-000000000000",
        "created": iso(NOW_US - DAY_US),
        "modified": iso(NOW_US),
        "valid_from": iso(NOW_US - DAY_US),
        "pattern": f"[domain-name:value = '{name}']",
        "pattern_type": "stix",
        "confidence": 90,
    } | other


def test_posts_are_proposals_under_the_partners_trust_of_now() -> None:
    engine, book, clock = open_engine("sqlite://"), Book(), SimClock(NOW_US)
    partners, offers = open_partners(engine, clock), Offers(book, clock, SeededDice(1, "offers"))
    made = Partner(
        name="cert-nord",
        kind="national",
        title="x",
        added_us=NOW_US,
        until_us=NOW_US + 300 * DAY_US,
        inward=Inward(trust=50),
    )
    partners.add(made, account("Anna Berg"))
    intel = Intelligence(
        engine=engine,
        gate=IntelGate(book, clock, IntelSettings()),
        clock=clock,
        settings=IntelSettings(),
        lists=NoLists(),
        partners=partners,
        offers=offers,
    )
    evil = Observable.of("domain", "evil.example.com")
    assert offers.post(made, [indicator("evil.example.com")])[0].why == ""
    intel.tidy()
    intel.tidy()
    found = intel.proposals.get(evil)
    assert [one.source for one in found.claims] == ["cert-nord/posted"]
    assert intel.weight(found).confidence == 45
    assert intel.weight(found).parties == ("partner:cert-nord",)
    partners.set("cert-nord", account("Anna Berg"), inward=replace(made.inward, trust=10))
    assert intel.weight(found).confidence == 9
    clock.advance(MINUTE_US)
    offers.post(made, [indicator("evil.example.com", modified=iso(NOW_US + MINUTE_US), revoked=True)])
    intel.tidy()
    assert intel.proposals.get(evil).live == ()
    book.close()
    engine.dispose()
