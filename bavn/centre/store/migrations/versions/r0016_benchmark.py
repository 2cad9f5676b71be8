"""The sector's benchmark of a month is kept, with its noise, so that it is drawn once; none was made before."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "publish_benchmark",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("vocabulary", sa.Integer(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("epsilon_milli", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
