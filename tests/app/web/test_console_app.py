"""What stands around the routes of a console: headers, bounds, problems, files, live events."""

import asyncio
import gzip
import json
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bavn.app.access.rights import Right, Role
from bavn.app.web.console import ConsoleSettings, client_address, console_app
from bavn.app.web.frame import Person, Trouble, allow, behind
from bavn.app.web.guard import HEADERS
from bavn.app.web.live import Live
from bavn.app.web.sides import Nobody
from bavn.model.text import Text
from tests.app.web.asking import As, ask

ANNA = Person(name="Anna Berg", roles=frozenset({Role.ANALYST}))


class Given(BaseModel):
    why: str


def area():
    router = APIRouter(prefix="/things")

    @router.get("")
    def things(house: Annotated[str, behind()], person: Annotated[Person, allow(Right.READ)]) -> dict[str, str]:
        return {"house": house, "who": person.name}

    @router.post("")
    def change(given: Given, person: Annotated[Person, allow(Right.TRIAGE)]) -> dict[str, str]:
        return {"why": given.why}

    @router.get("/broken")
    def broken(person: Annotated[Person, allow(Right.READ)]) -> None:
        raise RuntimeError("SELECT secret FROM /var/lib")

    return router


def app(access=None, watch=None, **settings):
    return console_app("sac", "house", [area()], access or As(ANNA), ConsoleSettings(**settings), watch=watch)


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Bavn</title>")
    (tmp_path / "assets" / "main-abc123.js").write_text("console.log('x');" * 200)
    (tmp_path / ".hidden").write_text("no")
    return tmp_path


def test_every_answer_carries_the_headers_and_is_kept_by_nobody(pages) -> None:
    made = app(pages=pages)
    for path, status in (
        ("/api/v1/things", 200),
        ("/api/v1/me", 200),
        ("/api/v1/nothing", 404),
        ("/", 200),
        ("/nothing.js", 404),
        ("/api/v1/things/broken", 500),
        ("/api/v1/openapi.json", 200),
    ):
        answer = ask(made, path)
        assert answer.status_code == status, path
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        if path.startswith("/api"):
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["vary"] == "Cookie, Authorization"
        assert "strict-transport-security" not in answer.headers


def test_over_tls_a_browser_is_told_to_stay_there() -> None:
    made = app(origins=("https://console.example.org",))
    answer = ask(made, "/api/v1/things", headers={"host": "console.example.org"})
    assert (answer.status_code, answer.headers["strict-transport-security"]) == (200, "max-age=31536000")
    assert ask(made, "/api/v1/things", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/api/v1/nothing", {}, 404),
        ("DELETE", "/api/v1/things", {}, 405),
        ("POST", "/", {}, 405),
        ("POST", "/api/v1/things", {"json": {"reason": "secret-word"}}, 422),
        ("POST", "/api/v1/things", {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ("POST", "/api/v1/things", {"content": b"x" * 20_000}, 413),
        ("GET", "/api/v1/things?" + "x" * 9000, {}, 414),
        ("GET", "/api/v1/things", {"headers": {"x-much": "y" * 13_000}}, 431),
        ("GET", "/api/v1/things/broken", {}, 500),
    ],
)
def test_whatever_goes_wrong_is_a_problem_with_nothing_inside(method, path, more, status) -> None:
    answer = ask(app(body_bytes_max=16_384), path, method, **more)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["title"]["en"]
    assert said["title"]["da"]
    for inside in ("secret", "SELECT", "/var", "Traceback", "RuntimeError", "pydantic"):
        assert inside not in answer.text
    if status == 422:
        assert said["fields"]
        assert all(where.startswith("body") for where in said["fields"])


def test_a_body_without_its_length_is_not_read() -> None:
    async def pieces():
        yield b"{}"

    assert ask(app(), "/api/v1/things", "POST", content=pieces()).status_code == 411


def test_pages_have_one_entry_and_files_that_are_kept(pages) -> None:
    made = app(pages=pages)
    for path in ("/", "/leads/lead-1", "/deep/link"):
        answer = ask(made, path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert "<title>Bavn" in answer.text
    script = ask(made, "/assets/main-abc123.js", headers={"accept-encoding": "gzip"})
    assert "immutable" in script.headers["cache-control"]
    assert (script.headers["content-type"], script.headers["content-encoding"]) == (
        "text/javascript; charset=utf-8",
        "gzip",
    )
    again = ask(made, "/assets/main-abc123.js", headers={"if-none-match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = ask(made, "/assets/main-abc123.js", headers={"accept-encoding": "identity"})
    assert plain.text == "console.log('x');" * 200


@pytest.mark.parametrize(
    "path", ["/.hidden", "/../index.html", "/assets/../../etc/passwd", "/assets/%2e%2e/index.html", "/assets/none.js"]
)
def test_nothing_is_served_but_what_was_built(pages, path) -> None:
    answer = ask(app(pages=pages), path)
    assert answer.status_code == 404 or "<title>Bavn" in answer.text
    assert "root:" not in answer.text
    assert answer.text != "no"


def test_where_nothing_was_built_there_is_no_page(tmp_path) -> None:
    assert ask(app(pages=tmp_path / "absent"), "/").status_code == 404


def test_one_person_may_ask_only_so_much_a_minute() -> None:
    made = app(requests_per_minute=3)
    statuses = [ask(made, "/api/v1/things").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_an_address_that_is_nobody_too_often_waits() -> None:
    made = app(access=Nobody(), failures_per_minute=2)
    answers = [ask(made, "/api/v1/me") for _ in range(4)]
    assert [one.status_code for one in answers] == [401, 401, 429, 429]
    assert answers[-1].headers["retry-after"] == "60"


def test_me_says_who_asks_and_what_they_may() -> None:
    said = ask(app(), "/api/v1/me").json()
    assert (said["name"], said["rights"], said["csrf"], said["side"]) == (
        "Anna Berg",
        ["read", "triage"],
        "csrf",
        "sac",
    )


class Stepped:
    """A watch that says what the test put into it."""

    def __init__(self):
        self.waiting = []

    def moved(self):
        return self.waiting.pop(0) if self.waiting else frozenset()

    def close(self):
        self.closed = True


def heard(watch, person, steps, *, still=lambda: None, beat_s=0.3, seconds=2.0):
    """The events that a listener hears."""

    async def listen():
        live = Live(watch, listeners_max=2, beat_s=beat_s)
        live.start()
        found = []
        try:
            events = await live.stream(person, still)
            async with asyncio.timeout(seconds):
                async for event in events:
                    found.append(event.decode())
                    if found[-1].startswith("event: ready"):
                        watch.waiting += steps
                    if len([one for one in found if one.startswith("event")]) > len(steps):
                        break
        except TimeoutError:
            pass
        finally:
            await asyncio.to_thread(live.close)
        return found

    return asyncio.run(listen())


def test_a_page_hears_what_changed_within_a_second() -> None:
    found = heard(Stepped(), ANNA, [frozenset({"leads", "cases"})], beat_s=9, seconds=1.0)
    assert found == ["event: ready\ndata: {}\n\n", 'event: changed\ndata: {"topics":["cases","leads"]}\n\n']


@pytest.mark.slow
def test_nobody_hears_of_a_node_that_they_may_not_see() -> None:
    bo = Person(name="Bo Lund", actors=frozenset({"region-a"}))
    found = heard(Stepped(), bo, [frozenset({"region-a/door", "region-b/door"})])
    assert "region-a/door" in found[-1]
    assert "region-b" not in "".join(found)


def test_live_events_end_when_the_log_on_has_ended() -> None:
    def still():
        raise Trouble(401, "sign-in", Text.written("x", da="y"))

    found = heard(Stepped(), ANNA, [frozenset({"leads"})], still=still, beat_s=0.1)
    assert found[-1] == "event: over\ndata: {}\n\n"


def test_listeners_are_bounded() -> None:
    async def crowd():
        live = Live(Stepped(), listeners_max=1)
        await live.stream(ANNA, lambda: None)
        with pytest.raises(Trouble) as refused:
            await live.stream(Person(name="Bo Lund"), lambda: None)
        return refused.value.status

    assert asyncio.run(crowd()) == 429


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.text("abcdefgh-", min_size=1, max_size=12), st.text(max_size=30)), max_size=8),
    st.binary(max_size=200),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]),
    st.text("/abc.%?&=1éø", max_size=40),
)
def test_no_request_breaks_it(headers, body, method, path) -> None:
    made = app()
    sent = [(f"x-{name}", value.encode("utf-8", "replace")) for name, value in headers]
    try:
        answer = ask(made, "/" + path.lstrip("/"), method, headers=sent, content=body)
    except httpx.InvalidURL:
        return
    assert answer.status_code < 500
    assert answer.headers["content-security-policy"]
    if answer.status_code >= 400 and method != "HEAD":
        assert json.loads(answer.content)["title"]["da"]


def test_whose_address_it_is_only_a_trusted_proxy_may_say() -> None:
    from ipaddress import ip_network

    from fastapi import Request

    def seen(peer, forwarded, proxies):
        headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
        request = Request({"type": "http", "client": (peer, 1), "headers": headers})
        return client_address(request, [ip_network(one) for one in proxies])

    assert seen("198.51.100.9", "203.0.113.5", []) == "198.51.100.9"
    assert seen("127.0.0.1", "10.9.9.9, 203.0.113.5", ["127.0.0.0/8"]) == "203.0.113.5"
    assert seen("127.0.0.1", "203.0.113.5, 10.0.0.1", ["127.0.0.0/8", "10.0.0.0/8"]) == "203.0.113.5"
    assert seen("127.0.0.1", "nonsense", ["127.0.0.0/8"]) == "127.0.0.1"


def test_packed_files_are_what_they_were(pages) -> None:
    from bavn.app.web.files import Files

    made = Files(pages)
    assert made.built
    packed = made._files["assets/main-abc123.js"].packed
    assert gzip.decompress(packed).decode() == "console.log('x');" * 200
