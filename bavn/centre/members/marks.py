"""Questions by topic whose answers are others when members and partners changed, for an open page.

Each is answered from an index or a small table; ``+table`` stands for whether rows came to a table that may be long.
"""

from typing import Final

MARKS: Final[dict[str, tuple[str, ...]]] = {
    "members": (
        "SELECT max(changed_us), count(*) FROM member_actor",
        "SELECT version FROM member_registry",
        "SELECT max(issued_us), max(revoked_us), count(*) FROM member_certificate",
    ),
    "partners": (
        "SELECT max(added_us), max(ended_us), count(*) FROM member_partner",
        "SELECT max(issued_us), max(ended_us), count(*) FROM member_partner_credential",
    ),
}
