"""The tables as version 0.1.0 made them."""

import sqlalchemy as sa
from alembic import op

from bavn.centre.store.migrations.first_cases import cases, questions

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    _members()
    _node()
    cases()
    questions()
    _share()


def _members() -> None:
    op.create_table(
        "member_actor",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message_key", sa.String(length=64), nullable=True),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
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
    op.create_index("ix_member_certificate_actor", "member_certificate", ["actor"], unique=False)
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
    op.create_index("ix_member_invitation_actor", "member_invitation", ["actor"], unique=False)
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


def _node() -> None:
    op.create_table(
        "lead_of",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("lead_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("type", "value"),
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("lead_rank", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("leads_rank", "leads", ["alive", "lead_rank"], unique=False)
    op.create_table(
        "node_health",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("actor"),
    )
    op.create_table(
        "outgoing",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("outgoing_done", "outgoing", ["done", "number"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("cell_bin", sa.BigInteger(), nullable=False),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("audited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "cell_bin"),
    )
    op.create_table(
        "round_answers",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("cell_bin", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "cell_bin", "x"),
    )
    op.create_table(
        "round_asked",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("cell_bin", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("others", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "cell_bin", "x", "step"),
    )
    op.create_table(
        "round_hits",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("hits", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("round_id"),
    )
    op.create_table(
        "round_plane_tables",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("planes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "x"),
    )
    op.create_table(
        "round_refusals",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "actor", "rule"),
    )
    op.create_table(
        "round_tags",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("cell_bin", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "cell_bin", "x"),
    )
    op.create_table(
        "round_uploads",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("key_check", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "x"),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rounds_phase", "rounds", ["phase", "opened_us"], unique=False)
    op.create_index("rounds_tier", "rounds", ["tier", "opened_us"], unique=False)
    op.create_table(
        "sector_counts",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("epsilon_milli", sa.Integer(), nullable=False),
        sa.Column("cell_max", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "day"),
    )
    op.create_table(
        "sector_seen",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("actor_group", sa.String(length=40), nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("first_report_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value", "actor_group"),
    )
    op.create_table(
        "sharing_nulls",
        sa.Column("stratum", sa.String(length=24), nullable=False),
        sa.Column("a", sa.Float(), nullable=False),
        sa.Column("elements", sa.Integer(), nullable=False),
        sa.Column("fitted_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stratum"),
    )
    op.create_table(
        "signs",
        sa.Column("report_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "actor"),
    )
    op.create_index("signs_element", "signs", ["type", "value", "actor", "tier"], unique=False)
    op.create_index("signs_received", "signs", ["received_us"], unique=False)
    op.create_index("signs_round", "signs", ["round_id"], unique=False)


def _share() -> None:
    op.create_table(
        "share_delivery",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("try_us", sa.BigInteger(), nullable=False),
        sa.Column("queued_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("indicator_id", "version", "actor"),
    )
    op.create_index("share_delivery_actor", "share_delivery", ["actor"], unique=False)
    op.create_index("share_delivery_status", "share_delivery", ["status", "try_us"], unique=False)
    op.create_table(
        "share_indicator",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("tlp", sa.String(length=20), nullable=False),
        sa.Column("pap", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_us", sa.BigInteger(), nullable=False),
        sa.Column("technique", sa.String(length=16), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("released_us", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_us", sa.BigInteger(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("order_no", sa.Integer(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("share_indicator_case", "share_indicator", ["case_id"], unique=False)
    op.create_index("share_indicator_live", "share_indicator", ["live"], unique=False)
    op.create_table(
        "share_observed",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("count_bucket", sa.Integer(), nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=True),
        sa.Column("last_hour", sa.Integer(), nullable=True),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "actor", "kind"),
    )
    op.create_table(
        "share_receipt",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("enforcers", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "actor", "version", "state"),
    )
