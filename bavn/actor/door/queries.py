"""What may be asked of a node's door, by whoever may read its book while it runs: what waits for a person, vetoes and
permissions, days whose counts were told.

Each takes ``rows``: a question in SQL and its values to all rows of the answer. Refuses to write.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

Rows = Callable[..., Sequence[tuple[Any, ...]]]
VERDICT_MARKS: Final = (
    "SELECT (SELECT max(number) FROM verdict), (SELECT count(*) FROM verdict_end)",
    "SELECT count(*), max(number), sum(ended_us IS NOT NULL) FROM sector_verdict",
)
"""Questions whose answers are others when a verdict came or ended."""


def asked_elements(rows: Rows, limit: int = 500) -> Sequence[tuple[Any, ...]]:
    """(element, when) of what the centre asked and a person must decide on, the oldest first."""
    return rows(
        "SELECT observable, at_us FROM door_wish WHERE wish = 'asked' ORDER BY at_us, observable LIMIT ?", (limit,)
    )


def overrides(rows: Rows, limit: int = 2000) -> Sequence[tuple[Any, ...]]:
    """(element, veto or allow, by, when) of people here, the newest first."""
    return rows(
        """SELECT observable, wish, by_whom, at_us FROM door_wish WHERE wish <> 'asked'
        ORDER BY at_us DESC LIMIT ?""",
        (limit,),
    )


def wishes(rows: Rows) -> dict[str, str]:
    """Each element (``type:value``) that was asked for or that a person decided on, and what: asked, veto or
    allow."""
    return {str(element): str(wish) for element, wish in rows("SELECT observable, wish FROM door_wish")}


def told_elements(rows: Rows, values: Sequence[str]) -> frozenset[str]:
    """Of these values those that this node let a report out on, as ``type:value``."""
    elements = rows(
        """SELECT DISTINCT type, value FROM door_reveal
        WHERE rule = '' AND value IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted(set(values))),),
    )
    return frozenset(f"{kind}:{value}" for kind, value in elements)


def days_told(rows: Rows, limit: int = 100) -> Sequence[tuple[Any, ...]]:
    """(day, thousandths of epsilon, id of the message) of the days whose counts were told, the newest first."""
    return rows("SELECT day, epsilon_milli, item_id FROM door_budget ORDER BY day DESC LIMIT ?", (limit,))
