"""Indicators, proposals, the audit log and an actor's deliveries come a page at a time: an index for each order."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_index(
        "case_indicator_listed",
        "case_indicator",
        ["drafted_us", "id", "state", "type", "value", "case_id"],
        if_not_exists=True,
    )
    op.create_index("case_audit_who", "case_audit", ["who", "seq"], if_not_exists=True)
    op.create_index("case_audit_act", "case_audit", ["act", "seq"], if_not_exists=True)
    op.create_index("case_audit_at", "case_audit", ["at_us", "seq"], if_not_exists=True)
    op.create_index("share_delivery_at", "share_delivery", ["actor", "indicator_id", "version"], if_not_exists=True)
    op.create_index(
        "intel_proposal_listed", "intel_proposal", ["state", "first_us", "type", "value"], if_not_exists=True
    )
    op.drop_index("share_delivery_actor", "share_delivery", if_exists=True)
