"""Working cases with actors: files, who is in them, tasks, words, evidence, what was told, reminders, functions.

Nothing of what was there changes: a case without a file has the default markings, and nobody is in it until the next
ranking of leads.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
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
    with op.batch_alter_table("case_evidence", schema=None) as batch_op:
        batch_op.create_index("case_evidence_case", ["case_id"], unique=False)

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
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index("case_file_merged", ["merged_into"], unique=False)

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
    with op.batch_alter_table("case_involved", schema=None) as batch_op:
        batch_op.create_index("case_involved_actor", ["actor", "type", "value"], unique=False)

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
    with op.batch_alter_table("case_reminder", schema=None) as batch_op:
        batch_op.create_index("case_reminder_at", ["at_us"], unique=False)

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
    with op.batch_alter_table("case_task", schema=None) as batch_op:
        batch_op.create_index("case_task_case", ["case_id", "actor"], unique=False)
        batch_op.create_index("case_task_state", ["state"], unique=False)

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
    with op.batch_alter_table("case_told", schema=None) as batch_op:
        batch_op.create_index("case_told_status", ["status", "try_us"], unique=False)

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
    with op.batch_alter_table("case_words", schema=None) as batch_op:
        batch_op.create_index("case_words_case", ["case_id", "number"], unique=False)
