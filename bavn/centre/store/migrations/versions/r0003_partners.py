"""Partners and how they prove who they are; indicators are looked for by when they were released or withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    op.create_table(
        "member_partner",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("added_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("outward", sa.Text(), nullable=False),
        sa.Column("inward", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "member_partner_credential",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partner"],
            ["member_partner.name"],
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("member_partner_credential", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_partner_credential_partner"), ["partner"], unique=False)

    with op.batch_alter_table("share_indicator", schema=None) as batch_op:
        batch_op.create_index("share_indicator_released", ["released_us"], unique=False)
        batch_op.create_index("share_indicator_withdrawn", ["withdrawn_us"], unique=False)
