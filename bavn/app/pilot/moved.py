"""History moved by whole days, where somebody asked that all folders begin on one. Pure."""

from dataclasses import replace

from bavn.app.pilot.reading import ReadActor
from bavn.model.moment import DAY_US
from bavn.model.suspicion import RowsRef, Suspicion


def days_moved(actors: tuple[ReadActor, ...]) -> dict[str, int]:
    """By how many days each is moved so that all begin on the first day of the last to begin."""
    firsts = {actor.name: actor.findings.first_us // DAY_US for actor in actors if actor.findings}
    begin = max(firsts.values(), default=0)
    return {name: begin - first for name, first in firsts.items()}


def moved(suspicion: Suspicion, by_us: int) -> Suspicion:
    """The same suspicion so much later; its words stay as they were."""
    if not by_us:
        return suspicion
    rows = suspicion.rows
    return replace(
        suspicion,
        first_us=suspicion.first_us + by_us,
        last_us=suspicion.last_us + by_us,
        known_since=tuple((observable, at_us + by_us) for observable, at_us in suspicion.known_since),
        rows=RowsRef(rows.table, rows.equals, rows.first_us + by_us, rows.last_us + by_us),
    )
