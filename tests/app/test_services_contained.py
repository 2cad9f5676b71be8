"""What the services of a centre and a key holder do beside the step, made to fail in a way that nobody foresaw:
it costs that request or that part, is told by its name, and the service goes on. Only a broken book ends it.

The walk goes by registry: what a centre runs beside its server and is not walked fails a test.
"""

import ast
import asyncio
import functools
import inspect
import sqlite3
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from bavn.app.centre import run as centre_run
from bavn.app.centre import warning_mail
from bavn.app.centre.exchange.taxii_answers import ROOT, TaxiiResponse
from bavn.app.centre.exchange.taxii_service import make_taxii
from bavn.app.centre.health import parts_promise
from bavn.app.centre.parts import CentreParts
from bavn.app.centre.run import beside
from bavn.app.centre.service import make_app
from bavn.app.keyholder import server as keyholder_server
from bavn.app.keyholder.server import KeyHolderServer, make_keyholder
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.manager.heart import Heart
from bavn.app.process.real import SystemClock
from bavn.model.sector.partner import Partner
from bavn.wire.gate import GateBroken


def fails(*_, **__):
    raise RuntimeError("nobody foresaw this")


def unwell(failures):
    return [part.part for part in failures.failing()]


@pytest.fixture
def failures():
    return FailureFolder(None, SystemClock())


def asked(app, path, method="GET", **more):
    """The answer of an application to somebody with a certificate."""

    async def ask():
        async def certified(scope, receive, send):
            await app(scope | {"extensions": {"bavn.client_certificate": b"north"}}, receive, send)

        transport = httpx.ASGITransport(app=certified, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://service.test") as client:
            return (await client.request(method, path, **more)).status_code

    return asyncio.run(ask())


class Party:
    """Knows everybody; ``who`` may be broken."""

    def __init__(self):
        self.who = lambda der: SimpleNamespace(name=der.decode())

    def on_queued(self, call):
        pass

    def authority_pem(self):
        return ""


def raising(real, error):
    """In place of ``real``."""

    @functools.wraps(real)
    def instead(*_):
        raise error

    return instead


@pytest.mark.parametrize("make", ["centre", "keyholder", "taxii"])
def test_a_request_that_fails_is_one_answer_and_told_and_the_next_is_answered(make, failures) -> None:
    party, broken = Party(), []
    owner, name, path = party, "who", "/healthz"
    if make == "centre":
        app = make_app(party, broken=broken.append, failures=failures)
    elif make == "keyholder":
        app = make_keyholder(party, broken.append, failures=failures)
    else:
        partner = Partner(name="cert-nord", kind="national", title="x", added_us=0, until_us=1)
        owner = SimpleNamespace(manifest=lambda *_: TaxiiResponse(b"{}", 200, {}), body_bytes_max=9)
        name, path = "manifest", f"{ROOT}collections/released/manifest/"
        app = make_taxii(
            owner, SimpleNamespace(by_certificate=lambda _: partner), broken=broken.append, failures=failures
        )
    real = getattr(owner, name)
    assert asked(app, path) == 200
    setattr(owner, name, raising(real, RuntimeError("nobody foresaw this")))
    assert asked(app, path) == 500
    (part,) = unwell(failures)
    assert part.startswith("request ")
    assert part in parts_promise(failures).wrong[0].en
    setattr(owner, name, real)
    assert asked(app, path) == 200
    assert unwell(failures) == []
    for error in (OSError(28, "full"), OperationalError("x", {}, Exception())):
        setattr(owner, name, raising(real, error))
        assert asked(app, path) == 500
        assert unwell(failures) == [], "a machine that fails is no slip of ours"
    assert broken == []
    setattr(owner, name, raising(real, GateBroken("the book")))
    assert asked(app, path) == 500
    assert [type(error) for error in broken] == [GateBroken]


BESIDE = {"health", "metrics", "intelligence", "siem"}
"""What a centre can run without; what its parts are made of is walked in test_services_start.py."""


def test_the_walk_covers_all_that_a_centre_runs_beside_its_server() -> None:
    tree = ast.parse(inspect.getsource(centre_run._run_once))
    entered = [item.context_expr for node in ast.walk(tree) if isinstance(node, ast.With) for item in node.items]
    named = {
        call.args[1].value for call in entered if isinstance(call, ast.Call) and ast.unparse(call.func) == "beside"
    }
    assert named == BESIDE
    others = {ast.unparse(one).partition("(")[0] for one in entered} - {"beside"}
    assert others == {"parts", "_ended_before_it_runs"}


@contextmanager
def failing_at(when):
    if when == "start":
        fails()
    yield
    if when == "stop":
        fails()


@pytest.mark.parametrize("name", sorted(BESIDE))
@pytest.mark.parametrize("when", ["start", "stop"])
def test_what_runs_beside_a_centre_fails_by_itself_at_start_and_stop(name, when, failures) -> None:
    ran = []
    with beside(failures, name, lambda: failing_at(when)):
        ran.append(1)
    assert ran == [1]
    assert [(part.latest.during, name in part.part) for part in failures.failing()] == [(when, True)]


@pytest.mark.parametrize(
    "error",
    [
        Stop(Exit.CONFIGURATION, "x"),
        OperationalError("x", {}, Exception()),
        sqlite3.DatabaseError("malformed"),
    ],
)
def test_what_the_operator_must_mend_and_a_book_that_does_not_hold_are_not_contained(error, failures) -> None:
    def opened():
        raise error

    with pytest.raises(type(error)), beside(failures, "intelligence", opened):
        pytest.fail("it does not run")
    assert unwell(failures) == []


def test_what_fails_within_a_centre_is_raised_as_it_is(failures) -> None:
    with pytest.raises(ZeroDivisionError), beside(failures, "metrics", lambda: failing_at("never")):
        raise ZeroDivisionError


def test_a_centre_lets_go_of_all_that_it_can(failures) -> None:
    names = ("ports", "book", "lease", "engine", "marker")
    done = []

    def ends(name):
        def end():
            done.append(name)
            fails()

        return SimpleNamespace(close=end, release=end, dispose=end)

    ports, book, lease, engine, marker = map(ends, names)
    CentreParts(None, ports, book, engine, lease, None, failures, marker, None).close()
    assert done == ["ports", "book", "marker", "lease", "engine"]
    assert unwell(failures) == ["close book", "close database", "close lease", "close marker", "close ports"]


def tidied(monkeypatch, failures, tidy):
    """A key holder's tidying, until it has been tried three times or has ended."""
    monkeypatch.setattr(keyholder_server, "TIDY_S", 0)
    server = object.__new__(KeyHolderServer)
    server.failures, server._failure, server.tidy, ended = failures, None, tidy, []
    server.heart = Heart()
    server.stop = lambda: ended.append(1)

    async def run():
        task = asyncio.ensure_future(server._turns(keyholder_server.TIDYING, server._tidied))
        for _ in range(200):
            await asyncio.sleep(0.005)
            if task.done() or len(tries) >= 3:
                break
        task.cancel()

    tries = tidy.tries
    asyncio.run(run())
    return server._failure


def tidying(*errors):
    def tidy():
        tidy.tries.append(1)
        if len(tidy.tries) <= len(errors):
            raise errors[len(tidy.tries) - 1]
        return []

    tidy.tries = []
    return tidy


def test_tidying_that_fails_is_told_and_tried_again_and_ends_no_key_holder(failures, monkeypatch) -> None:
    always = tidying(*[RuntimeError("nobody foresaw this")] * 500)
    assert tidied(monkeypatch, failures, always) is None
    assert unwell(failures) == [keyholder_server.TIDYING]
    assert tidied(monkeypatch, failures, tidying(OSError(28, "full"))) is None
    assert unwell(failures) == []


@pytest.mark.parametrize("error", [GateBroken("x"), sqlite3.DatabaseError("malformed")])
def test_a_key_holders_book_that_does_not_hold_ends_it(error, failures, monkeypatch) -> None:
    assert tidied(monkeypatch, failures, tidying(error)) is error


def test_mail_that_cannot_be_opened_is_told_and_tried_again(monkeypatch, failures) -> None:
    tries, sent = [], threading.Event()

    @contextmanager
    def opened(_):
        tries.append(1)
        if len(tries) == 1:
            fails()
        yield None, None, None

    monkeypatch.setattr(warning_mail, "EVERY_S", 0.01)
    monkeypatch.setattr(warning_mail, "failures_in", lambda _: failures)
    monkeypatch.setattr(warning_mail, "ways_of", lambda _: SimpleNamespace(mail=1))
    monkeypatch.setattr(warning_mail, "opened_warnings", opened)
    monkeypatch.setattr(warning_mail, "once", lambda *_: sent.set() if len(tries) > 2 else len(tries) > 1 and fails())
    with warning_mail.mailing(SimpleNamespace(folder=None)):
        assert sent.wait(10)
        end = time.monotonic() + 10
        while unwell(failures) and time.monotonic() < end:
            time.sleep(0.01)
    assert unwell(failures) == []
    assert len(tries) == 3
