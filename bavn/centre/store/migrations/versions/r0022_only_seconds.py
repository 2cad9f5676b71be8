"""Who holds what was named where two suffice, and which groups of members are set apart.

What was named before has no row: what was met alone is counted from this revision on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "sector_held",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value", "actor"),
    )
    op.create_table(
        "case_set_apart",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("actor_group", sa.String(length=40), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=False),
        sa.Column("lifted_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
