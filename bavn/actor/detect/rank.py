"""An actor's own reading order, and its alert line: what its SOC reads in a day. Refuses to know the centre's order."""

from dataclasses import dataclass

from bavn.model.evidence import alert_line
from bavn.model.suspicion import Suspicion, in_order


@dataclass(frozen=True, slots=True)
class Ranked:
    """A suspicion and its place, 1 being read first; ``above`` the alert line or below it."""

    suspicion: Suspicion
    rank: int
    above: bool


def ranked(suspicions: list[Suspicion], hosts: int) -> list[Ranked]:
    """All suspicions in the actor's reading order; ``hosts`` of the actor give the alert line."""
    line = alert_line(hosts)
    return [Ranked(found, rank, rank <= line) for rank, found in enumerate(in_order(suspicions), 1)]
