"""A case's row read and locked, and whether it still stands where somebody saw it. Shared by all that act on cases."""

from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from bavn.centre.cases.case.case import Case, clocks_of, facts_of, terms_of
from bavn.centre.cases.tables import AUDIT, CASE
from bavn.centre.store.rows import value_from
from bavn.model.sector.case import CaseState
from bavn.model.text import Text

QUIET: Final = ("reminded", "reminder-failed", "not-told", "evidence-forgotten", "join", "leave")
"""What changes nothing that a person would have to look at again: acts of the centre's own, and who is on the case."""


class UnknownCase(Exception):
    """No case has that id. The person who asked must act."""


class ChangedMeanwhile(Exception):
    """Somebody else acted on the case between reading and writing. Look again, then act."""


def case_of(row: Row[Any]) -> Case:
    """A case from its row."""
    return value_from(
        Case,
        row,
        state=CaseState(row.state),
        facts=facts_of(row.facts),
        clocks=clocks_of(row.clocks),
        terms=terms_of(row.terms),
    )


def locked(connection: Connection, case_id: str, seen: int | None = None) -> Case:
    """The case, for a change in this transaction. ``seen``: the standing that the person saw; None where they need not
    say. Raises UnknownCase, ChangedMeanwhile."""
    row = connection.execute(select(CASE).where(CASE.c.id == case_id).with_for_update()).first()
    if row is None:
        raise UnknownCase(Text("no case is called {case_id}", case_id=repr(case_id[:60])))
    if seen is not None and standing(connection, case_id) != seen:
        raise ChangedMeanwhile(
            Text("{case_id} was changed by somebody else since {seen}; look again", case_id=case_id, seen=seen)
        )
    return case_of(row)


def standing(connection: Connection, case_id: str) -> int:
    """Counts up with everything that is done to a case; 0 for one that is unknown."""
    asked = select(func.max(AUDIT.c.seq)).where(AUDIT.c.subject == case_id, AUDIT.c.act.not_in(QUIET))
    return connection.scalar(asked) or 0
