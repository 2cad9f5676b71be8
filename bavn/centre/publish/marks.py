"""Questions by topic whose answers are others when publications changed, for an open page.

Each is answered from an index or a small table; ``+table`` stands for whether rows came to a table that may be long.
"""

from typing import Final

MARKS: Final[dict[str, tuple[str, ...]]] = {
    "publications": (
        "SELECT max(changed_us), count(*) FROM publish_edition",
        "SELECT max(number) FROM publish_level",
    ),
}
