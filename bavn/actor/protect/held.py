"""The indicators that the sector shared with this node, as the door may ask for them: since when, and until when.

Whether one is in force here says nothing: it is known here, and lists, zones and rules may have been made of it.
Refuses to say anything of an indicator that was taken back.
"""

from collections.abc import Callable

from bavn.actor.protect.state import State
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.wire.stix import first_made_us


def held_span(state: State, clock: Clock) -> Callable[[Observable], tuple[int, int] | None]:
    """Of exactly this observable: when its indicator was first made, and its end, in us; None where none is held or it
    has ended."""

    def span(observable: Observable) -> tuple[int, int] | None:
        now_us = clock.now_us()
        found = state.bundles_of(observable)
        return min(((first_made_us(bundle), until) for bundle, until in found if until > now_us), default=None)

    return span
