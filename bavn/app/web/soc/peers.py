"""Whom a host spoke with, from the store's roll-ups. Bounded; of single records it reads the
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
# Two looks, not one with OR: a filter on one column skips parts of a file, an OR of two
# skips none. A peer's first and last hour, not moment: the columns of moments are the largest, and nothing else asks.
_ASKED: Final = """WITH talk AS (
    SELECT dst AS peer, TRUE AS called, dst_port, proto, hour, flows, failed, bytes_toserver AS sent,
           bytes_toclient AS got
    FROM pair_hour WHERE src = CAST($host AS UUID)
    UNION ALL
    SELECT src, FALSE, dst_port, proto, hour, flows, failed, bytes_toclient, bytes_toserver
    FROM pair_hour WHERE dst = CAST($host AS UUID) AND src <> dst)
SELECT peer, called, dst_port, proto, min(hour), max(hour), CAST(sum(flows) AS BIGINT) AS n,
       CAST(sum(failed) AS BIGINT), CAST(sum(sent) AS BIGINT), CAST(sum(got) AS BIGINT), is_home(peer)
FROM talk GROUP BY ALL ORDER BY n DESC, 1, 2, 3, 4 LIMIT $most"""


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


def peers_of(window: Window, address: str) -> list[PeerOf]:
    """Whom the host spoke with, the busiest first, one more than are shown. Raises QueryRefused."""
    given = {"host": str(address_uuid(address)), "most": PEERS_SHOWN_MAX + 1}
    peers = [
        PeerOf(
            peer=address_text(peer),
            called=called,
            port=port or 0,
            proto=proto or "",
            flows=flows or 0,
            failed=failed or 0,
            bytes_out=sent or 0,
            bytes_in=received or 0,
            home=home,
            first_us=first * HOUR_US,
            last_us=last * HOUR_US,
        )
        for peer, called, port, proto, first, last, flows, failed, sent, received, home in window.rows(_ASKED, given)
    ]
    return sorted(peers, key=lambda one: (-one.flows, one.peer, one.called, one.port, one.proto))


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
