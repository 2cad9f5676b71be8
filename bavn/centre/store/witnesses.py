"""What members, as witnesses, were shown of the centre's log and what they cosigned.

A checkpoint is shown at once where an entry waits for it, else every few minutes; each member has one on its way at
most. Believes no cosignature: gate 2 has checked it. Refuses to know how it travels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from bavn.centre.store import log
from bavn.centre.store.engine import reading
from bavn.centre.store.log_keeper import AT_ONCE
from bavn.centre.store.log_tables import LOG_ENTRY, LOG_SHOWN, LOG_WITNESS
from bavn.centre.store.of_actor import OfActor
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.tlog.checkpoint import is_half
from bavn.tlog.entries import PROVEN
from bavn.tlog.note import Line, note_of

SHOWN_EVERY_US: Final = 10 * MINUTE_US
AGAIN_US: Final = HOUR_US
"""A member that says nothing of what it was shown is shown the newest after so long."""
KEPT_US: Final = 30 * DAY_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A checkpoint that members were shown. ``note`` holds its cosignatures, so many of them."""

    size: int
    root: str
    note: str
    at_us: int
    cosigned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far a member has seen the log only grow, and when it said so; 0: it never did."""

    actor: str
    size: int
    seen_us: int


def show(tx: Connection, now_us: int) -> Shown | None:
    """The checkpoint that members are to see now: the log's newest where that is due, else the last that was."""
    state, last = log.state(tx), newest(tx)
    if state is None or not state.note:
        return last
    if last is not None and last.size == state.size:
        return last
    if (
        last is not None
        and now_us - last.at_us < SHOWN_EVERY_US
        and not log.has_any(tx, AT_ONCE, last.size, int(state.size))
    ):
        return last
    values = {"size": int(state.size), "root": state.root, "note": state.note, "at_us": now_us, "cosigned": 0}
    tx.execute(insert(LOG_SHOWN).values(**values))
    old = (LOG_SHOWN.c.at_us < now_us - KEPT_US) & (LOG_SHOWN.c.size < state.size)
    tx.execute(delete(LOG_SHOWN).where(old))
    return Shown(**values)


def newest(tx: Connection) -> Shown | None:
    """The last that members were shown."""
    return _shown(tx.execute(select(LOG_SHOWN).order_by(LOG_SHOWN.c.size.desc()).limit(1)).first())


def shown_at(tx: Connection, size: int, root: str) -> Shown | None:
    """A checkpoint that members were shown."""
    here = (LOG_SHOWN.c.size == size) & (LOG_SHOWN.c.root == root)
    return _shown(tx.execute(select(LOG_SHOWN).where(here)).first())


def roots(tx: Connection, sizes: Iterable[int]) -> dict[int, str]:
    """The root of each checkpoint of these sizes that members were shown."""
    query = select(LOG_SHOWN.c.size, LOG_SHOWN.c.root).where(LOG_SHOWN.c.size.in_(list(sizes)))
    return {int(row.size): row.root for row in tx.execute(query)}


def cosigned_by_half(tx: Connection, members: int, by: str = "", since: int = 0) -> Shown | None:
    """The newest above a size that at least half of so many members cosigned, and the witness of this name too."""
    enough = min((count for count in range(members + 1) if is_half(count, members)), default=1)
    query = select(LOG_SHOWN).where(LOG_SHOWN.c.cosigned >= enough, LOG_SHOWN.c.size > since)
    for row in tx.execute(query.order_by(LOG_SHOWN.c.size.desc())):
        if not by or any(line.name == by for line in note_of(row.note.encode()).lines):
            return _shown(row)
    return None


def proven(tx: Connection, actor: str) -> int:
    """Up to which size a member got the proofs."""
    return int(tx.scalar(select(LOG_WITNESS.c.proven).where(LOG_WITNESS.c.actor == actor)) or 0)


def was_proven(tx: Connection, actor: str, size: int) -> None:
    """It has the proofs of all that is below this size."""
    _keep(tx, actor, proven=size)


def provable(tx: Connection, since: int, until: int) -> list[Any]:
    """The rows of the log that a node may want the proof of, and whose salt is not forgotten."""
    here = LOG_ENTRY.c.kind.in_(PROVEN) & (LOG_ENTRY.c.number >= since) & (LOG_ENTRY.c.number < until)
    kept = here & (LOG_ENTRY.c.content_hash != "") & LOG_ENTRY.c.salt.is_not(None)
    return list(tx.execute(select(LOG_ENTRY).where(kept).order_by(LOG_ENTRY.c.number)))


def to_show(tx: Connection, shown: Shown, members: Iterable[str], now_us: int) -> dict[str, int]:
    """Members that are to be shown it now, and from which size on each needs the proof."""
    rows = {row.actor: row for row in tx.execute(select(LOG_WITNESS))}
    wanted: dict[str, int] = {}
    for actor in members:
        row = rows.get(actor)
        under_way = row is not None and row.shown > row.size and now_us - row.shown_us < AGAIN_US
        if row is None:
            wanted[actor] = 0
        elif row.size < shown.size and not under_way:
            wanted[actor] = int(row.size)
    return wanted


def was_shown(tx: Connection, actor: str, size: int, now_us: int) -> None:
    """It is on its way to the member."""
    _keep(tx, actor, shown=size, shown_us=now_us)


def has_seen(tx: Connection, actor: str, size: int, root: str, line: Line | None, now_us: int) -> None:
    """The member said how far it is. ``line``: its cosignature of that; None where it asks for a proof from there."""
    if line is None:
        _keep(tx, actor, size=size, seen_us=now_us, shown=size)
        return
    row = tx.execute(select(LOG_WITNESS).where(LOG_WITNESS.c.actor == actor)).first()
    if row is None or row.size <= size:
        _keep(tx, actor, size=size, seen_us=now_us)
    shown = shown_at(tx, size, root)
    if shown is None:
        return
    before = note_of(shown.note.encode())
    note = before.with_lines([line])
    values = {"note": note.text(), "cosigned": shown.cosigned + len(note.lines) - len(before.lines)}
    tx.execute(update(LOG_SHOWN).where(LOG_SHOWN.c.size == size).values(**values))


def seen(engine: Engine) -> list[Seen]:
    """Each member that was shown the log, from any process."""
    with reading(engine) as tx:
        rows = tx.execute(select(LOG_WITNESS).order_by(LOG_WITNESS.c.actor)).all()
    return [Seen(actor=row.actor, size=int(row.size), seen_us=int(row.seen_us)) for row in rows]


def _keep(tx: Connection, actor: str, **values: int) -> None:
    if tx.execute(update(LOG_WITNESS).where(LOG_WITNESS.c.actor == actor).values(**values)).rowcount == 0:
        nothing = {"size": 0, "seen_us": 0, "shown": 0, "shown_us": 0, "proven": 0}
        tx.execute(insert(LOG_WITNESS).values(actor=actor, **nothing | values))


def _shown(row: Any) -> Shown | None:
    if row is None:
        return None
    return Shown(size=int(row.size), root=row.root, note=row.note, at_us=int(row.at_us), cosigned=int(row.cosigned))


DELETED: Final = (OfActor("how far it saw the centre's log (S4)", LOG_WITNESS),)
"""Of an actor that leaves. Its cosignatures stay in public, under a name that is its key's."""
