"""From where on a node is silent, lossy, off or behind (``[nodes]`` of centre.toml), and what is wrong with it by that.

The defaults stand in health.py. Expect no alarm here: whoever asks makes one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bavn.model.health import CLOCK_OFF_S_MAX, LOSS_PERMILLE_MAX, NODE_SILENT_S, QUEUE_MAX
from bavn.model.moment import SECOND_US
from bavn.model.settings import setting

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeBounds:
    """``[nodes]`` of centre.toml: from where on a node counts as silent, lossy, off or behind, for every alarm, page,
    figure and document of the centre."""

    silent_s: int = setting(
        NODE_SILENT_S,
        unit="s",
        holds="A node that was not heard of for longer counts as silent; it tells how it is each minute.",
        low=90,
        high=86_400,
    )
    loss_permille_max: int = setting(
        LOSS_PERMILLE_MAX,
        unit="1/1000",
        holds="A sensor that loses a larger share of its packets sees too little.",
        low=0,
        high=1000,
    )
    clock_s_max: int = setting(
        CLOCK_OFF_S_MAX,
        unit="s",
        holds="A node whose clock is further from the centre's is off.",
        low=5,
        high=86_400,
    )
    queue_max: int = setting(
        QUEUE_MAX, unit="messages", holds="More than this waiting at a node is a backlog.", low=1, high=1_000_000
    )

    def silent(self, heard_us: int, now_us: int) -> bool:
        """Whether a node that was last heard of then is silent now."""
        return now_us - heard_us > self.silent_s * SECOND_US

    def lossy(self, loss_permille: int) -> bool:
        """Whether a sensor that loses so much sees too little."""
        return loss_permille > self.loss_permille_max

    def condition(self, health: "NodeHealth", now_us: int, since_us: int = 0) -> NodeCondition:
        """``since_us``: since when somebody listens; a node is not silent for what nobody could hear."""
        return NodeCondition(
            silent=self.silent(max(health.received_us, since_us), now_us),
            sensor_down=health.sensor == "down" or "sensor-down" in health.problems,
            no_sensor=health.sensor == "none",
            source_silent="source-silent" in health.problems,
            lossy=self.lossy(health.capture_loss_permille),
            clock_off=abs(health.clock_skew_s) > self.clock_s_max,
            backlog=health.queue_messages > self.queue_max,
        )


NODE_BOUNDS: Final = NodeBounds()
"""Where no operator wants others."""
