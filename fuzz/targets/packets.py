"""What is read out of packets: captures, TLS, certificates, QUIC, SSH, and the evidence cut from them."""

import contextlib
import datetime as dt
import ssl
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from bavn.actor.evidence.bundle import packets_file
from bavn.actor.formats.headers import heads_of
from bavn.actor.formats.pcap import packets as evidence_packets
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.capture import rescue, survey
from bavn.actor.sense.handshakes.capture import read_capture
from bavn.actor.sense.handshakes.certificate import facts
from bavn.actor.sense.handshakes.folder import KexFolder
from bavn.actor.sense.handshakes.quic import keys_of
from bavn.app.analyst.packets.conversation import conversations
from bavn.app.analyst.packets.said import said_in
from bavn.traffic.speech import dicom
from bavn.traffic.talk import Talk
from fuzz.mutate import BYTES, Mutator
from fuzz.mutate_binary import CAPTURE, DER, TLS, as_pcap, as_pcapng, tls
from fuzz.seed import captures, put, scratch
from fuzz.target import Broken, Run, Target
from fuzz.targets.lines import every

_CLIENT, _SERVER = bytes((10, 0, 0, 5)), bytes((192, 0, 2, 7))
_BEGIN = 1_760_000_000


def _frame(src: bytes, dst: bytes, protocol: int, segment: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, min(20 + len(segment), 65_535), 1, 0, 64, protocol, 0) + src + dst
    return bytes(12) + b"\x08\0" + head + segment


def conversation(client: bytes, server: bytes, port: int = 443) -> list[tuple[int, int, bytes]]:
    """Packets of a TCP conversation in which the client speaks first."""
    found, at = [], {True: 1000, False: 5000}

    def send(by_client: bool, payload: bytes, flags: int) -> None:
        ends = (40_000, port) if by_client else (port, 40_000)
        segment = (
            struct.pack(">HHIIBBHHH", *ends, at[by_client], at[not by_client], 0x50, flags, 65_535, 0, 0) + payload
        )
        pair = (_CLIENT, _SERVER) if by_client else (_SERVER, _CLIENT)
        found.append((_BEGIN, len(found) * 1000, _frame(*pair, 6, segment)))
        at[by_client] = (at[by_client] + len(payload) + (flags >> 1 & 1)) % 2**32

    send(True, b"", 2)
    send(False, b"", 0x12)
    for by_client, data in ((True, client), (False, server)):
        for start in range(0, len(data), 1400):
            send(by_client, data[start : start + 1400], 0x18)
    send(True, b"", 0x11)
    return found


@cache
def certificates() -> tuple[bytes, ...]:
    """DER of certificates with keys of every kind."""
    made = []
    keys: tuple[tuple[object, object], ...] = (
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
        (rsa.generate_private_key(65537, 2048), hashes.SHA384()),
        (ed25519.Ed25519PrivateKey.generate(), None),
        (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    )
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x.dk"), x509.NameAttribute(NameOID.COUNTRY_NAME, "DK")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for key, digest in keys:
        builder = (
            x509.CertificateBuilder().subject_name(names).issuer_name(names).serial_number(7).not_valid_before(start)
        )
        builder = builder.not_valid_after(start + dt.timedelta(days=90)).public_key(key.public_key())  # type: ignore[attr-defined]
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName("x.dk"), x509.UniformResourceIdentifier("urn:x:y")]), False
        )
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
        made.append(builder.sign(key, digest).public_bytes(serialization.Encoding.DER))  # type: ignore[arg-type]
    holder = dsa.generate_private_key(1024).public_key()
    builder = x509.CertificateBuilder().subject_name(names).issuer_name(names).serial_number(1).not_valid_before(start)
    builder = builder.not_valid_after(start + dt.timedelta(days=90)).public_key(holder)
    made.append(builder.sign(keys[0][0], hashes.SHA256()).public_bytes(serialization.Encoding.DER))  # type: ignore[arg-type]
    return tuple(made)


@cache
def flights() -> tuple[tuple[bytes, bytes], ...]:
    """What client and server say in real handshakes of OpenSSL's, TLS 1.2 and 1.3."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x.dk")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7).public_key(key.public_key())
    )
    made = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=900)).sign(key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = put("tls/identity.pem", pem)
    found = []
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        ends, said = [], {True: b"", False: b""}
        for by_client in (True, False):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if by_client else ssl.PROTOCOL_TLS_SERVER)
            context.maximum_version = context.minimum_version = version
            if by_client:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            else:
                context.load_cert_chain(file)
            into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
            talk = context.wrap_bio(into, out, server_side=not by_client, server_hostname="x.dk" if by_client else None)
            ends.append((talk, into, out))
        for turn in range(8):
            (mine, _, out), (_, other_in, _) = (ends[0], ends[1]) if turn % 2 == 0 else (ends[1], ends[0])
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLError):
                mine.do_handshake()
            piece = out.read()
            said[turn % 2 == 0] += piece
            other_in.write(piece)
        found.append((said[True], said[False]))
    return tuple(found)


def _in_capture(pcap: bytes, *, must: bool = False) -> None:
    with contextlib.suppress(SourceBroken):
        parsed = read_capture(put("kex/x.pcap", pcap), "s")
        parsed.batch("kex", "m")
        if must and not parsed.tables:
            raise Broken("an honest conversation became no row")


def _parts(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:2], "big")
    return data[2 : 2 + length], data[2 + length :]


def _both(client: bytes, server: bytes) -> bytes:
    return len(client).to_bytes(2, "big") + client + server


def _either(inner: Mutator) -> Mutator:
    def change(dice, data):
        client, server = _parts(data)
        return (
            _both(inner(dice, client)[:60_000], server)
            if dice.random() < 0.4
            else _both(client, inner(dice, server)[:60_000])
        )

    return change


def _talk(port: int, honest: Callable[[], bytes]) -> Callable[[], Run]:
    def make() -> Run:
        known = honest()

        def run(data: bytes) -> None:
            _in_capture(as_pcap(conversation(*_parts(data), port)), must=data == known)

        return run

    return make


def with_certificate(der: bytes) -> bytes:
    """A TLS 1.2 conversation in which the server shows this certificate."""
    client, server = flights()[0]
    chain = len(der).to_bytes(3, "big") + der
    body = (len(chain)).to_bytes(3, "big") + chain
    message = b"\x0b" + len(body).to_bytes(3, "big") + body
    records, at, done = b"", 0, False
    while at + 5 <= len(server):
        length = int.from_bytes(server[at + 3 : at + 5], "big")
        body_, at = server[at + 5 : at + 5 + length], at + 5 + length
        if body_[:1] == b"\x0b" and not done:
            body_, done = b"", True
            for start in range(0, len(message), 16_000):
                piece = message[start : start + 16_000]
                records += b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece
            continue
        records += server[at - 5 - length : at]
    return _both(client, records)


def _certificate() -> Run:
    known = certificates()[0]

    def run(data: bytes) -> None:
        with contextlib.suppress(ValueError):
            facts(data)
        if len(data) < 60_000:
            _in_capture(as_pcap(conversation(*_parts(with_certificate(data)))), must=data == known)

    return run


def _quic_packet(frames: bytes, version: int = 1, dcid: bytes = b"12345678") -> bytes:
    """An Initial packet that opens to these frames."""
    keys = keys_of(version, dcid, client=True)
    frames = (frames + bytes(max(0, 40 - len(frames))))[:60_000]
    length = len(frames) + 16 + 4
    head = bytes([0xC3]) + version.to_bytes(4, "big") + bytes([len(dcid)]) + dcid + b"\0" + b"\0"
    head += (length | 0x80000000).to_bytes(4, "big")
    number = b"\0\0\0\1"
    nonce = bytes(a ^ b for a, b in zip(keys.iv, number.rjust(12, b"\0"), strict=True))
    sealed = AESGCM(keys.key).encrypt(nonce, frames, head + number)
    mask = Cipher(algorithms.AES(keys.hp), modes.ECB()).encryptor().update(sealed[:16])
    return (
        bytes([head[0] ^ mask[0] & 0x0F])
        + head[1:]
        + bytes(a ^ b for a, b in zip(number, mask[1:5], strict=True))
        + sealed
    )


def _quic() -> Run:
    def run(data: bytes) -> None:
        """The first byte: sealed frames, or a datagram as it is."""
        datagram = _quic_packet(data[1:]) if data[:1] < b"\x80" else data[1:65_000]
        segment = struct.pack(">HHHH", 40_000, 443, min(len(datagram) + 8, 65_535), 0) + datagram
        _in_capture(
            as_pcap(
                [(_BEGIN, 1, _frame(_CLIENT, _SERVER, 17, segment)), (_BEGIN, 9, _frame(_CLIENT, _SERVER, 17, segment))]
            )
        )

    return run


def _quic_seeds() -> list[bytes]:
    hello = flights()[1][0][5:]
    hello = hello[: 4 + int.from_bytes(hello[1:4], "big")]
    crypto = b"\x06\0" + (len(hello) | 0x4000).to_bytes(2, "big") + hello
    split = (
        b"\x06\0\x40\x80"
        + hello[:128]
        + b"\x01"
        + b"\x06\x40\x80"
        + (len(hello) - 128 | 0x4000).to_bytes(2, "big")
        + hello[128:]
    )
    ack = b"\x02\x05\x00\x01\x01\x00\x00" + crypto
    return [b"\0" + crypto, b"\0" + split, b"\0" + ack, b"\xff" + _quic_packet(crypto), b"\xff" + _quic_packet(split)]


def _ssh_seeds() -> list[bytes]:
    def kexinit(methods: bytes) -> bytes:
        lists = b"".join(
            len(text).to_bytes(4, "big") + text
            for text in (
                methods,
                b"ssh-ed25519",
                *[b"aes128-ctr"] * 2,
                *[b"hmac-sha2-256"] * 2,
                *[b"none"] * 2,
                b"",
                b"",
            )
        )
        body = b"\x14" + bytes(16) + lists + b"\0" + bytes(4)
        pad = 8 - (len(body) + 5) % 8 + 8
        return (len(body) + pad + 1).to_bytes(4, "big") + bytes([pad]) + body + bytes(pad)

    return [
        _both(
            b"SSH-2.0-OpenSSH_9\r\n" + kexinit(b"curve25519-sha256,ext-info-c"),
            b"SSH-2.0-x\r\n" + kexinit(b"curve25519-sha256"),
        )
    ]


def _said(talk: Talk) -> bytes:
    """What both sides of a made conversation say."""
    client, server = (b"".join(one.payload for one in talk.packets if one.to_server is up) for up in (True, False))
    return _both(client, server)


def _dicom_seeds() -> list[bytes]:
    return [_said(dicom("STATION", "ARCHIVE", 3))]


def _hl7_seeds() -> list[bytes]:
    sent = b"\x0bMSH|^~\\&|ADT|HOSPITAL|EPJ|REGION|20260101||ADT^A01|1|P|2.5\rPID|1\r\x1c\r"
    return [_both(sent * 2, b"\x0bMSH|^~\\&|EPJ|REGION|ADT|HOSPITAL|20260101||ACK|1|P|2.5\rMSA|AA|1\r\x1c\r")]


def capture_seeds() -> list[bytes]:
    own = conversation(*flights()[0]) + conversation(*flights()[1])
    return [
        as_pcap(own),
        as_pcapng([(0, 1, frame) for _, _, frame in own[:6]], 1, struct.pack("<HHB3xHH", 9, 1, 6, 0, 0)),
        *captures(),
    ]


def _capture() -> Run:
    engine_folder = Path("kexring")
    known = capture_seeds()[0]

    def run(data: bytes) -> None:
        path = put(f"{engine_folder}/x.pcap", data)
        _in_capture(data, must=data == known)
        with contextlib.suppress(SourceBroken):
            survey(path)
            rescue(path, scratch() / "rescued.pcap")
        source = KexFolder(name="kex", sensor="s", folder=path.parent)
        with contextlib.suppress(SourceBroken):
            every(source.poll())
            every(source.poll())
        kept = []
        for packet in evidence_packets(path):
            heads_of(packet.linktype, packet.data)
            kept.append(packet)
        list(evidence_packets(path, [_CLIENT]))
        if kept:
            packets_file(kept[:50], cut=False)

    return run


def _smb_request() -> bytes:
    """SMB 2's request for a share."""
    share = "\\\\srv\\C$".encode("utf-16-le")
    message = struct.pack("<4sHHIHHIIQQQ16x", b"\xfeSMB", 64, 0, 0, 3, 1, 0, 0, 0, 0, 0)
    message += struct.pack("<HHHH", 9, 0, 72, len(share)) + share
    return struct.pack("!I", len(message)) + message


def _conversation() -> Run:
    known = capture_seeds()[0]

    def run(data: bytes) -> None:
        found = list(evidence_packets(put("talks/x.pcap", data)))[:200]
        talks, _ = conversations(found)
        assert talks or data != known
        for talk in talks:
            for turn in said_in(talk)[1]:
                assert all(line.isprintable() for line in (turn.head, *turn.lines))
                assert turn.hidden >= 0

    return run


TARGETS = (
    Target(
        name="conversation",
        covers=tuple(f"module:bavn.app.analyst.packets.{part}" for part in ("conversation", "said", "smb")),
        forms=CAPTURE,
        seeds=lambda: [*capture_seeds(), as_pcap(conversation(_smb_request(), b"", 445))],
        make=_conversation,
        honest=None,
    ),
    Target(
        name="capture",
        covers=(
            "source:KexFolder",
            "module:bavn.actor.sense.handshakes.packets",
            "module:bavn.actor.sense.capture",
            "module:bavn.actor.formats.pcap",
            "module:bavn.actor.formats.headers",
            "module:bavn.actor.evidence.bundle",
        ),
        forms=CAPTURE,
        seeds=capture_seeds,
        make=_capture,
        honest=None,
    ),
    Target(
        name="tls",
        covers=("module:bavn.actor.formats.tls_hello", "module:bavn.actor.sense.handshakes.talk"),
        forms=(_either(tls), _either(tls), *(_either(one) for one in BYTES)),
        seeds=lambda: [_both(*pair) for pair in flights()],
        make=_talk(443, lambda: _both(*flights()[0])),
    ),
    Target(
        name="certificate",
        covers=("module:bavn.actor.sense.handshakes.certificate",),
        forms=DER * 3,
        seeds=lambda: list(certificates()),
        make=_certificate,
    ),
    Target(
        name="quic",
        covers=("module:bavn.actor.sense.handshakes.quic",),
        forms=(*TLS, *BYTES),
        seeds=_quic_seeds,
        make=_quic,
    ),
    Target(
        name="ssh",
        covers=("module:bavn.actor.sense.handshakes.ssh",),
        forms=tuple(_either(one) for one in BYTES),
        seeds=_ssh_seeds,
        make=_talk(22, lambda: _ssh_seeds()[0]),
    ),
    Target(
        name="dicom",
        covers=("module:bavn.actor.sense.handshakes.dicom", "module:bavn.actor.sense.handshakes.clinical"),
        forms=tuple(_either(one) for one in BYTES),
        seeds=_dicom_seeds,
        make=_talk(11112, lambda: _dicom_seeds()[0]),
    ),
    Target(
        name="hl7",
        covers=("module:bavn.actor.sense.handshakes.hl7",),
        forms=tuple(_either(one) for one in BYTES),
        seeds=_hl7_seeds,
        make=_talk(2575, lambda: _hl7_seeds()[0]),
    ),
)
