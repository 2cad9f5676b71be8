"""The rank cap: what one actor says brings a lead no further among the first than what the others say is worth.

The poisoning cap bounds what one actor adds to a score; where leads stand close, a few nats are many places. So the
first nine places go by what is left of each lead without whichever of its actors it would miss most (the least of its
counterfactuals), and from the tenth on leads stand by priority. What an actor says can then bring a lead as far up as
the tenth place, and further only what others say without it (so one who lies still helps what two others hold strongly:
it hangs on no one of the three). A lead that is none without one of its actors comes after those that are.
Where there are no more leads than such places all of them are read, and nothing is moved. Refuses to
change a score.
"""

from collections.abc import Sequence
from typing import Final

PLACES: Final = 9
"""So many of the first places go by what is left without any one actor."""


def placed(priorities: Sequence[float], left: Sequence[float | None], places: int = PLACES) -> list[int]:
    """Numbers of the leads in the order in which they stand; given by falling priority. ``left``: the least priority
    that a lead has without one of its actors, None where without one of them it is no lead."""
    by_priority = list(range(len(priorities)))
    if len(by_priority) <= places:
        return by_priority
    firm = sorted((at for at in by_priority if left[at] is not None), key=lambda at: (-(left[at] or 0.0), at))[:places]
    first = set(firm)
    rest = [at for at in by_priority if at not in first]
    return [*firm, *rest]
