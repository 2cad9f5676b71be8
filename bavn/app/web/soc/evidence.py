"""What a suspicion rests on: rows on the screen as they are, and an export, redacted unless a reason is given.

As `bavn node evidence` does; the ledger's line is written before a byte goes out. Rights: soc:read, soc:triage,
and soc:packets for packets with what was said in them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from bavn.actor.evidence.keep import path_of
from bavn.app.access.rights import Right
from bavn.app.acts.node import evidence as acts
from bavn.app.analyst.evidence_of import sheets_of, window_of
from bavn.app.node.packets import evidence_folder
from bavn.app.web.frame import Person, Trouble, allow
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, SuspicionId, file_name
from bavn.model.moment import SECOND_US
from bavn.model.text import Text

Exports = Annotated[Person, allow(acts.export)]
RowsMax = Annotated[int, Query(ge=1, le=2000, description="At most so many rows of each table.")]
AroundS = Annotated[
    int, Query(ge=0, le=acts.AROUND_S_MAX, description="Also what lies so many seconds around it; 0: not.")
]


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


router = APIRouter(prefix="/nodes/{node}/suspicions/{suspicion}", tags=["evidence"], responses=REFUSALS)
"""Evidence of a node's suspicions."""


@router.get("/evidence", operation_id="evidence")
def evidence(
    context: Context,
    node: NodeName,
    suspicion: SuspicionId,
    person: Reads,
    rows: RowsMax = 100,
    around_s: AroundS = 0,
) -> EvidenceShown:
    """The rows that a suspicion rests on, as they are: what is shown here is never redacted and stays here."""
    here = context.node(node, person)
    entry, config = here.one(suspicion).suspicion, here.config()
    before_us = around_s * SECOND_US or None
    with window_of(config, entry, before_us) as window:
        sheets = sheets_of(window, entry, rows, before_us)
    kept = path_of(evidence_folder(config), entry.id)
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
    description=acts.export.__doc__,
)
def export(
    context: Context, node: NodeName, suspicion: SuspicionId, request: acts.ExportRequest, person: Exports
) -> Response:
    if acts.opens_packets(request) and not person.may(Right.SOC_PACKETS):
        raise Trouble(
            403, "not-allowed", Text("Your role may hand on rows, and not what was said in the packets."), "operator"
        )
    here = context.node(node, person)
    name = file_name(node, suspicion[:8]) + f".{request.form}"
    content = acts.export(here, person.name, here.one(suspicion), request, name)
    kind = "application/zip" if request.form == "zip" else "application/vnd.tcpdump.pcap"
    return Response(content.content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
