"""Warnings at the centre: drafted, sent, edited, ended and taken back by named people; whom they are owed to; and how
each actor follows them up.

One person may send: a warning blocks nothing, and the threat may change from day to day. Refuses to send anything: the
centre's node does, by gate 3.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.tables import reading, writing
from bavn.centre.cases.two_people import CENTRE, person
from bavn.centre.cases.warnings.rows import (
    BY_HAND,
    KeptWarning,
    Origin,
    WarningView,
    address_text,
    at_actors,
    content_text,
    read,
    warning_of,
)
from bavn.centre.cases.warnings.tables import ANSWER, MAILED, WARNED, WARNING, make_warning_tables
from bavn.centre.store.owed import QUEUED, REFUSED, due, owing, settled
from bavn.centre.store.rows import row_of
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import WarningAnswer
from bavn.model.sector.partner import tlp_within
from bavn.model.sector.sector_warning import (
    Address,
    Addressee,
    AnswerAct,
    AnswerState,
    BadWarning,
    Content,
    NoSuchStep,
    SectorWarning,
    WarningAct,
    WarningState,
    answer_after,
    warning_after,
)
from bavn.model.text import Text

DRAFTS_MAX: Final = 500
SENT_MAX: Final = 200
ANSWERS_MAX: Final = 200
KEPT_DAYS: Final = 400
WHY_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A warning that waits to be told to an actor, and what gate 3 asks of it beyond itself."""

    to: str
    warning: SectorWarning
    by: str
    addressed: bool
    named: bool
    may_say: tuple[str, ...]
    origin: Origin


class Warnings:
    """May be open in several processes at once; ``step`` from one only. ``may_answer`` is gate 2's question."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_warning_tables(engine)
        self.engine, self._clock = engine, clock

    # --- people ------------------------------------------------------------------------------------------------

    def draft(self, content: Content, address: Address, by: str, origin: Origin = BY_HAND) -> KeptWarning:
        """A new draft. Raises BadWarning beyond the bound and for a marking laxer than its source's, who.NotAllowed."""
        person(by)
        _within(content, origin)
        now_us = self._clock.now_us()
        with writing(self.engine) as tx:
            here = WARNING.c.state == WarningState.DRAFT.value
            if int(tx.scalar(select(func.count()).select_from(WARNING).where(here)) or 0) >= DRAFTS_MAX:
                raise BadWarning(
                    Text("there are {drafts_max} drafts: send some or take some back", drafts_max=DRAFTS_MAX)
                )
            whole = f"{audit.head_in(tx)[0]}/{now_us}/{by}/{content_text(content)}".encode()
            warning_id = f"warning-{hashlib.sha256(whole).hexdigest()[:16]}"
            tx.execute(
                insert(WARNING).values(
                    id=warning_id,
                    state=WarningState.DRAFT.value,
                    version=0,
                    source=origin.kind,
                    ref=origin.ref,
                    tlp_min=origin.tlp_min.value,
                    pap_max=int(origin.pap_max),
                    content=content_text(content),
                    address=address_text(address),
                    by_user=by,
                    changed_us=now_us,
                )
            )
            self._note(tx, by, "warning-draft", warning_id, {"source": origin.kind, "ref": origin.ref})
            return read(tx, warning_id)

    def edit(
        self, warning_id: str, by: str, why: str, *, content: Content | None = None, address: Address | None = None
    ) -> KeptWarning:
        """Other words or another address. One that was sent goes out anew, and is to be acknowledged anew; whoever it
        went to before hears of it too. Raises UnknownWarning, NoSuchStep, BadWarning, who.NotAllowed."""
        with writing(self.engine) as tx:
            known, state = self._act(tx, warning_id, WarningAct.EDIT, by, why)
            content, address = content or known.content, address or known.address
            _within(content, known.origin)
            self._write(tx, known, state, by, content=content_text(content), address=address_text(address))
            if state is WarningState.SENT:
                self._owe_anew(tx, known, content)
            return read(tx, warning_id)

    def send(self, warning_id: str, by: str, why: str) -> KeptWarning:
        """Let it go out at once, to whom it is addressed. Raises as ``edit``."""
        with writing(self.engine) as tx:
            known, state = self._act(tx, warning_id, WarningAct.SEND, by, why)
            here = WARNING.c.state == WarningState.SENT.value
            if int(tx.scalar(select(func.count()).select_from(WARNING).where(here)) or 0) >= SENT_MAX:
                raise BadWarning(Text("{sent_max} warnings are in force: end some first", sent_max=SENT_MAX))
            self._write(tx, known, state, by)
            self._owe_anew(tx, known, known.content)
            return read(tx, warning_id)

    def end(self, warning_id: str, by: str, why: str) -> KeptWarning:
        """It is over; whoever was told hears so. Raises as ``edit``."""
        return self._finish(warning_id, WarningAct.END, by, why)

    def withdraw(self, warning_id: str, by: str, why: str) -> KeptWarning:
        """It was wrong, or a draft that nobody needs; whoever was told hears so. Raises as ``edit``."""
        return self._finish(warning_id, WarningAct.WITHDRAW, by, why)

    def _finish(self, warning_id: str, act: WarningAct, by: str, why: str) -> KeptWarning:
        with writing(self.engine) as tx:
            known, state = self._act(tx, warning_id, act, by, why)
            self._write(tx, known, state, by)
            if known.state is WarningState.SENT:
                tx.execute(update(WARNING).where(WARNING.c.id == known.id).values(version=known.version + 1))
                tx.execute(update(WARNED).where(WARNED.c.warning_id == known.id).values(**owing(known.version + 1)))
            return read(tx, warning_id)

    def _act(
        self, tx: Connection, warning_id: str, act: WarningAct, by: str, why: str
    ) -> tuple[KeptWarning, WarningState]:
        person(by)
        if not why.strip() or len(why) > WHY_CHARS_MAX:
            raise BadWarning(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
        tx.execute(update(WARNING).where(WARNING.c.id == warning_id).values(changed_us=self._clock.now_us()))
        known = read(tx, warning_id)
        state = warning_after(known.state, act)
        self._note(tx, by, f"warning-{act.value}", warning_id, {"why": why, "version": known.version})
        return known, state

    def _write(self, tx: Connection, known: KeptWarning, state: WarningState, by: str, **more: Any) -> None:
        values = {"state": state.value, "by_user": by, "changed_us": self._clock.now_us(), **more}
        tx.execute(update(WARNING).where(WARNING.c.id == known.id).values(**values))

    def _owe_anew(self, tx: Connection, known: KeptWarning, content: Content) -> None:
        """The next version is owed to everybody that it went to, and is to be answered anew."""
        now_us = self._clock.now_us()
        times = {
            "sent_us": now_us,
            "acknowledge_us": now_us + content.acknowledge_hours * HOUR_US,
            "until_us": now_us + content.hours * HOUR_US,
            "version": known.version + 1,
        }
        tx.execute(update(WARNING).where(WARNING.c.id == known.id).values(**times))
        unanswered = {"answer": AnswerState.TOLD.value, "acknowledged_us": None, "answered_us": None}
        here = WARNED.c.warning_id == known.id
        tx.execute(update(WARNED).where(here).values(**owing(known.version + 1), **unanswered))

    # --- the service -------------------------------------------------------------------------------------------

    def step(self, addressees: Sequence[Addressee]) -> None:
        """Owes what is in force to everybody that it is addressed to and who has no part in it yet, newcomers too; ends
        what is past its time."""
        now_us = self._clock.now_us()
        with reading(self.engine) as tx:
            rows = tx.execute(select(WARNING).where(WARNING.c.state == WarningState.SENT.value)).all()
            pairs = {(row.warning_id, row.actor) for row in tx.execute(select(WARNED.c.warning_id, WARNED.c.actor))}
        fresh: list[dict[str, Any]] = []
        over: list[str] = []
        for warning in map(warning_of, rows):
            if warning.until_us is not None and warning.until_us <= now_us:
                over.append(warning.id)
                continue
            fresh += [
                {
                    "warning_id": warning.id,
                    "actor": who.actor,
                    **owing(warning.version),
                    "answer": AnswerState.TOLD.value,
                }
                for who in addressees
                if (warning.id, who.actor) not in pairs and warning.address.reaches(who)
            ]
        if not fresh and not over:
            return
        with writing(self.engine) as tx:
            if fresh:
                tx.execute(insert(WARNED), fresh)
            for warning_id in over:
                here = (WARNING.c.id == warning_id) & (WARNING.c.state == WarningState.SENT.value)
                ended = update(WARNING).where(here).values(state=WarningState.ENDED.value, changed_us=now_us)
                if tx.execute(ended).rowcount:
                    self._note(tx, CENTRE, "warning-over", warning_id, {})

    def owed(self, addressees: Sequence[Addressee], limit: int = 1000) -> list[Owed]:
        """What waits to be told now, the earliest warning first."""
        who = {one.actor: one for one in addressees}
        query = (
            select(WARNED.c.actor, WARNED.c.told_us, WARNING)
            .join(WARNING, WARNING.c.id == WARNED.c.warning_id)
            .where(due(WARNED, self._clock.now_us()), WARNED.c.actor.in_(list(who)))
            .order_by(WARNING.c.sent_us, WARNING.c.id, WARNED.c.actor)
            .limit(limit)
        )
        owed_now = []
        with reading(self.engine) as tx:
            for row in tx.execute(query):
                kept = warning_of(row)
                owed_now.append(
                    Owed(
                        to=row.actor,
                        warning=kept.as_sent(),
                        by=kept.by,
                        origin=kept.origin,
                        addressed=row.told_us is not None or kept.address.reaches(who[row.actor]),
                        named=row.actor in kept.address.actors,
                        may_say=kept.address.actors,
                    )
                )
        return owed_now

    def done(self, owed: Owed, rule: str, again_us: int | None) -> None:
        """It lies in the actor's queue (``rule`` empty), or gate 3 refused it: for good, which is a line of the audit
        log, or to be tried again from ``again_us`` on. A newer version stays owed."""
        here = and_(
            WARNED.c.warning_id == owed.warning.id, WARNED.c.actor == owed.to, WARNED.c.version == owed.warning.version
        )
        values = settled(rule, again_us)
        if values["status"] == QUEUED:
            values["told_us"] = self._clock.now_us()
        with writing(self.engine) as tx:
            tx.execute(update(WARNED).where(here).values(**values))
            if values["status"] == REFUSED:
                self._note(tx, CENTRE, "warning-not-told", owed.warning.id, {"actor": owed.to, "rule": rule})

    def may_answer(self, warning_id: str, actor: str, version: int, act: str) -> Refused | None:
        """Why an actor may not answer so: what it was not told of, an older version, a step that is none, too much."""
        with reading(self.engine) as tx:
            here = (WARNED.c.warning_id == warning_id) & (WARNED.c.actor == actor) & WARNED.c.told_us.is_not(None)
            row = tx.execute(select(WARNED).where(here)).first()
            mine = (ANSWER.c.warning_id == warning_id) & (ANSWER.c.actor == actor)
            answers = int(tx.scalar(select(func.count()).select_from(ANSWER).where(mine)) or 0)
        if row is None:
            return Refused("unknown_warning", "the actor was told of no such warning")
        if row.version != version:
            return Refused("warning_version", "version {version} has come meanwhile", version=row.version)
        if answers >= ANSWERS_MAX:
            return Refused("warning_full", "an actor answers a warning at most {most} times", most=ANSWERS_MAX)
        try:
            answer_after(AnswerState(row.answer), AnswerAct(act))
        except NoSuchStep as error:
            return Refused.of("warning_step", Text.of_error(error))
        return None

    def take_in(self, answer: WarningAnswer) -> None:
        """Keeps what an actor answered; repeatable. What fits no longer, since an answer overtook it, moves nothing."""
        with writing(self.engine) as tx:
            here = (WARNED.c.warning_id == answer.warning_id) & (WARNED.c.actor == answer.actor)
            row = tx.execute(select(WARNED).where(here).with_for_update()).first()
            same = (
                (ANSWER.c.warning_id == answer.warning_id)
                & (ANSWER.c.actor == answer.actor)
                & (ANSWER.c.serial == answer.serial)
            )
            if row is None or tx.execute(select(ANSWER.c.serial).where(same)).first() is not None:
                return
            tx.execute(insert(ANSWER).values(**row_of(ANSWER, answer)))
            try:
                state = answer_after(AnswerState(row.answer), AnswerAct(answer.act))
            except NoSuchStep:
                return
            if row.version == answer.version:
                moved: dict[str, Any] = {"answer": state.value, "answered_us": answer.received_us}
                if state is not AnswerState.TOLD and row.acknowledged_us is None:
                    moved["acknowledged_us"] = answer.received_us
                tx.execute(update(WARNED).where(here).values(**moved))

    # --- looking -----------------------------------------------------------------------------------------------

    def get(self, warning_id: str) -> WarningView:
        """One, and how each actor stands. Raises UnknownWarning."""
        with reading(self.engine) as tx:
            found = read(tx, warning_id)
            return WarningView(warning=found, actors=at_actors(tx, found, self._clock.now_us()))

    def every(
        self, limit: int = 50, *, state: WarningState | None = None, after: tuple[int, str] | None = None
    ) -> list[WarningView]:
        """The latest first; ``after``: when the last one shown was changed, and its id."""
        query = select(WARNING).order_by(WARNING.c.changed_us.desc(), WARNING.c.id).limit(limit)
        if state is not None:
            query = query.where(WARNING.c.state == state.value)
        if after is not None:
            at_us, last = after
            earlier = and_(WARNING.c.changed_us == at_us, WARNING.c.id > last)
            query = query.where(or_(WARNING.c.changed_us < at_us, earlier))
        with reading(self.engine) as tx:
            found = [warning_of(row) for row in tx.execute(query).all()]
            return [WarningView(warning=one, actors=at_actors(tx, one, self._clock.now_us())) for one in found]

    def forget(self) -> None:
        """Drops what has been over for more than a year."""
        before_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        over = select(WARNING.c.id).where(
            WARNING.c.state.in_((WarningState.ENDED.value, WarningState.WITHDRAWN.value)),
            WARNING.c.changed_us < before_us,
        )
        with writing(self.engine) as tx:
            ids = list(tx.scalars(over))
            for table in (ANSWER, WARNED, MAILED):
                tx.execute(delete(table).where(table.c.warning_id.in_(ids)))
            tx.execute(delete(WARNING).where(WARNING.c.id.in_(ids)))

    def _note(self, tx: Connection, by: str, act: str, warning_id: str, detail: dict[str, Any]) -> None:
        audit.note(tx, self._clock.now_us(), by, act, f"warning/{warning_id}", detail)


def _within(content: Content, origin: Origin) -> None:
    """BadWarning for a marking laxer than the source allows."""
    if not tlp_within(origin.tlp_min, content.tlp) or content.pap > origin.pap_max:
        raise BadWarning(
            Text(
                "its source told of it as {tlp_min}, PAP:{pap_max}: mark it so at least",
                tlp_min=origin.tlp_min.value,
                pap_max=origin.pap_max.name,
            )
        )
