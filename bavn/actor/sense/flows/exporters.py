"""Who exports: each exporter's number, the sequence numbers of its domains, and what they say was lost.

Refuses to know what was in a message.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final
from uuid import UUID

from bavn.model.record import address_text
from bavn.model.settings import SettingsError
from bavn.model.text import Text

EXPORTERS_MAX: Final = 1024
DOMAINS_MAX: Final = 4096
GAP_MAX: Final = 1 << 24
"""A sequence that jumps further has begun anew: nobody knows what was lost."""
LATE_MAX: Final = 1000
"""A number so little behind is a datagram that was overtaken."""

RATE_MAX: Final = 10_000_000
_WRONG: Final = Text("flow_sampling must be address=N, one packet in N such as 10.0.0.1=1000")

Key = tuple[int, int]
"""Exporter's number and domain."""


@dataclass(slots=True)
class Exporters:
    """Exporters by address, in the order in which they were first heard. ``gaps``: what was lost, by kind.
    ``names``: the addresses as texts, by number."""

    numbers: dict[bytes, int] = field(default_factory=dict)
    sequences: dict[Key, int] = field(default_factory=dict)
    gaps: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    late: int = 0
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = [address_text(UUID(bytes=address)) for address in self.numbers]

    def number(self, address: bytes) -> int | None:
        """None where there are too many already."""
        if address not in self.numbers:
            if len(self.numbers) >= EXPORTERS_MAX:
                return None
            self.numbers[address] = len(self.numbers)
            self.names.append(address_text(UUID(bytes=address)))
        return self.numbers[address]

    def came(self, key: Key, sequence: int, count: int | None, kind: str, own: tuple[int, ...] = ()) -> None:
        """A message with this sequence number, that moves it on by ``count`` (None: nobody can tell). ``own``: steps
        ahead that are no gap either, since exporters count in more than one way."""
        expected = self.sequences.get(key)
        if expected is None and len(self.sequences) >= DOMAINS_MAX:
            return
        if expected is not None and expected >= 0:
            ahead = (sequence - expected) & 0xFFFFFFFF
            if ahead in {step & 0xFFFFFFFF for step in own}:
                pass  # it counts a message's own records before it
            elif 0 < ahead <= GAP_MAX:
                self.gaps[kind] += ahead
            elif ahead >= (1 << 32) - LATE_MAX and sequence >= LATE_MAX:
                self.late += 1
                return
            elif ahead:
                self.restarts += 1
        self.sequences[key] = -1 if count is None else (sequence + count) & 0xFFFFFFFF

    def state(self) -> dict[str, Any]:
        return {
            "numbers": [address.hex() for address in self.numbers],
            "sequences": [[*key, at] for key, at in self.sequences.items()],
        }

    @classmethod
    def of(cls, state: Any) -> "Exporters":
        """One of ``MALFORMED`` for anything that :meth:`state` did not give."""
        return cls(
            {bytes.fromhex(text): at for at, text in enumerate(state["numbers"])},
            {(int(a), int(b)): int(at) for a, b, at in state["sequences"]},
        )


class Rates:
    """What the operator says of exporters that sample and never say so: texts ``address=N`` or ``network=N``, one
    packet in N. The narrowest network counts. SettingsError for one that is none."""

    def __init__(self, given: Sequence[str]) -> None:
        rates: list[tuple[IPv4Network | IPv6Network, int]] = []
        for text in given:
            network, _, rate = text.partition("=")
            try:
                rates.append((ip_network(network.strip(), strict=False), int(rate)))
            except ValueError as error:
                raise SettingsError(
                    Text("{wrong}, not {text} ({error})", wrong=_WRONG, text=repr(text), error=Text.of_error(error))
                ) from error
            if not 1 <= rates[-1][1] <= RATE_MAX:
                raise SettingsError(
                    Text(
                        "{wrong}, not {text} (N is 1 to {rate_max:,})", wrong=_WRONG, text=repr(text), rate_max=RATE_MAX
                    )
                )
        self._rates = sorted(rates, key=lambda one: -one[0].prefixlen)

    def of(self, exporter: str) -> int:
        """1 where nobody says anything."""
        if not self._rates:
            return 1
        address = ip_address(exporter)
        return next((rate for net, rate in self._rates if net.version == address.version and address in net), 1)
