"""What an operator may set of evidence and verdicts ([evidence] of the node's configuration). Refuses to act on it."""

from dataclasses import dataclass
from typing import Final

from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

RING_BYTES_MIN: Final = 8 << 20
"""Two of the smallest files that Suricata writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """``[evidence]``. SettingsError for a ring that is too small to turn, or a detector that has no name."""

    ring_bytes_max: int = setting(
        0,
        unit="bytes",
        holds="Packets that the Suricata on suricata_interface keeps, the last so many; 0 keeps none (at least 8 MiB).",
        low=0,
        high=1e14,
    )
    captures_keep_bytes: int = setting(
        0,
        unit="bytes",
        holds="Captures from captures_folder that are kept after reading, should they be removed from there; 0 keeps"
        " none.",
        low=0,
        high=1e14,
    )
    keep_packets_of: tuple[str, ...] = setting(
        ("ioc", "beacon", "dns_tunnel", "exfil", "lateral"),
        holds="Detectors whose suspicions keep their packets when they become known, as far as these are still there.",
    )
    keep_packets_nats_min: float = 3.0
    """So does a suspicion of any detector with at least this evidence."""
    packets_bytes_max: int = 10_000_000
    """Packets kept for one suspicion."""
    evidence_bytes_max: int = setting(
        2_000_000_000, unit="bytes", holds="Packets kept for all suspicions; the oldest go first.", low=0, high=1e14
    )
    evidence_days_max: int = setting(
        28, unit="days", holds="Packets kept for a suspicion are deleted after this.", low=1, high=3650
    )
    verdict_days_max: int = setting(
        366, unit="days", holds="A verdict may hold at most this long before somebody looks again.", low=1, high=3660
    )

    def __post_init__(self) -> None:
        if 0 < self.ring_bytes_max < RING_BYTES_MIN:
            raise SettingsError(
                Text(
                    "ring_bytes_max must be 0 or at least {ring_bytes_min}, not {ring_bytes_max}",
                    ring_bytes_min=RING_BYTES_MIN,
                    ring_bytes_max=self.ring_bytes_max,
                )
            )
        if not all(self.keep_packets_of):
            raise SettingsError(Text('keep_packets_of: a detector has a name; [] keeps none by name, "" names nothing'))
