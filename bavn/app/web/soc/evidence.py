"""What a suspicion rests on: rows on the screen as they are, and an export, redacted unless a reason is given.

As `bavn node evidence` does; the ledger's line is written before a byte goes out. Rights: soc:read, soc:triage.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from bavn.actor.door.suspicions import Ranked
from bavn.actor.evidence.bundle import packets_file
from bavn.actor.evidence.keep import path_of
from bavn.app.analyst.evidence_of import GATE, archive_of, note_of, packets_of, sheets_of, window_of
from bavn.app.config.load import NodeConfig
from bavn.app.node.packets import evidence_folder
from bavn.app.web.frame import Trouble
from bavn.app.web.soc.context import House
from bavn.app.web.soc.errors import answered
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, SuspicionId, Triages, file_name
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.wire.ledger import Ledger

AROUND_S_MAX = 7 * DAY_US // SECOND_US
RowsMax = Annotated[int, Query(ge=1, le=2000, description="At most so many rows of each table.")]
AroundS = Annotated[int, Query(ge=0, le=AROUND_S_MAX, description="Also what lies so many seconds around it; 0: not.")]


class SheetShown(Frozen):
    """Rows of one table. ``group``: rows (it rests on them) or around. ``more``: there are others."""

    group: str
    table: str
    columns: list[str]
    rows: list[list[Any]]
    more: bool


class EvidenceShown(Frozen):
    """``packets_bytes``: of the packets that are kept for it; 0 for none. Empty sheets: all is forgotten."""

    sheets: list[SheetShown]
    packets_bytes: int


class ExportRequest(BaseModel):
    """What is carried out. ``form`` pcap: packets alone. ``unredacted`` needs a reason, which the ledger holds."""

    form: str = Field(default="zip", pattern="^(zip|pcap)$")
    rows: int = Field(default=100, ge=1, le=100_000)
    around_s: int = Field(default=0, ge=0, le=AROUND_S_MAX)
    packets: bool = False
    headers_only: bool = False
    unredacted: bool = False
    reason: str = Field(default="", max_length=1000)


router = APIRouter(prefix="/nodes/{node}/suspicions/{suspicion}", tags=["evidence"], responses=REFUSALS)
"""Evidence of a node's suspicions."""


@router.get("/evidence", operation_id="evidence")
def evidence(
    house: House,
    node: NodeName,
    suspicion: SuspicionId,
    person: Reads,
    rows: RowsMax = 100,
    around_s: AroundS = 0,
) -> EvidenceShown:
    """The rows that a suspicion rests on, as they are: what is shown here is never redacted and stays here."""
    here = house.node(node, person)
    found, config = here.one(suspicion).suspicion, here.config()
    before_us = around_s * SECOND_US or None
    with answered(), window_of(config, found, before_us) as window:
        sheets = sheets_of(window, found, rows, before_us)
    kept = path_of(evidence_folder(config), found.id)
    return EvidenceShown(
        sheets=[
            SheetShown(group=s.group, table=s.table, columns=list(s.names), rows=[list(r) for r in s.rows], more=s.more)
            for s in sheets
        ],
        packets_bytes=kept.stat().st_size if kept.exists() else 0,
    )


@router.post(
    "/export",
    operation_id="exportEvidence",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}, "application/vnd.tcpdump.pcap": {}}}},
)
def export(
    house: House,
    node: NodeName,
    suspicion: SuspicionId,
    asked: ExportRequest,
    person: Triages,
) -> Response:
    """One zip file of all of it, or its packets. Redacted unless a reason says why not; the ledger holds which."""
    if asked.unredacted and not asked.reason.strip():
        raise Trouble(
            422,
            "no-reason",
            Text("Say why it must go out as it is: the ledger holds the reason."),
        )
    here = house.node(node, person)
    entry, config = here.one(suspicion), here.config()
    found = entry.suspicion
    with answered():
        made = _packets(config, found, asked) if asked.form == "pcap" else _archive(config, entry, asked, person.name)
    name = file_name(node, found.id[:8]) + f".{asked.form}"
    reason = asked.reason.strip() if asked.unredacted else ""
    with here.book() as book:
        note = note_of(found, made, file=name, reason=reason, by=person.name)
        Ledger(book).append(house.clock.now_us(), GATE, "out", note)
    kind = "application/zip" if asked.form == "zip" else "application/vnd.tcpdump.pcap"
    return Response(made, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _packets(config: NodeConfig, suspicion: Suspicion, asked: ExportRequest) -> bytes:
    cut = packets_of(config, suspicion)
    if not cut:
        raise Trouble(
            404,
            "no-packets",
            Text("No packets are kept for it: [evidence] in node.toml says what is kept."),
            "operator",
        )
    return packets_file(cut, cut=asked.headers_only or not asked.unredacted)


def _archive(config: NodeConfig, entry: Ranked, asked: ExportRequest, by: str) -> bytes:
    before_us = asked.around_s * SECOND_US or None
    cut = packets_of(config, entry.suspicion) if asked.packets else None
    with window_of(config, entry.suspicion, before_us) as window:
        sheets = sheets_of(window, entry.suspicion, asked.rows, before_us)
    return archive_of(
        config,
        entry,
        sheets,
        cut,
        unredacted=asked.unredacted,
        headers_only=asked.headers_only,
        said={"by": by, "reason": asked.reason, "around_s": asked.around_s, "rows_max": asked.rows},
    )
