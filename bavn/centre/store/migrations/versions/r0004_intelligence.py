"""Sources outside the sector, what each claims, what is proposed of it, who met it, what was hunted for and when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "intel_claim",
        sa.Column("source", sa.String(length=48), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("heard_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=True),
        sa.Column("gone_us", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("source", "item"),
    )
    with op.batch_alter_table("intel_claim", schema=None) as batch_op:
        batch_op.create_index("intel_claim_observable", ["type", "value"], unique=False)
        batch_op.create_index("intel_claim_until", ["gone_us", "until_us"], unique=False)

    op.create_table(
        "intel_hit",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value", "actor"),
    )
    op.create_table(
        "intel_hunt_day",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("hunted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day"),
    )
    op.create_table(
        "intel_proposal",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("hunt", sa.String(length=40), nullable=False),
        sa.Column("huntable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value"),
    )
    with op.batch_alter_table("intel_proposal", schema=None) as batch_op:
        batch_op.create_index("intel_proposal_state", ["state", "hunt"], unique=False)

    op.create_table(
        "intel_source",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_us", sa.BigInteger(), nullable=False),
        sa.Column("hunts_by", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("tried_us", sa.BigInteger(), nullable=False),
        sa.Column("synced_us", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("busy_us", sa.BigInteger(), nullable=False),
        sa.Column("read_us", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
