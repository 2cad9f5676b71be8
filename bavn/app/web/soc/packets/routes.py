"""Packets that a node keeps: whether it does, what two machines said to each other, and the file. Right: soc:packets.

What is read is read in a process of its own, bounded in memory and time; the ledger holds a line of each use.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response

from bavn.app.access.rights import Right, Role, roles_with
from bavn.app.acts.node import packets as acts
from bavn.app.analyst.packets.kept import kept_at
from bavn.app.web.frame import Person, TextShape, allow
from bavn.app.web.soc.context import Context
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, file_name
from bavn.model.moment import iso

READ_S_MAX = 60.0
Opens = Annotated[Person, allow(acts.packets_read)]
Takes = Annotated[Person, allow(acts.packets_pcap)]


class PacketsKept(Frozen):
    """What this node keeps of the traffic itself. ``may``: whether you may open it; ``roles``: who may."""

    on: bool
    bytes: int
    oldest_us: int | None
    newest_us: int | None
    says: TextShape
    next: TextShape
    may: bool
    roles: list[Role]


class Turn(Frozen):
    """What one side said. ``hidden``: bytes of it that are not shown."""

    at_us: int
    client: bool
    head: str
    lines: list[str]
    hidden: int


class Talk(Frozen):
    """A conversation. ``more``: more was said than is shown, or a part is missing."""

    protocol: Literal["http", "dns", "tls", "smb", "text"]
    proto: str
    client: str
    client_port: int
    server: str
    server_port: int
    first_us: int
    last_us: int
    packets: int
    more: bool
    turns: list[Turn]


class PacketsRead(Frozen):
    """What was said in the packets. ``more``: there are others than were read."""

    packets: int
    more: bool
    conversations: list[Talk]


router = APIRouter(prefix="/nodes/{node}/packets", tags=["packets"], responses=REFUSALS)
"""Packets that a node keeps."""


@router.get("", operation_id="packetsKept")
def kept(context: Context, node: NodeName, person: Reads) -> PacketsKept:
    """Whether this node keeps packets, since when, how long, and who may open them."""
    here_kept = kept_at(context.node(node, person).config())
    return PacketsKept(
        on=here_kept.on,
        bytes=here_kept.bytes,
        oldest_us=here_kept.oldest_us,
        newest_us=here_kept.newest_us,
        says=TextShape.of(here_kept.says),
        next=TextShape.of(here_kept.next),
        may=person.may(Right.SOC_PACKETS),
        roles=roles_with(Right.SOC_PACKETS, "soc"),
    )


@router.post("/read", operation_id="readPackets", description=acts.packets_read.__doc__)
def read(context: Context, node: NodeName, request: acts.PacketsRequest, person: Opens) -> PacketsRead:
    here = context.node(node, person)

    def ask(wanted: dict[str, Any]) -> dict[str, Any]:
        asking = context.askings.start(here.file, node, person.name, "packets", wanted)
        return context.askings.answer(asking, READ_S_MAX)

    return PacketsRead(**acts.packets_read(here, person.name, request, ask))


@router.post(
    "/pcap",
    operation_id="downloadPackets",
    response_class=Response,
    responses={200: {"content": {"application/vnd.tcpdump.pcap": {}}}},
    description=acts.packets_pcap.__doc__,
)
def pcap(context: Context, node: NodeName, request: acts.PacketsRequest, person: Takes) -> Response:
    here = context.node(node, person)
    entry = here.one(request.suspicion) if request.suspicion else None
    name = file_name(node, "packets", request.suspicion[:8] or iso(request.from_us)[:16]) + ".pcap"
    content, found = acts.packets_pcap(here, person.name, request, entry, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Bavn-More": "yes" if found.more else "no"}
    return Response(content, media_type="application/vnd.tcpdump.pcap", headers=headers)
