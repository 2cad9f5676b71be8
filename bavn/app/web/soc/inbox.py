"""Today's inbox: the stories that deserve eyes now, how much lies below, and what was looked at.

Refuses to decide what stands above the line (bavn.app.analyst.today.inbox), and to call anything well where nobody
looked.
"""

from typing import Final

from bavn.actor.door.handed import Handed
from bavn.actor.door.suspicions import RUN_SQL, Ranked
from bavn.app.analyst.today.inbox import Inbox, InboxStory, inbox_now
from bavn.app.node.book_queries import Asks
from bavn.app.node.health.promises import promise_of
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.soc.context import Node
from bavn.app.web.soc.health import said_last
from bavn.app.web.soc.shapes import Frozen
from bavn.app.web.soc.suspected_shapes import Suspected, shown

SENSES: Final = ("sources_read", "sources_heard")
CANARY: Final = "canary"
"""A source that sees nothing: what the node itself lets through to try the way."""


class HandedShown(Frozen):
    """Who handed a suspicion to whom, when and why."""

    to: str
    by: str
    at_us: int
    comment: str


class StoryAbove(Frozen):
    """A story that deserves eyes now, and ``why`` (handed, sector, strong or line). ``others``: further suspicions of
    the same host and peer."""

    why: str
    why_says: TextShape
    strongest: Suspected
    others: list[str]
    handed: HandedShown | None


class HandedTo(Frozen):
    """How many suspicions a colleague has."""

    to: str
    count: int


class LookedAt(Frozen):
    """What was looked at. ``ran_us``: when the detectors ran last (None: never), over records up to ``until_us``.
    ``sensors``: sources of records, of which ``silent`` give none or are not read, each with what is wrong. ``runs``:
    the node runs now; else ``state`` says what it does."""

    ran_us: int | None
    until_us: int | None
    sensors: int
    silent: int
    problems: list[TextShape]
    runs: bool
    state: TextShape


class TodaysInbox(Frozen):
    """What deserves eyes now, and what does not. ``weaker``: suspicions below the line; ``marked``: those that people
    here judged or put aside; ``handed``: those that colleagues have. ``read_max``: how many stories are read here in a
    day, of which ``read`` were. ``whole``: a node that runs looked at all, and no sensor is silent."""

    above: list[StoryAbove]
    weaker: int
    marked: int
    handed: list[HandedTo]
    read: int
    read_max: int
    looked: LookedAt
    whole: bool


def todays_inbox(here: Node, rows: Asks, suspected: list[Ranked], reader: str, now_us: int) -> TodaysInbox:
    """For one reader. ``rows`` asks the node's book."""
    run = rows(RUN_SQL)
    looked = _looked(here, run[0][0] if run else None, run[0][1] if run else None)
    todays = inbox_now(rows, suspected, reader=reader, now_us=now_us)
    return _of(todays, shown([story.entries[0] for story in todays.above], rows, now_us, here.next_door(rows)), looked)


def _of(todays: Inbox, shapes: list[Suspected], looked: LookedAt) -> TodaysInbox:
    return TodaysInbox(
        above=[_above(story, shape) for story, shape in zip(todays.above, shapes, strict=True)],
        weaker=todays.weaker,
        marked=todays.marked,
        handed=[HandedTo(to=to, count=count) for to, count in sorted(todays.handed.items())],
        read=todays.read,
        read_max=todays.read_max,
        looked=looked,
        whole=looked.runs and looked.ran_us is not None and looked.sensors > 0 and not looked.problems,
    )


def _above(story: InboxStory, strongest: Suspected) -> StoryAbove:
    rest: list[Ranked] = list(story.entries[1:])
    return StoryAbove(
        why=story.why,
        why_says=TextShape.of(story.why_says),
        strongest=strongest,
        others=[entry.suspicion.id for entry in rest],
        handed=_handed(story.handed),
    )


def _handed(handed: Handed | None) -> HandedShown | None:
    return None if handed is None else filled(HandedShown, handed)


def _looked(here: Node, ran_us: int | None, until_us: int | None) -> LookedAt:
    state, says, written = said_last(here)
    wrong = [problem for problem in written.get("problems", []) if promise_of(problem["code"]) in SENSES]
    return LookedAt(
        ran_us=ran_us,
        until_us=until_us or None,
        sensors=sum(source["name"] != CANARY for source in written.get("sources", [])),
        silent=len({problem["source"] for problem in wrong}),
        problems=[TextShape.kept(problem) for problem in wrong],
        runs=state not in ("never", "stopped", "silent"),
        state=TextShape.of(says),
    )
