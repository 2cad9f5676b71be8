"""The rank cap: nothing that one actor says brings a lead among the first that others would not bring there too.

The poisoning cap bounds what one actor adds to a score; where leads stand close, a few nats are many places. So the
first nine places are kept for leads that rounds would name whichever two of their groups were missing (SPARE), and
they go by what is left of a lead without whichever of its actors it would miss most (the least of its counterfactuals).
Both are exact for whatever one actor says (its reports are A's, R are the others'):

- a lead with A's reports among the first nine is named by R alone, and hangs on no single one of R: with A's reports it
  would be named without A and any one more;
- it stands there by no more than what R alone says is worth, since the least counterfactual is no more than A's.

What A makes itself stands tenth or further down, also where fewer than nine places are filled: they stay free, and so
places have a gap. Where there are no more leads than such places all of them are read, and nothing is moved. Refuses to
change a score.
"""

from collections.abc import Sequence
from typing import Final

PLACES: Final = 9
"""So many of the first places are for leads that hang on no one."""
SPARE: Final = 2
"""So many groups more than a round asks for must hold a lead that stands there: one that may lie, and one that the
others may miss."""


def placed(left: Sequence[float | None], places: int = PLACES) -> list[tuple[int, int]]:
    """Place and number of each lead, the first first. ``left``: of each lead, by falling priority, the least priority
    that it has without one of its actors, None where it hangs on too few."""
    by_priority = range(len(left))
    if len(left) <= places:
        return [(at + 1, at) for at in by_priority]
    firm = sorted((at for at in by_priority if left[at] is not None), key=lambda at: (-(left[at] or 0.0), at))[:places]
    first = set(firm)
    rest = [at for at in by_priority if at not in first]
    return [*enumerate(firm, 1), *enumerate(rest, places + 1)]
