"""Connections are counted by certificate: one actor cannot take the room of the others, and is told so."""

import contextlib
import socket
import ssl
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.app.net.connections import NOBODY, Connections, name_of
from bavn.app.net.tls_server import listening
from bavn.wire.links.enrolment import renew
from bavn.wire.links.https import context

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
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with opened(stand, north) as again:
                if asked(again)[0] == 200:
                    break
            time.sleep(0.05)
        else:
            pytest.fail("a connection that ended is still counted")


def test_a_renewed_certificate_is_no_second_allowance(stand_up) -> None:
    stand = stand_up(connections=2)
    north = stand.enrol("region-a")
    with contextlib.ExitStack() as stack:
        assert asked(stack.enter_context(opened(stand, north)))[0] == 200
        before = north.certificate.read_bytes()
        renew(stand.url, north)
        assert north.certificate.read_bytes() != before
        end = time.monotonic() + 10
        while time.monotonic() < end:  # the connection of the renewal is going
            second = stack.enter_context(opened(stand, north))
            if asked(second)[0] == 200:
                break
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
