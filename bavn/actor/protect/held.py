"""The indicators that the sector shared with this node, as the door may ask for them: since when, and until when.

Whether one is in force here says nothing: it is known here, and lists, zones and rules may have been made of it.
Refuses to say anything of an indicator that was taken back.
"""

from collections.abc import Callable
from typing import Final

from bavn.actor.protect.state import State
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.wire.partners.stix_indicator import first_made_us

_SHARED: Final = """SELECT bundle, until_us FROM protect_item
    WHERE type = ? AND value = ? AND until_us > ? AND bundle <> '' AND rule NOT IN ('withdrawn', 'revoked')"""


def held_span(state: State, clock: Clock) -> Callable[[Observable], tuple[int, int] | None]:
    """Of exactly this observable: when its indicator was first made, and its end, in us; None where none is held or it
    has ended."""

    def span(observable: Observable) -> tuple[int, int] | None:
        found = state.book.rows(_SHARED, (observable.type.value, observable.value, clock.now_us()))
        return min(((first_made_us(bundle), int(until_us)) for bundle, until_us in found), default=None)

    return span
