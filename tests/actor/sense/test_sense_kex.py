"""Key exchanges out of packets: real handshakes of OpenSSL's in memory, cut up, mixed and broken."""

import random
import ssl

import communityid
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import given, settings
from hypothesis import strategies as st
from making_kex import CLIENT, NAME, SERVER, handshake, old, one, only, packets, plain_rsa, rows

from bavn.actor.formats.headers import TCP
from bavn.actor.formats.tls_hello import HelloMalformed, client_hello
from bavn.actor.sense.handshakes import stream as kex_stream
from bavn.actor.sense.handshakes.packets import Packet
from bavn.actor.sense.handshakes.reader import KexReader
from bavn.model.intel.cryptonames import GROUPS, Safety, greased, safest, safety_of
from bavn.traffic.hello import client_hello as made_hello
from bavn.traffic.hello import record
from bavn.traffic.stacks import STACKS


def test_a_hybrid_a_classical_answer_and_a_retry_each_show(identity):
    got = one(packets(handshake(identity)))
    assert (got["protocol"], got["version"], got["name"]) == ("tls", "TLS 1.3", NAME)
    assert got["negotiated_group"] == "X25519MLKEM768"
    assert safety_of(got["negotiated_group"]) is Safety.HYBRID
    assert got["offered_groups"][:2] == ["X25519MLKEM768", "x25519"]
    assert got["key_shares"] == ["X25519MLKEM768", "x25519"]
    assert (got["retried"], got["resumed"], got["ech"]) == (False, False, False)
    assert got["cipher"] == "TLS_AES_256_GCM_SHA384"
    assert "cert" not in got  # it is encrypted
    got = one(packets(handshake(identity, server=only("X25519"))))
    assert got["negotiated_group"] == "x25519"
    assert safest(got["offered_groups"]) is Safety.HYBRID
    assert not got["retried"]
    got = one(packets(handshake(identity, server=only("secp384r1"))))
    assert (got["negotiated_group"], got["retried"]) == ("secp384r1", True)
    assert got["key_shares"] == ["X25519MLKEM768", "x25519"]


@pytest.mark.parametrize(("kind", "key", "bits"), [("EC", "EC secp256r1", 256), ("RSA", "RSA", 2048)])
def test_before_tls_13_the_certificate_shows(identity, kind, key, bits):
    got = one(packets(handshake(identity, kind, client=old)))
    assert (got["version"], got["negotiated_group"]) == ("TLS 1.2", "x25519")
    assert (got["cert_key"], got["cert_key_bits"], got["self_signed"]) == (key, bits, True)
    assert got["cert_signature"] in ("ecdsa-with-SHA256", "sha256WithRSAEncryption")
    assert got["cert_subject"] == f"CN={NAME}"
    der = ssl.PEM_cert_to_DER_cert(identity[kind].read_text().partition("-----END PRIVATE KEY-----\n")[2])
    assert got["cert"] == x509.load_der_x509_certificate(der).fingerprint(SHA1()).hex()
    assert (got["notafter"] - got["notbefore"]).days == 90
    assert got["signature"] in ("ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256")


def test_a_rsa_key_an_alert_and_an_early_answer_show(identity):
    got = one(packets(handshake(identity, "RSA", client=plain_rsa, server=plain_rsa)))
    assert (got["cipher"], got["negotiated_group"]) == ("TLS_RSA_WITH_AES_128_CBC_SHA", "RSA")
    assert safety_of(got["negotiated_group"]) is Safety.CLASSICAL
    begun, rest = packets(handshake(identity))[:2], packets(handshake(identity))[2:]
    hello = [p for p in rest if p.src == CLIENT[0]][:2]
    answer = [p for p in rest if p.src == SERVER[0]]
    assert one([*begun, *answer, *hello])["version"] == "TLS 1.3"
    got = one(packets(handshake(identity, client=old, server=lambda c: setattr(c, "minimum_version", 772))))
    assert got.get("version") is None
    assert got["offered_versions"] == ["TLS 1.2"]


@pytest.mark.parametrize("size", [1, 7, 100, 536, 9000])
@pytest.mark.parametrize("change", [None, old])
def test_however_the_bytes_are_cut_the_row_is_the_same(identity, size, change):
    flights = handshake(identity, client=change)
    whole, cut = (one(packets(flights, n, first=1)) for n in (60_000, size))
    assert whole == cut


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_doubles_and_overlaps_do_not_matter(identity_flights, data):
    """Each side's packets in any order near their own (a later flight never before its cause), some twice."""
    flights, wanted = identity_flights
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    made = packets(flights, data.draw(st.integers(40, 900)))
    begun, mixed, at = made[:2], [], 2
    for by_client, said in flights:
        side = (CLIENT if by_client else SERVER)[0]
        mine = [p for p in made[at:] if p.src == side]
        flight, size = [], 0
        for packet in mine:
            if size < len(said):
                flight.append(packet)
                size += len(packet.payload)
        at += len(flight)
        again = [flight[dice.randrange(len(flight))] for _ in range(dice.randrange(4))]
        longer = [p._replace(seq=(p.seq - 5) % 2**32, payload=b"\xee" * 5 + p.payload) for p in flight[1:2]]
        shuffled = [*flight, *again]
        dice.shuffle(shuffled)
        mixed += [*shuffled, *longer]
    got = one([*begun, *mixed])
    assert {k: v for k, v in got.items() if k not in ("ts_us", "number")} == wanted


def test_a_hello_of_several_records_in_halves_or_one_sided_is_put_together_or_passed(identity):
    (_, hello), *rest = handshake(identity)
    body = hello[5:]
    pieces = b"".join(record(22, body[at : at + 90], 0x0301) for at in range(0, len(body), 90))
    whole = one(packets([(True, hello), *rest]))
    assert one(packets([(True, pieces), *rest])) == whole
    flights = handshake(identity)
    whole = one(packets(flights))
    assert one(packets(flights, syn=False))["negotiated_group"] == whole["negotiated_group"]
    starttls = [(False, b"220 mail ESMTP\r\n"), (True, b"STARTTLS\r\n"), (False, b"220 go\r\n"), *flights]
    assert one(packets(starttls))["negotiated_group"] == whole["negotiated_group"]
    alone = one([p for p in packets(flights) if p.src == CLIENT[0]])
    assert alone["offered_groups"] == whole["offered_groups"]
    assert alone.get("version") is None
    assert rows([p for p in packets(flights) if p.src == SERVER[0]]).rows == []
    (_, hello), *_ = handshake(identity)
    taken = rows(packets([(True, hello[:300])]))
    assert (taken.rows, taken.refused, taken.passed) == ([], [], 1)


def test_ports_used_again_are_two_conversations(identity):
    first, second = handshake(identity), handshake(identity, server=only("X25519"))
    a, b = (
        packets(first),
        [p._replace(seq=(p.seq + 9999) % 2**32, ack=(p.ack + 9999) % 2**32) for p in packets(second, first=500)],
    )
    assert [row["negotiated_group"] for row in rows(a, b).rows] == ["X25519MLKEM768", "x25519"]


@pytest.mark.parametrize("opened", ["syn", "twice", "syn-ack", "both"])
def test_a_syn_with_other_numbers_hides_nothing(identity, opened):
    """A SYN that nobody answered, or that somebody else sent, under the same addresses and ports: fuzzing met it, and
    the conversation was never heard of."""
    real = packets(handshake(identity))
    syn, answer = (real[at]._replace(number=0, ts_us=0) for at in (0, 1))
    false = {
        "syn": [syn._replace(seq=197_608)],
        "twice": [syn._replace(seq=197_608), syn._replace(seq=7)],
        "syn-ack": [answer._replace(seq=99, ack=77)],
        "both": [syn._replace(seq=197_608), answer._replace(seq=99, ack=197_609)],
    }[opened]
    expected = one(real)
    for begin in (false + real, [real[0], *false, *real[1:]], [*real[:2], *false, *real[2:]]):
        got = one(begin)
        assert {name: got[name] for name in ("version", "cipher", "negotiated_group", "name")} == {
            name: expected[name] for name in ("version", "cipher", "negotiated_group", "name")
        }


def test_grease_ech_and_the_community_id_of_a_hello():
    stack = next(stack for stack in STACKS.values() if stack.grease)
    hello = client_hello(made_hello(stack, "www.dr.dk")[9:])
    assert hello.groups == tuple(GROUPS[g] for g in stack.groups)
    assert len(hello.ciphers) == len(stack.ciphers)
    assert not any(name.startswith("0x0a0a") for name in (*hello.groups, *hello.ciphers, *hello.versions))
    assert hello.ech == (65037 in stack.extensions)
    assert [greased(n) for n in (0x0A0A, 0xFAFA, 0x0A1A, 0x1301, 0)] == [True, True, False, False, False]
    got = one(packets([(True, made_hello(_any_stack(), "x.dk"))]))
    flow = communityid.FlowTuple.make_tcp("10.0.0.5", "192.0.2.7", 40000, 443)
    assert got["community_id"] == communityid.CommunityID().calc(flow)
    false = record(22, b"\x01\0\0\x05\x03\x03\0\0\0")
    taken = rows(packets([(True, false)]))
    assert (taken.rows, taken.passed) == ([], 0)
    assert [(n, why.en) for n, why in taken.refused] == [(1, "breaks off at byte 5")]


def _any_stack():
    return next(iter(STACKS.values()))


# --- what does not parse


@given(st.binary(max_size=400))
def test_any_bytes_are_a_hello_or_malformed(raw):
    try:
        found = client_hello(raw)
    except HelloMalformed as error:
        assert str(error)
    else:
        assert all(isinstance(name, str) for name in (*found.groups, *found.ciphers))


PIECES = st.tuples(st.integers(0, 2), st.booleans(), st.integers(-200, 200), st.binary(max_size=80))


@given(st.lists(PIECES, max_size=40), st.integers(0, 3))
@settings(deadline=None)
def test_any_packets_have_outcomes_and_bounded_streams(some, begin):
    """Whatever comes on few connections: no error, and one outcome for each conversation that began."""
    starts = {0: b"\x16\x03\x01\0\x40\x01", 1: b"SSH-2.0-x\r\n", 2: b"", 3: b"\x16\x03"}
    reader = KexReader()
    begun = set()
    for number, (port, by_client, seq, payload) in enumerate(some, 1):
        src, dst = (CLIENT, SERVER) if by_client else (SERVER, CLIENT)
        data = starts[begin] + payload if number == 1 else payload
        flags = 0x02 if seq == 0 and by_client else 0x18
        begun.add(port)
        reader.feed(
            Packet(
                number,
                number,
                TCP,
                src[0],
                dst[0],
                src[1] + port,
                dst[1] + port,
                seq % 2**32,
                (seq + 5) % 2**32,
                flags,
                data,
            )
        )
    reader.settle()
    taken = reader.take()
    assert len(taken.rows) + len(taken.refused) + taken.passed <= len(some)
    assert reader.take().rows == []


@given(st.lists(st.tuples(st.integers(-300, 300), st.binary(min_size=1, max_size=60)), max_size=60))
def test_a_stream_is_what_came_first_for_each_place(pieces):
    """Beside a slow model: a dictionary of places."""
    stream, base = kex_stream.Stream(1000), 1000
    model: dict[int, int] = {}
    for offset, piece in pieces:
        stream.add((base + offset) % 2**32, piece)
        for at, byte in enumerate(piece, offset):
            if at >= 0:
                model.setdefault(at, byte)
    length = next(n for n in range(10_000) if n not in model)
    if stream.full:
        return
    assert len(stream.data) == length
    if all(len({dict(enumerate(p, o)).get(at) for o, p in pieces} - {None}) <= 1 for at in range(length)):
        assert bytes(stream.data) == bytes(model[at] for at in range(length))


def test_a_stream_gives_up_at_its_bounds():
    stream = kex_stream.Stream(0)
    for number in range(kex_stream.WAITING_MAX + 1):
        stream.add(10 + 20 * number, b"x")
    assert stream.full
    big = kex_stream.Stream(0)
    big.add(0, bytes(kex_stream.BYTES_MAX))
    assert big.full
    assert not big.add(kex_stream.BYTES_MAX, b"x")


def test_more_conversations_than_fit_are_given_as_they_stand(monkeypatch):
    monkeypatch.setattr("bavn.actor.sense.handshakes.reader.CONVERSATIONS_MAX", 50)
    monkeypatch.setattr("bavn.actor.sense.handshakes.reader.TALKING_MAX", 10)
    hello = [(True, made_hello(_any_stack(), "x.dk"))]
    many = [packets(hello, client=(CLIENT[0], 1000 + n), first=10 * n + 1) for n in range(300)]
    reader = KexReader()
    for conversation in many:
        for packet in conversation:
            reader.feed(packet)
        assert len(reader._known) <= 50
        assert len(reader._talking) <= 10
    reader.settle()
    assert len(reader.take().rows) == 300
