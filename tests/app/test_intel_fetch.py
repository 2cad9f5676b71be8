"""The centre's way to a source, against real servers and files: bounds, manners, secrets; our own TAXII server, too.
What is due is read by itself; a failure is its source's, a broken invariant ends the centre."""

import http.server
import importlib.util
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization

from bavn.app.centre.exchange.fetch import SourceFetch
from bavn.app.centre.exchange.keeper import IntelKeeper, MispTurn
from bavn.app.centre.exchange.taxii_answers import ROOT
from bavn.app.centre.exchange.taxii_service import TaxiiLimits, make_taxii
from bavn.app.config.misp import MispTable
from bavn.centre.books.tables import open_engine
from bavn.centre.correlate.lists import NoLists
from bavn.centre.desk.partnership import open_partners
from bavn.centre.inbox.intel_gate import IntelGate
from bavn.centre.inbox.intel_pull import Unreadable
from bavn.centre.members.authority import key_pem, new_key
from bavn.centre.node.intelligence import Intelligence
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.principal import account
from bavn.model.sector.intel import Access, IntelSettings, Source
from bavn.model.settings import SettingsError
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from bavn.wire.book import Book

LIMITS = TaxiiLimits(requests_per_minute=1_000_000, failures_per_minute=1_000_000)


class Pages(http.server.BaseHTTPRequestHandler):
    seen = ()

    def do_GET(self):
        Pages.seen.append((self.path, self.headers.get("Authorization"), self.headers.get("If-None-Match")))
        if self.path == "/slow":
            time.sleep(0.2)
        status = {"/gone": 404, "/busy": 503, "/secret": 401, "/else": 302}.get(self.path, 200)
        if self.path == "/list" and self.headers.get("If-None-Match") == '"one"':
            status = 304
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/list")
        body = b"x" * 5000 if self.path == "/long" else b"evil.example.com\n"
        if status == 200:
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status == 200:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    Pages.seen = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetching(place, base, **access):
    return SourceFetch(Source(name="one", kind="list", place=place, trust=50, access=Access(**access)), base)


@pytest.mark.slow
def test_http_is_conditional_bounded_and_follows_nothing(web, tmp_path) -> None:
    way = fetching(web + "/list", tmp_path)
    answer = way.get(web + "/list", {}, {}, 1000)
    assert (answer.status, answer.body) == (200, b"evil.example.com\n")
    assert way.get(web + "/list", {"If-None-Match": answer.headers["etag"]}, {}, 1000).status == 304
    with pytest.raises(Unreadable, match="more than 1000"):
        way.get(web + "/long", {}, {}, 1000)
    for path in ("/gone", "/secret", "/else"):
        with pytest.raises(LinkRefused):
            way.get(web + path, {}, {}, 1000)
    with pytest.raises(LinkDown):
        way.get(web + "/busy", {}, {}, 1000)
    assert [path for path, _, _ in Pages.seen].count("/list") == 2, "no redirect was followed"
    way.close()
    with pytest.raises(LinkDown):
        fetching("http://127.0.0.1:9", tmp_path).get("http://127.0.0.1:9/", {}, {}, 10)


@pytest.mark.slow
def test_secrets_come_from_files_and_stand_in_no_error(web, tmp_path) -> None:
    (tmp_path / "token").write_text("t0ken-of-ours\n")
    (tmp_path / "empty").write_text("\n")
    way = fetching(web, tmp_path, token_file="token")
    way.get(web + "/list", {}, {}, 1000)
    fetching(web, tmp_path, user="bavn", password_file="token").get(web + "/list", {}, {}, 1000)
    assert [auth for _, auth, _ in Pages.seen] == ["Bearer t0ken-of-ours", "Basic YmF2bjp0MGtlbi1vZi1vdXJz"]
    with pytest.raises(LinkRefused) as refused:
        way.get(web + "/secret", {}, {}, 1000)
    assert "t0ken" not in str(refused.value)
    for name in ("empty", "missing"):
        with pytest.raises(SettingsError):
            fetching(web, tmp_path, token_file=name).get(web + "/list", {}, {}, 1000)


def test_files_are_conditional_and_bounded(tmp_path) -> None:
    (tmp_path / "list.txt").write_text("evil.example.com\n")
    way = fetching("list.txt", tmp_path)
    answer = way.get("list.txt", {}, {}, 1000)
    assert answer.body == b"evil.example.com\n"
    assert way.get("list.txt", {"If-None-Match": answer.headers["etag"]}, {}, 1000).status == 304
    with pytest.raises(Unreadable):
        way.get("list.txt", {}, {}, 3)
    with pytest.raises(LinkRefused):
        way.get("missing.txt", {}, {}, 1000)


@pytest.fixture(scope="module")
def exchange():
    """The stand-in exchange of tests/app/exchange, whatever pytest calls that file."""
    spec = importlib.util.spec_from_file_location("exchange_worlds", Path(__file__).parent / "exchange" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_another_centres_taxii_server_is_a_source(exchange, tmp_path) -> None:
    """Two centres: what one releases to its partner, the other takes in by TAXII over TLS, page by page, once."""
    theirs = exchange.World(page_max=400)
    theirs.partner("sector-b")
    theirs.release(*(f"a{n}.example.com" for n in range(1500)))
    key = new_key(SeededDice(1, "server"))
    made = theirs.authority.certify_server(
        ("127.0.0.1",), key.public_key(), time.time_ns() // 1000, SeededDice(2, "server")
    )
    (tmp_path / "ca.pem").write_text(theirs.authority.pem)
    (tmp_path / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "server.key").write_bytes(key_pem(key))
    (tmp_path / "token").write_text(theirs.tokens["sector-b"])
    app = make_taxii(theirs.answers, theirs.credentials, LIMITS, theirs.broke)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="critical",
            ssl_certfile=str(tmp_path / "server.pem"),
            ssl_keyfile=str(tmp_path / "server.key"),
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    engine, book = open_engine("sqlite://"), Book()
    ours = Intelligence(
        engine=engine,
        gate=IntelGate(book, theirs.clock, IntelSettings()),
        clock=theirs.clock,
        settings=IntelSettings(),
        lists=NoLists(),
        partners=open_partners(engine, theirs.clock),
    )
    source = Source(
        name="sector-a",
        kind="taxii",
        place=f"https://127.0.0.1:{port}{ROOT}collections/released/",
        trust=80,
        access=Access(token_file="token", ca_file="ca.pem"),
    )
    ours.sources.add(source, account("Anna Berg"))
    way = SourceFetch(source, tmp_path)
    try:
        first = ours.sync("sector-a", way)
        assert (first.counts.new, first.counts.refused, first.failure) == (1500, 0, "")
        assert ours.sync("sector-a", way).counts.met_gate == 0
        theirs.clock.advance(MINUTE_US)
        theirs.release("b.example.com", case="case-00000000000000bb")
        assert ours.sync("sector-a", way).counts.new == 1
        theirs.clock.advance(MINUTE_US)
        theirs.share.withdraw("case-00000000000000bb")
        theirs.exchange.step()
        assert ours.sync("sector-a", way).counts.changed == 1
        assert ours.proposals.get(Observable.of("domain", "b.example.com")).live == ()
        assert len(ours.proposals.every(10_000)) == 1500
    finally:
        way.close()
        server.should_exit = True
        thread.join(10)
        theirs.close()
        book.close()
        engine.dispose()


class World:
    def __init__(self, folder):
        self.engine, self.book = open_engine(f"sqlite:///{folder / 'centre.db'}"), Book(folder / "book.db")
        self.clock = SimClock(20_000 * DAY_US)
        self.intel = Intelligence(
            engine=self.engine,
            gate=IntelGate(self.book, self.clock, IntelSettings()),
            clock=self.clock,
            settings=IntelSettings(),
            lists=NoLists(),
            partners=open_partners(self.engine, self.clock),
        )
        self.broken = []

    def keeper(self, folder, misps=()):
        return IntelKeeper(self.intel, folder, self.clock, self.broken.append, misps)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.book.close()
    made.engine.dispose()


def test_what_is_due_is_read_one_at_a_time_and_what_fails_holds_up_nobody(world, tmp_path) -> None:
    (tmp_path / "list.txt").write_text("evil.example.com\n")
    for name, place in (("gone", "missing.txt"), ("good", "list.txt")):
        world.intel.sources.add(Source(name=name, kind="list", place=place, trust=50), "Anna Berg")
    keeper = world.keeper(tmp_path)
    for _ in range(3):
        keeper.turn()
    assert "cannot be read" in world.intel.sources.get("gone").failure
    assert world.intel.proposals.count() == 1
    read_us = world.intel.sources.get("good").tried_us
    keeper.turn()
    assert world.intel.sources.get("good").tried_us == read_us, "not due yet"
    world.clock.advance(61 * MINUTE_US)
    keeper.turn()
    keeper.turn()
    assert world.intel.sources.get("good").tried_us > read_us
    assert world.broken == []


def test_a_misp_takes_its_turn_and_its_failure_is_its_own(world, tmp_path, caplog) -> None:
    asked = []

    def down():
        asked.append(1)
        raise LinkDown("no route")

    keeper = world.keeper(tmp_path, [MispTurn("nord", MispTable(every_minutes=10), lambda: None, down)])
    for _ in range(3):
        keeper.turn()
    assert len(asked) == 1
    assert "nord: no route" in caplog.text
    world.clock.advance(11 * MINUTE_US)
    keeper.turn()
    assert len(asked) == 2


def test_a_broken_invariant_is_told_once_and_an_end_is_an_end(world, tmp_path, monkeypatch) -> None:
    keeper = world.keeper(tmp_path)
    told = threading.Event()
    monkeypatch.setattr(world.intel, "tidy", lambda: 1 / 0)
    keeper._broken = lambda error: (world.broken.append(error), told.set())
    keeper.start()
    assert told.wait(10)
    assert isinstance(world.broken[0], ZeroDivisionError)
    quiet = world.keeper(tmp_path)
    monkeypatch.setattr(world.intel, "tidy", lambda: None)
    quiet.start()
    begun = time.monotonic()
    quiet.end()
    assert time.monotonic() - begun < 5
    assert len(world.broken) == 1
