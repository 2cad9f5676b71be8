"""How often a node looks, what it looks back on, what it calls itself.

Apart from what looks: a guard has no such half.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """``detect_s``: seconds between two runs of the detectors; ``window_days``: what they look back on."""

    version: str
    detect_s: int = 60
    window_days: int = 28
    health_s: int = 60
    batches_per_look_max: int = 64
