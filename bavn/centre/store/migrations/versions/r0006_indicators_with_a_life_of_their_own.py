"""Indicators with a life of their own, what actors found of them, the canary ring, and the sector's kill switch.

Only new tables: an indicator that was released before has no life of its own until somebody works on it again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "case_indicator",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("case_order", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("order_no", sa.Integer(), nullable=False),
        sa.Column("done_no", sa.Integer(), nullable=False),
        sa.Column("drafted_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_indicator_case", "case_indicator", ["case_id"])
    op.create_index("case_indicator_state", "case_indicator", ["state"])
    op.create_index("case_indicator_value", "case_indicator", ["type", "value"])

    op.create_table(
        "case_indicator_outcome",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "source", "kind"),
    )
    op.create_table(
        "case_retired",
        sa.Column("producer", sa.String(length=120), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("producer"),
    )
    op.create_table(
        "case_switch",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "case_switch_told",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "actor"),
    )
    op.create_table(
        "share_not_carried",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("enforcers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "actor"),
    )
    op.create_table(
        "share_ring",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("actors", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id"),
    )
    op.create_index("share_ring_state", "share_ring", ["state"])
