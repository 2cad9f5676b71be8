"""A stand-in MISP of version 2.4 and of 2.5: its REST interface as far as Bavn uses it, over TLS, for the real PyMISP.

No real MISP could be run: its answers are written after MISP's own source and what PyMISP reads. It is strict where
MISP is: a key in every request; uuids are unique; an edit takes an attribute over only if its timestamp is newer;
deleted attributes stay as deleted; types must be known and fit their category; a search for sightings wants the
event's number, tells of thirty days unless it is asked otherwise, and names an attribute only when asked to; numbers
and moments are text; what has no value is null; errors are MISP's JSON; who may not synchronise is no author.
"""

import copy
import json
import threading
import time
from pathlib import Path

import pymisp
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from bavn.app.centre.exchange.misp_api import Misp
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.sector.intel import Access
from bavn.traffic.dice import SeededDice
from tests.app.misp.worlds import World
from tests.app.waiting import free_port, until

KEY = "k" * 40
TYPES = json.loads((Path(pymisp.__file__).parent / "data" / "describeTypes.json").read_text(encoding="utf-8"))
KNOWN = TYPES["result"]["category_type_mappings"]
HOST = {"id": "1", "name": "ORGNAME", "uuid": "33333333-0000-4000-8000-000000000001", "local": True}
DAY_S = 86_400


class FakeMisp:
    """``events`` by uuid, ``sightings`` as they are kept; ``broken`` is what the next requests answer. ``syncs``:
    whether our account may synchronise, and so name an author."""

    def __init__(self, version="2.5.1"):
        self.version, self.syncs = version, True
        self.events, self.sightings, self.requests = {}, [], []
        self.published, self.blocked = set(), set()
        self.broken = None
        self._number = 16

    def put(self, event):
        """As somebody there made it."""
        self.events[event["uuid"]] = self.filled(event)

    def filled(self, event):
        """With all that MISP adds by itself: numbers as text, and null where nothing was said."""
        self._number += 1
        number = str(self._number)
        made = {
            "id": number,
            "orgc_id": "2",
            "org_id": "1",
            "date": "2026-11-01",
            "threat_level_id": "4",
            "info": "",
            "published": False,
            "attribute_count": str(len(event.get("Attribute", []))),
            "analysis": "0",
            "distribution": "1",
            "proposal_email_lock": False,
            "locked": False,
            "publish_timestamp": "0",
            "sharing_group_id": "0",
            "disable_correlation": False,
            "extends_uuid": "",
            "protected": None,
            "event_creator_email": "x@example.org",
            "Org": HOST,
            "Orgc": {"id": "2", "name": "CERT", "uuid": "33333333-0000-4000-8000-000000000002", "local": False},
            "ShadowAttribute": [],
            "RelatedEvent": [],
            "Galaxy": [],
            "Object": [],
            "EventReport": [],
            "CryptographicKey": [],
        } | event
        made["Attribute"] = [self.attribute(one, number) for one in made.get("Attribute", [])]
        made["Object"] = [
            thing
            | {
                "id": self.next(),
                "event_id": number,
                "sharing_group_id": "0",
                "Attribute": [self.attribute(one, number) for one in thing["Attribute"]],
            }
            for thing in made["Object"]
        ]
        return made

    def next(self):
        self._number += 1
        return str(self._number)

    def attribute(self, one, event):
        plain = {
            "category": "Network activity",
            "to_ids": False,
            "distribution": "5",
            "timestamp": "1",
            "comment": "",
            "sharing_group_id": "0",
            "deleted": False,
            "disable_correlation": False,
            "object_id": "0",
            "object_relation": None,
            "first_seen": None,
            "last_seen": None,
            "Galaxy": [],
            "ShadowAttribute": [],
        }
        return plain | one | {"id": one.get("id") or self.next(), "event_id": event}

    def sight(self, attribute_uuid, kind="0", at=None, number=1, uuid=None):
        event = next(e for e in self.events.values() if attribute_uuid in {a["uuid"] for a in attributes(e)})
        attribute = next(a for a in attributes(event) if a["uuid"] == attribute_uuid)
        self.sightings.append(
            {
                "id": str(number),
                "attribute_id": attribute["id"],
                "event_id": event["id"],
                "org_id": "2",
                "date_sighting": str(at or int(time.time())),
                "source": "",
                "type": kind,
                "uuid": uuid or f"22222222-0000-4000-8000-{number:012x}",
            }
        )

    def live(self):
        """uuid of event -> values of attributes that are not deleted."""
        return {
            name: sorted(a["value"] for a in attributes(event) if not a.get("deleted"))
            for name, event in self.events.items()
        }

    def app(self):
        app = FastAPI()

        @app.middleware("http")
        async def manners(request: Request, call_next):
            self.requests.append((request.method, request.url.path))
            if self.broken == "redirect":
                return RedirectResponse("https://elsewhere.example/")
            if self.broken == "huge":
                return Response(b"x" * 40_000_000, media_type="application/json")
            if self.broken:
                return refusal(request, "no", self.broken)
            if request.headers.get("authorization") != KEY:
                said = "Authentication failed. Please make sure you pass the API key of an API enabled user along."
                return refusal(request, said, 403)
            if request.headers.get("accept") != "application/json":
                return Response(b"<html>", media_type="text/html")
            return await call_next(request)

        @app.get("/servers/getVersion")
        async def version():
            return {
                "version": self.version,
                "pymisp_recommended_version": self.version,
                "perm_sync": self.syncs,
                "perm_sighting": True,
                "perm_galaxy_editor": False,
                "request_encoding": [],
                "filter_sightings": True,
            }

        @app.get("/users/view/me")
        async def me():
            user = {"id": "1", "email": "bavn@example.org", "org_id": "1"}
            return {"User": user, "Role": {"id": "1", "name": "user"}, "UserSetting": []}

        @app.get("/attributes/describeTypes.json")
        async def types():
            return TYPES

        @app.api_route("/events/view/{name}", methods=["HEAD", "GET"])
        @app.api_route("/events/view/{name}/{_options}", methods=["HEAD", "GET"])
        async def view(name: str, request: Request, _options: str = ""):
            event = self.named(name)
            return refusal(request, "Invalid event", 404) if event is None else {"Event": shown(event)}

        @app.post("/events/add")
        async def add(request: Request):
            event = (await request.json()).get("Event") or await request.json()
            if event["uuid"] in self.events:
                return refusal(request, "Event already exists", 403)
            if event["uuid"] in self.blocked:
                return refusal(request, "Event blocked by event blocklist.", 403)
            wrong = unknown(event)
            if wrong:
                return refusal(request, "Could not add Event", 403, errors={"Attribute": wrong})
            made = self.filled(event)
            if not self.syncs:
                made["Orgc"], made["orgc_id"] = HOST, "1"
            for one in attributes(made):
                for sighting in one.pop("Sighting", []):
                    self.events[made["uuid"]] = made
                    self.sight(
                        one["uuid"],
                        sighting["type"],
                        int(sighting["date_sighting"]),
                        int(self.next()),
                        sighting["uuid"],
                    )
            self.events[made["uuid"]] = made
            return {"Event": shown(made)}

        @app.post("/events/edit/{name}")
        async def edit(name: str, request: Request):
            event = (await request.json()).get("Event") or await request.json()
            kept = self.named(name)
            if kept is None:
                return refusal(request, "Invalid event.", 404)
            if int(event["timestamp"]) <= int(kept["timestamp"]):
                said = "Event could not be saved: Event in the request not newer than the local copy."
                return refusal(request, "Could not edit Event", 403, errors=[said])
            for part in ("Attribute", "Object"):
                kept[part] = merged(kept.get(part, []), event.get(part, []))
            kept |= {key: value for key, value in event.items() if key not in ("Attribute", "Object", "Orgc", "id")}
            filled = self.filled(kept) | {"id": kept["id"]}
            self.events[kept["uuid"]] = filled
            return {"Event": shown(filled)}

        @app.post("/events/publish/{name}")
        async def publish(name: str, request: Request):
            event = self.named(name)
            if event is None:
                return refusal(request, "Invalid event.", 404)
            self.published.add(event["uuid"])
            return {
                "saved": True,
                "success": True,
                "name": "Job queued",
                "message": "Job queued",
                "url": f"/events/publish/{name}",
                "id": event["id"],
            }

        @app.post("/events/restSearch")
        async def search(request: Request):
            asked = await request.json()
            since, page, limit = int(asked.get("timestamp") or 0), int(asked["page"]), int(asked["limit"])
            fit = [e for e in self.events.values() if int(e["timestamp"]) >= since]
            found = [shown(e) for e in fit[(page - 1) * limit : page * limit]]
            return [] if not found and self.version.startswith("2.5") else {"response": [{"Event": e} for e in found]}

        @app.post("/sightings/restSearch/event")
        async def sightings(request: Request):
            asked = await request.json()
            if "id" not in asked:
                return refusal(request, "An ID or UUID must be provided if the context is set.", 405)
            if not str(asked["id"]).isdigit():
                if self.version.startswith("2.5"):
                    return refusal(request, "An Internal Error Has Occurred.", 500)
                return {"response": []}  # a number is made of it, and no event has it
            within_s = int(asked.get("last", "30d").removesuffix("d")) * DAY_S
            found = []
            for one in self.sightings:
                if one["event_id"] == str(asked["id"]) and int(one["date_sighting"]) >= time.time() - within_s:
                    named = next(
                        a for e in self.events.values() for a in attributes(e) if a["id"] == one["attribute_id"]
                    )
                    fields = ("value", "id", "uuid", "type", "category", "to_ids")
                    inside = {"Attribute": {k: named[k] for k in fields}} if asked.get("includeAttribute") else {}
                    found.append({"Sighting": one | {"value": named["value"]} | inside})
            return {"response": found}

        @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
        async def other(request: Request):
            return refusal(request, "Not Found", 404)

        return app

    def named(self, name):
        """An event by its number or its uuid."""
        return next((e for e in self.events.values() if name in (e["id"], e["uuid"])), None)


def refusal(request, said, status, **more):
    return JSONResponse({"name": said, "message": said, "url": request.url.path} | more, status)


def shown(event):
    """As MISP tells of it: without what is deleted."""
    made = copy.deepcopy(event)
    made["Attribute"] = [a for a in made.get("Attribute", []) if not a.get("deleted")]
    made["Object"] = [
        thing | {"Attribute": [a for a in thing["Attribute"] if not a.get("deleted")]}
        for thing in made.get("Object", [])
        if not thing.get("deleted")
    ]
    return made


def attributes(event):
    return [*event.get("Attribute", []), *(a for thing in event.get("Object", []) for a in thing["Attribute"])]


def unknown(event):
    return [a["type"] for a in attributes(event) if a["type"] not in KNOWN.get(a["category"], ())]


def merged(kept, given):
    by_name = {one["uuid"]: one for one in kept}
    for one in given:
        before = by_name.get(one["uuid"])
        if before is None:
            by_name[one["uuid"]] = one
        elif int(one["timestamp"]) > int(before["timestamp"]):
            inside = merged(before["Attribute"], one["Attribute"]) if "Attribute" in one else None
            whole = before | one
            by_name[one["uuid"]] = whole if inside is None else whole | {"Attribute": inside}
    return list(by_name.values())


class Server:
    """One for all tests of a process, since PyMISP never closes its connections; it serves whichever MISP is set."""

    def __init__(self, folder):
        authority = Authority.make("partner", time.time_ns() // 1000, SeededDice(1, "ca"))
        key = new_key(SeededDice(1, "server"))
        certificate = authority.certify_server(
            ("localhost", "127.0.0.1"), key.public_key(), time.time_ns() // 1000, SeededDice(2, "server")
        )
        self.ca, self.key_file, self.app = folder / "ca.pem", folder / "key", None
        self.ca.write_text(authority.pem)
        self.key_file.write_text(KEY + "\n")
        (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "server.key").write_bytes(key_pem(key))
        config = uvicorn.Config(
            self._answer,
            host="127.0.0.1",
            port=0,
            log_level="critical",
            ssl_keyfile=str(folder / "server.key"),
            ssl_certfile=str(folder / "server.pem"),
            lifespan="off",
            interface="asgi3",
        )
        self._server = uvicorn.Server(config)
        threading.Thread(target=self._server.run, daemon=True).start()
        until(lambda: self._server.started, 20)
        self.url = f"https://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def _answer(self, scope, receive, send):
        await self.app(scope, receive, send)


class Served:
    """``url``, and ``ca`` whom a client must trust; ``end``: there is nobody at the url any more."""

    def __init__(self, server):
        self.url, self.ca, self.key_file = server.url, server.ca, server.key_file

    def end(self):
        self.url = f"https://127.0.0.1:{free_port()}"


@pytest.fixture(params=["2.4.198", "2.5.1"])
def misp(request):
    return FakeMisp(request.param)


@pytest.fixture(scope="session")
def misp_server(tmp_path_factory):
    return Server(tmp_path_factory.mktemp("misp"))


@pytest.fixture
def served(misp, misp_server):
    misp_server.app = misp.app()
    return Served(misp_server)


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def port(served, tmp_path):
    return Misp(served.url, Access(token_file=str(served.key_file), ca_file=str(served.ca)), tmp_path)
