"""Whether a node is silent, lossy, off or behind, for every alarm, page, figure and document of the centre.

The bounds stand in health.py. Expect no alarm here: whoever asks makes one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bavn.model.health import CLOCK_OFF_S_MAX, LOSS_PERMILLE_MAX, NODE_SILENT_S, QUEUE_MAX
from bavn.model.moment import SECOND_US

if TYPE_CHECKING:
    from bavn.model.received import NodeHealth  # what a node says imports much that no bound needs


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCondition:
    """What is wrong with a node, by what it last said and when. ``backlog``: much waits there for the centre."""

    silent: bool
    sensor_down: bool
    no_sensor: bool
    source_silent: bool
    lossy: bool
    clock_off: bool
    backlog: bool


def is_silent(received_us: int, now_us: int) -> bool:
    """Whether a node that was last heard of then is silent now."""
    return now_us - received_us > NODE_SILENT_S * SECOND_US


def condition_of(health: "NodeHealth", now_us: int, since_us: int = 0) -> NodeCondition:
    """``since_us``: since when somebody listens; a node is not silent for what nobody could hear."""
    return NodeCondition(
        silent=is_silent(max(health.received_us, since_us), now_us),
        sensor_down=health.sensor == "down" or "sensor-down" in health.problems,
        no_sensor=health.sensor == "none",
        source_silent="source-silent" in health.problems,
        lossy=health.capture_loss_permille > LOSS_PERMILLE_MAX,
        clock_off=abs(health.clock_skew_s) > CLOCK_OFF_S_MAX,
        backlog=health.queue_messages > QUEUE_MAX,
    )
