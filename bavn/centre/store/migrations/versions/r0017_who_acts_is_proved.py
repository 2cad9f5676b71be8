"""Who acts is an account that proved it, somebody at the machine, or a name that nobody proved.

Until now the command line took any name. What waits for a second person names its first by a typed name, as far as
anybody can tell: it says so from here on, and counts as nobody's. So do standing policies: two accounts must stand
behind each before it releases anything again. What is released and told stays as it is.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

TYPED = " (typed, not proved)"
NAME_CHARS_MAX = 64
ROWS = 1000


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    bind = op.get_bind()
    _columns(bind, "case_policy", ("proposed_by", "approved_by"))
    _columns(bind, "case_switch_asked", ("by_user",))
    _columns(bind, "intel_source", ("added_by", "hunts_by"))
    _columns(bind, "exercise", ("confirmed_by",))
    _bodies(bind, "case_question", ("asked_by",), "approved_us IS NULL")
    _bodies(bind, "case_indicator", ("put_by", "approved_by", "now_by"), "state IN ('review', 'approved', 'released')")


def typed(name: str) -> str:
    """As model/principal.py spells it; a revision imports no room."""
    return (
        name
        if not name or name == "centre" or name.startswith("policy:")
        else name[: NAME_CHARS_MAX - len(TYPED)] + TYPED
    )


def _columns(bind: sa.Connection, table: str, names: tuple[str, ...]) -> None:
    for name in names:
        column: sa.ColumnClause[str] = sa.column(name)
        there = sa.table(table, column)
        kept = bind.execute(sa.select(column).where(column.is_not(None)).select_from(there).distinct()).scalars().all()
        for known in kept:
            bind.execute(sa.update(there).where(column == known).values({name: typed(known)}))


def _bodies(bind: sa.Connection, table: str, names: tuple[str, ...], which: str) -> None:
    """Of an indicator that is released, only who asked that its ring be passed over."""
    key, text, state = sa.column("id", sa.String), sa.column("body", sa.Text), sa.column("state", sa.String)
    columns = [key, text, state] if table == "case_indicator" else [key, text]
    there, after = sa.table(table, *columns), ""
    while True:
        asked = sa.select(*columns).where(sa.text(which), key > after).order_by(key).limit(ROWS)
        rows = bind.execute(asked).all()
        for row in rows:
            body = json.loads(row.body)
            released = getattr(row, "state", "") == "released"
            own = tuple(name for name in names if name == "now_by") if released else names
            changed = body | {name: typed(str(body.get(name) or "")) for name in own}
            if changed != body:
                spelled = json.dumps(changed, sort_keys=True, ensure_ascii=False)
                bind.execute(sa.update(there).where(key == row.id).values(body=spelled))
        if len(rows) < ROWS:
            return
        after = rows[-1].id
