"""Questions by topic whose answers are others when what was released changed, for an open page.

Each is answered from an index or a small table; ``+table`` stands for whether rows came to a table that may be long.
"""

from typing import Final

MARKS: Final[dict[str, tuple[str, ...]]] = {
    "indicators": (
        "SELECT max(released_us) FROM share_indicator",
        "SELECT max(withdrawn_us) FROM share_indicator",
        "SELECT state, count(*) FROM share_ring GROUP BY state ORDER BY state",
        "+share_receipt",
        "+share_observed",
    ),
}
