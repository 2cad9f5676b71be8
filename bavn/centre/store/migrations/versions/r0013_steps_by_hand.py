"""A step of the roll-out says whether it rests on a protocol that the centre verified, or on a file given by hand.

Until now any file would do: steps that were taken with one are by hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    with op.batch_alter_table("rollout_move") as batch:
        batch.add_column(sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE rollout_move SET by_hand = TRUE WHERE evidence <> '' AND act IN ('accept', 'prove')")
    with op.batch_alter_table("rollout_move") as batch:
        batch.alter_column("by_hand", server_default=None)
