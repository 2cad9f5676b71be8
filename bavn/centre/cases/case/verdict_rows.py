"""The verdict on each element of a case, written in the transaction of the act that judges it."""

from collections.abc import Callable

from sqlalchemy import Connection, delete, insert

from bavn.centre.cases.case.case import Case
from bavn.centre.cases.tables import VERDICT


def no_verdict(_connection: Connection, _case: Case, _who: str, _now_us: int) -> None:
    """Most acts judge nothing."""


def judge(verdict: str) -> Callable[[Connection, Case, str, int], None]:
    """Writes this verdict on every element of a case, in place of any before."""

    def keep(connection: Connection, case: Case, who: str, now_us: int) -> None:
        unjudge(connection, case, who, now_us)
        for element in case.facts.elements:
            key = {"type": element.observable.type.value, "value": element.observable.value}
            connection.execute(delete(VERDICT).where(VERDICT.c.type == key["type"], VERDICT.c.value == key["value"]))
            connection.execute(
                insert(VERDICT).values(
                    **key,
                    verdict=verdict,
                    case_id=case.id,
                    actors=element.groups,
                    threshold=element.threshold,
                    by_user=who,
                    at_us=now_us,
                )
            )

    return keep


def unjudge(connection: Connection, case: Case, _who: str, _now_us: int) -> None:
    """Takes a case's verdicts back."""
    connection.execute(delete(VERDICT).where(VERDICT.c.case_id == case.id))
