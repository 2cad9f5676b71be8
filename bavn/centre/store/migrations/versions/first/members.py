"""The tables of members, their roll-out and partners, and of the run itself, as the first revision makes them."""

import sqlalchemy as sa
from alembic import op


def run() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "centre_run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("book_id", sa.String(length=32), nullable=False),
        sa.Column("run_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def members() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "member_actor",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message_key", sa.String(length=64), nullable=True),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("canary", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("x"),
    )
    op.create_table(
        "member_registry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "member_certificate",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("not_before_us", sa.BigInteger(), nullable=False),
        sa.Column("not_after_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["member_actor.name"],
        ),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index(op.f("ix_member_certificate_actor"), "member_certificate", ["actor"], unique=False)
    op.create_table(
        "member_invitation",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["member_actor.name"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_member_invitation_actor"), "member_invitation", ["actor"], unique=False)
    op.create_table(
        "member_quota",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("messages_per_hour_max", sa.BigInteger(), nullable=False),
        sa.Column("bytes_per_hour_max", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["member_actor.name"],
        ),
        sa.PrimaryKeyConstraint("actor", "kind"),
    )
    op.create_table(
        "member_role",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor"],
            ["member_actor.name"],
        ),
        sa.PrimaryKeyConstraint("actor", "kind", "name"),
    )


def rollout() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "rollout_actor",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("waits_for", sa.String(length=200), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor"),
    )
    op.create_table(
        "member_signed",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "number"),
    )


def partners() -> None:
    """Makes them, with their indexes."""
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
    op.create_index(
        op.f("ix_member_partner_credential_partner"), "member_partner_credential", ["partner"], unique=False
    )
