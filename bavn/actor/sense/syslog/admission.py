"""Who may send, how many at once and how fast; and what came of it, counted. Refuses to know sockets and messages."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from bavn.model.text import Text

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
SENDERS_KEPT_MAX: Final = 4096

NOT_LISTED: Final = Text("from a sender that is not in syslog_senders")
TOO_FAST: Final = Text("more lines a second than one sender may send")
TOO_MANY: Final = Text("more connections at once than are taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogSettings:
    """``senders``: networks (CIDR); ``lines_per_s_max``: of one sender, with a burst of two seconds; ``idle_s``: a
    connection that says nothing for so long is closed; ``half_s``: one that began a message and does not end it."""

    senders: Sequence[str]
    line_bytes_max: int = 65536
    connections_max: int = 512
    lines_per_s_max: int = 20_000
    idle_s: float = 3600.0
    half_s: float = 30.0
    spool_bytes_max: int = 1_000_000_000


class Admission:
    """Counts from any thread. ``tick``: seconds, never backwards."""

    def __init__(self, settings: SyslogSettings, tick: Callable[[], float]) -> None:
        self._settings, self._tick = settings, tick
        self._networks = tuple(ip_network(cidr, strict=False) for cidr in (*settings.senders, *LOOPBACK))
        self._lock = threading.Lock()
        self._may: dict[str, bool] = {}
        self._tokens: dict[str, tuple[float, float]] = {}
        self._connections: Counter[str] = Counter()
        self._refused: Counter[tuple[str, Text]] = Counter()
        self.received = 0
        self.refused: Counter[Text] = Counter()
        self.lost: Counter[str] = Counter()
        self._senders: set[str] = set()

    def may_send(self, sender: str) -> bool:
        """Whether this address is one of the senders."""
        known = self._may.get(sender)
        if known is None:
            if len(self._may) >= SENDERS_KEPT_MAX:
                self._may.clear()
            known = self._may[sender] = within(sender, self._networks)
        return known

    def spend(self, sender: str, wanted: int) -> int:
        """How many of ``wanted`` lines the sender may send now."""
        rate = self._settings.lines_per_s_max
        now = self._tick()
        if len(self._tokens) >= SENDERS_KEPT_MAX:
            self._tokens.clear()
        left, then = self._tokens.get(sender, (2.0 * rate, now))
        left = min(2.0 * rate, left + (now - then) * rate)
        given = min(wanted, int(left))
        self._tokens[sender] = (left - given, now)
        return given

    def opens(self, sender: str) -> bool:
        """Counts a connection; False if it is one too many (then it is not counted). Half of all may be one's own."""
        most = self._settings.connections_max
        if self._connections.total() >= most or self._connections[sender] >= max(1, most // 2):
            return False
        self._connections[sender] += 1
        return True

    def closes(self, sender: str) -> None:
        self._connections[sender] -= 1
        if self._connections[sender] <= 0:
            del self._connections[sender]

    def took(self, sender: str, count: int) -> None:
        """Messages that are on the disk."""
        with self._lock:
            self.received += count
            if len(self._senders) < SENDERS_KEPT_MAX:
                self._senders.add(sender)

    def refuse(self, sender: str, reason: Text, count: int = 1) -> None:
        """Messages, or connections, that were turned away."""
        with self._lock:
            self.refused[reason] += count
            key = (sender, reason) if len(self._refused) < SENDERS_KEPT_MAX else ("others", reason)
            self._refused[key] += count

    def lose(self, what: str, count: int) -> None:
        """Messages that were fine and had no room."""
        with self._lock:
            self.lost[what] += count

    def take_refused(self) -> Mapping[tuple[str, Text], int]:
        """(sender, reason) -> how many since the last call."""
        with self._lock:
            refused, self._refused = self._refused, Counter()
        return refused

    def counts(self) -> Mapping[str, int]:
        """For node health."""
        with self._lock:
            return {
                "received_messages": self.received,
                "refused_messages": self.refused.total(),
                "senders": len(self._senders),
                "connections": self._connections.total(),
            }


def within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether an address, IPv4 written as IPv6 too, is in one of the networks."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return any(mapped in network for network in networks if network.version == mapped.version)
