"""Beacons of one host that are one story: a page's, which are made at the same moments, and a list's, at one pace.

A page asks a dozen names each time it is fetched anew; an implant goes round its list of controllers; a program asks
every device inside for its state. An analyst wants one line of each. Refuses to know what a peer is called.
"""

from collections.abc import Callable, Sequence
from math import log
from typing import Final, Protocol

from bavn.actor.detect.pulse import Pulse

PACE_LOG_MAX: Final = 0.1
"""Periods this close (about a tenth) are one pace."""
LIST_PEERS_MIN: Final = 3
"""Two peers at one pace are met in benign offices."""


class Paced(Protocol):
    """Whatever has a pulse."""

    @property
    def pulse(self) -> Pulse: ...


def together[Story: Paced](stories: Sequence[Story], same: Callable[[Story, Story], bool]) -> list[list[Story]]:
    """The stories in groups: each joins the first before it that it is the ``same`` as. Order is kept."""
    groups: list[list[Story]] = []
    for story in stories:
        home = next((group for group in groups if same(story, group[0])), None)
        if home is None:
            groups.append([story])
        else:
            home.append(story)
    return groups


def one_page(story: Paced, first: Paced) -> bool:
    """Outside peers of one host that are called at the same moments."""
    mine, other = story.pulse, first.pulse
    return mine.host == other.host and not (mine.inside or other.inside) and mine.goes_with(other)


def one_list(story: Paced, first: Paced) -> bool:
    """Peers that have no name, of one host and protocol at one pace; inside, those asked for one service."""
    mine, other = story.pulse, first.pulse
    if mine.host != other.host or mine.inside is not other.inside or mine.proto != other.proto:
        return False
    if mine.inside:
        return mine.port == other.port and mine.name is None and other.name is None
    return (
        mine.name is None
        and other.name is None
        and min(mine.period_s, other.period_s) > 0
        and abs(log(mine.period_s / other.period_s)) <= PACE_LOG_MAX
    )
