"""Indicators of one state, and of one case, lie in the order in which they are listed.

The queue of what waits asks for the newest released ones whenever anybody looks or anything changes: of a million it
sorted all of them, each time.
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    listed = ["drafted_us", "id", "type", "value", "case_id"]
    op.create_index("case_indicator_of_state", "case_indicator", ["state", *listed])
    op.drop_index("case_indicator_case", "case_indicator")
    op.create_index("case_indicator_case", "case_indicator", ["case_id", "drafted_us", "id"])
