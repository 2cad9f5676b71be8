"""Cuts packets out of capture files: those of a suspicion, a host or one flow within a span, so many bytes of each.

One pass over the files serves all that is wanted, the newest file first, so that memory is bounded by what is kept;
what is to be read as a conversation is taken from its beginning instead. Refuses to keep a packet that nobody names.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

from bavn.actor.evidence.ends import Ends
from bavn.actor.formats.headers import MAPPED, Heads, heads_of
from bavn.actor.formats.pcap import Packet, packets
from bavn.model.record import address_uuid

FILE_HEAD_BYTES: Final = 16
"""What a packet takes in a pcap file beside its own bytes."""

_DNS_PORTS: Final = frozenset({53, 5353})


@dataclass(frozen=True, slots=True)
class Ports:
    """One flow among those between two addresses. ``proto``: its IP protocol number. The later pieces of a packet that
    came in fragments carry no ports: they are taken by addresses and protocol."""

    host: int
    peer: int
    proto: int


@dataclass(slots=True)
class Wanted:
    """The packets of one suspicion between its ends, or of one flow (``ports``), within [first_us, last_us]. ``found``
    in order of time once cut; ``more``: there were others than ``bytes_max`` holds, older ones, or with ``from_first``
    later ones; ``other_link``: of another link type, so left; ``put_off``: nothing was taken, since all that was
    wanted at once is more than memory may hold."""

    ends: Ends
    first_us: int
    last_us: int
    bytes_max: int
    found: list[Packet] = field(default_factory=list)
    more: bool = False
    other_link: int = 0
    put_off: bool = False
    ports: Ports | None = None
    from_first: bool = False
    _size: int = 0

    def __post_init__(self) -> None:
        self._host = packed(self.ends.host)
        self._peers = frozenset(map(packed, self.ends.peers))
        self._resolvers = frozenset(map(packed, self.ends.resolvers))
        self._needles = tuple(dict.fromkeys(needle(name) for name in self.ends.names))

    _host: bytes = field(init=False, repr=False)
    _peers: frozenset[bytes] = field(init=False, repr=False)
    _resolvers: frozenset[bytes] = field(init=False, repr=False)
    _needles: tuple[bytes, ...] = field(init=False, repr=False)

    @property
    def host(self) -> bytes:
        return self._host

    def takes(self, heads: Heads, packet: Packet) -> bool:
        """Whether this packet is one of the suspicion's. Look-ups only where they ask for one of its names."""
        outward = heads.src == self._host
        other = heads.dst if outward else heads.src
        if not self.first_us <= packet.at_us <= self.last_us or other is None:
            return False
        if self.ports is not None and not _of_flow(self.ports, heads, outward=outward):
            return False
        if other in self._peers or self.ends.anybody:
            return True
        if other in self._resolvers and {heads.src_port, heads.dst_port} & _DNS_PORTS:
            said = packet.data[heads.bytes :].lower()
            return any(name in said for name in self._needles)
        return False


def _of_flow(ports: Ports, heads: Heads, *, outward: bool) -> bool:
    """Whether a packet of the two ends is of the flow."""
    seen = (heads.src_port, heads.dst_port) if outward else (heads.dst_port, heads.src_port)
    return heads.proto == ports.proto and seen in ((ports.host, ports.peer), (0, 0))


def packed(address: str) -> bytes:
    """The 16 bytes of an address, IPv4 mapped."""
    return address_uuid(address).bytes


def needle(name: str) -> bytes:
    """A name as it stands in a DNS message: each label behind its length."""
    labels = [label.encode("ascii", "replace")[:63] for label in name.lower().strip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels)


def cut(
    files: Iterable[Path],
    wanted: Sequence[Wanted],
    stop: Callable[[], bool] = lambda: False,
    *,
    bytes_max: float = inf,
) -> int:
    """Fills ``wanted`` from these files, the newest first, or the oldest where all are wanted from their first packet;
    returns the bytes of files that were read. A file that is gone or cannot be read is passed over: a ring forgets
    while it is read. ``stop`` is asked after each file. Of what is together more than ``bytes_max`` the largest are put
    off, but never all."""
    by_host: dict[bytes, list[Wanted]] = {}
    for item in wanted:
        by_host.setdefault(item.host, []).append(item)
    read = 0
    for path in _newest_first(files)[:: -1 if all(item.from_first for item in wanted) else 1]:
        if stop() or all(item.more for item in wanted):
            break
        try:
            if path.stat().st_mtime_ns // 1000 < min(item.first_us for item in wanted):
                continue
            read += path.stat().st_size
            _cut_file(path, by_host, bytes_max)
        except OSError:
            continue
    for item in wanted:
        item.found.sort(key=lambda packet: packet.at_us)
        _one_link(item)
    return read


def _cut_file(path: Path, by_host: dict[bytes, list[Wanted]], bytes_max: float) -> None:
    taken: dict[int, deque[Packet]] = {}
    held = sum(item._size for ones in by_host.values() for item in ones)  # noqa: SLF001  this room's own
    for packet in packets(path, [host.removeprefix(MAPPED) for host, ones in by_host.items() if ones]):
        heads = heads_of(packet.linktype, packet.data)
        if heads.src is None or heads.dst is None:
            continue
        for host in (heads.src, heads.dst):
            for item in by_host.get(host, ()):
                if not item.put_off and item.takes(heads, packet):
                    held -= item._size  # noqa: SLF001  this room's own
                    _add(taken.setdefault(id(item), deque()), item, packet)
                    held += item._size  # noqa: SLF001  this room's own
            if held > bytes_max:
                held = _put_off(by_host, taken, bytes_max)
            if heads.src == heads.dst:
                break
        if all(item.from_first and item.more for ones in by_host.values() for item in ones):
            break
    for ones in by_host.values():
        for item in ones:
            item.found += taken.pop(id(item), ())


def _put_off(by_host: dict[bytes, list[Wanted]], taken: dict[int, deque[Packet]], bytes_max: float) -> int:
    """Lets go of the largest until the others fit; how much these are."""
    held = sorted((item for ones in by_host.values() for item in ones), key=lambda item: item._size)  # noqa: SLF001
    while len(held) > 1 and sum(item._size for item in held) > bytes_max:  # noqa: SLF001  this room's own
        largest = held.pop()
        largest.found.clear()
        taken.pop(id(largest), None)
        largest.put_off, largest._size = True, 0  # noqa: SLF001  this room's own
        by_host[largest.host] = [item for item in by_host[largest.host] if item is not largest]
    return sum(item._size for item in held)  # noqa: SLF001  this room's own


def _add(mine: "deque[Packet]", item: Wanted, packet: Packet) -> None:
    """The newest packets of a file push out its oldest; those of newer files stay. Wanted from the first on, what is
    too much is not taken."""
    if item.from_first:
        item.more = item.more or item._size + len(packet.data) + FILE_HEAD_BYTES > item.bytes_max  # noqa: SLF001
        if item.more:
            return
    mine.append(packet)
    item._size += len(packet.data) + FILE_HEAD_BYTES  # noqa: SLF001  this room's own
    while item._size > item.bytes_max and mine:  # noqa: SLF001
        item._size -= len(mine.popleft().data) + FILE_HEAD_BYTES  # noqa: SLF001
        item.more = True


def _one_link(item: Wanted) -> None:
    """A pcap file has one link type: the newest packet's."""
    if item.found:
        linktype = item.found[-1].linktype
        kept = [packet for packet in item.found if packet.linktype == linktype]
        item.other_link = len(item.found) - len(kept)
        item.found = kept


def _newest_first(files: Iterable[Path]) -> list[Path]:
    dated = []
    for path in files:
        try:
            dated.append((path.stat().st_mtime_ns, path))
        except OSError:
            continue
    return [path for _, path in sorted(dated, reverse=True)]


def headers_only(packet: Packet) -> Packet:
    """Without payload: cut behind the transport's header, its lengths and checksums as they were."""
    return packet._replace(data=packet.data[: heads_of(packet.linktype, packet.data).bytes])
