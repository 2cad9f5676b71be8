"""A stand-in MISP: its REST interface as far as Bavn uses it, over TLS, driven by the real PyMISP.

It keeps MISP's manners that matter: a key in every request; uuids are unique; an edit takes an attribute over only if
its timestamp is newer; deleted attributes stay as deleted; types must be known and fit their category.
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

from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.sim.dice import SeededDice

KEY = "k" * 40
TYPES = json.loads((Path(pymisp.__file__).parent / "data" / "describeTypes.json").read_text(encoding="utf-8"))
KNOWN = TYPES["result"]["category_type_mappings"]


class FakeMisp:
    """``events`` by uuid, ``sightings`` as MISP tells them; ``broken`` is what the next requests answer."""

    def __init__(self):
        self.events, self.sightings, self.requests = {}, [], []
        self.published = set()
        self.broken = None

    def put(self, event):
        """As somebody there made it."""
        self.events[event["uuid"]] = event

    def sight(self, attribute_uuid, kind="0", at=None, number=1):
        event = next(e for e in self.events.values() if attribute_uuid in {a["uuid"] for a in attributes(e)})
        self.sightings.append({"Sighting": {
            "id": str(number), "uuid": f"22222222-0000-4000-8000-{number:012x}", "type": kind, "source": "",
            "attribute_uuid": attribute_uuid, "event_uuid": event["uuid"], "date_sighting": str(at or int(time.time())),
            "Organisation": {"name": "ORG"},
        }})  # fmt: skip

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
                return JSONResponse({"message": "no"}, self.broken)
            if request.headers.get("authorization") != KEY:
                return JSONResponse({"name": "Authentication failed.", "message": "Authentication failed."}, 403)
            return await call_next(request)

        @app.get("/servers/getVersion")
        async def version():
            return {"version": "2.5.34", "pymisp_recommended_version": pymisp.__version__, "perm_sync": True}

        @app.get("/users/view/me")
        async def me():
            user = {"id": "1", "email": "bavn@example.org", "org_id": "1"}
            return {"User": user, "Role": {"id": "1", "name": "user"}, "UserSetting": []}

        @app.get("/attributes/describeTypes.json")
        async def types():
            return TYPES

        @app.api_route("/events/view/{name}", methods=["HEAD", "GET"])
        async def view(name: str):
            if name not in self.events:
                return JSONResponse({"name": "Invalid event", "message": "Invalid event"}, 404)
            return {"Event": self.events[name]}

        @app.post("/events/add")
        async def add(request: Request):
            event = (await request.json()).get("Event") or await request.json()
            if event["uuid"] in self.events:
                return JSONResponse({"name": "Could not add Event", "message": "already exists"}, 403)
            wrong = unknown(event)
            if wrong:
                return JSONResponse({"message": "Could not add Event", "errors": wrong}, 403)
            self.events[event["uuid"]] = event
            return {"Event": event}

        @app.post("/events/edit/{name}")
        async def edit(name: str, request: Request):
            event = (await request.json()).get("Event") or await request.json()
            kept = self.events[name]
            if int(event["timestamp"]) <= int(kept["timestamp"]):
                return JSONResponse({"message": "Event could not be saved: it is older than what is here"}, 403)
            for part in ("Attribute", "Object"):
                kept[part] = merged(kept.get(part, []), event.get(part, []))
            kept |= {key: value for key, value in event.items() if key not in ("Attribute", "Object")}
            return {"Event": kept}

        @app.post("/events/publish/{name}")
        async def publish(name: str):
            self.published.add(name)
            return {"saved": True, "success": True, "name": "Job queued", "message": "Job queued"}

        @app.post("/events/restSearch")
        async def search(request: Request):
            asked = await request.json()
            since, page, limit = int(asked.get("timestamp") or 0), int(asked["page"]), int(asked["limit"])
            fit = [e for e in self.events.values() if int(e["timestamp"]) >= since]
            shown = [copy.deepcopy(e) for e in fit[(page - 1) * limit : page * limit]]
            for event in shown:
                event["Attribute"] = [a for a in event.get("Attribute", []) if not a.get("deleted")]
            return {"response": [{"Event": event} for event in shown]}

        @app.post("/sightings/restSearch/event")
        async def sightings(request: Request):
            wanted = (await request.json())["id"]
            return {"response": [one for one in self.sightings if one["Sighting"]["event_uuid"] == wanted]}

        return app


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
            by_name[one["uuid"]] = one if inside is None else one | {"Attribute": inside}
    return list(by_name.values())


class Served:
    """``url``, and ``ca`` whom a client must trust."""

    def __init__(self, fake, folder):
        authority = Authority.make("partner", time.time_ns() // 1000, SeededDice(1, "ca"))
        key = new_key(SeededDice(1, "server"))
        certificate = authority.certify_server(
            ("localhost", "127.0.0.1"), key.public_key(), time.time_ns() // 1000, SeededDice(2, "server")
        )
        self.ca = folder / "ca.pem"
        self.ca.write_text(authority.pem)
        (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "server.key").write_bytes(key_pem(key))
        config = uvicorn.Config(
            fake.app(), host="127.0.0.1", port=0, log_level="critical", ssl_keyfile=str(folder / "server.key"),
            ssl_certfile=str(folder / "server.pem"),
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.02)
        assert self._server.started
        self.url = f"https://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def end(self):
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def misp():
    return FakeMisp()


@pytest.fixture
def served(misp, tmp_path):
    folder = tmp_path / "misp"
    folder.mkdir()
    (folder / "key").write_text(KEY + "\n")
    made = Served(misp, folder)
    made.key_file = folder / "key"
    yield made
    made.end()
