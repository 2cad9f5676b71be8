"""A centre that tells MISPs and reads them as sources."""

import time

from bavn.centre.books.tables import open_engine
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.indicators.upkeep import Upkeep
from bavn.centre.cases.policies import Policies
from bavn.centre.correlate.lists import NoLists
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.misp_sightings import MispSightings
from bavn.centre.node.intelligence import Intelligence
from bavn.centre.node.misp_exchange import MispExchange
from bavn.centre.share.misp_out import MispOut
from bavn.centre.share.misp_runs import MispRuns
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.intel import IntelSettings, Source
from bavn.model.sector.partner import Outward
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book
from tests.app.partner_world import ShareWorld

ALL = {
    "domain": "evil.example.com",
    "ip4": "45.9.148.20",
    "ja3": "ab" * 16,
    "ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
    "cert": "cd" * 20,
    "sha256": "ef" * 32,
}
NAMED = [Observable.of(kind, value) for kind, value in ALL.items()]


class World(ShareWorld):
    def __init__(self):
        clock = SimClock(time.time_ns() // 1000 // SECOND_US * SECOND_US)
        super().__init__(open_engine("sqlite://"), Book(), clock, "health")
        out = MispOut(
            exchange=self.share.exchange,
            deliveries=self.share.deliveries,
            book=self.book,
            clock=clock,
            sector="health",
        )
        self.indicator_book = Indicators(self.engine, clock, IndicatorSettings())
        upkeep = Upkeep(self.indicator_book, Policies(self.engine, clock))
        self.exchange = MispExchange(
            out, MispSightings(self.book, clock), self.partners, upkeep, MispRuns(self.book, clock)
        )
        self.add(
            "cert-nord", Outward(tlp_max=Tlp.GREEN, pap_max=Pap.GREEN, confidence_min=0, collections=("released",))
        )

    def release(self, *named, **other):
        return self.released(named, **other)

    def wait(self, seconds):
        self.clock.advance(seconds * SECOND_US)

    def push(self, port, **other):
        return self.exchange.push("nord", "cert-nord", port, **{"publish": True, "distribution": "1"} | other)

    def reads(self, *, ours=None, **source):
        """The same centre's intelligence with this source."""
        settings = IntelSettings()
        gate = IntelGate(self.book, self.clock, settings, **({"ours": ours} if ours else {}))
        intel = Intelligence(
            engine=self.engine,
            gate=gate,
            clock=self.clock,
            settings=settings,
            lists=NoLists(),
            partners=self.partners,
        )
        intel.sources.add(Source(trust=60, **source), account("Anna Berg"))
        return intel
