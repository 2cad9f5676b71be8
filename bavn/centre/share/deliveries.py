"""Indicators and their deliveries: which version is live, who was to get it, what became of it at each actor.

Works in the centre's database; the letters themselves go through post.py, and a delivery is marked when its letter is
in the actor's queue. Kill -9 between the two is healed by offering again: the ledger knows what was said. Refuses to
decide what is released: it carries out orders.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Subquery,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.stage_book import OPEN, STOPPED, begin_stages, end_stages, open_stages
from bavn.centre.share.tables import DELIVERY, INDICATOR, NOT_CARRIED, OBSERVED, RECEIPT, RING, reading, writing
from bavn.centre.store import log
from bavn.centre.store.owed import PENDING, QUEUED, due, owing, settled
from bavn.centre.store.rows import value_from
from bavn.model.intel.indicator import Indicator, Pap, Tlp, released_content
from bavn.model.observable import Observable, ObservableType
from bavn.model.received import BlockReceipt, Observed
from bavn.model.statement import Releasing, Withdrawing

RELEASE, WITHDRAW = "release", "withdraw"
STALE, HELD = "stale", "held"
"""Beside what every table of what is owed says: a newer version came; the canary ring goes first."""
ASKED_BY_ID_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An indicator as it stands: ``live`` until it is withdrawn, whatever its end date says."""

    indicator: Indicator
    created_us: int
    released_us: int
    withdrawn_us: int | None
    live: bool
    grounds: Grounds


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery whose letter has not been queued."""

    actor: str
    said: Releasing | Withdrawing
    grounds: Grounds | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter that was offered: in the actor's queue, or refused by a rule of gate 3, to be tried again from
    ``again_us`` on or never."""

    one: Pending
    rule: str = ""
    again_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtActor:
    """What an actor said became of an indicator; times are the centre's own, of arrival. ``queued_us``: when the
    letter was in its queue; ``held``: the canary ring has it first. ``enforced_us``: the first time it said so of any
    version since ``since_us`` where that is asked for. ``not_carried``: its enforcers that cannot carry it."""

    actor: str
    queued_us: int | None
    state: str
    enforcers: tuple[str, ...]
    rule: str
    state_us: int | None
    enforced_us: int | None
    not_carried: tuple[str, ...] = ()
    held: bool = False


class Deliveries:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- orders ------------------------------------------------------------------------------------------------

    def release(
        self,
        indicator: Indicator,
        grounds: Grounds,
        actors: Iterable[str],
        order_no: int,
        now_us: int,
        ring: Sequence[str] = (),
    ) -> Indicator:
        """Make this the live version and owe it to every actor; the version counts up from what was. ``ring``: those
        that get it first, while it is held for the others (stages.py). An order that was carried out already changes
        nothing."""
        with writing(self._engine) as connection:
            known = connection.execute(
                select(INDICATOR).where(INDICATOR.c.id == indicator.id).with_for_update()
            ).first()
            if known is not None and known.live and (known.case_id, known.order_no) == (indicator.case_id, order_no):
                return _indicator(known)
            version = max(indicator.version, known.version + 1 if known else 0)
            created_us = known.created_us if known else min(now_us, version)
            values = {
                "version": version,
                "case_id": indicator.case_id,
                "type": indicator.observable.type.value,
                "value": indicator.observable.value,
                "tlp": indicator.tlp.value,
                "pap": int(indicator.pap),
                "confidence": indicator.confidence,
                "valid_from_us": indicator.valid_from_us,
                "valid_until_us": indicator.valid_until_us,
                "technique": indicator.technique,
                "created_us": created_us,
                "released_us": now_us,
                "withdrawn_us": None,
                "live": True,
                "order_no": order_no,
                "grounds": json.dumps(asdict(grounds), sort_keys=True),
            }
            self._keep(connection, indicator.id, values, known is not None)
            log.append(connection, "release", now_us, content=released_content(replace(indicator, version=version)))
            if ring:
                begin_stages(connection, indicator.id, version, ring, now_us)
            first = open_stages(connection, indicator.id)
            self._owe(connection, indicator.id, version, RELEASE, actors, now_us, first)
            return _indicator(connection.execute(select(INDICATOR).where(INDICATOR.c.id == indicator.id)).one())

    def withdraw(self, case_id: str, actors: Iterable[str], now_us: int) -> list[str]:
        """Owe every actor the withdrawal of all that is live of a case; the ids."""
        return self._withdraw(INDICATOR.c.case_id == case_id, actors, now_us)

    def delist(self, wanted_id: str, actors: Iterable[str], now_us: int) -> list[str]:
        """The same for one indicator."""
        return self._withdraw(INDICATOR.c.id == wanted_id, actors, now_us)

    def _withdraw(self, which: ColumnElement[bool], actors: Iterable[str], now_us: int) -> list[str]:
        """Whoever may have got a version is told; for whom it was only ever held is not."""
        active = set(actors)
        with writing(self._engine) as connection:
            rows = connection.execute(select(INDICATOR).where(which, INDICATOR.c.live).order_by(INDICATOR.c.id)).all()
            for row in rows:
                offered = select(DELIVERY.c.actor).where(DELIVERY.c.indicator_id == row.id, DELIVERY.c.status != HELD)
                had = active & set(connection.scalars(offered.distinct()))
                version = max(now_us, row.version + 1)
                values = {"version": version, "withdrawn_us": now_us, "live": False}
                self._keep(connection, row.id, values, True)
                log.append(connection, "withdrawal", now_us, content={"id": row.id, "version": version})
                self._owe(connection, row.id, version, WITHDRAW, had, now_us)
                if open_stages(connection, row.id):
                    end_stages(connection, row.id, STOPPED, "withdrawn", now_us)
        return [row.id for row in rows]

    def owe_newcomers(self, actors: Sequence[str], now_us: int) -> None:
        """Every actor is owed every live indicator that has not ended; who has been told already is left alone."""
        live = and_(INDICATOR.c.live, INDICATOR.c.valid_until_us > now_us)
        with writing(self._engine) as connection:
            for actor in actors:
                delivered = select(DELIVERY.c.indicator_id).where(
                    DELIVERY.c.actor == actor,
                    DELIVERY.c.indicator_id == INDICATOR.c.id,
                    DELIVERY.c.version == INDICATOR.c.version,
                )
                missing = connection.execute(
                    select(INDICATOR.c.id, INDICATOR.c.version)
                    .where(live, ~delivered.exists())
                    .order_by(INDICATOR.c.id)
                ).all()
                for row in missing:
                    ring = open_stages(connection, row.id)
                    self._owe(connection, row.id, row.version, RELEASE, [actor], now_us, ring)

    # --- letters -----------------------------------------------------------------------------------------------

    def pending(self, now_us: int, limit: int) -> list[Pending]:
        """Deliveries to try now, oldest version first; an indicator's earlier versions are stale by then."""
        query = (
            select(DELIVERY.c.actor, DELIVERY.c.kind, DELIVERY.c.version.label("due"), INDICATOR)
            .join(INDICATOR, INDICATOR.c.id == DELIVERY.c.indicator_id)
            .where(due(DELIVERY, now_us))
            .order_by(DELIVERY.c.version, DELIVERY.c.indicator_id, DELIVERY.c.actor)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [_pending(row) for row in rows]

    def marked(self, marks: Sequence[Mark], now_us: int) -> None:
        """What became of letters that were offered: in one write to the disk."""
        with writing(self._engine) as connection:
            for mark in marks:
                self._mark(connection, mark, now_us)

    def log_given(self, given: Sequence[Mapping[str, str]], now_us: int) -> None:
        """The centre's log gets an entry of each thing that a partner is given, once."""
        if given:
            with writing(self._engine) as connection:
                for content in given:
                    log.append_once(connection, "partner", now_us, dict(content))

    # --- what comes back ---------------------------------------------------------------------------------------

    def heard(self, receipt: BlockReceipt) -> str | None:
        """Keep a receipt; the case of its indicator if it says enforced (whole or partly), else None."""
        key = {
            "indicator_id": receipt.indicator_id,
            "actor": receipt.actor,
            "version": receipt.version,
            "state": receipt.state,
        }
        here = and_(*(RECEIPT.c[name] == value for name, value in key.items()))
        words = {"enforcers": json.dumps(receipt.enforcers), "rule": receipt.rule or ""}
        with writing(self._engine) as connection:
            known = connection.execute(update(RECEIPT).where(here).values(last_us=receipt.received_us, **words))
            if known.rowcount == 0:
                times = {"first_us": receipt.received_us, "last_us": receipt.received_us}
                connection.execute(insert(RECEIPT).values(**key, **words, **times))
            _keep_not_carried(connection, receipt)
            delivery = connection.execute(
                select(INDICATOR.c.case_id).where(INDICATOR.c.id == receipt.indicator_id)
            ).scalar_one_or_none()
        return delivery if receipt.state in ("enforced", "partly") else None

    def observed(self, seen: Observed) -> None:
        """Keep a sighting: the widest that this actor has told of this kind."""
        key = {"indicator_id": seen.indicator_id, "actor": seen.actor, "kind": seen.kind}
        here = and_(*(OBSERVED.c[name] == value for name, value in key.items()))
        with writing(self._engine) as connection:
            known = connection.execute(select(OBSERVED).where(here)).first()
            hours = [hour for hour in (seen.first_hour, known and known.first_hour) if hour is not None]
            last = [hour for hour in (seen.last_hour, known and known.last_hour) if hour is not None]
            values = {
                "count_bucket": max(seen.count_bucket, known.count_bucket if known else 0),
                "first_hour": min(hours, default=None),
                "last_hour": max(last, default=None),
                "received_us": seen.received_us,
            }
            connection.execute(delete(OBSERVED).where(here))
            connection.execute(insert(OBSERVED).values(**key, **values))

    # --- questions ---------------------------------------------------------------------------------------------

    def every(self, limit: int | None = None) -> tuple[Kept, ...]:
        """All indicators, or so many, the latest release first."""
        asked = select(INDICATOR).order_by(INDICATOR.c.released_us.desc(), INDICATOR.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(_kept(row) for row in connection.execute(asked))

    def counts(self) -> dict[str, int]:
        """How many letters stand how."""
        asked = select(DELIVERY.c.status, func.count()).group_by(DELIVERY.c.status)
        with reading(self._engine) as connection:
            return {str(status): int(count) for status, count in connection.execute(asked)}

    def get(self, wanted_id: str) -> Kept | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(INDICATOR).where(INDICATOR.c.id == wanted_id)).first()
        return None if row is None else _kept(row)

    def changed(self, since_us: int | None, ended_after_us: int, after: str, limit: int) -> tuple[Kept, ...]:
        """By id, above ``after``: what was released, withdrawn or let on by its canary ring since a moment; for None
        all that did not end before ``ended_after_us``. What its ring still holds is left out."""
        if since_us is None:
            fits = or_(INDICATOR.c.valid_until_us > ended_after_us, INDICATOR.c.withdrawn_us > ended_after_us)
        else:
            let_on = select(RING.c.indicator_id).where(RING.c.state == OPEN, RING.c.ended_us >= since_us)
            new = or_(INDICATOR.c.released_us >= since_us, INDICATOR.c.withdrawn_us >= since_us)
            fits = or_(new, INDICATOR.c.id.in_(let_on))
        held = select(RING.c.indicator_id).where(RING.c.state != OPEN)
        passed = or_(INDICATOR.c.withdrawn_us.is_not(None), INDICATOR.c.id.not_in(held))
        asked = select(INDICATOR).where(fits, passed, INDICATOR.c.id > after).order_by(INDICATOR.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(_kept(row) for row in connection.execute(asked))

    def at_actors(self, wanted_id: str, since_us: int = 0) -> tuple[AtActor, ...]:
        """One line for each actor that was owed the indicator or spoke of it, by name."""
        return self.at_actors_of({wanted_id: since_us})[wanted_id]

    def at_actors_of(self, since_us: Mapping[str, int]) -> dict[str, tuple[AtActor, ...]]:
        """The same of each of these indicators, which are read together; since when is said of each."""
        ids = list(since_us)
        with reading(self._engine) as connection:
            owed = _by_id(connection, DELIVERY, ids, DELIVERY.c.version)
            lacks = _by_id(connection, NOT_CARRIED, ids, NOT_CARRIED.c.actor)
            receipts = _by_id(connection, RECEIPT, ids, RECEIPT.c.version, RECEIPT.c.last_us, RECEIPT.c.state)
        return {
            wanted: _at_actors(owed.get(wanted, []), receipts.get(wanted, []), lacks.get(wanted, []), since)
            for wanted, since in since_us.items()
        }

    def sent_to(self, wanted_id: str, actor: str) -> bool:
        """Whether an actor was ever given an indicator."""
        here = and_(DELIVERY.c.indicator_id == wanted_id, DELIVERY.c.actor == actor, DELIVERY.c.queued_us.is_not(None))
        with reading(self._engine) as connection:
            return connection.execute(select(DELIVERY.c.actor).where(here).limit(1)).first() is not None

    def sightings(self, wanted_id: str) -> tuple[Observed, ...]:
        """What actors met of an indicator, by actor and kind."""
        return self.sightings_of([wanted_id]).get(wanted_id, ())

    def sightings_of(self, ids: Sequence[str]) -> dict[str, tuple[Observed, ...]]:
        """The same of each of these that was met, read together."""
        with reading(self._engine) as connection:
            rows = _by_id(connection, OBSERVED, ids, OBSERVED.c.actor, OBSERVED.c.kind)
        return {wanted: tuple(Observed(item_id="", **row._asdict()) for row in mine) for wanted, mine in rows.items()}

    # --- inside ------------------------------------------------------------------------------------------------

    def _keep(self, connection: Connection, wanted_id: str, values: dict[str, Any], known: bool) -> None:
        if known:
            connection.execute(update(INDICATOR).where(INDICATOR.c.id == wanted_id).values(**values))
        else:
            connection.execute(insert(INDICATOR).values(id=wanted_id, **values))

    def _owe(
        self,
        connection: Connection,
        wanted_id: str,
        version: int,
        kind: str,
        actors: Iterable[str],
        now_us: int,
        ring: Collection[str] = (),
    ) -> None:
        waits = DELIVERY.c.status.in_((PENDING, HELD))
        older = and_(DELIVERY.c.indicator_id == wanted_id, DELIVERY.c.version < version, waits)
        connection.execute(update(DELIVERY).where(older).values(status=STALE))
        rows = [
            {
                "indicator_id": wanted_id,
                **owing(version),
                "actor": actor,
                "kind": kind,
                "status": HELD if ring and actor not in ring else PENDING,
                "try_us": now_us,
                "queued_us": None,
            }
            for actor in sorted(set(actors))
        ]
        if rows:
            connection.execute(insert(DELIVERY), rows)

    def _mark(self, connection: Connection, mark: Mark, now_us: int) -> None:
        wanted, version = _named(mark.one.said)
        here = and_(
            DELIVERY.c.indicator_id == wanted, DELIVERY.c.version == version, DELIVERY.c.actor == mark.one.actor
        )
        values = settled(mark.rule, mark.again_us)
        if values["status"] == QUEUED:
            values["queued_us"] = now_us
        connection.execute(update(DELIVERY).where(here).values(**values))


def released_spans(engine: Engine) -> dict[Observable, tuple[int, int]]:
    """Each element that was ever released: when first, and when its indicator ends or was taken back, in us."""
    columns = INDICATOR.c
    asked = select(columns.type, columns.value, columns.created_us, columns.valid_until_us, columns.withdrawn_us)
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    return {
        Observable.trusted(ObservableType(row.type), row.value): (
            row.created_us,
            row.valid_until_us if row.withdrawn_us is None else min(row.withdrawn_us, row.valid_until_us),
        )
        for row in rows
    }


def sightings_of(connection: Connection, named: Subquery) -> list[tuple[Observable, str, int]]:
    """(observable, actor, first hour) of what actors saw of released indicators among ``named``, which has type and
    value."""
    query = (
        select(INDICATOR.c.type, INDICATOR.c.value, OBSERVED.c.actor, OBSERVED.c.first_hour)
        .join(OBSERVED, OBSERVED.c.indicator_id == INDICATOR.c.id)
        .join(named, and_(named.c.type == INDICATOR.c.type, named.c.value == INDICATOR.c.value))
        .where(OBSERVED.c.count_bucket > 0)
    )
    return [
        (Observable.trusted(ObservableType(row.type), row.value), row.actor, row.first_hour or 0)
        for row in connection.execute(query)
    ]


def _by_id(connection: Connection, table: Table, ids: Sequence[str], *order: Column[Any]) -> dict[str, list[Row[Any]]]:
    """The rows of each of these indicators, in this order; one statement for a thousand of them."""
    rows: dict[str, list[Row[Any]]] = {}
    for some in batched(ids, ASKED_BY_ID_MAX, strict=False):
        for row in connection.execute(select(table).where(table.c.indicator_id.in_(some)).order_by(*order)):
            rows.setdefault(row.indicator_id, []).append(row)
    return rows


def _named(statement: Releasing | Withdrawing) -> tuple[str, int]:
    if isinstance(statement, Releasing):
        return statement.indicator.id, statement.indicator.version
    return statement.indicator_id, statement.version


def _pending(row: Row[Any]) -> Pending:
    if row.kind == WITHDRAW:
        return Pending(row.actor, Withdrawing(to=row.actor, indicator_id=row.id, version=row.due), None)
    said = Releasing(to=row.actor, indicator=_indicator(row), created_us=row.created_us)
    return Pending(row.actor, said, _grounds(row.grounds))


def _indicator(row: Row[Any]) -> Indicator:
    return value_from(
        Indicator,
        row,
        observable=Observable.trusted(ObservableType(row.type), row.value),
        tlp=Tlp(row.tlp),
        pap=Pap(row.pap),
    )


def _grounds(text: str) -> Grounds:
    body = json.loads(text)
    return Grounds(**body | {name: tuple(given) for name, given in body.items() if isinstance(given, list)})


def _kept(row: Row[Any]) -> Kept:
    return Kept(_indicator(row), row.created_us, row.released_us, row.withdrawn_us, row.live, _grounds(row.grounds))


def _keep_not_carried(connection: Connection, receipt: BlockReceipt) -> None:
    """What an actor's enforcers cannot carry, by its latest word."""
    here = and_(NOT_CARRIED.c.indicator_id == receipt.indicator_id, NOT_CARRIED.c.actor == receipt.actor)
    connection.execute(delete(NOT_CARRIED).where(here))
    if receipt.not_carried:
        connection.execute(
            insert(NOT_CARRIED).values(
                indicator_id=receipt.indicator_id,
                actor=receipt.actor,
                version=receipt.version,
                enforcers=json.dumps(receipt.not_carried),
            )
        )


def _at_actors(
    owed: Sequence[Row[Any]], receipts: Sequence[Row[Any]], lacks: Sequence[Row[Any]], since_us: int
) -> tuple[AtActor, ...]:
    actors = sorted({row.actor for row in owed} | {row.actor for row in receipts})
    names = {row.actor: tuple(json.loads(row.enforcers)) for row in lacks}
    made = (_at_actor(actor, owed, receipts, since_us) for actor in actors)
    return tuple(replace(one, not_carried=names.get(one.actor, ())) for one in made)


def _at_actor(actor: str, owed: Sequence[Row[Any]], said: Sequence[Row[Any]], since_us: int) -> AtActor:
    queued = [row.queued_us for row in owed if row.actor == actor and row.queued_us is not None]
    mine = [row for row in said if row.actor == actor]
    in_force = [row for row in mine if row.state in ("enforced", "partly")]
    enforced = [row.first_us for row in in_force if row.first_us >= since_us]
    held = any(row.actor == actor and row.status == HELD for row in owed)
    last = mine[-1] if mine else None
    return AtActor(
        actor=actor,
        queued_us=max(queued, default=None),
        state=last.state if last else "",
        enforcers=tuple(json.loads(last.enforcers)) if last else (),
        rule=last.rule if last else "",
        state_us=last.last_us if last else None,
        enforced_us=min(enforced, default=None),
        held=held,
    )
