"""Own hosts by their traffic: role, system and vendor with the reasons, services, peers. Right: soc:read.

All hosts of a node are surveyed at once, in a process of its own, when somebody looks and the last survey is too old.
A host's suspicions stand beside it and are not added up (docs/decisions/0006). Nothing of it leaves.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query

from bavn.actor.assets.rules import SAID
from bavn.app.analyst.asset_book import card_at, hosts_count, hosts_page
from bavn.app.analyst.confirmed.here import HitHere, hits_here
from bavn.app.analyst.packets.kept import why_none
from bavn.app.web.frame import After, Limit, Rows, TextShape, Trouble, opened, page
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.peers import PEERS_SHOWN_MAX, PeerOf, names_of, peers_of
from bavn.app.web.soc.shapes import REFUSALS, Frozen, HostAddress, NodeName, Reads, like
from bavn.app.web.soc.suspected_shapes import ConfirmedShown, KnownInSectorShown, Suspected, shown
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import address_text, address_uuid
from bavn.model.text import Text

SUSPICIONS_SHOWN_MAX = 200


class RoleSure(Frozen):
    """A role, and how sure its hints are together (0 to 1)."""

    role: str
    says: TextShape
    sure: float


class HostShort(Frozen):
    """A host in a list. ``nats`` and ``suspicions``: its strongest suspicion and how many there are. ``confirmed``:
    what the sector confirmed that this host met."""

    host: str
    names: list[str]
    roles: list[RoleSure]
    os: str
    vendor: str
    services: list[str]
    peers: int
    first_us: int
    last_us: int
    new: bool | None
    suspicions: int
    nats: float | None
    confirmed: ConfirmedShown | None


class Hosts(Frozen):
    """A page of hosts. ``at_us``: when they were surveyed; None while the first survey is being made. ``making``: a
    newer one is being made now. ``refused``: why the last one failed. ``roles``: those
    that a host may have."""

    items: list[HostShort]
    next: str | None
    total: int | None
    at_us: int | None
    making: bool
    refused: TextShape | None
    roles: list[RoleSure]


class HintShown(Frozen):
    """A conclusion about a host, its reason, and the rows that it rests on."""

    kind: str
    value: str
    says: TextShape
    confidence: float
    rule: str
    reason: TextShape
    table: str
    field: str
    seen: str
    rows: int
    first_us: int
    last_us: int


class ServiceShown(Frozen):
    """What a host offers."""

    port: int
    proto: str
    app: str
    software: str
    clients: int
    flows: int
    first_us: int
    last_us: int


class HostCard(HostShort):
    """All that is known of a host. ``surveyed_us``: when; None where it was not seen in the last survey.
    ``no_packets``: why there are none of its last hour; null where there may be some."""

    macs: list[str]
    hints: list[HintShown]
    offers: list[ServiceShown]
    offers_more: int
    peers_outside: int
    suspected: list[Suspected]
    surveyed_us: int | None
    no_packets: TextShape | None


class Peers(Frozen):
    """With whom a host spoke, the busiest first. ``more``: others are not shown."""

    peers: list[PeerOf]
    more: bool


router = APIRouter(prefix="/nodes/{node}/hosts", tags=["hosts"], responses=REFUSALS)
"""Hosts of a node."""


@router.get("", operation_id="hosts")
def hosts(
    context: Context,
    node: NodeName,
    person: Reads,
    limit: Limit = 100,
    after: After = None,
    q: Annotated[str, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=60)] = "",
    new_days: Annotated[int, Query(ge=0, le=400)] = 0,
) -> Hosts:
    """Own hosts in the order of their addresses; ``new_days``: first seen in the last so many days."""
    here = context.node(node, person)
    survey, stands = here.survey(), _stands(here)
    with survey.rows() as rows:
        (behind,) = opened(after, str) or ("",)
        cards = hosts_page(rows, like(q.lower()), role, new_days * DAY_US, behind, limit + 1)
        total = hosts_count(rows)
    cards_page: Rows[tuple[str, Any]] = page(cards, limit, lambda one: (one[0],))
    return Hosts(
        items=[HostShort(**_short(card, stands)) for _, card in cards_page.items],
        next=cards_page.next,
        total=total,
        at_us=survey.at_us,
        making=survey.making,
        refused=survey.refused,
        roles=[RoleSure(role=role, says=TextShape.of(words), sure=0.0) for role, words in SAID.items()],
    )


@router.get("/{host}", operation_id="host")
def host(context: Context, node: NodeName, host: HostAddress, person: Reads) -> HostCard:
    """One host's card, with its suspicions, the strongest first."""
    here, address = context.node(node, person), _address(host)
    entries = [one for one in here.suspected() if one.suspicion.host == address][:SUSPICIONS_SHOWN_MAX]
    survey, stands = here.survey(), _stands(here)
    with survey.rows() as rows:
        card = card_at(rows, address)
    if card is None and address not in stands and not survey.making:
        raise Trouble(
            404,
            "no-host",
            Text("This address was not seen among the own hosts."),
        )
    with here.asks() as rows_of_book:
        suspected = shown(entries, rows_of_book, context.clock.now_us(), here.next_door(rows_of_book))
    whole = _card(address, card, suspected, stands, survey.at_us)
    none = why_none(here.config(), whole.last_us - HOUR_US, whole.last_us)
    return whole.model_copy(update={"no_packets": None if none is None else TextShape.of(none)})


@router.get("/{host}/peers", operation_id="hostPeers")
def peers(
    context: Context,
    node: NodeName,
    host: HostAddress,
    person: Reads,
    days: Annotated[int, Query(ge=1, le=400)] = 7,
    next_door: Annotated[bool, Query()] = True,
) -> Peers:
    """Whom it spoke with most over the last so many days of the history; with ``next_door`` how many of the sector
    know each of them, for which the names are read by which it called them."""
    here, address = context.node(node, person), _address(host)
    with here.looking(days * DAY_US) as window:
        spoken = peers_of(window, address)
        outside = {peer.peer for peer in spoken if not peer.home} if next_door else ()
        names = names_of(window, address, outside)
    with here.asks() as rows:
        known = here.next_door(rows).of_values(names.values())
    sector = {peer: KnownInSectorShown.of(known[name]) for peer, name in names.items() if name in known}
    first = [peer.model_copy(update={"next_door": sector.get(peer.peer)}) for peer in spoken[:PEERS_SHOWN_MAX]]
    return Peers(peers=first, more=len(spoken) > PEERS_SHOWN_MAX)


def _address(text: str) -> str:
    try:
        return address_text(address_uuid(text))
    except ValueError as error:
        raise Trouble(422, "no-address", Text("This is no address.")) from error


@dataclass(frozen=True, slots=True)
class _Stand:
    """How a host stands: how many suspicions, the strongest's evidence, what the sector confirmed that it met."""

    suspicions: int = 0
    nats: float | None = None
    confirmed: HitHere | None = None


def _stands(here: Node) -> dict[str, _Stand]:
    """By host, of those that are suspected of something or met something confirmed."""
    suspected, stands = here.suspected(), dict[str, _Stand]()
    for entry in suspected:
        host, nats = entry.suspicion.host, entry.suspicion.evidence_nats
        if entry.rank:
            known = stands.get(host, _Stand())
            stands[host] = _Stand(known.suspicions + 1, nats if known.nats is None else max(known.nats, nats))
    with here.asks() as rows:
        for hit in reversed(hits_here(rows, suspected)):
            for host in hit.hosts:
                stands[host] = replace(stands.get(host, _Stand()), confirmed=hit)
    return stands


def _short(card: dict[str, Any], stands: dict[str, _Stand]) -> dict[str, Any]:
    stand = stands.get(card["host"], _Stand())
    services = [f"{s['port']}/{s['proto']}" + (f" {s['app']}" if s["app"] else "") for s in card["services"][:6]]
    return {
        "host": card["host"],
        "names": card["names"],
        "roles": [_role(*pair) for pair in card["role"]],
        "os": card["os"][0][0] if card["os"] else "",
        "vendor": card["vendor"][0][0] if card["vendor"] else "",
        "services": services,
        "peers": card["peers"],
        "first_us": card["first_us"],
        "last_us": card["last_us"],
        "new": card["new"],
        "suspicions": stand.suspicions,
        "nats": stand.nats,
        "confirmed": None
        if stand.confirmed is None
        else ConfirmedShown.of(stand.confirmed.confirmed, stand.confirmed.first_us),
    }


def _role(role: str, sure: float) -> RoleSure:
    return RoleSure(role=role, says=_text_of(role), sure=sure)


def _text_of(value: str) -> TextShape:
    return TextShape.of(SAID.get(value) or Text.plain(value))


def _card(
    address: str,
    card: dict[str, Any] | None,
    suspected: list[Suspected],
    stands: dict[str, _Stand],
    at_us: int | None,
) -> HostCard:
    if card is None:
        first = min((entry.first_us for entry in suspected), default=0)
        last = max((entry.last_us for entry in suspected), default=0)
        card = {
            "host": address,
            "names": [],
            "macs": [],
            "role": [],
            "os": [],
            "vendor": [],
            "hints": [],
            "services": [],
            "services_more": 0,
            "peers": 0,
            "peers_outside": 0,
            "first_us": first,
            "last_us": last,
            "new": None,
        }
        at_us = None
    return HostCard(
        **_short(card, stands),
        macs=card["macs"],
        hints=[HintShown(**hint, says=_text_of(hint["value"])) for hint in card["hints"]],
        offers=[ServiceShown(**service) for service in card["services"]],
        offers_more=card["services_more"],
        peers_outside=card["peers_outside"],
        suspected=suspected,
        surveyed_us=at_us,
        no_packets=None,
    )
