"""Questions by topic whose answers are others when rounds, leads, nodes and alarms changed, for an open page.

Each is answered from an index or a small table; ``+table`` stands for whether rows came to a table that may be long.
"""

from typing import Final

MARKS: Final[dict[str, tuple[str, ...]]] = {
    "rounds": (
        "SELECT phase, count(*), max(opened_us) FROM rounds GROUP BY phase ORDER BY phase",
        "SELECT count(*) FROM round_uploads",
    ),
    "leads": (
        "SELECT max(received_us) FROM signs",
        "SELECT count(*), sum(lead_rank), max(first_us) FROM leads WHERE alive",
        "SELECT count(*), max(at_us) FROM lead_ignored",
    ),
    "members": ("SELECT max(received_us), count(*) FROM node_health",),
    "alarms": (
        "SELECT max(number), count(*), max(acked_us), max(ended_us), count(ended_us) FROM alarm",
        "SELECT max(told_us), count(*) FROM canary_run",
    ),
}
