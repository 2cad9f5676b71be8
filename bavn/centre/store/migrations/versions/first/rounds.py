"""The tables of rounds, leads, nodes' health and alarms, as the first revision makes them."""

import sqlalchemy as sa
from alembic import op


def rounds() -> None:
    """Makes them, with their indexes."""
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
    op.create_index("alarm_ended", "alarm", ["ended_us"], unique=False)
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
    op.create_index("canary_link_day", "canary_link", ["day"], unique=False)
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
        "lead_ignored",
        sa.Column("lead_id", sa.String(length=40), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("actors", sa.Integer(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lead_id"),
    )
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
        sa.Column("upload_hash", sa.String(length=64), nullable=True),
        sa.Column("draw", sa.String(length=64), nullable=True),
        sa.Column("table_hashes", sa.Text(), nullable=True),
        sa.Column("value", sa.String(length=64), nullable=True),
        sa.Column("signature", sa.String(length=128), nullable=True),
        sa.Column("asked_us", sa.BigInteger(), nullable=True),
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
    op.create_table(
        "round_cells",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("cell_table", sa.Integer(), nullable=False),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "cell_table", "x"),
    )
    op.create_table(
        "round_audits",
        sa.Column("round_id", sa.String(length=32), nullable=False),
        sa.Column("found_us", sa.BigInteger(), nullable=False),
        sa.Column("round_entry", sa.BigInteger(), nullable=False),
        sa.Column("uploads_entry", sa.BigInteger(), nullable=False),
        sa.Column("hits_entry", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("drawn_us", sa.BigInteger(), nullable=True),
        sa.Column("drawn", sa.String(length=200), nullable=False),
        sa.Column("kept_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("round_id"),
    )
    op.create_index("round_audits_found", "round_audits", ["found_us"])


def log() -> None:
    """Tables of the centre's log: entries, the newest checkpoint, what members cosigned."""
    op.create_table(
        "log_entry",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("entry", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("log_entry_kind", "log_entry", ["kind", "number"], unique=False)
    op.create_index("log_entry_content_hash", "log_entry", ["content_hash"], unique=False)
    op.create_table(
        "log_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_shown",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("cosigned", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_witness",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("shown_us", sa.BigInteger(), nullable=False),
        sa.Column("proven", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor"),
    )
