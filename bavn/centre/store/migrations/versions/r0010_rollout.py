"""The roll-out: the register of who is to come, each step, the plan, who waits for whom, and what the centre signed.

Only new tables, empty at first: `bavn centre rollout adopt` takes the members there are into the register.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "rollout_actor",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("functions", sa.Text(), nullable=False),
        sa.Column("suppliers", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=254), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor"),
    )
    op.create_table(
        "rollout_signed",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "number"),
    )
    op.create_table(
        "rollout_move",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("came_from", sa.String(length=16), nullable=False),
        sa.Column("went_to", sa.String(length=16), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["rollout_actor.actor"],
        ),
        sa.PrimaryKeyConstraint("actor", "number"),
    )
    op.create_table(
        "rollout_plan",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["rollout_actor.actor"],
        ),
        sa.PrimaryKeyConstraint("actor", "stage"),
    )
    op.create_table(
        "rollout_wait",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("other", sa.String(length=40), nullable=False),
        sa.Column("until", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["rollout_actor.actor"],
        ),
        sa.ForeignKeyConstraint(
            ["other"],
            ["rollout_actor.actor"],
        ),
        sa.PrimaryKeyConstraint("actor", "stage", "other"),
    )
