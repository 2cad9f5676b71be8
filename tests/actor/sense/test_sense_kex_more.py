"""Key exchanges of QUIC and SSH, and out of captures of every kind, whole and broken."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_kex import CLIENT, NAME, SERVER, handshake, one, packets, rows

from bavn.actor.formats.tls_hello import HelloMalformed
from bavn.actor.sense.handshakes.capture import CaptureKex, read_capture, table_of
from bavn.actor.sense.handshakes.packets import Packet
from bavn.actor.sense.handshakes.quic import Initial, crypto_frames, initials, keys_of, opened
from bavn.actor.sense.handshakes.reader import KexReader
from bavn.actor.sense.handshakes.ssh import agreed, kexinit
from bavn.model.intel.cryptonames import CIPHERS, GROUPS, Safety, safest, safety_of
from bavn.model.record import TABLES, address_text

# --- QUIC


def varint(number, width=2):
    return (number | {1: 0, 2: 1, 4: 2, 8: 3}[width] << (8 * width - 2)).to_bytes(width)


def sealed(frames, dcid, *, client, version=1, number=0, scid=b"", token=b""):
    """An Initial packet, protected as RFC 9001 says."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    keys = keys_of(version, dcid, client=client)
    kind = {1: 0, 0x6B3343CF: 1}[version]
    to = dcid if client else scid
    head = bytes([0xC1 | kind << 4]) + version.to_bytes(4) + bytes([len(to)]) + to + bytes([4]) + b"scid"
    head += varint(len(token)) + token + varint(len(frames) + 2 + 16, 4)
    nonce = (int.from_bytes(keys.iv) ^ number).to_bytes(12)
    body = AESGCM(keys.key).encrypt(nonce, frames, head + number.to_bytes(2))
    sample = (number.to_bytes(2) + body)[4:20]
    mask = Cipher(AES(keys.hp), ECB()).encryptor().update(sample)
    hidden = bytes(a ^ b for a, b in zip(number.to_bytes(2), mask[1:], strict=False))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:] + hidden + body


def crypto(offset, piece):
    return b"\x06" + varint(offset, 4) + varint(len(piece)) + piece


def datagram(number, payload, by_client=True):
    src, dst = (CLIENT, SERVER) if by_client else (SERVER, CLIENT)
    return Packet(number, number, 17, src[0], dst[0], src[1], dst[1], 0, 0, 0, payload)


def test_quic_s_keys_are_those_of_rfc_9001_and_of_a_retry_and_other_udp_is_passed(identity):
    keys = keys_of(1, bytes.fromhex("8394c8f03e515708"), client=True)
    assert keys.key.hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert keys.iv.hex() == "fa044b2f42a3fd3b46fb255c"
    assert keys.hp.hex() == "9f50449e04a0e810283a1e9933adedd2"
    (_, hello), *_ = handshake(identity)
    message = hello[5:]
    one_time, then = b"\x01" * 8, b"\x02" * 8
    first = sealed(crypto(0, message) + bytes(10), one_time, client=True)
    again = sealed(crypto(0, message) + bytes(10), then, client=True, token=b"t" * 40, number=1)
    assert one([datagram(1, first), datagram(2, again)])["name"] == NAME
    assert list(initials(b"\xf0" + first[1:])) == []
    taken = rows([datagram(1, b"\xc3\0\0\0\x01\x08" + bytes(1400))])
    assert (taken.rows, taken.refused, taken.passed) == ([], [], 1)


@pytest.mark.parametrize("version", [1, 0x6B3343CF])
def test_quic_hellos_over_two_datagrams_are_opened(identity, version):
    (_, hello), (_, answer), *_ = handshake(identity)
    message, dcid = hello[5:], b"\x83\x94\xc8\xf0\x3e\x51\x57\x08"
    size = int.from_bytes(answer[3:5])
    cut = [(700, message[700:]), (0, message[:300]), (300, message[300:700])]
    first = sealed(crypto(*cut[0]) + b"\x01" + bytes(700), dcid, client=True, version=version)
    second = sealed(crypto(*cut[1]) + crypto(*cut[2]) + bytes(700), dcid, client=True, version=version, number=1)
    ack = b"\x02" + varint(1) + varint(0) + varint(0) + varint(0)
    back = sealed(ack + crypto(0, answer[5 : 5 + size]), dcid, client=False, version=version, scid=b"abcd")
    got = one([datagram(1, first), datagram(2, second), datagram(3, back, by_client=False)])
    assert (got["protocol"], got["version"], got["negotiated_group"]) == ("quic", "TLS 1.3", "X25519MLKEM768")
    assert (got["name"], got["proto"]) == (NAME, "udp")


@given(st.binary(max_size=1500))
def test_any_datagram_is_taken(raw):
    reader = KexReader()
    reader.feed(datagram(1, b"\xc3\0\0\0\x01" + raw))
    for initial in initials(raw):
        assert isinstance(initial, Initial)
        opened(initial, keys_of(1, b"", client=True))
    try:
        assert all(offset >= 0 for offset, _ in crypto_frames(raw))
    except ValueError as error:
        assert str(error)


# --- SSH


def init(methods, host_keys="ssh-ed25519", ciphers="aes128-ctr", greeting=b"SSH-2.0-Test_1\r\n"):
    names = [methods, host_keys, ciphers, ciphers, *["none"] * 4, "", ""]
    payload = b"\x14" + bytes(16) + b"".join(len(n).to_bytes(4) + n.encode() for n in names) + bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 4
    return greeting + (len(payload) + padding + 1).to_bytes(4) + bytes([padding]) + payload + bytes(padding)


def test_ssh_agrees_on_the_clients_first_and_the_columns_are_the_records():
    client = init("mlkem768x25519-sha256,curve25519-sha256,kex-strict-c-v00@openssh.com", "ssh-ed25519,rsa-sha2-256")
    server = init("kex-strict-s-v00@openssh.com,curve25519-sha256", "rsa-sha2-256")
    assert kexinit(b"welcome\r\n" + server).host_keys == ("rsa-sha2-256",)
    got = one(
        packets([(False, server[:9]), (False, server[9:]), (True, client)], client=CLIENT, server=(SERVER[0], 22))
    )
    assert (got["negotiated_group"], got["signature"], got["cipher"]) == (
        "curve25519-sha256",
        "rsa-sha2-256",
        "aes128-ctr",
    )
    assert safest(got["offered_groups"]) is Safety.HYBRID
    assert agreed(("a",), ("b",)) is None
    assert safety_of("sntrup761x25519-sha512@openssh.com") is Safety.HYBRID
    table = table_of([], "kex", "s")
    assert table.schema.names == [column.name for column in TABLES["kex"]]
    assert len(set(CIPHERS.values())) == len(CIPHERS)
    assert len(set(GROUPS.values())) == len(GROUPS)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_a_kexinit_or_malformed_or_not_there_yet(raw, cut):
    for data in (raw, b"SSH-2.0-x\r\n" + raw, init("a,b")[:cut]):
        try:
            found = kexinit(data)
        except HelloMalformed as error:
            assert str(error)
        else:
            assert found is None or isinstance(found.methods, tuple)


# --- captures


def pcap(frames, linktype=1, order="<", nano=False):
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    made = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, linktype)
    for ts_us, frame in frames:
        fraction = ts_us % 1_000_000 * (1000 if nano else 1)
        made += struct.pack(order + "IIII", ts_us // 1_000_000, fraction, len(frame), len(frame)) + frame
    return made


def pcapng(frames, linktype=1):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    made = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    made += block(1, struct.pack("<HHI", linktype, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + bytes(4))
    for ts_us, frame in frames:
        ns = ts_us * 1000
        made += block(6, struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return made


def ip4(packet):
    tcp = (
        struct.pack(
            ">HHIIBBHHH", packet.src_port, packet.dst_port, packet.seq, packet.ack, 0x50, packet.flags, 1000, 0, 0
        )
        + packet.payload
    )
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + packet.src + packet.dst + tcp


ETHERNET = bytes(12) + b"\x08\0"
LINKS = {1: ETHERNET, 101: b"", 113: bytes(14) + b"\x08\0", 276: b"\x08\0" + bytes(18), 0: b"\x02\0\0\0"}


@pytest.mark.parametrize(
    ("form", "linktype"),
    [("vlan", 1), *((form, link) for form in ("pcap", "nano", "big", "pcapng", "gzip") for link in sorted(LINKS))],
)
def test_every_kind_of_capture_gives_the_same_rows(identity, tmp_path, linktype, form):
    import gzip

    before = LINKS[linktype]
    if form == "vlan":
        before = bytes(12) + b"\x81\0\0\x07\x88\xa8\0\x09\x08\0"
    frames = [(1_700_000_000_000_000 + p.ts_us, before + ip4(p)) for p in packets(handshake(identity))]
    raw = (
        pcapng(frames, linktype)
        if form == "pcapng"
        else pcap(frames, linktype, ">" if form == "big" else "<", nano=form == "nano")
    )
    file = tmp_path / "c"
    file.write_bytes(gzip.compress(raw) if form == "gzip" else raw)
    parsed = read_capture(file, "s")
    assert (parsed.lines, parsed.refused, parsed.passed) == (1, 0, 0)
    (row,) = parsed.tables["kex"].to_pylist()
    assert (row["negotiated_group"], row["sensor"], address_text(row["src"])) == ("X25519MLKEM768", "s", "10.0.0.5")
    assert row["ts"].isoformat() == "2023-11-14T22:13:20.001000"


def test_a_broken_capture_gives_what_stands_before_the_damage(identity, tmp_path):
    frames = [(p.ts_us, ETHERNET + ip4(p)) for p in packets(handshake(identity))]
    file = tmp_path / "c.pcap"
    file.write_bytes(pcap(frames) + b"\xff" * 40)
    made = CaptureKex(file, "s")
    assert made.damage is not None
    assert made.parsed.lines == 1


@given(st.binary(max_size=600), st.sampled_from([b"", b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b"]))
@settings(deadline=None)
def test_any_file_is_read_or_damaged(tmp_path_factory, raw, magic):
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(magic + raw)
    made = CaptureKex(file, "s")
    assert made.parsed.lines == sum(t.num_rows for t in made.parsed.tables.values()) + made.parsed.refused + (
        made.parsed.passed
    )


@given(st.lists(st.binary(max_size=120), max_size=8), st.sampled_from([0, 1, 101, 113, 276, 228, 777]))
@settings(deadline=None)
def test_any_frames_are_opened_or_passed_over(tmp_path_factory, frames, linktype):
    file = tmp_path_factory.getbasetemp() / "frames"
    file.write_bytes(pcap([(n, ETHERNET + frame) for n, frame in enumerate(frames)], linktype))
    made = CaptureKex(file, "s")
    assert (made.packets, made.damage) == (len(frames), None)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "protocol", "group"),
    [
        ("tls_chrome-1250-tls-x25519-kyber.pcap", "tls", "X25519Kyber768Draft00"),
        ("ssh_ssh_kex_mlkem.pcap", "ssh", "mlkem768x25519-sha256"),
    ],
)
def test_real_post_quantum_captures(data, file, protocol, group):
    (row,) = read_capture(Path(data) / "captures/pcap/benign/pq-tls" / file, "s").tables["kex"].to_pylist()
    assert (row["protocol"], row["negotiated_group"]) == (protocol, group)
