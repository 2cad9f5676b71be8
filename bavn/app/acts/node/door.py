"""What people here say of elements at the door: never let out, may be named, taken back.

Expect nothing to be sent: it is left in the node's book, and the running node acts on it at its next step.
"""

from typing import Annotated, Literal

from pydantic import Field

from bavn.actor.door.rounds.reveals import Reveals
from bavn.actor.door.state import State
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.node.reveal_words import element_of
from bavn.model.observable import Observable
from bavn.model.text import Text

Element = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,12}:\S{1,300}$", description="type:value, domain:example.com")]


class OverrideRequest(NodeInput):
    """``none`` takes a veto or permission back."""

    element: Element
    wish: Literal["veto", "allow", "none"]


class WithdrawRequest(NodeInput):
    """An element that a report has named."""

    element: Element


@act(Right.SOC_DOOR)
def override(here: Here, by: str, body: OverrideRequest) -> Observable:
    """``veto``: never lets it out, whatever the policy says. ``allow``: lets it be named where the policy asks."""
    element, wish = element_of(body.element), None if body.wish == "none" else body.wish
    with here.book() as book:
        State(book, bytes(32)).set_override(element, wish, by, here.clock.now_us())
    return element


@act(Right.SOC_DOOR)
def withdraw(here: Here, by: str, body: WithdrawRequest) -> Observable:
    """Takes a named element back: the centre drops this actor's reports on it, and it is vetoed from then on."""
    element = element_of(body.element)
    with here.book() as book:
        kept = Reveals(book)
        if not kept.was_reported(element):
            raise ActRefused(409, "never-named", Text("No report on this has left."))
        kept.withdraw(element, by, here.clock.now_us())
    return element
