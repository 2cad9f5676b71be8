"""Each actor's answer of the daily commons round, table by table, until it has left: a kill costs one table."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "round_cells",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "x"),
    )
