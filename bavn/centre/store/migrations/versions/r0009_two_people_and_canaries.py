"""The canary ring is a flag on the member, counted in the registry's version; the kill switch is turned off by two.

Nobody is a canary at first: who was named in ``[indicators] canary_actors`` is set by `bavn centre member set ACTOR
--canary`; a centre whose configuration still names them says so and does not start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    with op.batch_alter_table("member_actor") as table:
        table.add_column(sa.Column("canary", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "case_switch_asked",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
