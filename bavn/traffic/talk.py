"""One conversation as a template of packets: who says what, after how many round trips and pauses.

A template is written once and played for thousands of flows (packets.py fills in addresses, ports, numbers and times).
Refuses to know any address, and when the conversation takes place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

MSS: Final = 1460
ACK_EVERY_SEGMENTS: Final = 4
SYN_OPTIONS: Final = bytes.fromhex("020405b4 0101 0402 01030308 00")[:12]
"""MSS 1460, two NOPs, SACK permitted, NOP, window scale 8."""

Ending = Literal["fin", "reset", "open"]
Proto = Literal["tcp", "udp", "icmp"]


@dataclass(frozen=True, slots=True)
class Fresh:
    """``length`` bytes at ``offset`` that differ from flow to flow: taken from place ``pool`` of the flow's own pool,
    so that two packets may hold the same ones (a DNS id, a session id)."""

    offset: int
    length: int
    pool: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says. ``wait_us``: its pause before it speaks."""

    to_server: bool
    payload: bytes
    wait_us: int = 0
    fresh: tuple[Fresh, ...] = ()


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. ``seq`` and ``ack`` count from each side's first number; ``rtts`` and ``wait_us`` since the first
    packet. ICMP: ``seq`` holds type and code."""

    to_server: bool
    flags: int
    payload: bytes
    seq: int
    ack: int
    rtts: int
    wait_us: int
    options: bytes = b""
    fresh: tuple[Fresh, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFacts:
    """What a sensor will say of the conversation: the planted truth for one flow. ``names``: the DNS name asked for;
    ``pool`` places in it differ from flow to flow. Counts of application events in ``events``."""

    app: str = ""
    sni: str = ""
    ja3: str = ""
    ja3s: str = ""
    ja4: str = ""
    cert: str = ""
    version: str = ""
    rrname: str = ""
    rrtype: str = ""
    rcode: str = ""
    answers: tuple[str, ...] = ()
    host: str = ""
    url: str = ""
    method: str = ""
    user_agent: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Talk:
    """A whole conversation with the server's ``port`` (0 for icmp). ``pool_bytes``: size of each flow's pool.
    Compared and cached by identity."""

    proto: Proto
    port: int
    packets: tuple[Packet, ...]
    pool_bytes: int = 0
    facts: ConversationFacts = field(default_factory=ConversationFacts)


def tcp(
    port: int,
    turns: Iterable[Turn],
    *,
    ending: Ending = "fin",
    pool_bytes: int = 0,
    facts: ConversationFacts | None = None,
) -> Talk:
    """Handshake, the turns in segments with acknowledgements, and the end. ValueError for a port that is none."""
    if not 1 <= port <= 65535:
        raise ValueError(f"no such port: {port}")
    script = _Script()
    script.add(to_server=True, flags=SYN, options=SYN_OPTIONS)
    script.add(to_server=False, flags=SYN | ACK, options=SYN_OPTIONS)
    script.add(to_server=True, flags=ACK)
    for turn in turns:
        script.say(turn)
    if ending == "fin":
        script.add(to_server=True, flags=FIN | ACK)
        script.add(to_server=False, flags=FIN | ACK)
        script.add(to_server=True, flags=ACK)
    elif ending == "reset":
        script.add(to_server=True, flags=RST | ACK)
    return Talk(
        proto="tcp", port=port, packets=tuple(script.packets), pool_bytes=pool_bytes, facts=facts or ConversationFacts()
    )


def tcp_unanswered(port: int, tries_wait_us: tuple[int, ...] = (1_000_000, 3_000_000)) -> Talk:
    """A call that nobody takes: the same SYN again after each wait."""
    script = _Script()
    for wait_us in (0, *tries_wait_us):
        script.sent[True] = 0
        script.add(to_server=True, flags=SYN, options=SYN_OPTIONS, wait_us=wait_us)
    return Talk(proto="tcp", port=port, packets=tuple(script.packets))


def tcp_refused(port: int) -> Talk:
    """A call that is answered with a reset."""
    script = _Script()
    script.add(to_server=True, flags=SYN, options=SYN_OPTIONS)
    script.add(to_server=False, flags=RST | ACK)
    return Talk(proto="tcp", port=port, packets=tuple(script.packets))


def udp(port: int, turns: Iterable[Turn], *, pool_bytes: int = 0, facts: ConversationFacts | None = None) -> Talk:
    """One datagram a turn."""
    script = _Script()
    for turn in turns:
        script.add(to_server=turn.to_server, flags=0, payload=turn.payload, wait_us=turn.wait_us, fresh=turn.fresh)
    return Talk(
        proto="udp", port=port, packets=tuple(script.packets), pool_bytes=pool_bytes, facts=facts or ConversationFacts()
    )


def ping(payload: bytes, *, answered: bool = True) -> Talk:
    """An ICMP echo (type 8) and its reply (type 0), both with the flow's own id (two pool bytes) in front."""
    script = _Script()
    body = bytes(2) + b"\x00\x01" + payload
    own_id = (Fresh(0, 2, 0),)
    for to_server in (True, False) if answered else (True,):
        script.add(to_server=to_server, flags=0, payload=body, fresh=own_id)
    return Talk(proto="icmp", port=0, packets=tuple(script.packets), pool_bytes=2, facts=ConversationFacts())


class _Script:
    """Keeps count of sequence numbers and time while a conversation is written."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.sent = {True: 0, False: 0}
        self._rtts = 0
        self._wait_us = 0
        self._last: bool | None = None

    def add(
        self,
        *,
        to_server: bool,
        flags: int,
        payload: bytes = b"",
        options: bytes = b"",
        wait_us: int = 0,
        fresh: tuple[Fresh, ...] = (),
    ) -> None:
        """One packet more; an answer to the client comes a round trip after what it answers."""
        if self._last is True and not to_server:
            self._rtts += 1
        self._last = to_server
        self._wait_us += wait_us
        seq = self.sent[to_server]
        ack = self.sent[not to_server] if flags & ACK else 0
        self.packets.append(Packet(to_server, flags, payload, seq, ack, self._rtts, self._wait_us, options, fresh))
        self.sent[to_server] += len(payload) + bool(flags & (SYN | FIN))

    def say(self, turn: Turn) -> None:
        """A turn in segments; what differs between flows must fit the first one. ValueError if it does not."""
        if any(part.offset + part.length > MSS for part in turn.fresh):
            raise ValueError("fresh bytes must lie in the first segment of a turn")
        starts = range(0, len(turn.payload), MSS)
        for number, start in enumerate(starts):
            last = start == starts[-1]
            self.add(
                to_server=turn.to_server,
                flags=(PSH if last else 0) | ACK,
                payload=turn.payload[start : start + MSS],
                wait_us=0 if number else turn.wait_us,
                fresh=() if number else turn.fresh,
            )
            if number % ACK_EVERY_SEGMENTS == ACK_EVERY_SEGMENTS - 1 and not last:
                self._acknowledge(to_server=not turn.to_server)

    def _acknowledge(self, *, to_server: bool) -> None:
        """A bare acknowledgement in passing: it costs no round trip."""
        before = self._last
        self._last = None
        self.add(to_server=to_server, flags=ACK)
        self._last = before
