"""What the SAC console's cases are asked to do: the bodies of changes, each with its bounds."""

from typing import Final, Literal

from pydantic import Field

from bavn.app.web.sac.shapes import Named, Shape
from bavn.model.intel.indicator import PapName, Tlp
from bavn.model.sector.nis2 import CrossBorder, Nis2Act
from bavn.model.sector.work import TaskKind

WHY_MAX: Final = 2000


class Asks(Shape):
    """``why``: the reason, for the audit log; ``seen``: the standing that the person saw."""

    why: str = Field(default="", max_length=WHY_MAX)
    seen: int | None = Field(default=None, ge=0)


class ActRequest(Asks):
    """A step of the life-cycle; a release has its own route, and so has a merge."""

    act: Literal["take", "confirm", "withdraw", "close", "dismiss", "reopen"]


class ReleaseRequest(Asks):
    """``observables`` None: all that may be. ``pap`` None: to block where the line is reached, else to watch."""

    observables: list[Named] | None = Field(default=None, max_length=500)
    tlp: Tlp = Tlp.AMBER
    pap: PapName | None = None
    days: int = Field(default=30, ge=1, le=365)
    confidence: int | None = Field(default=None, ge=0, le=100)


class CommentRequest(Shape):
    """A remark for the centre alone."""

    text: str = Field(min_length=1, max_length=8000)


class WordsRequest(Shape):
    """Words for actors to read; ``to`` empty: for all in the case."""

    text: str = Field(min_length=1, max_length=2000)
    to: str = Field(default="", max_length=40)


class TaskRequest(Shape):
    """``actors`` empty: all in the case. Hours that are not given are the centre's own."""

    actors: list[str] = Field(default=[], max_length=500)
    kind: TaskKind = "task"
    text: str = Field(min_length=1, max_length=2000)
    acknowledge_hours: int | None = Field(default=None, ge=1, le=2160)
    applies_hours: int | None = Field(default=None, ge=1, le=2160)
    done_hours: int | None = Field(default=None, ge=1, le=2160)
    seen: int | None = Field(default=None, ge=0)


class TaskChange(Shape):
    """The centre takes a task back or opens it again."""

    act: Literal["cancel", "reopen"]
    why: str = Field(min_length=1, max_length=WHY_MAX)


class MarkRequest(Asks):
    """Replaces the whole marking."""

    tlp: Tlp
    pap: PapName
    rsit: str = Field(default="", max_length=100)
    techniques: list[str] = Field(default=[], max_length=30)


class OwnerRequest(Asks):
    """Who owns the case from now on."""

    to: str = Field(min_length=2, max_length=64)


class MergeRequest(Asks):
    """The case that goes on."""

    into: str = Field(min_length=1, max_length=60)


class SplitRequest(Asks):
    """What goes to a new case: some of the observables, not all."""

    observables: list[Named] = Field(min_length=1, max_length=500)


class ActorRequest(Shape):
    """An actor to add by hand; it sees its part from then on."""

    actor: str = Field(min_length=2, max_length=40)
    why: str = Field(min_length=1, max_length=WHY_MAX)


class Nis2Request(Shape):
    """What happened at an actor; ``at_us`` None: now. What is None stays as it was noted before."""

    act: Nis2Act
    at_us: int | None = Field(default=None, ge=0, lt=2**53)
    cross_border: CrossBorder | None = None
    trust_service: bool | None = None
    touched: list[str] | None = Field(default=None, max_length=50)
    correct: bool = False
    why: str = Field(default="", max_length=WHY_MAX)
