"""What rests on a partner's word at gate 3: watched at once, blocked only by a person, within the partner's terms."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.books.tables import open_engine
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share, ShareRequest
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book

EVIL = Observable.of("domain", "evil.example.com")
PERSON, POLICY = "Anna Berg", "policy:policy-1"
TWO = ("Anna Berg", "Bo Lund")


class Actors:
    def active(self):
        return ["east", "north"]

    def is_active(self, name):
        return name in self.active()


@pytest.fixture
def share():
    engine, book = open_engine("sqlite://"), Book()
    yield Share(
        engine=engine,
        book=book,
        key=Ed25519PrivateKey.from_private_bytes(b"c" * 32),
        clock=SimClock(20_000 * DAY_US),
        limits=ShareLimits(score_block_min=3.0, days_max=90),
        sector="test",
        recipients=Actors(),
    )
    book.close()
    engine.dispose()


def release(share, *, tlp=Tlp.AMBER, pap=None, **grounds):
    plain = {"score": 6.9, "groups": 0, "listed": (), "approved_by": PERSON, "partners": 1}
    wish = ShareRequest(
        observable=EVIL,
        case_id="case-00000000000000aa",
        technique="T1071",
        tlp=tlp,
        pap=pap,
        days=30,
        confidence=None,
        grounds=Grounds(**{"people": TWO} | plain | grounds),
    )
    refused = share.release([wish], 1)
    kept = share.deliveries.every()
    return str(next(iter(refused.values()), "")).partition(":")[0] or kept[0].indicator.pap


@pytest.mark.parametrize(
    ("grounds", "outcome"),
    [
        ({}, Pap.GREEN),
        ({"approved_by": POLICY}, Pap.AMBER),
        ({"approved_by": POLICY, "pap": Pap.GREEN}, "two_groups"),
        ({"approved_by": POLICY, "groups": 1, "pap": Pap.GREEN}, "two_groups"),
        ({"approved_by": POLICY, "partners": 9, "pap": Pap.GREEN}, "two_groups"),
        ({"partners": 0}, "two_groups"),
        ({"partners": 0, "groups": 1}, "two_groups"),
        ({"approved_by": ""}, "approved"),
        ({"pap_max": int(Pap.AMBER)}, Pap.AMBER),
        ({"pap_max": int(Pap.AMBER), "pap": Pap.GREEN}, "partner_terms"),
        ({"listed": ("tranco",)}, Pap.AMBER),
        ({"listed": ("tranco",), "pap": Pap.GREEN}, "not_listed"),
        ({"tlp_min": "TLP:AMBER"}, Pap.GREEN),
        ({"tlp_min": "TLP:AMBER", "tlp": Tlp.GREEN}, "partner_terms"),
        ({"tlp_min": "TLP:GREEN", "tlp": Tlp.AMBER}, Pap.GREEN),
        ({"tlp_min": "TLP:AMBER+STRICT", "tlp": Tlp.AMBER_STRICT}, "partner_terms"),
        ({"tlp_min": "TLP:RED", "tlp": Tlp.RED}, "partner_terms"),
        ({"groups": 2, "approved_by": POLICY}, Pap.GREEN),
    ],
)
def test_trust_alone_never_blocks_and_terms_hold(share, grounds, outcome) -> None:
    assert release(share, **grounds) == outcome
