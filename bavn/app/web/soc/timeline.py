"""A host's traffic by the hour and by peer, from the store's roll-ups. Bounded; refuses to read single records."""

from typing import Final

from bavn.app.web.soc.shapes import Frozen
from bavn.model.moment import HOUR_US, as_us
from bavn.model.ports import Window
from bavn.model.record import address_text, address_uuid

PEERS_SHOWN_MAX: Final = 200
# Two looks, not one with OR: a filter on one column skips parts of a file, an OR of two skips none.
_TALKS: Final = """WITH talk AS (
    SELECT *, TRUE AS called FROM pair_hour WHERE src = $host
    UNION ALL SELECT *, FALSE FROM pair_hour WHERE dst = $host AND src <> $host)"""
_HOURS: Final = f"""{_TALKS}
    SELECT hour, CAST(sum(flows) FILTER (called) AS BIGINT), CAST(sum(failed) FILTER (called) AS BIGINT),
           CAST(sum(flows) FILTER (NOT called) AS BIGINT),
           CAST(sum(CASE WHEN called THEN bytes_toserver ELSE bytes_toclient END) AS BIGINT),
           CAST(sum(CASE WHEN called THEN bytes_toclient ELSE bytes_toserver END) AS BIGINT)
    FROM talk GROUP BY hour ORDER BY hour"""
_PEERS: Final = f"""{_TALKS}
    SELECT CASE WHEN called THEN dst ELSE src END AS peer, called, dst_port, proto,
           CAST(sum(flows) AS BIGINT) AS n, CAST(sum(failed) AS BIGINT),
           CAST(sum(CASE WHEN called THEN bytes_toserver ELSE bytes_toclient END) AS BIGINT),
           CAST(sum(CASE WHEN called THEN bytes_toclient ELSE bytes_toserver END) AS BIGINT),
           is_home(CASE WHEN called THEN dst ELSE src END), min(first_ts), max(last_ts)
    FROM talk GROUP BY ALL ORDER BY n DESC, 1, 2, 3, 4 LIMIT $most"""


class Hour(Frozen):
    """What a host did in an hour: connections it opened, of these failed, those it got, bytes it sent and got."""

    at_us: int
    opened: int
    failed: int
    got: int
    bytes_out: int
    bytes_in: int


class PeerOf(Frozen):
    """Whom a host spoke with, at which port. ``called``: the host opened the connection. ``home``: an own host."""

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


def hours_of(window: Window, address: str) -> list[Hour]:
    """The hours in which it had any traffic. Raises QueryRefused."""
    rows = window.rows(_HOURS.replace("$host", "CAST($host AS UUID)"), {"host": str(address_uuid(address))})
    return [
        Hour(at_us=hour * HOUR_US, opened=o or 0, failed=f or 0, got=g or 0, bytes_out=out or 0, bytes_in=into or 0)
        for hour, o, f, g, out, into in rows
    ]


def peers_of(window: Window, address: str) -> list[PeerOf]:
    """The busiest first, one more than are shown. Raises QueryRefused."""
    given = {"host": str(address_uuid(address)), "most": PEERS_SHOWN_MAX + 1}
    rows = window.rows(_PEERS.replace("$host", "CAST($host AS UUID)"), given)
    return [
        PeerOf(
            peer=address_text(peer), called=called, port=port or 0, proto=proto or "", flows=n or 0, failed=failed or 0,
            bytes_out=out or 0, bytes_in=into or 0, home=home, first_us=_us(first), last_us=_us(last),
        )
        for peer, called, port, proto, n, failed, out, into, home, first, last in rows
    ]  # fmt: skip


def _us(moment: object) -> int:
    from datetime import UTC, datetime

    assert isinstance(moment, datetime)  # noqa: S101  the roll-ups' times are timestamps
    return as_us(moment.replace(tzinfo=UTC))
