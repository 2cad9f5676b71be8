"""The columns of a dns row that a resolver's log gives. Data only.

Such a log names the client and the name; seldom the resolver's own address (``::`` where it does not), never what an
answer held. So answers stay NULL, which is not the same as an answer without records.
"""

from typing import Final

from bavn.actor.sense.logs.format import COMMON

COLUMNS: Final = {
    **COMMON,
    "rrname": "name_of(asked)",
    "rrtype": "upper(type)",
    "rcode": "rcode",
    "answered": "answered",
    "answers": "answers",
    "answer_bytes": """CASE
        WHEN answers IS NOT NULL THEN coalesce(list_sum(list_transform(answers, lambda r: strlen(r))), 0) END""",
}
"""Over a stage with asked, type, rcode, answered, answers."""

NO_ANSWERS: Final = "CAST(NULL AS VARCHAR[])"
