"""An actor's own reading order, and its alert line: what its SOC reads in a day. Refuses to know the centre's order."""

from collections.abc import Sequence
from dataclasses import dataclass

from bavn.model.evidence import alert_line
from bavn.model.moment import DAY_US
from bavn.model.suspicion import GUESSES, Suspicion, in_order


@dataclass(frozen=True, slots=True)
class Ranked:
    """A suspicion and its place, 1 being read first; ``above`` the alert line or below it."""

    suspicion: Suspicion
    rank: int
    above: bool


def ranked(suspicions: Sequence[Suspicion], hosts: int) -> list[Ranked]:
    """All suspicions in the actor's reading order; ``hosts`` of the actor give the alert line. All doors that the
    internet tried on one day are one line, which the first of it stands for; so are the passwords that it guessed."""
    lines_max = alert_line(hosts)
    lines: set[tuple[int, bool] | int] = set()
    places = []
    for rank, found in enumerate(in_order(list(suspicions)), 1):
        line = knocked_on(found) if found.knock else rank
        places.append(Ranked(found, rank, line not in lines and len(lines) < lines_max))
        lines.add(line)
    return places


def knocked_on(found: Suspicion) -> tuple[int, bool]:
    """The line that a try from outside stands on: its day (since 1970), and whether passwords were guessed."""
    return found.last_us // DAY_US, found.knock.startswith(GUESSES)
