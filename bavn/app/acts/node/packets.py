"""Packets of a suspicion, a host or one flow: handed over as a file, or read out as what was said. Each use is in the
ledger, with who it was. Expect nothing to leave: the file goes to the person who asked, and what is read stays here.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any, Final, Literal

from pydantic import Field

from bavn.actor.door.suspicions import Ranked
from bavn.actor.evidence.bundle import packets_file
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.analyst.evidence_of import GATE
from bavn.app.analyst.packets.kept import DOWNLOAD_BYTES_MAX, Cut, Span, cut_of, kept_at, wanted_for
from bavn.app.config.load import NodeConfig
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note

SPAN_US_MAX: Final = 7 * DAY_US
LOOK: Final = "packets"
"""The word in the ledger for packets that were read here, and did not leave."""


class PacketsRequest(NodeInput):
    """Whose packets. ``suspicion``: between its ends; else those of ``host`` from ``from_us`` to ``to_us`` as a record
    has them (None: as long as a flow lasts), with ``peer`` alone, with ``proto`` and both ports of that flow alone."""

    suspicion: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    host: str = Field(default="", max_length=45)
    peer: str = Field(default="", max_length=45)
    host_port: int = Field(default=0, ge=0, le=65_535)
    peer_port: int = Field(default=0, ge=0, le=65_535)
    proto: Literal["", "tcp", "udp"] = ""
    from_us: int = Field(default=0, ge=0, le=2**53)
    to_us: int | None = Field(default=None, ge=0, le=2**53)

    def span(self) -> Span:
        """Of a host or a flow. Raises ActRefused for what is none."""
        last_us = self.from_us if self.to_us is None else self.to_us
        try:
            for address in filter(None, (self.host, self.peer)):
                ip_address(address)
        except ValueError as error:
            raise ActRefused(422, "no-address", Text("That is no address of a machine.")) from error
        if not self.host or not self.from_us or not self.from_us <= last_us <= self.from_us + SPAN_US_MAX:
            says = Text("Name a suspicion, or a host with the time its packets are of: at most 7 days.")
            raise ActRefused(422, "no-packets-named", says)
        return Span(
            host=self.host,
            peer=self.peer,
            host_port=self.host_port,
            peer_port=self.peer_port,
            proto=self.proto,
            first_us=self.from_us,
            last_us=self.to_us,
        )


@act(Right.SOC_PACKETS)
def packets_pcap(here: Here, by: str, body: PacketsRequest, entry: Ranked | None, file: str) -> tuple[bytes, Cut]:
    """The packets as a pcap file, as they were captured, payload and all; the ledger holds a line of it."""
    packets = _some(here.config(), _chosen(here.config(), body, entry))
    content = packets_file(packets.packets, cut=False)
    _note(here, by, body, GATE, "out", content, file=file)  # before a byte goes out
    return content, packets


@act(Right.SOC_PACKETS)
def packets_read(
    here: Here, by: str, body: PacketsRequest, ask: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """What both sides said, in order, as far as it can be read; the ledger holds a line of who looked."""
    reading = ask(_asked_of(body))
    if not reading["packets"]:
        raise _none(here.config())
    _note(here, by, body, LOOK, "in", json.dumps(reading, sort_keys=True).encode())
    return reading


def _asked_of(body: PacketsRequest) -> dict[str, Any]:
    """What the process that reads them is asked. Raises ActRefused."""
    return {"suspicion": body.suspicion, "span": None if body.suspicion else asdict(body.span())}


def _chosen(config: NodeConfig, body: PacketsRequest, entry: Ranked | None) -> Cut:
    if entry is None:
        return cut_of(config, body.span().wanted(DOWNLOAD_BYTES_MAX, from_first=False))
    return cut_of(config, wanted_for(config, entry.suspicion, DOWNLOAD_BYTES_MAX, from_first=False), entry.suspicion)


def _some(config: NodeConfig, packets: Cut) -> Cut:
    if not packets.packets:
        raise _none(config)
    return packets


def _none(config: NodeConfig) -> ActRefused:
    kept = kept_at(config)
    says = Text("None of these packets are kept here. {says} {next}", says=kept.says, next=kept.next)
    return ActRefused(404, "no-packets", says, "you" if kept.on else "operator")


def _note(here: Here, by: str, body: PacketsRequest, gate: str, way: str, content: bytes, *, file: str = "") -> None:
    digest = hashlib.sha256(content).hexdigest()
    asked = body.model_dump(exclude_defaults=True)
    words = {**asked, "by": by, "sha256": digest} | ({"file": file} if file else {})
    note = Note(
        kind="Packets",
        item_id=digest,
        peer="file" if file else "screen",
        bytes=len(content),
        summary=json.dumps(words, ensure_ascii=False, sort_keys=True),
    )
    with here.book() as book:
        Ledger(book).append(here.clock.now_us(), gate, way, note)
