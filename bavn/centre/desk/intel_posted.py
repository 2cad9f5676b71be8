"""What partners posted to the centre's own TAXII server, among the proposals: it met gate 2 there (inbox/offers.py).

A partner's posts stand there as a source of its own, under the trust that the partner has now. What it took back, or
what ended, is withdrawn. Refuses to judge.
"""

import hashlib
from dataclasses import replace

from bavn.centre.cases.intelligence.proposals import Proposals, ReceivedClaim
from bavn.centre.inbox.offers import Offers
from bavn.model.sector.intel import Claim
from bavn.model.sector.offer import Offered
from bavn.model.sector.partner import Partner


def posted_by(partner: str) -> str:
    """What a partner's posts are called among the sources: no source that is read can have that name."""
    return f"{partner}/posted"


def receive(proposals: Proposals, offers: Offers, partner: Partner) -> int:
    """Keep what a partner offers now and what it offers no more; how many proposals are new."""
    source = posted_by(partner.name)
    known = proposals.claims_of(source)
    received, there = [], set()
    for offered in offers.standing(partner):
        item, claim = hashlib.sha256(offered.offer.id.encode()).hexdigest(), _claim(offered)
        there.add(item)
        if known.get(item) != claim:
            received.append(ReceivedClaim(source, item, claim, offered.received_us))
    gone = [
        ReceivedClaim(source, item, replace(claim, withdrawn=True), proposals.now_us())
        for item, claim in known.items()
        if item not in there and not claim.withdrawn
    ]
    return proposals.take_in([*received, *gone])


def _claim(offered: Offered) -> Claim:
    """The partner's word, before its trust: that is weighed when it is asked what it weighs."""
    offer = offered.offer
    return Claim(
        observable=offer.observable,
        tlp=offer.tlp,
        pap=offer.pap,
        confidence=offer.stated,
        first_us=offer.from_us,
        modified_us=offer.version_us,
        until_us=offer.until_us,
        technique=offer.technique,
    )
