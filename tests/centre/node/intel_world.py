"""A centre with sources outside the sector: their places in memory, and what they say there."""

import json
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.cases.questions import Questions
from bavn.centre.desk.partnership import open_partners
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.intel_pull import FetchResponse, Unreadable
from bavn.centre.node.intelligence import Intelligence
from bavn.centre.share.outgoing_rules import ShareLimits
from bavn.centre.share.share import Share
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US, hour_of, iso
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown
from bavn.model.principal import account
from bavn.model.received import Replied
from bavn.model.sector.intel import IntelSettings, Source
from bavn.model.sector.partner import Inward, Partner
from bavn.rehearsal.clock import SimClock
from bavn.wire.book import Book

NOW_US = 20_000 * DAY_US + 9 * HOUR_US
EVIL, BAD = Observable.of("domain", "evil.example.com"), Observable.of("ip4", "45.9.148.20")
LISTED = Observable.of("domain", "listed.example.org")


class Lists:
    def of(self, observable):
        return (("tranco", "known"),) if observable == LISTED else ()


class Net:
    """Places with bytes; a place may fail, or die in the middle."""

    def __init__(self):
        self.places, self.asked, self.pages, self.misp = {}, [], None, None
        self.die_after = None

    def get(self, place, headers, parameters, bytes_max):
        self.asked.append((place, dict(parameters)))
        if self.die_after is not None:
            if self.die_after == 0:
                raise LinkDown("it went away")
            self.die_after -= 1
        if self.pages is not None:
            return self.pages(parameters)
        found = self.places[place]
        if isinstance(found, Exception):
            raise found
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        if len(body) > bytes_max:
            raise Unreadable("too long")
        tag = str(hash(body))
        return FetchResponse(304) if headers.get("If-None-Match") == tag else FetchResponse(200, {"etag": tag}, body)

    def events(self, since_s, page, limit):
        self.asked.append((since_s, page))
        fit = [one for one in self.misp if int(one["Event"]["timestamp"]) >= since_s]
        return fit[(page - 1) * limit : page * limit]


class World:
    def __init__(self, engine, **settings):
        self.engine, self.book, self.clock, self.net = engine, Book(), SimClock(NOW_US), Net()
        self.settings = IntelSettings(**settings)
        self.partners = open_partners(self.engine, self.clock)
        self.questions = Questions(self.engine, self.clock)
        self.open()

    def open(self):
        """As a new process finds it."""
        self.gate = IntelGate(
            self.book, self.clock, self.settings, frozenset({Observable.of("domain", "own.example.dk")})
        )
        self.intel = Intelligence(
            engine=self.engine,
            gate=self.gate,
            clock=self.clock,
            settings=self.settings,
            lists=Lists(),
            partners=self.partners,
        )

    def partner(self, name="cert-nord", **inward):
        plain = {"trust": 80, "may_block": True} | inward
        self.partners.add(
            Partner(
                name=name,
                kind="national",
                title=name,
                added_us=self.clock.now_us(),
                until_us=self.clock.now_us() + 900 * DAY_US,
                inward=Inward(**plain),
            ),
            account("Anna Berg"),
        )

    def source(self, name, kind="list", place=None, **other):
        plain = {} if "partner" in other else {"trust": 50}
        made = Source(name=name, kind=kind, place=place or f"https://intel.example/{name}", **plain | other)
        return self.intel.sources.add(made, account("Anna Berg"))

    def says(self, name, *lines):
        self.net.places[f"https://intel.example/{name}"] = "\n".join(lines).encode()

    def sync(self, name):
        return self.intel.sync(name, self.net)

    def lines(self):
        return [line for line in self.gate.ledger.every() if line.kind == "Intelligence"]

    def proposal(self, observable=EVIL):
        return self.intel.proposals.get(observable)

    def close(self):
        self.book.close()


def stix(*patterns, **other):
    return {
        "type": "bundle",
        "id": "bundle--1",
        "objects": [
            {
                "type": "indicator",
                "id": f"indicator--{n}",
                "pattern": f"[domain-name:value = '{name}']",
                "pattern_type": "stix",
                "modified": iso(NOW_US - HOUR_US),
                "valid_from": iso(NOW_US - HOUR_US),
            }
            | other
            for n, name in enumerate(patterns)
        ],
    }


def taxii(objects, page=2):
    """A server that tells of objects by when they were added; ``next`` is a place."""

    def answer(parameters):
        after, at = parameters.get("added_after", ""), int(parameters.get("next", 0))
        fit = [one for one in objects if one["added"] > after]
        shown = fit[at : at + page]
        headers = {"content-type": "application/taxii+json;version=2.1"}
        if shown:
            headers |= {"x-taxii-date-added-last": shown[-1]["added"]}
        envelope = {"objects": [one["object"] for one in shown]}
        if len(fit) > at + page:
            envelope |= {"more": True, "next": str(at + page)}
        return FetchResponse(200, headers, json.dumps(envelope).encode())

    return answer


def added(n, name, **other):
    made = stix(name, **other)["objects"][0] | {"id": f"indicator--{name}"}
    return {"added": iso(NOW_US + n * SECOND_US), "object": made}


def misp_event(n, stamp, *values):
    return {
        "Event": {
            "uuid": f"00000000-0000-4000-8000-{n:012x}",
            "info": "x",
            "timestamp": str(stamp),
            "Attribute": [
                {
                    "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, value)),
                    "type": "domain",
                    "value": value,
                    "to_ids": True,
                    "timestamp": str(stamp),
                }
                for value in values
            ],
        }
    }


def feed(world, *events):
    base = "https://intel.example/ff/"
    world.net.places = {
        base + "manifest.json": {one["Event"]["uuid"]: {"timestamp": one["Event"]["timestamp"]} for one in events}
    } | {base + one["Event"]["uuid"] + ".json": one for one in events}


def hit(world, observable, actor="north"):
    """An actor's answer that it met this."""
    (view,) = [v for v in world.questions.every(1000) if observable in v.question.observables]
    now_us = world.clock.now_us()
    world.questions.heard(
        Replied(
            item_id="",
            actor=actor,
            question_id=view.question.id,
            number=view.question.observables.index(observable),
            state="met",
            count_bucket=1,
            first_hour=hour_of(now_us),
            last_hour=hour_of(now_us),
            days=7,
            received_us=now_us,
        )
    )


def share_of(world):
    class All:
        def active(self):
            return ["north"]

        def is_active(self, _):
            return True

    return Share(
        engine=world.engine,
        book=world.book,
        key=Ed25519PrivateKey.from_private_bytes(b"c" * 32),
        clock=world.clock,
        limits=ShareLimits(score_block_min=7.0, days_max=90),
        sector="test",
        recipients=All(),
    )
