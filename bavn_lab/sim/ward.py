"""What hospital machines and domain controllers say: HL7 over MLLP, DICOM, BACnet, SMB2, Kerberos.

Patients in it do not exist and have no numbers. Refuses to know who speaks and when.
"""

from typing import Final

from bavn.traffic.speech import noise
from bavn.traffic.talk import ConversationFacts, Talk, Turn, tcp, udp

MLLP_PORT: Final = 2575
_SOP_VERIFICATION: Final = b"1.2.840.10008.1.1"
_SYNTAX: Final = b"1.2.840.10008.1.2"
_CONTEXT: Final = b"1.2.840.10008.3.1.1.1"


def hl7(kind: str, messages: int, gap_us: int, *, sender: str, receiver: str, port: int = MLLP_PORT) -> Talk:
    """A connection with some messages (ADT^A01, ORU^R01, ...) and their acknowledgements."""
    turns = []
    for number in range(messages):
        head = f"MSH|^~\\&|{sender}|AFD|{receiver}|AFD|20260101||{kind}|{number}|P|2.5\r"
        text = head + f"PID|1||TEST{number:05d}||PRØVE^PATIENT\rPV1|1|I|AFD^1\rOBX|1|NM|K^KALIUM||4.1|mmol/L\r"
        turns.append(Turn(True, b"\x0b" + text.encode("latin-1") + b"\x1c\r", gap_us if number else 1_000))
        answer = f"MSH|^~\\&|{receiver}|AFD|{sender}|AFD|20260101||ACK|{number}|P|2.5\rMSA|AA|{number}\r"
        turns.append(Turn(False, b"\x0b" + answer.encode("latin-1") + b"\x1c\r", 5_000))
    return tcp(port, turns)


def dicom(caller: str, called: str, image_bytes: int, *, port: int = 104) -> Talk:
    """An association, one stored image, release (PDU types of PS3.8)."""
    aet = called.encode().ljust(16) + caller.encode().ljust(16) + bytes(32)
    context = _item(0x10, _CONTEXT)
    user = _item(0x50, _item(0x51, b"\0\0\x40\0"))
    ask = _item(0x20, b"\1\0\0\0" + _item(0x30, _SOP_VERIFICATION) + _item(0x40, _SYNTAX))
    accept = _item(0x21, b"\1\0\0\0" + _item(0x40, _SYNTAX))
    image = b"".join(
        _pdu(
            4,
            (min(4096, image_bytes - at) + 2).to_bytes(4, "big")
            + b"\1\0"
            + noise(f"{caller} {at}", min(4096, image_bytes - at)),
        )
        for at in range(0, image_bytes, 4096)
    )
    turns = (
        Turn(True, _pdu(1, b"\0\1\0\0" + aet + context + ask + user), 1_000),
        Turn(False, _pdu(2, b"\0\1\0\0" + aet + context + accept + user), 3_000),
        Turn(True, image, 2_000),
        Turn(False, _pdu(4, b"\0\0\0\x0c\1\3" + noise("stored", 10)), 8_000),
        Turn(True, _pdu(5, bytes(4)), 1_000),
        Turn(False, _pdu(6, bytes(4)), 1_000),
    )
    return tcp(port, turns)


def _item(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(2, "big") + body


def _pdu(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + len(body).to_bytes(4, "big") + body


def bacnet(instance: int) -> Talk:
    """A poll of one building controller: ReadProperty of a present value and its answer."""
    ask = bytes.fromhex("810a0011 0104 0005 010c 0c") + (0x400000 + instance).to_bytes(4, "big") + b"\x19\x55"
    answer = bytes.fromhex("810a0017 0100 30 01 0c 0c") + (0x400000 + instance).to_bytes(4, "big")
    answer += b"\x19\x55\x3e\x44" + noise(f"value {instance}", 4) + b"\x3f"
    return udp(47808, (Turn(True, ask, 0), Turn(False, answer, 4_000)))


def smb2(server: str, share: str, reads: int, read_bytes: int) -> Talk:
    """SMB 2.1: negotiate, session, tree, and some reads from an open file."""
    path = f"\\\\{server}\\{share}".encode("utf-16-le")
    token = b"NTLMSSP\0\1\0\0\0" + bytes(20)
    negotiate = b"\x24\0\1\0\1\0\0\0\0\0\0\0" + noise(server, 16) + bytes(8) + b"\x10\x02"
    negotiated = b"\x41\0\1\0\x10\x02\0\0" + noise(share, 16) + bytes.fromhex("01000000 00001000 00001000 00001000")
    negotiated += bytes(16) + b"\x80\0\0\0\0\0\0\0"
    session = b"\x19\0\0\1\1\0\0\0\0\0\0\0\x58\0" + len(token).to_bytes(2, "little") + bytes(8) + token
    tree = b"\x09\0\0\0\x48\0" + len(path).to_bytes(2, "little") + path
    messages = [
        (0, True, negotiate),
        (0, False, negotiated),
        (1, True, session),
        (1, False, b"\x09\0\0\0\x48\0\0\0"),
        (3, True, tree),
        (3, False, b"\x10\0\1\0\0\0\0\0\0\0\0\0\xff\1\x1f\0"),
    ]
    file_id = noise(f"{share} file", 16)
    for number in range(reads):
        read = (
            b"\x31\0\x50\0"
            + read_bytes.to_bytes(4, "little")
            + (number * read_bytes).to_bytes(8, "little")
            + file_id
            + bytes(4)
            + bytes(12)
            + b"\0"
        )
        got = b"\x11\0\x50\0" + read_bytes.to_bytes(4, "little") + bytes(8) + noise(f"{share} {number}", read_bytes)
        messages += [(8, True, read), (8, False, got)]
    turns = [
        Turn(up, _smb(command, number // 2, body, up=up), 1_500) for number, (command, up, body) in enumerate(messages)
    ]
    return tcp(445, turns, facts=ConversationFacts(app="smb"))


def _smb(command: int, number: int, body: bytes, *, up: bool) -> bytes:
    head = b"\xfeSMB\x40\0\1\0" + bytes(4) + command.to_bytes(2, "little") + b"\1\0"
    head += (0 if up else 1).to_bytes(4, "little") + bytes(4) + number.to_bytes(8, "little") + bytes(4)
    head += (5 if command > 1 else 0).to_bytes(4, "little") + (7 if command else 0).to_bytes(8, "little") + bytes(16)
    return b"\0" + (len(head) + len(body)).to_bytes(3, "big") + head + body


def kerberos(user: str, realm: str, service: str) -> Talk:
    """A ticket asked for and given over TCP (AS-REQ, AS-REP; RFC 4120 in the fewest fields that parse)."""
    name = _der(0x30, _ctx(0, _der(2, b"\1")) + _ctx(1, _der(0x30, _der(0x1B, user.encode()))))
    parts = b"".join(_der(0x1B, part.encode()) for part in service.split("/"))
    target = _der(0x30, _ctx(0, _der(2, b"\2")) + _ctx(1, _der(0x30, parts)))
    where = _der(0x1B, realm.encode())
    when = _der(0x18, b"20370913024805Z")
    kinds = _der(0x30, _der(2, b"\x12") + _der(2, b"\x11"))
    options = _der(3, b"\0\x40\x81\0\x10")
    body = _ctx(0, options) + _ctx(1, name) + _ctx(2, where) + _ctx(3, target) + _ctx(5, when)
    body += _ctx(7, _der(2, b"\x12\x34\x56\x78")) + _ctx(8, kinds)
    ask = _der(0x6A, _der(0x30, _ctx(1, _der(2, b"\5")) + _ctx(2, _der(2, b"\x0a")) + _ctx(4, _der(0x30, body))))
    sealed = _der(0x30, _ctx(0, _der(2, b"\x12")) + _ctx(1, _der(2, b"\2")) + _ctx(2, _der(4, noise(user, 180))))
    ticket = _der(0x61, _der(0x30, _ctx(0, _der(2, b"\5")) + _ctx(1, where) + _ctx(2, target) + _ctx(3, sealed)))
    given = _ctx(0, _der(2, b"\5")) + _ctx(1, _der(2, b"\x0b")) + _ctx(3, where) + _ctx(4, name)
    given += _ctx(5, ticket) + _ctx(6, sealed)
    said = ((True, ask), (False, _der(0x6B, _der(0x30, given))))
    turns = [Turn(up, len(text).to_bytes(4, "big") + text, 1_000) for up, text in said]
    return tcp(88, turns, facts=ConversationFacts(app="krb5"))


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    return bytes([tag, 0x82]) + size.to_bytes(2, "big") + body if size > 255 else bytes([tag, 0x81, size]) + body


def _ctx(number: int, body: bytes) -> bytes:
    return _der(0xA0 + number, body)
