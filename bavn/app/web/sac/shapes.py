"""What several areas of the SAC's API answer with: observables, amounts with their sentence, moments."""

from pydantic import BaseModel, ConfigDict

from bavn.app.web.frame import TextShape
from bavn.model.moment import HOUR_US


class Shape(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True)


class Amount(Shape):
    """One addend: ``name`` is stable, ``amount`` in nats or points, ``why`` its sentence; ``of``: what a reason is
    about, a function or a supplier."""

    name: str
    amount: float
    why: TextShape
    of: TextShape | None = None


class Done(Shape):
    """What an act led to. ``case_id``: the case to look at now; ``standing``: where that case stands afterwards."""

    case_id: str
    standing: int
    said: TextShape


def hour_us(hour: int) -> int:
    """The beginning of an hour since 1970, in us."""
    return hour * HOUR_US
