"""Many flows that follow one template: columns, never an object a flow. Refuses to know what a packet looks like."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bavn.traffic.dice import Ints
from bavn.traffic.talk import Talk

Addresses = np.ndarray[tuple[int], np.dtype[np.uint32]]
Bytes2 = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

PORT_FIRST: Final = 49152
PORTS: Final = 16384
RTT_US_DEFAULT: Final = 12_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flows:
    """``n`` flows. ``t_us``: first packets; ``client`` and ``server``: IPv4 addresses as numbers, or with the two
    12-byte prefixes the low 32 bits of IPv6 addresses. ``rtt_us``: one for each. ``*_inside``: whether that side sits
    in the actor's own network (its own MAC address; else the gateway's). ``sport`` None: assigned by
    :func:`with_ports`. ``pool``: shape (n, talk.pool_bytes), or None to be thrown. ValueError where sizes differ."""

    talk: Talk
    t_us: Ints
    client: Addresses
    server: Addresses
    rtt_us: Ints
    client_inside: bool = True
    server_inside: bool = False
    client_prefix: bytes | None = None
    server_prefix: bytes | None = None
    sport: Ints | None = None
    pool: Bytes2 | None = None

    def __post_init__(self) -> None:
        sizes = {len(column) for column in (self.t_us, self.client, self.server, self.rtt_us)}
        if len(sizes) != 1:
            raise ValueError(f"columns of one size, please: {sorted(sizes)}")
        if (self.client_prefix is None) != (self.server_prefix is None):
            raise ValueError("both sides speak the same version of IP")
        if self.pool is not None and self.pool.shape != (len(self.t_us), self.talk.pool_bytes):
            raise ValueError(f"the pool has shape {self.pool.shape}")

    def __len__(self) -> int:
        return len(self.t_us)

    def only(self, which: np.ndarray[tuple[int], np.dtype[np.bool_]] | slice) -> "Flows":
        """Some of them, in the same order."""
        return replace(
            self,
            t_us=self.t_us[which],
            client=self.client[which],
            server=self.server[which],
            rtt_us=self.rtt_us[which],
            sport=None if self.sport is None else self.sport[which],
            pool=None if self.pool is None else self.pool[which],
        )

    def over_v6(self, client_prefix: bytes, server_prefix: bytes) -> "Flows":
        """The same flows between addresses behind these prefixes of 12 bytes."""
        return replace(self, client_prefix=client_prefix, server_prefix=server_prefix)


def flows(
    talk: Talk,
    t_us: Ints,
    client: int | Addresses,
    server: int | Addresses,
    *,
    rtt_us: int | Ints = RTT_US_DEFAULT,
    client_inside: bool = True,
    server_inside: bool = False,
) -> Flows:
    """Flows over IPv4 where a single number stands for all."""
    n = len(t_us)
    return Flows(
        talk=talk,
        t_us=t_us,
        client=np.broadcast_to(np.asarray(client, dtype=np.uint32), (n,)),
        server=np.broadcast_to(np.asarray(server, dtype=np.uint32), (n,)),
        rtt_us=np.broadcast_to(np.asarray(rtt_us, dtype=np.int64), (n,)),
        client_inside=client_inside,
        server_inside=server_inside,
    )


def with_ports(batches: Sequence[Flows], start: int) -> list[Flows]:
    """Each client's ports counted up over all its flows in time order, from a place that ``start`` fixes: no pair of
    addresses and ports comes twice before the whole range has been used. Batches that have ports keep them."""
    bare = [batch for batch in batches if batch.sport is None]
    if not bare:
        return list(batches)
    client = np.concatenate([batch.client for batch in bare])
    order = np.lexsort((np.concatenate([batch.t_us for batch in bare]), client))
    first = np.searchsorted(client[order], client[order], side="left")
    count = np.arange(len(order)) - first
    ports = np.empty(len(order), dtype=np.int64)
    ports[order] = PORT_FIRST + (count + client[order] * np.int64(7919) + start) % PORTS
    done, at = [], 0
    for batch in batches:
        if batch.sport is None:
            done.append(replace(batch, sport=ports[at : at + len(batch)]))
            at += len(batch)
        else:
            done.append(batch)
    return done
