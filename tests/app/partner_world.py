"""A centre's share room and its partners on one clock, for what goes to partners by TAXII and by MISP."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.desk.partnership import open_partners
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share, ShareRequest
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.principal import account
from bavn.model.sector.partner import Partner

BY = account("Anna Berg")
CASE = "case-00000000000000aa"


class Actors:
    """Two members."""

    def active(self):
        return ["east", "north"]

    def is_active(self, name):
        return name in self.active()


class ShareWorld:
    """``share`` over a database and a book; what partners may have is given when they are added."""

    def __init__(self, engine, book, clock, sector):
        self.engine, self.book, self.clock, self.orders = engine, book, clock, 0
        self.partners = open_partners(engine, clock)
        self.share = Share(
            engine=engine,
            book=book,
            key=Ed25519PrivateKey.from_private_bytes(b"c" * 32),
            clock=clock,
            limits=ShareLimits(score_block_min=7.0, days_max=90),
            sector=sector,
            recipients=Actors(),
        )

    def add(self, name, out, **more):
        now_us = self.clock.now_us()
        plain = {"kind": "national", "title": name, "added_us": now_us, "until_us": now_us + 365 * DAY_US}
        made = Partner(name=name, out=out, **plain, **more)
        self.partners.add(made, BY)
        return made

    def released(self, observables, case=CASE, grounds=None, **other):
        """The share room's answer to a release of all of them."""
        people = {"approved_by": BY, "people": (BY, account("Bo Lund"))}
        given = Grounds(**{"score": 9.0, "groups": 3, "listed": ()} | people | (grounds or {}))
        plain = {"technique": "T1071.001", "tlp": Tlp.GREEN, "pap": Pap.GREEN, "days": 30, "confidence": 80} | other
        self.orders += 1
        wishes = [ShareRequest(observable=one, case_id=case, grounds=given, **plain) for one in observables]
        refused = self.share.release(wishes, self.orders)
        self.share.exchange.step()
        return refused

    def lines(self, kind="PartnerObject"):
        return [line for line in self.share.exchange.ledger.every() if line.kind == kind]

    def close(self):
        self.book.close()
        self.engine.dispose()
