"""Who may be a peer at all, in SQL and in words: one other machine, not everybody. Refuses to know why it is asked."""

from functools import lru_cache
from ipaddress import ip_address

from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain


def one_peer(column: str) -> str:
    """SQL: true where the address column names one machine (see the store's macro)."""
    return f"one_machine({column})"


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
