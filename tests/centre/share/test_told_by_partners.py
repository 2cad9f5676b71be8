"""What rests on a partner's word at gate 3: watched at once, blocked only by a person, within the partner's terms."""

import pytest

from bavn.centre.books.tables import open_engine
from bavn.model.intel.indicator import Pap, Tlp
from tests.builders import share_request
from tests.centre.share.gate_three import GateThree

PERSON, POLICY = "Anna Berg", "policy:policy-1"
TWO = ("Anna Berg", "Bo Lund")


@pytest.fixture
def share():
    made = GateThree(open_engine("sqlite://"), "east", "north", score_block_min=3.0)
    yield made.share
    made.close()


def release(share, *, tlp=Tlp.AMBER, pap=None, **grounds):
    plain = {"score": 6.9, "groups": 0, "listed": (), "approved_by": PERSON, "people": TWO, "partners": 1}
    wish = share_request(tlp=tlp, pap=pap, grounds=plain | grounds)
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
