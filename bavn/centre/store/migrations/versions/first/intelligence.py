"""The tables of what partners say: sources, claims and proposals, as the first revision makes them."""

import sqlalchemy as sa
from alembic import op


def intelligence() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "intel_claim",
        sa.Column("source", sa.String(length=48), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=True),
        sa.Column("gone_us", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("source", "item"),
    )
    op.create_index("intel_claim_observable", "intel_claim", ["type", "value"], unique=False)
    op.create_index("intel_claim_until", "intel_claim", ["gone_us", "until_us"], unique=False)
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
        sa.PrimaryKeyConstraint("type", "value"),
    )
    op.create_index("intel_proposal_listed", "intel_proposal", ["state", "first_us", "type", "value"], unique=False)
    op.create_table(
        "intel_source",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("tried_us", sa.BigInteger(), nullable=False),
        sa.Column("synced_us", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("busy_us", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
