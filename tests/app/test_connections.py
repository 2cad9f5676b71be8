"""Connections are counted by certificate: one actor cannot take the room of the others, and is told so.
What comes after an answer that ends one ends it, and that is all: uvicorn raised, which asyncio logs as a traceback."""

import asyncio
import contextlib
import socket
import ssl

import h11
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from bavn.app.net.connections import NOBODY, Connections, name_of
from bavn.app.net.tls_server import _Protocol, listening
from bavn.wire.links.enrolment import renew
from bavn.wire.links.https import context
from tests.app.waiting import until

ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@contextlib.contextmanager
def opened(stand, safe=None):
    """A connection as a node makes it, kept open."""
    tls = context(stand.centre.authority_pem())
    if safe is not None:
        tls = context(safe.authority.read_text(), safe.certificate, safe.tls_key)
    raw = socket.create_connection(("127.0.0.1", stand.server.port), timeout=10)
    with tls.wrap_socket(raw, server_hostname="127.0.0.1") as made:
        yield made


def asked(made):
    """The status of an answer, its body, and whether the connection is over then."""
    made.sendall(ASK)
    said = b""
    while b"}" not in said and (piece := made.recv(65536)):  # every answer here is one JSON object
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    ends = b"connection: close" in head.lower()
    return int(head.split()[1]), body, ends


def served(stand, safe):
    with opened(stand, safe) as made:
        return asked(made)[0] == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_accepted_does_not_wait_for_more_to_send(host) -> None:
    with listening(host, 0) as server, socket.create_connection(server.getsockname()[:2], timeout=10):
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_one_actor_has_its_number_and_no_other_is_the_poorer(stand_up) -> None:
    stand = stand_up(connections=3)
    north, south = stand.enrol("region-a"), stand.enrol("region-b")
    with contextlib.ExitStack() as stack:
        mine = [stack.enter_context(opened(stand, north)) for _ in range(3)]
        assert [asked(one)[0] for one in mine] == [200, 200, 200]
        status, body, ends = asked(stack.enter_context(opened(stand, north)))
        assert (status, ends) == (429, True)
        assert b"more than 3 connections at once" in body
        assert asked(stack.enter_context(opened(stand, south)))[0] == 200
        assert [asked(one)[0] for one in mine] == [200, 200, 200]
        mine[0].close()
        until(lambda: served(stand, north), 10, lambda: "a connection that ended is still counted")


def test_a_renewed_certificate_is_no_second_allowance(stand_up) -> None:
    stand = stand_up(connections=2)
    north = stand.enrol("region-a")
    with contextlib.ExitStack() as stack:
        assert asked(stack.enter_context(opened(stand, north)))[0] == 200
        before = north.certificate.read_bytes()
        renew(stand.url, north)
        assert north.certificate.read_bytes() != before
        # the connection of the renewal is going
        until(lambda: asked(stack.enter_context(opened(stand, north)))[0] == 200, 10)
        assert asked(stack.enter_context(opened(stand, north)))[0] == 429


def test_who_is_told_too_often_is_cut(stand_up) -> None:
    stand = stand_up(connections=2)
    north = stand.enrol("region-a")
    with contextlib.ExitStack() as stack:
        for _ in range(4):  # two served, two about to be told, all silent
            stack.enter_context(opened(stand, north))
        with pytest.raises((OSError, ssl.SSLError, IndexError)), opened(stand, north) as fifth:
            asked(fifth)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", NOBODY]), st.booleans()), max_size=200))
def test_what_is_counted_never_passes_its_bound_and_ends_at_nothing(steps) -> None:
    counted, there = Connections(3, 5), []
    for name, comes in steps:
        if comes:
            there.append((name, counted.come(name)))
        elif there:
            counted.go(*there.pop(0))
        for one in ("a", "b", NOBODY):
            served = sum(standing == "open" for who, standing in there if who == one)
            told = sum(standing == "refused" for who, standing in there if who == one)
            assert served == counted.count(one) <= counted.bound(one)
            assert told <= counted.bound(one)
    for name, standing in there:
        counted.go(name, standing)
    assert (counted._open, counted._refused) == ({}, {})


def test_a_name_is_the_actors_whatever_the_certificate(stand) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    ders = [
        x509.load_pem_x509_certificate(stand.enrol("region-a", seed).certificate.read_bytes()).public_bytes(
            Encoding.DER
        )
        for seed in (1, 2)
    ]
    assert ders[0] != ders[1]
    assert [name_of(der) for der in ders] == ["urn:bavn:actor:region-a"] * 2
    assert name_of(None) == NOBODY
    assert name_of(b"no certificate") == b"no certificate".hex()


FIRST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n"


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.out, self.closing = b"", False

    def write(self, data) -> None:
        self.out += data

    def close(self) -> None:
        self.closing = True

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def spoken(*pieces: bytes, started: bool = True) -> tuple[bytes, bool, object]:
    """What one connection got for these pieces, whether it was ended, and its state."""

    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        if started:
            await send({"type": "http.response.body", "body": b"ok"})
        else:
            await asyncio.sleep(60)

    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, server_header=False)
    config.load()
    protocol = _Protocol(config, ServerState(), {}, counted=Connections(9, 9))
    transport = Transport()
    protocol.connection_made(transport)
    for piece in pieces:
        protocol.data_received(piece)
        await asyncio.sleep(0.02)
    state = protocol.conn.our_state
    protocol.connection_lost(None)
    for task in list(protocol.tasks):
        task.cancel()
    return transport.out, transport.closing, state


@pytest.mark.parametrize(
    ("pieces", "started"),
    [
        ((FIRST % b"close", b"\x00POST /v1/renew HTTP/1.1\r\n\r\n"), True),
        ((FIRST % b"close" + b"\x00\x00 bad\r\n\r\n",), True),
        ((b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"), False),
        ((b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n", b"more"), True),
    ],
)
def test_what_comes_after_an_answer_ends_the_connection(pieces, started) -> None:
    out, closing, _ = asyncio.run(spoken(*pieces, started=started))
    assert out.count(b"HTTP/1.1 ") == 1
    assert out.startswith(b"HTTP/1.1 200 ")
    assert closing


def test_bad_bytes_instead_of_a_request_are_answered() -> None:
    out, closing, state = asyncio.run(spoken(b"\x00POST /v1/renew HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert out.startswith(b"HTTP/1.1 400 ")
    assert closing
    assert state is h11.MUST_CLOSE
