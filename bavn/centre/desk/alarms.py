"""Alarms: what is wrong at an actor or at the centre, found each quarter of a minute from what is known already.

An alarm stands for as long as its cause does, is one line, is told of once (app/centre/reminding.py), and is taken on
by a person. One that comes back within five minutes is the same. Refuses to send and to mend anything, and to know why
a node is silent.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Insert, Update, delete, func, insert, or_, select, update

from bavn.centre.books import tables as t
from bavn.centre.books.canaries import Chain, broken, chains
from bavn.centre.cases import audit
from bavn.centre.cases.set_apart import ApartBook
from bavn.centre.cases.two_people import person
from bavn.centre.desk.views import MemberView
from bavn.centre.members.registry import joined_in
from bavn.model.moment import DAY_US, MINUTE_US, SECOND_US
from bavn.model.node_health import condition_of
from bavn.model.ports import Clock
from bavn.model.sector import canary
from bavn.model.sector.alarm import Alarm
from bavn.model.sector.canary import LINKS, WHYS, Link
from bavn.model.sector.member import ActorState
from bavn.model.text import Number, Text

EVERY_US: Final = 15 * SECOND_US
GRACE_US: Final = MINUTE_US
"""So long after a canary's hour its last word is waited for."""
BACK_US: Final = 5 * MINUTE_US
KEPT_DAYS: Final = 90
ALARMS_MAX: Final = 20_000
DETAIL_MAX: Final = 300
LOCAL_ROOT_US: Final = 3 * DAY_US
"""So long the centre's own list shows that local root acted for a second person."""


class UnknownAlarm(Exception):
    """No alarm has that number. The person who asked must act."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong now. ``actor`` empty: at the centre."""

    actor: str
    kind: str
    detail: Text | None = None


Key = tuple[str, str]


def wrong_at(member: MemberView, chain: Chain | None, joined_us: int, began_us: int, now_us: int) -> list[Wrong] | None:
    """What is wrong at an actor, as it told; None where nobody knows, since it is silent: then what stood stands.
    ``joined_us``: since when it has a certificate; ``began_us``: since when the centre runs."""
    name, health = member.actor.name, member.health
    if member.actor.state is not ActorState.ACTIVE or health is None:
        return []
    condition = condition_of(health, now_us, began_us)
    if condition.silent:
        return None
    kinds: dict[str, Text | None] = dict.fromkeys(health.problems)
    if condition.sensor_down:
        kinds.setdefault("sensor-down")
    if condition.lossy:
        share = health.capture_loss_permille / 10
        kinds["capture-loss"] = Text.shaped("{share} %", share=Number(share, ".1f"))
    if condition.clock_off:
        kinds["clock"] = Text("{clock_skew_s:+d} s", clock_skew_s=health.clock_skew_s)
    found = [Wrong(name, kind, detail) for kind, detail in kinds.items()]
    said = _canary(chain, joined_us, began_us, now_us)
    return found if said is None else [*found, Wrong(name, "canary", said)]


def _canary(chain: Chain | None, joined_us: int, began_us: int, now_us: int) -> Text | None:
    """Why the canary that was due last did not come through; None if it did, or nobody could expect it."""
    today = now_us // DAY_US
    due = today if now_us >= canary.ends_us(today) + GRACE_US else today - 1
    if chain is not None and chain.day >= due:
        links = [at.link for at in chain.links]
        bad = broken(links)
        began_late = chain.told_us >= canary.ends_us(chain.day)  # a node that was away, or a person's own run
        minded = began_late and now_us < chain.told_us + canary.WINDOW_US + GRACE_US
        late = [link for link in links if link.state == "waiting"] if chain.day == due and not minded else []
        if not bad and not late:
            return None
        said = [_link_text(link_words) for link_words in (*bad, *late)]
        return Text.joined("; ", said)
    if joined_us >= canary.begins_us(due) or began_us >= canary.ends_us(due):
        return None
    return Text("no canary came from its node")


def _link_text(one: Link) -> Text:
    link, why = LINKS[one.link], WHYS.get(one.why or ("late" if one.state == "waiting" else ""))
    return link if why is None else Text.shaped("{link} ({why})", link=link, why=why)


class Alarms:
    """All methods may be called from any process on the same database. ``own``: what is wrong at the centre itself."""

    def __init__(self, engine: Engine, clock: Clock, apart: ApartBook) -> None:
        t.make_missing(engine, t.METADATA)
        self._engine, self._clock, self._apart = engine, clock, apart
        self.own: Callable[[], Sequence[Wrong]] = tuple
        self._next_us, self._began_us = 0, clock.now_us()

    def step(self, members: Callable[[], Sequence[MemberView]]) -> None:
        """Looks each EVERY_US; what is new or over is written in one transaction."""
        now_us = self._clock.now_us()
        if now_us < self._next_us and self._next_us - now_us <= EVERY_US:
            return
        self._next_us = now_us + EVERY_US
        details: dict[Key, Text | None] = {(failing.actor, failing.kind): failing.detail for failing in self.own()}
        details |= self._local_root(now_us)
        unknown: set[str] = set()
        known, joined, apart = chains(self._engine), self._joined(), self._apart.standing()
        for member in members():
            name = member.actor.name
            since_us = joined.get(name, now_us)
            if member.actor.group in apart:
                details[name, "only-second"] = apart[member.actor.group].text
            wrong = wrong_at(member, known.get(name), since_us, self._began_us, now_us)
            if wrong is None:
                unknown.add(name)
                details[name, "node-silent"] = None
            else:
                details |= {(failing.actor, failing.kind): failing.detail for failing in wrong}
        self._write(details, unknown, now_us)

    def _local_root(self, now_us: int) -> dict[Key, Text | None]:
        """What local root did last in the place of a second person."""
        with t.reading(self._engine) as connection:
            row = audit.last_of(connection, audit.LOCAL_ROOT)
        if row is None or row.at_us <= now_us - LOCAL_ROOT_US:
            return {}
        did = json.loads(row.detail)
        said = f"{row.who}: {did['act']} {did['subject']} ({did['why']})"
        return {("", "local-root"): Text.plain(said)}

    def _joined(self) -> Mapping[str, int]:
        with t.reading(self._engine) as connection:
            return joined_in(connection)

    def _write(self, details: Mapping[Key, Text | None], unknown: set[str], now_us: int) -> None:
        recent = or_(t.ALARM.c.ended_us.is_(None), t.ALARM.c.ended_us > now_us - BACK_US)
        with t.reading(self._engine) as connection:
            rows = connection.execute(select(t.ALARM).where(recent).order_by(t.ALARM.c.number)).all()
        last = {(row.actor, row.kind): row for row in rows}
        changes: list[Insert | Update] = []
        for key, detail in details.items():
            words = (detail.en, detail.da) if detail is not None else ("", "")
            row, words_kept = last.get(key), {"detail_en": words[0][:DETAIL_MAX], "detail_da": words[1][:DETAIL_MAX]}
            if row is None:
                actor, kind = key
                changes.append(
                    insert(t.ALARM).values(
                        actor=actor, kind=kind, began_us=now_us, ended_us=None, acked_by="", acked_us=None, **words_kept
                    )
                )
            elif row.ended_us is not None or (row.detail_en, row.detail_da) != tuple(words_kept.values()):
                changed = update(t.ALARM).where(t.ALARM.c.number == row.number)
                changes.append(changed.values(ended_us=None, **words_kept))
        over = [
            row.number
            for key, row in last.items()
            if row.ended_us is None and key not in details and row.actor not in unknown
        ]
        if over:
            changes.append(update(t.ALARM).where(t.ALARM.c.number.in_(over)).values(ended_us=now_us))
        if changes:
            with t.writing(self._engine) as connection:
                for change in changes:
                    connection.execute(change)

    def every(self, *, standing: bool, limit: int = 500) -> tuple[Alarm, ...]:
        """Those that stand, or all, the latest first."""
        query = select(t.ALARM).order_by(t.ALARM.c.number.desc()).limit(limit)
        if standing:
            query = query.where(t.ALARM.c.ended_us.is_(None))
        with t.reading(self._engine) as connection:
            return tuple(
                Alarm(
                    number=row.number,
                    actor=row.actor,
                    kind=row.kind,
                    began_us=row.began_us,
                    ended_us=row.ended_us,
                    detail=Text.written(row.detail_en, da=row.detail_da) if row.detail_en else None,
                    acked_by=row.acked_by,
                    acked_us=row.acked_us,
                )
                for row in connection.execute(query)
            )

    def acknowledge(self, number: int, by: str) -> Alarm:
        """A person takes it on; the first who does. Raises UnknownAlarm, NotAllowed."""
        who, now_us = person(by), self._clock.now_us()
        here = t.ALARM.c.number == number
        with t.writing(self._engine) as connection:
            row = connection.execute(select(t.ALARM).where(here)).first()
            if row is None:
                raise UnknownAlarm(f"no alarm has the number {number}")
            if not row.acked_by:
                connection.execute(update(t.ALARM).where(here).values(acked_by=who, acked_us=now_us))
                detail = {"actor": row.actor, "kind": row.kind, "began_us": row.began_us}
                audit.note(connection, now_us, who, "alarm-acknowledged", f"alarm-{number}", detail)
        return next(one for one in self.every(standing=False, limit=ALARMS_MAX) if one.number == number)

    def forget(self) -> None:
        """Drops what has been over for KEPT_DAYS, and the oldest beyond ALARMS_MAX."""
        before_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        with t.writing(self._engine) as connection:
            newest = connection.scalar(select(func.max(t.ALARM.c.number))) or 0
            old = or_(t.ALARM.c.ended_us < before_us, t.ALARM.c.number <= newest - ALARMS_MAX)
            connection.execute(delete(t.ALARM).where(t.ALARM.c.ended_us.is_not(None), old))
