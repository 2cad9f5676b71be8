"""What people here do about a confirmed attack that was met here: say who looks after it.

Expect nothing to leave: who has it stands in the node's own book.
"""

from typing import Final

from bavn.actor.protect.confirmed import hit_of
from bavn.actor.protect.hit_book import prepare, take
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here
from bavn.model.text import Text

TAKEN: Final = Text("{value} is in {by}'s hands. It is told anew where it is met again a day from now or later.")

NO_HIT: Final = Text("The sector confirmed no such thing that was met here.")


@act(Right.SOC_TRIAGE)
def take_hit(here: Here, by: str, indicator_id: str) -> Text:
    """Says that you look after a confirmed attack that was met here. It stays in the list, no longer on top of Today;
    it comes back where it is met again a day later. Nothing of it is sent."""
    with here.book() as book:
        prepare(book)
        hit = hit_of(book.rows, indicator_id)
        if hit is None or not hit.met:
            raise ActRefused(404, "no-hit", NO_HIT)
        take(book, indicator_id, by, here.clock.now_us())
    return TAKEN.filled(value=hit.observable.value, by=by)
