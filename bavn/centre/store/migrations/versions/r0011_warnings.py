"""Warnings to the sector: their words and address, how each actor follows them up, its answers, and what was mailed.

Only new tables, empty at first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "case_warning",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=300), nullable=False),
        sa.Column("tlp_min", sa.String(length=20), nullable=False),
        sa.Column("pap_max", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("sent_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledge_us", sa.BigInteger(), nullable=True),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("case_warning", schema=None) as batch_op:
        batch_op.create_index("case_warning_state", ["state", "changed_us"], unique=False)

    op.create_table(
        "case_warning_answer",
        sa.Column("warning_id", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warning_id"],
            ["case_warning.id"],
        ),
        sa.PrimaryKeyConstraint("warning_id", "actor", "serial"),
    )
    op.create_table(
        "case_warning_mail",
        sa.Column("warning_id", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("try_us", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warning_id"],
            ["case_warning.id"],
        ),
        sa.PrimaryKeyConstraint("warning_id", "version", "actor"),
    )
    op.create_table(
        "case_warning_to",
        sa.Column("warning_id", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("try_us", sa.BigInteger(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("acknowledged_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["warning_id"],
            ["case_warning.id"],
        ),
        sa.PrimaryKeyConstraint("warning_id", "actor"),
    )
    with op.batch_alter_table("case_warning_to", schema=None) as batch_op:
        batch_op.create_index("case_warning_to_status", ["status", "try_us"], unique=False)
