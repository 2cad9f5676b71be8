"""What the everyday protocols say: DNS, NTP, HTTP, mail, DICOM. Templates only; refuses to know who speaks and when."""

import hashlib
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from bavn.traffic.talk import ConversationFacts, Fresh, Talk, Turn, tcp, udp

DNS_PORT: Final = 53
RR: Final = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "HTTPS": 65, "NULL": 10}
RCODE: Final = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3}
_NAME_AT: Final = 12


def dns(
    name: str,
    rrtype: str = "A",
    answers: tuple[str, ...] = (),
    *,
    rcode: str = "NOERROR",
    ttl_s: int = 300,
    fresh_chars: int = 0,
) -> Talk:
    """A question to a resolver and its answer. The first ``fresh_chars`` characters of ``name``'s first label (at most
    63) differ from flow to flow: the pool holds the id and then those characters. ValueError for a label too long."""
    labels = name.split(".")
    if any(not 1 <= len(label) <= 63 for label in labels) or fresh_chars > len(labels[0]):
        raise ValueError(f"no such name: {name!r}")
    asked = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = asked + RR[rrtype].to_bytes(2, "big") + b"\0\1"
    records = b"".join(_record(rrtype, text, ttl_s) for text in answers)
    flags = (0x8180 | RCODE[rcode]).to_bytes(2, "big")
    counts = b"\0\1" + len(answers).to_bytes(2, "big") + bytes(4)
    fresh = [Fresh(0, 2, 0)]
    if fresh_chars:
        fresh.append(Fresh(_NAME_AT + 1, fresh_chars, 2))
    turns = (
        Turn(True, b"\0\0\1\0\0\1" + bytes(6) + question, 0, tuple(fresh)),
        Turn(False, b"\0\0" + flags + counts + question + records, 300, tuple(fresh)),
    )
    facts = ConversationFacts(app="dns", rrname=name, rrtype=rrtype, rcode=rcode, answers=answers)
    return udp(DNS_PORT, turns, pool_bytes=2 + fresh_chars, facts=facts)


def _record(rrtype: str, text: str, ttl_s: int) -> bytes:
    """One answer, its name a pointer to the question's."""
    if rrtype == "A":
        data = IPv4Address(text).packed
    elif rrtype == "AAAA":
        data = IPv6Address(text).packed
    elif rrtype in ("TXT", "NULL"):
        raw = text.encode()
        data = b"".join(bytes([len(raw[at : at + 255])]) + raw[at : at + 255] for at in range(0, len(raw), 255))
    else:
        data = b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"
        data = (b"\0\x0a" + data) if rrtype == "MX" else data
    head = b"\xc0\x0c" + RR[rrtype].to_bytes(2, "big") + b"\0\1" + ttl_s.to_bytes(4, "big")
    return head + len(data).to_bytes(2, "big") + data


def ntp() -> Talk:
    """A client's question (version 4) and a server's answer of stratum 2; transmit times are the flow's own."""
    ask = b"\x23\0\x06\xec" + bytes(44)
    answer = b"\x24\x02\x06\xec" + bytes(44)
    turns = (Turn(True, ask, 0, (Fresh(40, 8, 0),)), Turn(False, answer, 50, (Fresh(24, 8, 0), Fresh(32, 16, 8))))
    return udp(123, turns, pool_bytes=24, facts=ConversationFacts(app="ntp"))


def http(
    host: str,
    url: str,
    *,
    method: str = "GET",
    agent: str = "Mozilla/5.0",
    body_bytes: int = 0,
    status: int = 200,
    answer_bytes: int = 500,
    kind: str = "text/html",
    server: str = "nginx",
    port: int = 80,
) -> Talk:
    """One request and its answer in clear."""
    length = f"Content-Length: {body_bytes}\r\n" if body_bytes or method == "POST" else ""
    ask = (
        f"{method} {url} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
        f"{length}Connection: close\r\n\r\n"
    )
    phrase = {200: "OK", 204: "No Content", 304: "Not Modified", 404: "Not Found"}[status]
    answer = (
        f"HTTP/1.1 {status} {phrase}\r\nServer: {server}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {answer_bytes}\r\nConnection: close\r\n\r\n"
    )
    turns = (
        Turn(True, ask.encode() + noise(f"{host}{url} up", body_bytes), 500),
        Turn(False, answer.encode() + noise(f"{host}{url} down", answer_bytes), 3_000),
    )
    facts = ConversationFacts(app="http", host=host, url=url, method=method, user_agent=agent, status=status)
    return tcp(port, turns, facts=facts)


def smtp(sender: str, target: str, letter_bytes: int) -> Talk:
    """One letter from one mail server to another, in clear."""
    lines = (
        (False, f"220 {target} ESMTP"),
        (True, f"EHLO {sender}"),
        (False, f"250 {target}"),
        (True, f"MAIL FROM:<post@{sender}>"),
        (False, "250 OK"),
        (True, f"RCPT TO:<post@{target}>"),
        (False, "250 OK"),
        (True, "DATA"),
        (False, "354 go ahead"),
        (True, "Subject: brev\r\n\r\n" + "brev " * (letter_bytes // 5) + "\r\n."),
        (False, "250 OK"),
        (True, "QUIT"),
        (False, "221 bye"),
    )
    return tcp(25, [Turn(up, f"{text}\r\n".encode(), 2_000) for up, text in lines], facts=ConversationFacts(app="smtp"))


def dicom(calling: str, called: str, queries: int, *, port: int = 11112) -> Talk:
    """An association that asks for ``queries`` patients by number and is answered with none (PS3.7, PS3.8)."""

    def element(group: int, number: int, value: bytes) -> bytes:
        padded = value + bytes(len(value) % 2)
        return group.to_bytes(2, "little") + number.to_bytes(2, "little") + len(padded).to_bytes(4, "little") + padded

    def pdu(kind: int, body: bytes) -> bytes:
        return bytes([kind, 0]) + len(body).to_bytes(4) + body

    def value(control: int, body: bytes) -> bytes:
        return (len(body) + 2).to_bytes(4) + bytes([1, control]) + body

    titles = called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)
    find = b"1.2.840.10008.5.1.4.1.2.1.1"
    context = bytes([1, 0, 0, 0, 0x30, 0]) + len(find).to_bytes(2) + find
    item = bytes([0x20, 0]) + len(context).to_bytes(2) + context
    turns = [
        Turn(True, pdu(1, b"\0\1\0\0" + titles + item), 1000),
        Turn(False, pdu(2, b"\0\1\0\0" + titles + bytes([0x21, 0, 0, 4, 1, 0, 0, 0])), 1000),
    ]
    for number in range(queries):
        message = number.to_bytes(2, "little")
        command = element(0, 0x0100, b"\x20\0") + element(0, 0x0110, message) + element(0, 0x0800, b"\0\0")
        answered = element(0, 0x0100, b"\x20\x80") + element(0, 0x0120, message) + element(0, 0x0900, b"\0\0")
        keys = element(0x0010, 0x0020, str(number).encode())
        turns.append(Turn(True, pdu(4, value(3, command) + value(2, keys)), 2_000_000))
        turns.append(Turn(False, pdu(4, value(3, answered)), 20_000))
    turns.append(Turn(True, pdu(5, bytes(4)), 1000))
    return tcp(port, turns, facts=ConversationFacts(app="dicom"))


def raw(port: int, exchanges: tuple[tuple[int, int, int], ...], *, name: str, proto: str = "tcp") -> Talk:
    """A protocol that no sensor here parses: per exchange bytes up, bytes down, pause before (us)."""
    turns = []
    for number, (up, down, wait_us) in enumerate(exchanges):
        turns.append(Turn(True, noise(f"{name} {number} up", up), wait_us))
        turns.append(Turn(False, noise(f"{name} {number} down", down), 2_000))
    return tcp(port, turns) if proto == "tcp" else udp(port, turns)


def noise(name: str, count: int) -> bytes:
    """Bytes that look like nothing, the same for the same name."""
    return hashlib.shake_128(name.encode()).digest(count)
