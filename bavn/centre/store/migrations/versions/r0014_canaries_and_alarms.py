"""Daily canaries, link by link, and alarms that a person takes on; none is known at first."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "canary_run",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.Column("answered_run", sa.Integer(), nullable=False),
        sa.Column("named_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("actor", "day"),
    )
    op.create_table(
        "canary_link",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("took", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("passed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("actor", "day", "link"),
    )
    op.create_index("canary_link_day", "canary_link", ["day"])
    op.create_table(
        "alarm",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("detail_en", sa.String(length=300), nullable=False),
        sa.Column("detail_da", sa.String(length=300), nullable=False),
        sa.Column("acked_by", sa.String(length=64), nullable=False),
        sa.Column("acked_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("alarm_ended", "alarm", ["ended_us"])
