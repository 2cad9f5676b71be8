"""Indicators and their deliveries: which version is live, who was to get it, what became of it at each actor.

Works in the centre's database; the letters themselves go through post.py, and a delivery is marked when its letter is
in the actor's queue. Kill -9 between the two is healed by offering again: the ledger knows what was said. Refuses to
decide what is released: it carries out orders.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, and_, delete, insert, select, update

from bavn.centre.share.letter import Grounds
from bavn.centre.share.tables import DELIVERY, INDICATOR, OBSERVED, RECEIPT, reading, writing
from bavn.model.heard import BlockReceipt, Observed
from bavn.model.indicator import Indicator, Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.said import Releasing, Withdrawing

_INDICATOR_SPACE: Final = uuid.UUID("0f7a4c4e-6f0b-5f0e-8a53-3a5b8f2d9c11")
RELEASE, WITHDRAW = "release", "withdraw"
PENDING, QUEUED, REFUSED, STALE = "pending", "queued", "refused", "stale"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AtActor:
    """What an actor said became of an indicator; times are the centre's own, of arrival. ``queued_us``: when the
    letter was in its queue. ``enforced_us``: the first time it said so of any version."""

    actor: str
    queued_us: int | None
    state: str
    enforcers: tuple[str, ...]
    rule: str
    state_us: int | None
    enforced_us: int | None


def indicator_id(observable: Observable) -> str:
    """The one id of an observable's indicator in this sector: a later release is a later version of it."""
    return f"indicator--{uuid.uuid5(_INDICATOR_SPACE, str(observable))}"


class Deliveries:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- orders ------------------------------------------------------------------------------------------------

    def release(
        self, made: Indicator, grounds: Grounds, actors: Iterable[str], order_no: int, now_us: int
    ) -> Indicator:
        """Make this the live version and owe it to every actor; the version counts up from what was. An order that
        was carried out already changes nothing."""
        with writing(self._engine) as connection:
            known = connection.execute(select(INDICATOR).where(INDICATOR.c.id == made.id).with_for_update()).first()
            if known is not None and known.live and (known.case_id, known.order_no) == (made.case_id, order_no):
                return _indicator(known)
            version = max(made.version, known.version + 1 if known else 0)
            created_us = known.created_us if known else min(now_us, version)
            values = {
                "version": version, "case_id": made.case_id, "type": made.observable.type.value,
                "value": made.observable.value, "tlp": made.tlp.value, "pap": int(made.pap),
                "confidence": made.confidence, "valid_from_us": made.valid_from_us,
                "valid_until_us": made.valid_until_us, "technique": made.technique, "created_us": created_us,
                "released_us": now_us, "withdrawn_us": None, "live": True, "order_no": order_no,
                "grounds": json.dumps(asdict(grounds), sort_keys=True),
            }  # fmt: skip
            self._keep(connection, made.id, values, known is not None)
            self._owe(connection, made.id, version, RELEASE, actors, now_us)
            return _indicator(connection.execute(select(INDICATOR).where(INDICATOR.c.id == made.id)).one())

    def withdraw(self, case_id: str, actors: Iterable[str], now_us: int) -> list[str]:
        """Owe every actor the withdrawal of all that is live of a case; the ids."""
        recipients = list(actors)
        with writing(self._engine) as connection:
            rows = connection.execute(
                select(INDICATOR).where(INDICATOR.c.case_id == case_id, INDICATOR.c.live).order_by(INDICATOR.c.id)
            ).all()
            for row in rows:
                version = max(now_us, row.version + 1)
                values = {"version": version, "withdrawn_us": now_us, "live": False}
                self._keep(connection, row.id, values, True)
                self._owe(connection, row.id, version, WITHDRAW, recipients, now_us)
        return [row.id for row in rows]

    def owe_newcomers(self, actors: Sequence[str], now_us: int) -> None:
        """Every actor is owed every live indicator that has not ended; who has been told already is left alone."""
        live = and_(INDICATOR.c.live, INDICATOR.c.valid_until_us > now_us)
        with writing(self._engine) as connection:
            for actor in actors:
                told = select(DELIVERY.c.indicator_id).where(
                    DELIVERY.c.actor == actor, DELIVERY.c.indicator_id == INDICATOR.c.id,
                    DELIVERY.c.version == INDICATOR.c.version,
                )  # fmt: skip
                missing = connection.execute(
                    select(INDICATOR.c.id, INDICATOR.c.version).where(live, ~told.exists()).order_by(INDICATOR.c.id)
                ).all()
                for row in missing:
                    self._owe(connection, row.id, row.version, RELEASE, [actor], now_us)

    # --- letters -----------------------------------------------------------------------------------------------

    def pending(self, now_us: int, limit: int) -> list[Pending]:
        """Deliveries to try now, oldest version first; an indicator's earlier versions are stale by then."""
        asked = (
            select(DELIVERY.c.actor, DELIVERY.c.kind, DELIVERY.c.version.label("due"), INDICATOR)
            .join(INDICATOR, INDICATOR.c.id == DELIVERY.c.indicator_id)
            .where(DELIVERY.c.status == PENDING, DELIVERY.c.try_us <= now_us)
            .order_by(DELIVERY.c.version, DELIVERY.c.indicator_id, DELIVERY.c.actor)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(asked).all()
        return [_pending(row) for row in rows]

    def queued(self, one: Pending, now_us: int) -> None:
        """Its letter is in the actor's queue."""
        self._mark(one, {"status": QUEUED, "queued_us": now_us, "rule": ""})

    def refused(self, one: Pending, rule: str, again_us: int | None) -> None:
        """Gate 3 said no; to be tried again from ``again_us`` on, or never."""
        status = REFUSED if again_us is None else PENDING
        self._mark(one, {"status": status, "rule": rule, "try_us": again_us or 0})

    # --- what comes back ---------------------------------------------------------------------------------------

    def heard(self, receipt: BlockReceipt) -> str | None:
        """Keep a receipt; the case of its indicator if it says enforced (whole or partly), else None."""
        key = {
            "indicator_id": receipt.indicator_id, "actor": receipt.actor, "version": receipt.version,
            "state": receipt.state,
        }  # fmt: skip
        here = and_(*(RECEIPT.c[name] == value for name, value in key.items()))
        words = {"enforcers": json.dumps(receipt.enforcers), "rule": receipt.rule or ""}
        with writing(self._engine) as connection:
            known = connection.execute(update(RECEIPT).where(here).values(last_us=receipt.received_us, **words))
            if known.rowcount == 0:
                times = {"first_us": receipt.received_us, "last_us": receipt.received_us}
                connection.execute(insert(RECEIPT).values(**key, **words, **times))
            found = connection.execute(
                select(INDICATOR.c.case_id).where(INDICATOR.c.id == receipt.indicator_id)
            ).scalar_one_or_none()
        return found if receipt.state in ("enforced", "partly") else None

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
                "first_hour": min(hours, default=None), "last_hour": max(last, default=None),
                "received_us": seen.received_us,
            }  # fmt: skip
            connection.execute(delete(OBSERVED).where(here))
            connection.execute(insert(OBSERVED).values(**key, **values))

    # --- questions ---------------------------------------------------------------------------------------------

    def every(self) -> tuple[Kept, ...]:
        """All indicators, the latest release first."""
        asked = select(INDICATOR).order_by(INDICATOR.c.released_us.desc(), INDICATOR.c.id)
        with reading(self._engine) as connection:
            return tuple(_kept(row) for row in connection.execute(asked))

    def get(self, wanted_id: str) -> Kept | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(INDICATOR).where(INDICATOR.c.id == wanted_id)).first()
        return None if row is None else _kept(row)

    def at_actors(self, wanted_id: str) -> tuple[AtActor, ...]:
        """One line for each actor that was owed the indicator or spoke of it, by name."""
        with reading(self._engine) as connection:
            owed = connection.execute(
                select(DELIVERY).where(DELIVERY.c.indicator_id == wanted_id).order_by(DELIVERY.c.version)
            ).all()
            said = connection.execute(
                select(RECEIPT).where(RECEIPT.c.indicator_id == wanted_id)
                .order_by(RECEIPT.c.version, RECEIPT.c.last_us, RECEIPT.c.state)
            ).all()  # fmt: skip
        actors = sorted({row.actor for row in owed} | {row.actor for row in said})
        return tuple(_at_actor(actor, owed, said) for actor in actors)

    def sightings(self, wanted_id: str) -> tuple[Observed, ...]:
        """What actors met of an indicator, by actor and kind."""
        asked = select(OBSERVED).where(OBSERVED.c.indicator_id == wanted_id).order_by(OBSERVED.c.actor, OBSERVED.c.kind)
        with reading(self._engine) as connection:
            return tuple(Observed(item_id="", **row) for row in connection.execute(asked).mappings())

    # --- inside ------------------------------------------------------------------------------------------------

    def _keep(self, connection: Connection, wanted_id: str, values: dict[str, Any], known: bool) -> None:
        if known:
            connection.execute(update(INDICATOR).where(INDICATOR.c.id == wanted_id).values(**values))
        else:
            connection.execute(insert(INDICATOR).values(id=wanted_id, **values))

    def _owe(
        self, connection: Connection, wanted_id: str, version: int, kind: str, actors: Iterable[str], now_us: int
    ) -> None:
        older = and_(DELIVERY.c.indicator_id == wanted_id, DELIVERY.c.version < version, DELIVERY.c.status == PENDING)
        connection.execute(update(DELIVERY).where(older).values(status=STALE))
        rows = [
            {"indicator_id": wanted_id, "version": version, "actor": actor, "kind": kind, "status": PENDING,
             "rule": "", "try_us": now_us, "queued_us": None}
            for actor in sorted(set(actors))
        ]  # fmt: skip
        if rows:
            connection.execute(insert(DELIVERY), rows)

    def _mark(self, one: Pending, values: dict[str, Any]) -> None:
        wanted, version = _named(one.said)
        here = and_(DELIVERY.c.indicator_id == wanted, DELIVERY.c.version == version, DELIVERY.c.actor == one.actor)
        with writing(self._engine) as connection:
            connection.execute(update(DELIVERY).where(here).values(**values))


def _named(said: Releasing | Withdrawing) -> tuple[str, int]:
    if isinstance(said, Releasing):
        return said.indicator.id, said.indicator.version
    return said.indicator_id, said.version


def _pending(row: Row[Any]) -> Pending:
    if row.kind == WITHDRAW:
        return Pending(row.actor, Withdrawing(to=row.actor, indicator_id=row.id, version=row.due), None)
    said = Releasing(to=row.actor, indicator=_indicator(row), created_us=row.created_us)
    return Pending(row.actor, said, _grounds(row.grounds))


def _indicator(row: Row[Any]) -> Indicator:
    return Indicator(
        id=row.id, version=row.version, observable=Observable.trusted(ObservableType(row.type), row.value),
        tlp=Tlp(row.tlp), pap=Pap(row.pap), confidence=row.confidence, valid_from_us=row.valid_from_us,
        valid_until_us=row.valid_until_us, case_id=row.case_id, technique=row.technique,
    )  # fmt: skip


def _grounds(text: str) -> Grounds:
    body = json.loads(text)
    return Grounds(**body | {"listed": tuple(body["listed"])})


def _kept(row: Row[Any]) -> Kept:
    return Kept(_indicator(row), row.created_us, row.released_us, row.withdrawn_us, row.live, _grounds(row.grounds))


def _at_actor(actor: str, owed: Sequence[Row[Any]], said: Sequence[Row[Any]]) -> AtActor:
    queued = [row.queued_us for row in owed if row.actor == actor and row.queued_us is not None]
    mine = [row for row in said if row.actor == actor]
    enforced = [row.first_us for row in mine if row.state in ("enforced", "partly")]
    last = mine[-1] if mine else None
    return AtActor(
        actor=actor, queued_us=max(queued, default=None), state=last.state if last else "",
        enforcers=tuple(json.loads(last.enforcers)) if last else (), rule=last.rule if last else "",
        state_us=last.last_us if last else None, enforced_us=min(enforced, default=None),
    )  # fmt: skip
