"""What matches of Sigma rules are worth and called, for `signature`, which ranks them beside Suricata's alerts.

Refuses to ask (rule_memory.py does), and to know Sigma.
"""

from hashlib import blake2b
from typing import Final

from bavn.model.intel.rule import Level, RowRule

LEVEL_NATS: Final[dict[Level, float]] = {
    "informational": -1.0,
    "low": -0.5,
    "medium": 0.5,
    "high": 2.5,
    "critical": 3.5,
}
"""On the scale of Suricata's: a grave category of severity 1 is worth 3.5, a mild one -1."""


def number_of(rule: RowRule) -> int:
    """A number for a rule that has none, beyond all of Suricata's (32 bits)."""
    return int.from_bytes(blake2b(rule.id.encode(), digest_size=6).digest()) | 1 << 48
