"""Which table of a round was drawn for an audit, and what uploads committed to for it.

Uploads from before have no commitment: nothing of theirs is drawn.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    with op.batch_alter_table("round_uploads") as table:
        table.add_column(sa.Column("draw", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("table_hashes", sa.Text(), nullable=True))
        table.add_column(sa.Column("value", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("signature", sa.String(length=128), nullable=True))
        table.add_column(sa.Column("asked_us", sa.BigInteger(), nullable=True))
    op.create_table(
        "round_audits",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("found_us", sa.BigInteger(), nullable=False),
        sa.Column("round_entry", sa.BigInteger(), nullable=False),
        sa.Column("uploads_entry", sa.BigInteger(), nullable=False),
        sa.Column("hits_entry", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("drawn_us", sa.BigInteger(), nullable=True),
        sa.Column("drawn", sa.String(length=200), nullable=False),
        sa.Column("kept_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("round_id"),
    )
    op.create_index("round_audits_found", "round_audits", ["found_us"])
