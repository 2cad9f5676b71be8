"""What verdicts teach the score: proposed by one person, approved by another, taken back by one."""

from typing import TYPE_CHECKING, Final

from bavn.app.access.rights import Right
from bavn.app.acts.act import Kind, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.cases.two_people import UnknownVersion

if TYPE_CHECKING:
    from bavn.centre.books.learned import LearnedVersion
    from bavn.centre.desk.desk import Desk

REFUSES: Final[tuple[Kind, ...]] = ((UnknownVersion, 404, "unknown-version", "you"), *KINDS)


@act(Right.APPROVE, *REFUSES)
def propose(desk: "Desk", by: str) -> "LearnedVersion":
    """Learn from all verdicts so far, as a version that counts for nothing until somebody else approves it."""
    return desk.learning.propose(desk.learnt(), by)


@act(Right.APPROVE, *REFUSES)
def approve(desk: "Desk", by: str, version: str) -> "LearnedVersion":
    """Stand behind somebody else's version; the score weighs by it from the next ranking on."""
    return desk.learning.approve(version, by)


@act(Right.TRIAGE, *REFUSES)
def take_back(desk: "Desk", by: str, version: str, why: str) -> "LearnedVersion":
    """Take a version back; one person is enough. What counted before it counts again."""
    return desk.learning.take_back(version, by, why)
