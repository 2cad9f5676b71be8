"""A host's traffic by the hour and by peer, from the store's roll-ups. Bounded; of single records it reads the
names by which the host called its peers, and nothing else."""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from bavn.app.web.soc.shapes import Frozen
from bavn.app.web.soc.suspected_shapes import KnownInSectorShown
from bavn.model.moment import HOUR_US
from bavn.model.observable import registered_domain
from bavn.model.ports import Window
from bavn.model.record import address_text, address_uuid

PEERS_SHOWN_MAX: Final = 200
# Read once for both answers. Two looks, not one with OR: a filter on one column skips parts of a file, an OR of two
# skips none. A peer's first and last hour, not moment: the columns of moments are the largest, and nothing else asks.
_ASKED: Final = """WITH talk AS MATERIALIZED (
    SELECT dst AS peer, TRUE AS called, dst_port, proto, hour, flows, failed, bytes_toserver AS sent,
           bytes_toclient AS got
    FROM pair_hour WHERE src = CAST($host AS UUID)
    UNION ALL
    SELECT src, FALSE, dst_port, proto, hour, flows, failed, bytes_toclient, bytes_toserver
    FROM pair_hour WHERE dst = CAST($host AS UUID) AND src <> dst),
  busy AS (
    SELECT peer, called, dst_port, proto, min(hour) AS first, max(hour) AS last, CAST(sum(flows) AS BIGINT) AS n,
           CAST(sum(failed) AS BIGINT) AS failed, CAST(sum(sent) AS BIGINT) AS sent, CAST(sum(got) AS BIGINT) AS got
    FROM talk GROUP BY ALL ORDER BY n DESC, 1, 2, 3, 4 LIMIT $most)
SELECT first, last, n, failed, CAST(NULL AS BIGINT), sent, got, peer, called, dst_port, proto, is_home(peer)
FROM busy
UNION ALL
SELECT hour, hour, CAST(sum(flows) FILTER (called) AS BIGINT), CAST(sum(failed) FILTER (called) AS BIGINT),
       CAST(sum(flows) FILTER (NOT called) AS BIGINT), CAST(sum(sent) AS BIGINT), CAST(sum(got) AS BIGINT),
       NULL, NULL, NULL, NULL, NULL
FROM talk GROUP BY hour"""


class Hour(Frozen):
    """What a host did in an hour: connections it opened, of these failed, those it got, bytes it sent and got."""

    at_us: int
    opened: int
    failed: int
    got: int
    bytes_out: int
    bytes_in: int


class PeerOf(Frozen):
    """Whom a host spoke with, at which port. ``called``: the host opened the connection. ``home``: an own host.
    ``first_us``, ``last_us``: the hours of the first and the last flow, each by its beginning. ``next_door``: how many
    of the sector know the address, where that is known."""

    peer: str
    called: bool
    port: int
    proto: str
    flows: int
    failed: int
    bytes_out: int
    bytes_in: int
    home: bool
    first_us: int
    last_us: int
    next_door: KnownInSectorShown | None = None


def talk_of(window: Window, address: str) -> tuple[list[Hour], list[PeerOf]]:
    """The hours in which a host had any traffic, in order; and whom it spoke with, the busiest first, one more than are
    shown. Raises QueryRefused."""
    given = {"host": str(address_uuid(address)), "most": PEERS_SHOWN_MAX + 1}
    hours, peers = [], []
    for first, last, n, failed, got, sent, received, peer, called, port, proto, home in window.rows(_ASKED, given):
        if peer is None:
            hours.append(
                Hour(
                    at_us=first * HOUR_US,
                    opened=n or 0,
                    failed=failed or 0,
                    got=got or 0,
                    bytes_out=sent or 0,
                    bytes_in=received or 0,
                )
            )
        else:
            peers.append(
                PeerOf(
                    peer=address_text(peer),
                    called=called,
                    port=port or 0,
                    proto=proto or "",
                    flows=n or 0,
                    failed=failed or 0,
                    bytes_out=sent or 0,
                    bytes_in=received or 0,
                    home=home,
                    first_us=first * HOUR_US,
                    last_us=last * HOUR_US,
                )
            )
    peers.sort(key=lambda one: (-one.flows, one.peer, one.called, one.port, one.proto))
    return sorted(hours, key=lambda one: one.at_us), peers


_NAMED: Final = """WITH called AS (
    SELECT dst, sni AS "name" FROM tls WHERE src = CAST($host AS UUID) AND sni IS NOT NULL
    UNION SELECT dst, http.host FROM http WHERE src = CAST($host AS UUID) AND http.host IS NOT NULL)
SELECT asked.peer, list("name" ORDER BY "name")
FROM called JOIN asked ON dst = asked.stored::UUID GROUP BY asked.peer"""


def names_of(window: Window, address: str, peers: Iterable[str]) -> dict[str, str]:
    """The registered domain of each of these peers, where the host called it by names of one only; the address itself
    where it called it by none. Of the others nobody knows which to ask about. Raises QueryRefused."""
    every = sorted(set(peers))
    wanted = pa.table(
        {"peer": pa.array(every, pa.string()), "stored": pa.array([str(address_uuid(peer)) for peer in every])}
    )
    given = {"host": str(address_uuid(address))}
    named = dict(window.rows(_NAMED, given, tables={"asked": wanted}) if every else [])
    domains = {peer: {registered_domain(name) or name for name in named.get(peer, [peer])} for peer in every}
    return {peer: those.pop() for peer, those in domains.items() if len(those) == 1}
