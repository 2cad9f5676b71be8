"""Between whom the packets and records of a suspicion went: its host, its peers' addresses, resolvers and names.

A detector names a peer as people do: by a domain, a fingerprint, a service. Which addresses that was is in the store.
Refuses to guess: where there are too many peers, or none is known, it is everybody the host spoke with.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from bavn.model.observable import ObservableType
from bavn.model.ports import Window
from bavn.model.record import address_text, address_uuid, is_address
from bavn.model.suspicion import Suspicion

PEERS_MAX: Final = 64
_ADDRESSES: Final = (ObservableType.IP4, ObservableType.IP6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """``peers``: addresses at the other end. ``resolvers``: name servers that were asked for ``names``.
    ``anybody``: no peer is known, or too many are."""

    host: str
    peers: tuple[str, ...]
    resolvers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def anybody(self) -> bool:
        return not self.peers and not self.resolvers and not self.names


def ends_of(window: Window, suspicion: Suspicion) -> Ends:
    """The ends of a suspicion, by what the window holds of it. Raises QueryRefused."""
    host, equals = suspicion.host, dict(suspicion.rows.equals)
    peers = {o.value for o in suspicion.observables if o.type in _ADDRESSES}
    peers |= {str(equals[side]) for side in ("src", "dst") if is_address(equals.get(side))}
    peers |= {suspicion.peer} if is_address(suspicion.peer) else set()
    names = {o.value for o in suspicion.observables if o.type is ObservableType.DOMAIN}
    names |= {
        str(equals[key]) for key in ("name", "domain", "sni", "host", "rrname") if isinstance(equals.get(key), str)
    }
    names = {name for name in names if not is_address(name)}
    resolvers: set[str] = set()
    if names:
        found, resolvers = _by_name(window, host, sorted(names))
        peers |= found
    if not peers and not resolvers and suspicion.rows.table == "tls":
        peers |= _by_fingerprint(window, host, equals)
    peers.discard(host)
    if len(peers) > PEERS_MAX:
        return Ends(host=host, peers=())
    return Ends(host=host, peers=tuple(sorted(peers)), resolvers=tuple(sorted(resolvers)), names=tuple(sorted(names)))


def named_by(column: str, names: list[str], prefix: str) -> tuple[str, dict[str, Any]]:
    """SQL for: the column is one of these names or lies below one."""
    parts, parameters = [], {}
    for number, name in enumerate(names):
        key = f"{prefix}_{number}"
        parts.append(f'"{column}" = ${key} OR ends_with("{column}", \'.\' || ${key})')
        parameters[key] = name
    return f"({' OR '.join(parts)})", parameters


def _by_name(window: Window, host: str, names: list[str]) -> tuple[set[str], set[str]]:
    """Addresses that the host reached under these names or was told for them, and whom it asked."""
    question, parameters = named_by("rrname", names, "name")
    parameters |= {"host": str(address_uuid(host))}
    bound = f"LIMIT {PEERS_MAX + 1}"
    dns = f"FROM dns WHERE src = $host::UUID AND {question}"
    resolvers = {
        address_text(row[0]) for row in window.rows(f"SELECT DISTINCT dst {dns} ORDER BY 1 {bound}", parameters)
    }
    rows = window.rows(
        f"SELECT DISTINCT answer FROM (SELECT unnest(answers) AS answer {dns}) ORDER BY 1 {bound}", parameters
    )
    peers = {str(ip_address(row[0])) for row in rows if is_address(row[0])}
    for table, column in (("tls", "sni"), ("http", "host")):
        named, mine = named_by(column, names, "name")
        mine |= {"host": parameters["host"]}
        sql = f"SELECT DISTINCT dst FROM {table} WHERE src = $host::UUID AND {named} ORDER BY 1 {bound}"
        peers |= {address_text(row[0]) for row in window.rows(sql, mine)}
    return peers, resolvers


def _by_fingerprint(window: Window, host: str, equals: dict[str, str | int]) -> set[str]:
    columns = [name for name in ("ja3", "ja4", "cert") if name in equals]
    if not columns:
        return set()
    where = " AND ".join(f"{name} = ${name}" for name in columns)
    rows = window.rows(
        f"""SELECT DISTINCT CASE WHEN src = $host::UUID THEN dst ELSE src END
        FROM tls WHERE {where} AND (src = $host::UUID OR dst = $host::UUID) ORDER BY 1 LIMIT {PEERS_MAX + 1}""",
        {name: equals[name] for name in columns} | {"host": str(address_uuid(host))},
    )
    return {address_text(row[0]) for row in rows}
