"""The tables of the work on cases, and of warnings, as the first revision makes them."""

import sqlalchemy as sa
from alembic import op


def work() -> None:
    """Makes them, with their indexes."""
    op.create_table(
        "case_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "case_evidence",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_evidence_case", "case_evidence", ["case_id"], unique=False)
    op.create_table(
        "case_file",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("tlp", sa.String(length=20), nullable=False),
        sa.Column("pap", sa.Integer(), nullable=False),
        sa.Column("rsit", sa.String(length=100), nullable=False),
        sa.Column("techniques", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("case_file_merged", "case_file", ["merged_into"], unique=False)
    op.create_table(
        "case_involved",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("technique", sa.String(length=16), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "actor", "type", "value"),
    )
    op.create_index("case_involved_actor", "case_involved", ["actor", "type", "value"], unique=False)
    op.create_table(
        "case_moved",
        sa.Column("lead_id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "type", "value"),
    )
    op.create_table(
        "case_nis2_function",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("function", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "actor", "function"),
    )
    op.create_table(
        "case_reminder",
        sa.Column("reminder_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("try_us", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reminder_id", "way", "recipient"),
    )
    op.create_index("case_reminder_at", "case_reminder", ["at_us"], unique=False)
    op.create_table(
        "case_task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("given_us", sa.BigInteger(), nullable=False),
        sa.Column("acknowledge_hours", sa.Integer(), nullable=False),
        sa.Column("applies_hours", sa.Integer(), nullable=False),
        sa.Column("done_hours", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("acknowledged_us", sa.BigInteger(), nullable=True),
        sa.Column("judged_us", sa.BigInteger(), nullable=True),
        sa.Column("done_us", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_task_case", "case_task", ["case_id", "actor"], unique=False)
    op.create_index("case_task_state", "case_task", ["state"], unique=False)
    op.create_table(
        "case_told",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("try_us", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "case_id", "actor"),
    )
    op.create_index("case_told_status", "case_told", ["status", "try_us"], unique=False)
    op.create_table(
        "case_words",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("by_actor", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("case_words_case", "case_words", ["case_id", "number"], unique=False)


def warnings() -> None:
    """Makes them, with their indexes."""
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
    op.create_index("case_warning_state", "case_warning", ["state", "changed_us"], unique=False)
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
    op.create_index("case_warning_to_status", "case_warning_to", ["status", "try_us"], unique=False)
