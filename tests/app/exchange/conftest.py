"""An exchange with real rooms behind the TAXII application: released indicators, partners, offers, on one clock."""

import asyncio
import json

import httpx
import pytest

from bavn.app.centre.exchange.taxii_answers import ROOT, Answers
from bavn.app.centre.exchange.taxii_service import TaxiiLimits, make_taxii
from bavn.centre.books.tables import open_engine
from bavn.centre.desk.partnership import open_credentials
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.authority import Authority
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import Observable
from bavn.model.sector.partner import Inward, Outward
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book
from bavn.wire.partners.taxii import TAXII
from tests.app.partner_world import BY, ShareWorld

NOW_US = 20_000 * DAY_US
EVERYTHING = Outward(
    tlp_max=Tlp.RED,
    pap_max=Pap.RED,
    confidence_min=0,
    collections=("released", "network", "files", "fingerprints"),
)


class Client:
    """One partner's program, talking to the application without a network."""

    def __init__(self, app, headers):
        self.app, self.headers = app, headers

    def request(self, method, path, headers=None, **given):
        async def asked():
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://exchange.test") as client:
                return await client.request(method, path, headers=self.headers | (headers or {}), **given)

        return asyncio.run(asked())

    def get(self, path, **given):
        return self.request("GET", path, **given)

    def post(self, path, **given):
        return self.request("POST", path, **given)

    def delete(self, path, **given):
        return self.request("DELETE", path, **given)


class World(ShareWorld):
    """``out`` and ``inward`` of a partner are given when it is added; ``client`` speaks as one partner."""

    def __init__(self, folder=None, clock=None, page_max=1000):
        engine = open_engine("sqlite://" if folder is None else f"sqlite:///{folder / 'centre.db'}")
        book = Book(None if folder is None else folder / "book.db")
        super().__init__(engine, book, clock or SimClock(NOW_US), "test")
        self.authority = Authority.make("test", self.clock.now_us(), SeededDice(1, "ca"))
        self.credentials = open_credentials(self.partners, self.clock, SeededDice(1, "partners"), self.authority)
        self.offers = Offers(self.book, self.clock, SeededDice(1, "offers"))
        self.tokens = {}
        self.exchange = self.share.exchange
        self.answers = Answers(
            self.exchange,
            self.offers,
            sector="test",
            contact="soc@example.org",
            page_max=page_max,
            body_bytes_max=1_000_000,
        )

    def partner(self, name="cert-nord", out=EVERYTHING, inward=None):
        made = self.add(name, out, inward=inward or Inward(trust=50, tlp_max=Tlp.AMBER))
        self.tokens[name] = self.credentials.token(name, BY)
        return made

    def release(self, *values, kind="domain", **other):
        assert self.released([Observable.of(kind, value) for value in values], **other) == {}

    def client(self, name="cert-nord", limits=None):
        app = make_taxii(self.answers, self.credentials, limits or TaxiiLimits(), self.broke)
        return Client(app, {"authorization": f"Bearer {self.tokens[name]}", "accept": TAXII})

    def broke(self, error):
        raise AssertionError(error)


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def make_world():
    """Worlds with a folder, a clock or a page of the test's own."""
    made = []

    def make(**given):
        made.append(World(**given))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def released():
    """The path of a collection's objects."""
    return f"{ROOT}collections/released/objects/"


def an_indicator(n=1, *, version_us=NOW_US, value=None, **other):
    body = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{n:08x}-0000-4000-8000-000000000000",
        "created": iso(NOW_US - DAY_US),
        "modified": iso(version_us),
        "valid_from": iso(NOW_US - DAY_US),
        "pattern": f"[domain-name:value = '{value or f'bad{n}.example.com'}']",
        "pattern_type": "stix",
    }
    return body | other


@pytest.fixture
def indicator():
    """A STIX indicator as another program writes it."""
    return an_indicator


@pytest.fixture
def post():
    """Posts objects as a partner; the response."""

    def posted(client, *objects):
        return client.post(
            f"{ROOT}collections/proposals/objects/",
            content=json.dumps({"objects": list(objects)}),
            headers={"content-type": TAXII},
        )

    return posted
