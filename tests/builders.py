"""Values that many tests start from: what is given replaces what stands here."""

from dataclasses import replace

from bavn.centre.cases.case.case import LeadFacts
from bavn.centre.cases.policies import StandingPolicy
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.share import ShareRequest
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.received import BlockReceipt
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text

NOW_US = 20_000 * DAY_US
EVIL = Observable.of("domain", "evil.example.com")
BAD = Observable.of("domain", "cdn-sync-hub.net")
BAD_ADDRESS = Observable.of("ip4", "185.32.20.6")
CASE = "case-00000000000000aa"


def suspicion(**other) -> Suspicion:
    """A weak beacon suspicion, of nine in the morning."""
    plain = Suspicion(
        id="0" * 32,
        detector="beacon",
        technique="T1071.001",
        host="10.1.2.3",
        peer="cdn-sync-hub.net",
        observables=(BAD, BAD_ADDRESS),
        p=0.02,
        p_source="own",
        evidence_nats=1.26,
        statistic=3.0,
        first_us=NOW_US + 4 * HOUR_US + 12 * MINUTE_US,
        last_us=NOW_US + 8 * HOUR_US + 30 * MINUTE_US,
        hosts=1,
        listed=False,
        why=Text.written("Every 300 s.", da="Hvert 300. s."),
        rows=RowsRef("flow", (("src", "10.1.2.3"),), 0, 1),
        period_s=301.5,
        regularity=0.82,
        walk_nats=None,
    )
    return replace(plain, **other)


def lead_facts(*elements, **other) -> LeadFacts:
    """What a case is opened on."""
    plain = {
        "lead_id": "lead-00000000000000aa",
        "score": 9.0,
        "technique": "T1071.001",
        "actors": 3,
        "first_hour": NOW_US // HOUR_US - 5,
        "first_report_us": NOW_US - MINUTE_US,
        "lead_us": NOW_US - MINUTE_US // 2,
    }
    return LeadFacts(elements=elements, **plain | other)


def standing_policy(**other) -> StandingPolicy:
    """A policy by which elements at three groups are released."""
    plain = {
        "name": "at three",
        "score_min": 8.0,
        "groups_min": 3,
        "types": ("domain", "ip4"),
        "blocks_per_day_max": 4,
        "indicator_days": 14,
        "until_us": NOW_US + 90 * DAY_US,
    }
    return StandingPolicy(**plain | other)


def share_request(observable=EVIL, **other) -> ShareRequest:
    """A release that two people stand behind. ``grounds``: what of them is otherwise."""
    grounds = {"score": 9.0, "groups": 3, "listed": (), "approved_by": "anne", "people": ("anne", "bo")}
    grounds |= other.pop("grounds", {})
    plain = {
        "case_id": CASE,
        "technique": "T1071.001",
        "tlp": Tlp.AMBER,
        "pap": None,
        "days": 30,
        "confidence": None,
    }
    return ShareRequest(observable=observable, grounds=Grounds(**grounds), **plain | other)


def block_receipt(indicator_id, **other) -> BlockReceipt:
    """East enforces it."""
    plain = {
        "item_id": "i",
        "actor": "east",
        "version": NOW_US,
        "state": "enforced",
        "enforcers": ("rpz",),
        "rule": None,
        "received_us": NOW_US,
    }
    return BlockReceipt(indicator_id=indicator_id, **plain | other)
