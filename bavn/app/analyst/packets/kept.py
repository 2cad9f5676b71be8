"""Which packets a person means, and cutting them out of what this node keeps; what it keeps, since when, and why none.

Refuses to show or hand on anything: the act does, with its line in the ledger.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.evidence.cut import Ports, Wanted, cut
from bavn.actor.evidence.ends import Ends, ends_of
from bavn.actor.evidence.keep import path_of, wanted_of
from bavn.actor.evidence.ring import captures_in
from bavn.actor.formats.headers import TCP, UDP
from bavn.actor.formats.pcap import Packet, packets
from bavn.app.analyst.evidence_of import window_of
from bavn.app.analyst.packets.conversation import conversations
from bavn.app.analyst.packets.said import said_in
from bavn.app.config.load import NodeConfig
from bavn.app.node.packets import evidence_folder, packet_files
from bavn.model.counted import days
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

DOWNLOAD_BYTES_MAX: Final = 64 << 20
READ_BYTES_MAX: Final = 8 << 20
SECONDS_MAX: Final = 20.0
"""After so long no other file is opened: what was found until then is what there is."""
BEFORE_US: Final = 2 * SECOND_US
AFTER_US: Final = MINUTE_US
OPENED_MAX: Final = 200
OPEN_US: Final = 15 * MINUTE_US
"""How long a row without an end may have gone on."""
_PROTOS: Final = {"tcp": TCP, "udp": UDP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Of a host, or of one flow of it where ``peer`` and ``proto`` are given; times are those of the records."""

    host: str
    peer: str = ""
    host_port: int = 0
    peer_port: int = 0
    proto: str = ""
    first_us: int
    last_us: int | None = None

    def wanted(self, bytes_max: int, *, from_first: bool) -> Wanted:
        """What is cut for it. ValueError for an address that is none."""
        last_us = self.first_us + OPEN_US if self.last_us is None else self.last_us
        ports = Ports(self.host_port, self.peer_port, _PROTOS[self.proto]) if self.proto in _PROTOS else None
        return Wanted(
            Ends(host=self.host, peers=(self.peer,) if self.peer else ()),
            self.first_us - BEFORE_US,
            last_us + AFTER_US,
            bytes_max,
            ports=ports if self.peer else None,
            from_first=from_first,
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets in order of time. ``more``: there are others than may be given at once."""

    packets: list[Packet]
    more: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What this node keeps of the traffic itself. ``on``: whether it keeps the last packets at all."""

    on: bool
    bytes: int
    oldest_us: int | None
    newest_us: int | None
    says: Text
    next: Text


def cut_of(given: NodeConfig, wanted: Wanted, suspicion: Suspicion | None = None) -> Cut:
    """Out of what was kept for the suspicion; else out of the last packets and captures; else out of what was kept for
    any suspicion."""
    if suspicion is not None and path_of(evidence_folder(given), suspicion.id).exists():
        every: list[Packet] = []
        size = 0
        for packet in packets(path_of(evidence_folder(given), suspicion.id)):
            size += len(packet.data)
            if size > wanted.bytes_max:
                return Cut(every, more=True)
            every.append(packet)
        return Cut(every, more=False)
    late = _late()
    cut(packet_files(given), [wanted], late)
    if not wanted.found:
        cut(captures_in([evidence_folder(given)]), [wanted], late)
    return Cut(wanted.found, wanted.more or bool(wanted.other_link) or late())


def _late() -> Callable[[], bool]:
    end = time.monotonic() + SECONDS_MAX
    return lambda: time.monotonic() > end


def wanted_for(given: NodeConfig, suspicion: Suspicion, bytes_max: int, *, from_first: bool) -> Wanted:
    """The packets between a suspicion's ends, as the store knows them."""
    with window_of(given, suspicion, None) as window:
        wanted = wanted_of(suspicion, ends_of(window, suspicion), bytes_max)
    wanted.from_first = from_first
    return wanted


def read_out(some: Cut) -> dict[str, Any]:
    """What was said in them, as JSON."""
    talks, more = conversations(some.packets)
    rows = []
    for talk in sorted(talks, key=lambda talk: talk.first_us):
        protocol, turns, cut_off = said_in(talk)
        rows.append(
            {
                "protocol": protocol,
                "proto": talk.proto,
                "client": talk.client,
                "client_port": talk.client_port,
                "server": talk.server,
                "server_port": talk.server_port,
                "first_us": talk.first_us,
                "last_us": talk.last_us,
                "packets": talk.packets,
                "more": talk.cut or cut_off,
                "turns": [
                    {
                        "at_us": turn.at_us,
                        "client": turn.client,
                        "head": turn.head,
                        "lines": list(turn.lines),
                        "hidden": turn.hidden,
                    }
                    for turn in turns
                ],
            }
        )
    return {"packets": len(some.packets), "more": some.more or more, "conversations": rows}


def kept_at(given: NodeConfig) -> Kept:
    """What there is to cut from, in words."""
    evidence, sense = given.evidence, given.sense
    on = _keeps(given)
    sizes, dates = [0], []
    for path in [*packet_files(given), *captures_in([evidence_folder(given)])]:
        try:
            stat = path.stat()
        except OSError:
            continue
        sizes.append(stat.st_size)
        dates.append(stat.st_mtime_ns // 1000)
    if not on:
        says = Text("This node keeps no packets now: it knows who spoke with whom, and not what was said.")
        turn_on = Text(
            "Whoever runs the node turns it on in node.toml: ring_bytes_max in [evidence] says how many bytes of the"
            " last packets are kept (at least 8 MiB), where Suricata listens at suricata_interface; or captures_folder"
            " in [sense] names a folder of captures."
        )
        return Kept(False, sum(sizes), min(dates, default=None), max(dates, default=None), says, turn_on)
    says = Text(
        "The last packets are kept until there are {megabytes:,} MB of them; those of suspicions for {days}.",
        megabytes=(evidence.ring_bytes_max or evidence.captures_keep_bytes) // 1_000_000,
        days=days(evidence.evidence_days_max),
    )
    if sense.captures_folder and not evidence.captures_keep_bytes:
        says = Text(
            "Packets are there for as long as their captures stay in captures_folder; those of suspicions for {days}.",
            days=days(evidence.evidence_days_max),
        )
    older = Text("What is older is gone: ask about a later time, or open a suspicion, whose packets are kept longer.")
    return Kept(True, sum(sizes), min(dates, default=None), max(dates, default=None), says, older)


def why_none(given: NodeConfig, first_us: int, last_us: int, suspicion: str = "") -> Text | None:
    """Why there can be no packets of that span, in a few words; None where there may be some: which, is looked up when
    somebody opens them. Of a file no packet is read but its first, and of at most OPENED_MAX files."""
    if suspicion and path_of(evidence_folder(given), suspicion).exists():
        return None
    files = [*packet_files(given), *captures_in([evidence_folder(given)])]
    if not files:
        return Text("No packets: none are kept yet.") if _keeps(given) else Text("No packets: this node keeps none.")
    opened = 0
    for path in files:
        try:
            if path.stat().st_mtime_ns // 1000 < first_us - AFTER_US:
                continue
            opened += 1
            begins = next(iter(packets(path)), None)
        except OSError:
            continue
        if opened > OPENED_MAX or begins is None or begins.at_us <= last_us + AFTER_US:
            return None
    return Text("No packets: those of that time are gone.")


def _keeps(given: NodeConfig) -> bool:
    return bool(given.sense.captures_folder or (given.sense.suricata_interface and given.evidence.ring_bytes_max))
