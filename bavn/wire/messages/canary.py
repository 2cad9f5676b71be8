"""What is said of the daily canary: a node tells how far it came, the centre that it heard. Each field from a fixed
list or a bound. Refuses to name anything: both sides know the name from the day.
"""

from typing import Annotated

from pydantic import Field

from bavn.model.sector.canary import RUNS_PER_DAY_MAX
from bavn.wire.messages import fields as f
from bavn.wire.privacy import Message, Privacy


class ChainLink(Message):
    """One link of the canary's chain: whether it passed, how long it took roughly, why not. Words from fixed lists."""

    link: Annotated[f.ChainLinkName, Privacy.S4]
    state: Annotated[str, Field(pattern=r"^(passed|waiting|failed|not-covered)$"), Privacy.S4]
    took: Annotated[int | None, Field(ge=0, le=5), Privacy.S4] = None
    why: Annotated[f.ChainWhy, Privacy.S4] = ""


class CanaryProgress(Message):
    """How far the day's canary came at this node (S4), whole each time. ``run`` counts those of the day: its own, and
    those that a person here sent after it."""

    day: Annotated[int, Field(ge=0, le=100_000), Privacy.S4]
    run: Annotated[int, Field(ge=1, le=RUNS_PER_DAY_MAX), Privacy.S4]
    links: Annotated[tuple[ChainLink, ...], Field(min_length=1, max_length=8), Privacy.S4]


class CanaryAnswered(Message):
    """The centre heard this node's canary. It names nothing: the node knows what it sent out itself."""

    day: Annotated[int, Field(ge=0, le=100_000), Privacy.C]
    run: Annotated[int, Field(ge=1, le=RUNS_PER_DAY_MAX), Privacy.C]
