"""Questions to the sector: asked by one person, approved by another, taken back. Refuses to take silence for a no."""

from typing import TYPE_CHECKING, Final

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Input, Kind, Name, act
from bavn.app.acts.centre.refusals import KINDS, observable_of
from bavn.centre.cases.questions import Questions, UnknownQuestion
from bavn.model.moment import HOUR_US
from bavn.model.sector.member import ActorState
from bavn.model.sector.question import DAYS_BACK_MAX, DAYS_OPEN_MAX, OBSERVABLES_MAX, WHY_CHARS_MAX, Question
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

REFUSES: Final[tuple[Kind, ...]] = ((UnknownQuestion, 404, "unknown-question", "you"), *KINDS)


class Asking(Input):
    """1 to 20 observables, how many days back, whom (nobody: all active members), and why: every actor reads it."""

    observables: list[str] = Field(min_length=1, max_length=OBSERVABLES_MAX)
    why: str = Field(min_length=1, max_length=WHY_CHARS_MAX)
    days_back: int = Field(default=30, ge=1, le=DAYS_BACK_MAX)
    to: list[Name] = Field(default=[], max_length=1000)
    days_open: int = Field(default=7, ge=1, le=DAYS_OPEN_MAX)


@act(Right.TRIAGE, *REFUSES)
def ask(desk: "Desk", by: str, body: Asking, since_us: int | None = None) -> Question:
    """Ask every node, or some, whether it met these. It goes out when a second person has approved it."""
    active = [view.actor.name for view in desk.members() if view.actor.state is ActorState.ACTIVE]
    strangers = sorted(set(body.to) - set(active))
    if strangers:
        raise ActRefused(422, "not-active", Text("{strangers} is no active member.", strangers=strangers[0]))
    return desk.questions.ask(
        [observable_of(text) for text in body.observables],
        body.to or active,
        by,
        why=body.why,
        since_us=desk.now_us() - body.days_back * 24 * HOUR_US if since_us is None else since_us,
        days=body.days_open,
    )


@act(Right.TRIAGE, *REFUSES)
def approve(questions: Questions, by: str, question_id: str) -> Question:
    """Stand behind somebody else's question: it goes out at once."""
    return questions.approve(question_id, by)


@act(Right.TRIAGE, *REFUSES)
def end(questions: Questions, by: str, question_id: str, why: str) -> Question:
    """Take a question back; later answers are refused."""
    return questions.end(question_id, by, why)
