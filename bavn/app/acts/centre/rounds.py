"""Rounds and the sector's counts, as page and command ask for them. Expect no act: people only read them."""

from typing import TYPE_CHECKING

from bavn.app.acts.act import ActRefused
from bavn.model.moment import DAY_US
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.counts import Count
    from bavn.centre.desk.desk import Desk
    from bavn.centre.desk.views import CellStory, RoundSummary


def whole(desk: "Desk", round_id: str) -> "tuple[RoundSummary, tuple[CellStory, ...]]":
    """A round and its cells. Raises ActRefused where none is kept by that id."""
    summary = desk.summary(round_id)
    if summary is None:
        said = Text("No such round is kept: rounds are forgotten some time after they ended.")
        raise ActRefused(404, "unknown-round", said)
    return summary, desk.cells(round_id)


def counts(desk: "Desk", days: int, *, by_kind: bool) -> "tuple[int, int, list[Count]]":
    """The first and the last of so many whole days (since 1970, UTC), and the sums over them in the order in which they
    are shown."""
    last = desk.now_us() // DAY_US - 1
    first = last - days + 1
    counts = [count for count in desk.counts(first, last) if by_kind or count.kind == "all"]
    return (
        first,
        last,
        sorted(counts, key=lambda one: (one.what != "suspected", one.kind != "all", one.kind, -one.value)),
    )
