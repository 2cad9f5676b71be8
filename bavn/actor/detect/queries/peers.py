"""Who may be a peer at all, in SQL and in words: one other machine, not everybody. Refuses to know why it is asked."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain
from bavn.model.record import range_uuids

_MANY: Final = ("224.0.0.0/4", "255.255.255.255/32", "0.0.0.0/8", "ff00::/8", "::/128")
"""Multicast, broadcast, and addresses that nobody has yet."""


def one_peer(column: str) -> str:
    """SQL: true where the address column names one machine. A home address that ends in .255 is taken for the broadcast
    of its network: a /24 is what offices have."""
    spans = [range_uuids(cidr) for cidr in _MANY]
    ranges = " OR ".join(f"{column} BETWEEN '{low}'::UUID AND '{high}'::UUID" for low, high in spans)
    return f"NOT ({ranges} OR (is_home({column}) AND {column}::VARCHAR LIKE '00000000-0000-0000-0000-ffff______ff'))"


@lru_cache(maxsize=65536)
def as_address(name: str) -> str | None:
    """The usual text of a name that is an address, else None."""
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        return None


def observable_of(kind: ObservableType | None, value: str, homes: tuple[str, ...]) -> Observable | None:
    """The observable of an outside peer, or None for what is inside or has no canonical form. A kind of None is an
    address or a name; a name becomes its registered domain (PSI.md)."""
    try:
        if kind is not None:
            observable = Observable.of(kind, value)
        elif as_address(value):
            observable = Observable.address(value)
        else:
            observable = Observable.of(ObservableType.DOMAIN, registered_domain(value.rstrip(".")) or value)
    except NotCanonical:
        return None
    return observable if is_external(observable, homes) else None
