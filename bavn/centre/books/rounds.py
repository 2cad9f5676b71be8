"""Rounds of the private join in the centre's database: implements correlate's RoundBook.

``write`` is one transaction: the state of a round and the messages that follow from it are kept together or not at
all. Refuses to decide anything.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Engine, and_, delete, func, or_, select, update

from bavn.centre.books import codec, draws
from bavn.centre.books import tables as t
from bavn.centre.books.canaries import named
from bavn.centre.books.draws import by_table
from bavn.centre.correlate import round_state as state
from bavn.centre.correlate.round_state import CellAnswer, CellRequest, Change, Held, Phase, Round, RoundView
from bavn.centre.store import log
from bavn.psi.round import Cell, Hit
from bavn.tlog.draw import hits_content, table_hash, upload_hash, uploads_root
from bavn.tlog.entries import content_hash

HITS_CACHED_ROUNDS_MAX = 8


@dataclass(frozen=True, slots=True)
class HitsOfRound:
    """All hits of a round in order, and by cell."""

    every: tuple[Hit, ...]
    at: dict[Cell, tuple[Hit, ...]]

    @classmethod
    def of(cls, hits: tuple[Hit, ...]) -> Self:
        at: dict[Cell, tuple[Hit, ...]] = {}
        for hit in hits:
            at[hit.cell] = (*at.get(hit.cell, ()), hit)
        return cls(hits, at)


class SqlRoundBook:
    """The tables of tables.py must exist. The hits of the last rounds are kept parsed: they never change."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._hits: dict[str, HitsOfRound] = {}

    def write(self, changes: Sequence[Change]) -> None:
        with t.writing(self.engine) as connection:
            for change in changes:
                _WRITERS[type(change)](connection, change)

    def round(self, round_id: str) -> Round | None:
        with t.reading(self.engine) as connection:
            body = connection.scalar(select(t.ROUNDS.c.body).where(t.ROUNDS.c.id == round_id))
        return None if body is None else codec.read_round(body)

    def latest(self, tier: str, until_us: int | None = None) -> Round | None:
        query = select(t.ROUNDS.c.body).where(t.ROUNDS.c.tier == tier).order_by(t.ROUNDS.c.opened_us.desc()).limit(1)
        query = query if until_us is None else query.where(t.ROUNDS.c.opened_us <= until_us)
        with t.reading(self.engine) as connection:
            body = connection.scalar(query)
        return None if body is None else codec.read_round(body)

    def unfinished(self) -> tuple[Round, ...]:
        open_phases = (Phase.UPLOADS.value, Phase.REVEAL.value, Phase.ANSWER.value)
        query = (
            select(t.ROUNDS.c.body)
            .where(t.ROUNDS.c.phase.in_(open_phases))
            .order_by(t.ROUNDS.c.opened_us, t.ROUNDS.c.tier, t.ROUNDS.c.id)
        )
        with t.reading(self.engine) as connection:
            return tuple(codec.read_round(body) for body in connection.scalars(query))

    def uploaded(self, round_id: str) -> dict[int, str]:
        asked = select(t.UPLOADS.c.x, t.UPLOADS.c.item_id).where(t.UPLOADS.c.round_id == round_id)
        with t.reading(self.engine) as connection:
            return {row.x: row.item_id for row in connection.execute(asked)}

    def key_checks(self, round_id: str) -> dict[int, str]:
        asked = select(t.UPLOADS.c.x, t.UPLOADS.c.key_check).where(t.UPLOADS.c.round_id == round_id)
        with t.reading(self.engine) as connection:
            return {row.x: row.key_check for row in connection.execute(asked)}

    def table(self, round_id: str, number: int) -> Iterator[tuple[int, bytes]]:
        xs = select(t.PLANES.c.x).where(t.PLANES.c.round_id == round_id, t.PLANES.c.cell_table == number)
        with t.reading(self.engine) as connection:
            for x in connection.scalars(xs.order_by(t.PLANES.c.x)).all():
                here = (t.PLANES.c.round_id == round_id, t.PLANES.c.cell_table == number, t.PLANES.c.x == x)
                yield x, connection.scalars(select(t.PLANES.c.planes).where(*here)).one()

    def tables_answered(self, round_id: str) -> int:
        latest = select(func.max(t.CELLS.c.cell_table)).where(t.CELLS.c.round_id == round_id)
        with t.reading(self.engine) as connection:
            table = connection.scalar(latest)
        return 0 if table is None else int(table) + 1

    def unanswered(self, round_id: str) -> tuple[int, ...]:
        xs = select(t.CELLS.c.x).where(t.CELLS.c.round_id == round_id).distinct().order_by(t.CELLS.c.x)
        with t.reading(self.engine) as connection:
            return tuple(connection.scalars(xs))

    def cells(self, round_id: str, x: int) -> bytes:
        parts = select(t.CELLS.c.cells).where(t.CELLS.c.round_id == round_id, t.CELLS.c.x == x)
        with t.reading(self.engine) as connection:
            return b"".join(connection.scalars(parts.order_by(t.CELLS.c.cell_table)))

    def held(self, since_us: int) -> list[Held]:
        query = select(t.HELD).where(t.HELD.c.first_us >= since_us).order_by(*t.HELD.primary_key.columns)
        first_us: dict[tuple[str, str], dict[str, int]] = {}
        with t.reading(self.engine) as connection:
            for row in connection.execute(query):
                first_us.setdefault((row.type, row.value), {})[row.actor] = row.first_us
        return [Held(actors) for actors in first_us.values()]

    def view(self, round_: Round) -> RoundView:
        return self._view(round_, None)

    def about(self, round_: Round, cell: Cell) -> RoundView:
        return self._view(round_, cell)

    def _view(self, round_: Round, cell: Cell | None) -> RoundView:
        hits = self._hits_of(round_.id, cell)
        with t.reading(self.engine) as connection:
            requests = connection.execute(_of(t.ASKED, round_.id, cell)).all()
            tags = connection.execute(_of(t.TAGS, round_.id, cell)).all()
            answers = connection.execute(_of(t.ANSWERS, round_.id, cell)).all()
        return RoundView(
            round=round_,
            hits=hits,
            asked=tuple(
                CellRequest(
                    row.x, Cell(row.cell_table, row.cell_bin), row.wave, row.step, tuple(json.loads(row.others))
                )
                for row in requests
            ),
            tags={(row.x, Cell(row.cell_table, row.cell_bin)): row.tag for row in tags},
            answers=tuple(
                CellAnswer(row.x, Cell(row.cell_table, row.cell_bin), row.sign and codec.read_sign(row.sign))
                for row in answers
            ),
        )

    def _hits_of(self, round_id: str, cell: Cell | None) -> tuple[Hit, ...]:
        if round_id not in self._hits:
            with t.reading(self.engine) as connection:
                text = connection.scalar(select(t.HITS.c.hits).where(t.HITS.c.round_id == round_id))
            if text is None:
                return ()
            for old in list(self._hits)[: 1 - HITS_CACHED_ROUNDS_MAX]:
                self._hits.pop(old, None)
            self._hits[round_id] = HitsOfRound.of(codec.read_hits(text))
        found = self._hits[round_id]
        return found.every if cell is None else found.at.get(cell, ())


def _of(table: Any, round_id: str, cell: Cell | None) -> Any:
    asked = select(table).where(table.c.round_id == round_id).order_by(*table.primary_key.columns)
    return asked if cell is None else asked.where(table.c.cell_table == cell.table, table.c.cell_bin == cell.bin)


# --- one writer for each change -----------------------------------------------------------------------------------


def _keep_round(connection: Connection, change: state.KeepRound) -> None:
    round_ = change.round
    values = {
        "tier": round_.params.tier,
        "opened_us": round_.opened_us,
        "phase": round_.phase.value,
        "ended_us": round_.ended_us,
        "body": codec.write_round(round_),
    }
    kept = connection.execute(update(t.ROUNDS).where(t.ROUNDS.c.id == round_.id).values(**values))
    if kept.rowcount == 0:
        connection.execute(t.ROUNDS.insert().values(id=round_.id, **values))
        _log_round(connection, round_)


def _log_round(connection: Connection, round_: Round) -> None:
    fields = {
        "round": round_.id,
        "tier": round_.params.tier,
        "registry": round_.params.registry_version,
        "description": content_hash(round_.params.canonical()),
        "members": content_hash([list(member) for member in round_.members]),
    }
    listed = sorted(list(member) for member in round_.members)
    log.append_changed(connection, "members", round_.opened_us, {"registry": fields["registry"]}, listed)
    log.append(connection, "round", round_.opened_us, fields)


def _keep_planes(connection: Connection, change: state.KeepPlanes) -> None:
    mine = {"round_id": change.round_id, "x": change.x}
    there = select(t.UPLOADS.c.x).where(t.UPLOADS.c.round_id == change.round_id, t.UPLOADS.c.x == change.x)
    if connection.scalar(there) is not None:
        return
    hashes = [table_hash(each) for each in change.tables]
    upload = {
        "item_id": change.item_id,
        "key_check": change.key_check,
        "upload_hash": upload_hash(change.key_check, change.draw, hashes),
        "draw": change.draw,
        "table_hashes": codec.dumps(hashes),
    }
    connection.execute(t.UPLOADS.insert().values(**upload, **mine))
    for number, planes in enumerate(change.tables):
        connection.execute(t.PLANES.insert().values(cell_table=number, planes=planes, **mine))


def _fix_uploads(connection: Connection, change: state.FixUploads) -> None:
    """One entry for all uploads of a round: the root of a tree over their hashes, by x. An entry for each would be a
    million a month at a hundred actors."""
    query = select(t.UPLOADS.c.upload_hash).where(t.UPLOADS.c.round_id == change.round_id).order_by(t.UPLOADS.c.x)
    hashes = [each or "" for each in connection.scalars(query)]
    fields = {"round": change.round_id, "uploads": uploads_root(hashes), "count": len(hashes)}
    log.append(connection, "uploads", change.at_us, fields)


def _drop_planes(connection: Connection, change: state.DropPlanes) -> None:
    audited = select(t.AUDITS.c.round_id).where(t.AUDITS.c.round_id == change.round_id)
    if connection.scalar(audited) is None:
        connection.execute(delete(t.PLANES).where(t.PLANES.c.round_id == change.round_id))


def _keep_hits(connection: Connection, change: state.KeepHits) -> None:
    if connection.scalar(select(t.HITS.c.round_id).where(t.HITS.c.round_id == change.round_id)) is not None:
        return
    hits = codec.write_hits(change.hits)
    connection.execute(t.HITS.insert().values(round_id=change.round_id, hits=hits))
    content = hits_content(by_table(change.hits), change.tables, change.salt)
    number = log.append(connection, "hits", change.found_us, {"round": change.round_id}, content)
    if change.salt and number >= 0:
        draws.begin(connection, change.round_id, change.found_us, change.salt, number)


def _keep_cells(connection: Connection, change: state.KeepCells) -> None:
    rows = [{"x": x, "cells": cells} for x, cells in change.cells]
    t.add_new(connection, t.CELLS, rows, {"round_id": change.round_id, "cell_table": change.table})
    done = (t.PLANES.c.round_id == change.round_id, t.PLANES.c.cell_table == change.table)
    connection.execute(delete(t.PLANES).where(*done))


def _drop_cells(connection: Connection, change: state.DropCells) -> None:
    connection.execute(delete(t.CELLS).where(t.CELLS.c.round_id == change.round_id, t.CELLS.c.x == change.x))


def _keep_tags(connection: Connection, change: state.KeepTags) -> None:
    rows = [{"cell_table": cell.table, "cell_bin": cell.bin, "tag": tag} for cell, tag in change.tags]
    t.add_new(connection, t.TAGS, rows, {"round_id": change.round_id, "x": change.x})


def _keep_asked(connection: Connection, change: state.KeepRequests) -> None:
    rows = [
        {
            "round_id": change.round_id,
            "x": request.x,
            "cell_table": request.cell.table,
            "cell_bin": request.cell.bin,
            "step": request.step,
            "wave": request.wave,
            "others": codec.dumps(request.others),
        }
        for request in change.asked
    ]
    if rows:
        connection.execute(t.ASKED.insert(), rows)


def _keep_answer(connection: Connection, change: state.KeepAnswer) -> None:
    answer = change.answer
    cell = and_(
        t.ANSWERS.c.round_id == change.round_id,
        t.ANSWERS.c.x == answer.x,
        t.ANSWERS.c.cell_table == answer.cell.table,
        t.ANSWERS.c.cell_bin == answer.cell.bin,
    )
    connection.execute(delete(t.ANSWERS).where(cell, t.ANSWERS.c.sign.is_(None)))
    key = {
        "round_id": change.round_id,
        "x": answer.x,
        "cell_table": answer.cell.table,
        "cell_bin": answer.cell.bin,
    }
    sign = None if answer.sign is None else codec.write_sign(answer.sign)
    t.add_new(connection, t.ANSWERS, [{"sign": sign}], key)


def _keep_signs(connection: Connection, change: state.KeepSigns) -> None:
    for sign in change.signs:
        if named(connection, sign):  # a canary is a trial of the chain: it counts nowhere
            continue
        row = {
            "tier": sign.tier,
            "round_id": sign.round_id,
            "type": sign.observable.type.value,
            "value": sign.observable.value,
            "received_us": sign.received_us,
            "body": codec.write_sign(sign),
        }
        t.add_new(connection, t.SIGNS, [row], {"report_id": sign.report_id, "actor": sign.actor})


def _keep_holders(connection: Connection, change: state.KeepHolders) -> None:
    sign = change.sign
    if named(connection, sign):  # everybody holds the canary
        return
    key = {"type": sign.observable.type.value, "value": sign.observable.value}
    rows = [{"actor": actor, "first_us": sign.received_us} for actor in change.holders]
    t.add_new(connection, t.HELD, rows, key)


def _quarantine(connection: Connection, change: state.Quarantine) -> None:
    named = codec.dumps([[actor, str(observable), report] for actor, observable, report in change.named])
    place = {"round_id": change.round_id, "cell_table": change.cell.table, "cell_bin": change.cell.bin}
    here = and_(*(t.QUARANTINE.c[name] == value for name, value in place.items()))
    connection.execute(delete(t.QUARANTINE).where(here))
    connection.execute(t.QUARANTINE.insert().values(named=named, audited=False, **place))
    for actor, _, report in change.named:
        connection.execute(delete(t.SIGNS).where(t.SIGNS.c.report_id == report, t.SIGNS.c.actor == actor))


def _settled(connection: Connection, change: state.Settled) -> None:
    """Receipts go; each report of the round takes the place of what the same actor said before of the same element,
    and the sector remembers when each group first saw it."""
    connection.execute(delete(t.TAGS).where(t.TAGS.c.round_id == change.round_id))
    for body in connection.scalars(select(t.SIGNS.c.body).where(t.SIGNS.c.round_id == change.round_id)).all():
        sign = codec.read_sign(body)
        element = (t.SIGNS.c.type == sign.observable.type.value, t.SIGNS.c.value == sign.observable.value)
        older = or_(
            t.SIGNS.c.received_us < sign.received_us,
            and_(t.SIGNS.c.received_us == sign.received_us, t.SIGNS.c.report_id < sign.report_id),
        )
        connection.execute(
            delete(t.SIGNS).where(*element, t.SIGNS.c.actor == sign.actor, t.SIGNS.c.tier == sign.tier, older)
        )
        _remember(connection, sign.observable.type.value, sign.observable.value, sign.group, sign)


def _remember(connection: Connection, kind: str, value: str, group: str, sign: Any) -> None:
    key = {"type": kind, "value": value, "actor_group": group}
    here = and_(*(t.SEEN.c[name] == given for name, given in key.items()))
    known = connection.execute(select(t.SEEN).where(here)).first()
    if known is None:
        row = key | {"first_hour": sign.first_hour, "first_report_us": sign.received_us}
        connection.execute(t.SEEN.insert().values(**row))
        return
    first_hour = min(known.first_hour, sign.first_hour)
    first_report_us = min(known.first_report_us, sign.received_us)
    connection.execute(update(t.SEEN).where(here).values(first_hour=first_hour, first_report_us=first_report_us))


def _turned(connection: Connection, change: state.Turned) -> None:
    key = {"round_id": change.round_id, "actor": change.actor, "rule": change.rule}
    here = and_(*(t.REFUSALS.c[name] == value for name, value in key.items()))
    counted = connection.execute(update(t.REFUSALS).where(here).values(times=t.REFUSALS.c.times + 1))
    if counted.rowcount == 0:
        connection.execute(t.REFUSALS.insert().values(times=1, **key))


def _say(connection: Connection, change: state.Say) -> None:
    connection.execute(t.OUTGOING.insert().values(said=codec.write_statement(change.said), done=False))


_WRITERS: dict[type[Any], Callable[[Connection, Any], None]] = {
    state.KeepRound: _keep_round,
    state.KeepPlanes: _keep_planes,
    state.DropPlanes: _drop_planes,
    state.FixUploads: _fix_uploads,
    state.KeepHits: _keep_hits,
    state.KeepCells: _keep_cells,
    state.DropCells: _drop_cells,
    state.KeepTags: _keep_tags,
    state.KeepRequests: _keep_asked,
    state.KeepAnswer: _keep_answer,
    state.KeepSigns: _keep_signs,
    state.KeepHolders: _keep_holders,
    state.Quarantine: _quarantine,
    state.Settled: _settled,
    state.Turned: _turned,
    state.Say: _say,
}


def forget_held(engine: Engine, before_us: int) -> None:
    """Who holds what, as first known before a moment. What is still named comes back."""
    with t.writing(engine) as connection:
        connection.execute(delete(t.HELD).where(t.HELD.c.first_us < before_us))


def forget_rounds(engine: Engine, before_us: int) -> int:
    """Delete all that is kept of rounds that ended before a moment, except their reports and quarantines; how many."""
    old = select(t.ROUNDS.c.id).where(t.ROUNDS.c.ended_us < before_us)
    with t.writing(engine) as connection:
        count = connection.scalar(select(func.count()).select_from(old.subquery())) or 0
        for table in (t.UPLOADS, t.PLANES, t.AUDITS, t.HITS, t.CELLS, t.TAGS, t.ASKED, t.ANSWERS, t.REFUSALS):
            connection.execute(delete(table).where(table.c.round_id.in_(old)))
        connection.execute(delete(t.ROUNDS).where(t.ROUNDS.c.ended_us < before_us))
    return count
