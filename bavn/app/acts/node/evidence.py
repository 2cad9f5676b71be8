"""Evidence of a suspicion handed on as a file: redacted, or as it is with a reason. The ledger holds each export.

Refuses to send it anywhere: the person who asked carries it.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from bavn.actor.door.suspicions import Ranked
from bavn.actor.evidence.bundle import Sheet, packets_file
from bavn.actor.formats.pcap import Packet
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.analyst.evidence_of import GATE, archive_of, note_of, packets_of, sheets_of, window_of
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.text import Text
from bavn.wire.ledger import Ledger

AROUND_S_MAX: Final = 7 * DAY_US // SECOND_US


class ExportRequest(NodeInput):
    """What is carried out. ``form`` pcap: packets alone. ``unredacted`` needs a reason, which the ledger holds."""

    form: str = Field(default="zip", pattern="^(zip|pcap)$")
    rows: int = Field(default=100, ge=1, le=100_000)
    around_s: int = Field(default=0, ge=0, le=AROUND_S_MAX)
    packets: bool = False
    headers_only: bool = False
    unredacted: bool = False
    reason: str = Field(default="", max_length=1000)


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, and what of rows and packets is in it. ``packets`` None: none were asked for."""

    content: bytes
    sheets: list[Sheet]
    packets: list[Packet] | None


def opens_packets(body: ExportRequest) -> bool:
    """Whether what was said in packets goes with it, which needs the right to open them (soc:packets) too."""
    return body.unredacted and not body.headers_only and (body.packets or body.form == "pcap")


@act(Right.SOC_TRIAGE)
def export(here: Here, by: str, entry: Ranked, body: ExportRequest, file: str) -> Exported:
    """One zip file of all of it, or its packets. Redacted unless a reason says why not; the ledger holds which."""
    if body.unredacted and not body.reason.strip():
        raise ActRefused(422, "no-reason", Text("Say why it must go out as it is: the ledger holds the reason."))
    exported = _packets(here, entry, body) if body.form == "pcap" else _archive(here, by, entry, body)
    reason = body.reason.strip() if body.unredacted else ""
    with here.book() as book:  # before a byte goes out
        note = note_of(entry.suspicion, exported.content, file=file, reason=reason, by=by)
        Ledger(book).append(here.clock.now_us(), GATE, "out", note)
    return exported


def _packets(here: Here, entry: Ranked, body: ExportRequest) -> Exported:
    packets = packets_of(here.config(), entry.suspicion)
    if not packets:
        says = Text("No packets are kept for it: [evidence] in node.toml says what is kept.")
        raise ActRefused(404, "no-packets", says, "operator")
    return Exported(packets_file(packets, cut=body.headers_only or not body.unredacted), [], packets)


def _archive(here: Here, by: str, entry: Ranked, body: ExportRequest) -> Exported:
    config, before_us = here.config(), body.around_s * SECOND_US or None
    packets = packets_of(config, entry.suspicion) if body.packets else None
    with window_of(config, entry.suspicion, before_us) as window:
        sheets = sheets_of(window, entry.suspicion, body.rows, before_us)
    archive = archive_of(
        config,
        entry,
        sheets,
        packets,
        unredacted=body.unredacted,
        headers_only=body.headers_only,
        parameters={"by": by, "reason": body.reason, "around_s": body.around_s, "rows_max": body.rows},
    )
    return Exported(archive, sheets, packets)
