"""A case's page as its room: who is on it, notes for the next one, what was asked and answered, the next clock,
decisions."""

from bavn.app.web.frame import Person, TextShape, filled
from bavn.app.web.sac.shapes import Shape
from bavn.centre.desk.case.room import Room
from bavn.model.sector.case import OVER
from bavn.model.sector.nis2 import NAMES, Nis2Act
from bavn.model.sector.nis2 import DueState as ReportState


class PersonShown(Shape):
    """Somebody at the centre who is on the case. ``since_us`` None: not known; ``owner``: the case is theirs."""

    name: str
    since_us: int | None
    owner: bool


class NoteShown(Shape):
    """What somebody wrote for the next one. ``to``: who got the case with it; empty: nobody did."""

    at_us: int
    who: str
    to: str
    text: str


class DecisionShown(Shape):
    """``beside``: who stands behind it too; ``about``: an observable, empty for the whole case."""

    at_us: int
    who: str
    beside: list[str]
    what: TextShape
    about: str
    why: str


class NextDue(Shape):
    """The NIS2 report that is owed next, or was missed first."""

    actor: str
    report: Nis2Act
    says: TextShape
    due_us: int
    state: ReportState


class RoomShown(Shape):
    """``waiting``: ids of tasks that wait for an answer, the next deadline first; ``answered``: the rest, the newest
    first. ``on_it``: the reader is on the case; ``yours``: it is the reader's; ``open``: people may be on it."""

    people: list[PersonShown]
    on_it: bool
    yours: bool
    open: bool
    notes: list[NoteShown]
    waiting: list[str]
    answered: list[str]
    next_due: NextDue | None
    decisions: list[DecisionShown]


def room_shown(room: Room, person: Person) -> RoomShown:
    """The room as this person sees it."""
    due = None
    if room.next_due is not None:
        actor, owed = room.next_due
        due = filled(NextDue, owed, actor=actor, says=TextShape.of(NAMES[owed.report]))
    return RoomShown(
        people=[filled(PersonShown, somebody) for somebody in room.people],
        on_it=any(somebody.name == person.name for somebody in room.people),
        yours=any(somebody.owner and somebody.name == person.name for somebody in room.people),
        open=room.case.state not in OVER,
        notes=[filled(NoteShown, note) for note in room.notes],
        waiting=[task.id for task in room.waiting],
        answered=[task.id for task in room.answered],
        next_due=due,
        decisions=[filled(DecisionShown, decision, what=TextShape.of(decision.what)) for decision in room.decisions],
    )
