"""The tables of cases, indicators, questions and the sector's switch, as the first revision makes them."""

import sqlalchemy as sa
from alembic import op


def cases() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "case_audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("case_audit_act", "case_audit", ["act", "seq"], unique=False)
    op.create_index("case_audit_at", "case_audit", ["at_us", "seq"], unique=False)
    op.create_index("case_audit_subject", "case_audit", ["subject", "seq"], unique=False)
    op.create_index("case_audit_who", "case_audit", ["who", "seq"], unique=False)
    op.create_table(
        "case_audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "case_case",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("lead_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("clocks", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("order_no", sa.Integer(), nullable=False),
        sa.Column("done_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lead_id"),
    )
    op.create_index("case_state", "case_case", ["state"], unique=False)
    op.create_table(
        "case_nis2",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("noted_us", sa.BigInteger(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "actor", "act"),
    )
    op.create_table(
        "case_nis2_flags",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("cross_border", sa.String(length=8), nullable=False),
        sa.Column("trust_service", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "actor"),
    )
    op.create_table(
        "case_policy",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_us", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "case_policy_use",
        sa.Column("policy_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "day"),
    )
    op.create_table(
        "case_verdict",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actors", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value"),
    )
    op.create_index("case_verdict_case", "case_verdict", ["case_id"], unique=False)


def indicators() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "case_indicator",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("case_order", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("order_no", sa.Integer(), nullable=False),
        sa.Column("done_no", sa.Integer(), nullable=False),
        sa.Column("drafted_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_indicator_case", "case_indicator", ["case_id", "drafted_us", "id"], unique=False)
    listed = ["drafted_us", "id", "type", "value", "case_id"]
    op.create_index("case_indicator_of_state", "case_indicator", ["state", *listed], unique=False)
    op.create_index(
        "case_indicator_listed",
        "case_indicator",
        ["drafted_us", "id", "state", "type", "value", "case_id"],
        unique=False,
    )
    op.create_index("case_indicator_state", "case_indicator", ["state"], unique=False)
    op.create_index("case_indicator_value", "case_indicator", ["type", "value"], unique=False)
    op.create_table(
        "case_indicator_outcome",
        sa.Column("indicator_id", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "source", "kind"),
    )
    op.create_table(
        "case_retired",
        sa.Column("producer", sa.String(length=120), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("producer"),
    )


def questions() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "case_answer",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("count_bucket", sa.Integer(), nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=True),
        sa.Column("last_hour", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("question_id", "actor", "number"),
    )
    op.create_table(
        "case_question",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("about", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_question_about", "case_question", ["about"], unique=False)
    op.create_table(
        "case_radius",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("question_id"),
    )
    op.create_table(
        "case_question_to",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("question_id", "actor"),
    )
    op.create_index("case_question_sent", "case_question_to", ["sent"], unique=False)


def switch() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "case_switch",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "case_switch_asked",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "case_switch_told",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "actor"),
    )
    op.create_table(
        "sector_held",
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "value", "actor"),
    )
    op.create_table(
        "case_set_apart",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("actor_group", sa.String(length=40), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=False),
        sa.Column("lifted_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
