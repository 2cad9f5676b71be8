"""Which book belongs to the database, and how often a centre has started on it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "centre_run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("book_id", sa.String(length=32), nullable=False),
        sa.Column("run_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
