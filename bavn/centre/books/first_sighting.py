"""The first sighting of what a lead, a case or an indicator is about: one moment, asked for here by all that tell it.

It is the earliest hour of any report, and of any actor that met it, in its own history (patient zero) or since. Refuses
to know more than the hour: nothing finer leaves an actor.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from bavn.centre.share.delivery_figures import first_met_in_cases, first_met_of
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.case import Clocks


def first_sighting_us(reported_us: int | None, met_us: Iterable[int | None]) -> int | None:
    """The earliest of what was reported and of what was met; None where nothing is known."""
    return min((at_us for at_us in (reported_us, *met_us) if at_us is not None), default=None)


def of_case(connection: Connection, clocks: Clocks, case_ids: Sequence[str]) -> int | None:
    """Of a case. ``case_ids``: it, and those that were merged into it."""
    return first_sighting_us(clocks.first_sighting_us, first_met_in_cases(connection, case_ids).values())


def hours_of_leads(connection: Connection, leads: Sequence[tuple[int, Sequence[Observable]]]) -> list[int]:
    """Of each lead, which is the hour of its first report and what it is about; in hours since 1970. They are asked for
    together: a page of leads costs what one does."""
    met = first_met_of(connection, {observable for _, observables in leads for observable in observables})
    return [
        min([reported_hour, *(met[one] // HOUR_US for one in observables if one in met)])
        for reported_hour, observables in leads
    ]
