"""Sources of intelligence from outside: added, changed, suspended, taken up again and ended by people, all audited.

Refuses to ask a source anything: the node does.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.intelligence.tables import SOURCE, make_intel_tables
from bavn.centre.cases.two_people import CENTRE, NotAllowed, person
from bavn.centre.store.engine import reading, writing
from bavn.centre.store.rows import value_from
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.principal import recorded
from bavn.model.sector.intel import SOURCES_MAX, Access, BadSource, IntelSettings, Source
from bavn.model.sector.refusal import word
from bavn.model.text import Text

ACTIVE, SUSPENDED, ENDED = "active", "suspended", "ended"
WHY_CHARS_MAX: Final = 500
FAILURE_CHARS_MAX: Final = 300
BUSY_US_MAX: Final = 10 * MINUTE_US
"""A process that read a source and has not been heard of for so long is dead."""
REFUSED_MIN: Final = 100
"""A source is judged by its refused items when it has this many items."""


class UnknownSource(Exception):
    """No source has that name. The person who asked must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A source and how it stands. ``tried_us``, ``synced_us``: 0 for never; ``failure``: of the last try, empty after a
    good one. ``taken``, ``refused``: items at gate 2; refused are those that speak against the source (not what is
    old)."""

    source: Source
    added_by: str
    added_us: int
    state: str
    why: str
    cursor: Mapping[str, Any]
    tried_us: int
    synced_us: int
    failure: str
    taken: int
    refused: int

    def due(self, now_us: int) -> bool:
        """Whether it is to be asked again now."""
        return self.state == ACTIVE and now_us - self.tried_us >= self.source.every_us


class Sources:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        make_intel_tables(engine)
        self._engine, self._clock = engine, clock

    def add(self, source: Source, by: str) -> SourceState:
        """Raises BadSource where the name was given before or there is no room, NotAllowed."""
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            if tx.execute(select(SOURCE.c.name).where(SOURCE.c.name == source.name)).first() is not None:
                raise BadSource(
                    Text(
                        "there is or was a source called {source}; a name is never given twice",
                        source=repr(source.name),
                    )
                )
            if tx.execute(select(func.count()).select_from(SOURCE)).scalar_one() >= SOURCES_MAX:
                raise BadSource(Text("a centre has at most {sources_max} sources", sources_max=SOURCES_MAX))
            tx.execute(
                insert(SOURCE).values(
                    name=source.name,
                    body=source_text(source),
                    added_by=recorded(person(by)),
                    added_us=now_us,
                    state=ACTIVE,
                    why="",
                    cursor="{}",
                    tried_us=0,
                    synced_us=0,
                    failure="",
                    busy_us=0,
                    taken=0,
                    refused=0,
                )
            )
            self._note(tx, by, "source-add", source.name, source_plain(source))
        return self.get(source.name)

    def set(self, name: str, by: str, **given: Any) -> SourceState:
        """Replace what is given. Raises UnknownSource, BadSource, NotAllowed for one that has ended."""
        with writing(self._engine) as tx:
            before = self._in(tx, name)
            if before.state == ENDED:
                raise NotAllowed(Text("{name} has ended; add a new source", name=name))
            after = replace(before.source, **given)
            moved = (after.place, after.kind) != (before.source.place, before.source.kind)
            values = {"body": source_text(after)} | ({"cursor": "{}"} if moved else {})
            tx.execute(update(SOURCE).where(SOURCE.c.name == name).values(**values))
            detail = {"before": source_plain(before.source), "after": source_plain(after)}
            self._note(tx, by, "source-set", name, detail)
        return self.get(name)

    def suspend(self, name: str, who: str, why: str) -> SourceState:
        """Ask it no more, count its word no more, until somebody takes it up again. ``who``: a person or the centre."""
        return self._turn(name, who, why, (ACTIVE,), SUSPENDED, "source-suspend")

    def resume(self, name: str, who: str, why: str) -> SourceState:
        """Take up a suspended source; what it is judged by at gate 2 begins anew."""
        return self._turn(name, person(who), why, (SUSPENDED,), ACTIVE, "source-resume")

    def end(self, name: str, who: str, why: str) -> SourceState:
        """For good; all that it claims is withdrawn at the next step."""
        return self._turn(name, person(who), why, (ACTIVE, SUSPENDED), ENDED, "source-end")

    def begin(self, name: str) -> SourceState:
        """It is read from now on, by nobody else. Raises UnknownSource; NotAllowed for one that is not active, or that
        another process reads."""
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            state = self._in(tx, name)
            if state.state != ACTIVE:
                raise NotAllowed(Text("{name} is {state}: {why}", name=name, state=word(state.state), why=state.why))
            free = (SOURCE.c.name == name) & (SOURCE.c.busy_us <= now_us - BUSY_US_MAX)
            if tx.execute(update(SOURCE).where(free).values(busy_us=now_us)).rowcount != 1:
                raise NotAllowed(Text("{name} is being read already", name=name))
        return state

    def let_go(self, name: str) -> None:
        """Its reading has ended, one way or the other."""
        self._keep(name, busy_us=0)

    def tried(self, name: str, failure: Text | None) -> None:
        """It was asked and did not answer to the end."""
        row = failure.row() if failure else ""
        if failure and not failure.facts:
            row = row[:FAILURE_CHARS_MAX]
        self._keep(name, tried_us=self._clock.now_us(), failure=row)

    def advanced(self, name: str, cursor: Mapping[str, Any], taken: int, refused: int) -> None:
        """A step of a sync is kept: the next one goes on from ``cursor``."""
        values = {"cursor": json.dumps(cursor, sort_keys=True), "busy_us": self._clock.now_us()}
        added = {"taken": SOURCE.c.taken + taken, "refused": SOURCE.c.refused + refused}
        self._keep(name, **values, **added)

    def synced(self, name: str) -> None:
        """It was read to the end."""
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            here = SOURCE.c.name == name
            tx.execute(update(SOURCE).where(here).values(tried_us=now_us, synced_us=now_us, failure=""))

    def get(self, name: str) -> SourceState:
        """Raises UnknownSource."""
        with reading(self._engine) as connection:
            return self._in(connection, name)

    def every(self) -> tuple[SourceState, ...]:
        """All of them, by name, ended ones too."""
        with reading(self._engine) as connection:
            return tuple(_state(row) for row in connection.execute(select(SOURCE).order_by(SOURCE.c.name)))

    # --- inside ------------------------------------------------------------------------------------------------

    def _turn(self, name: str, who: str, why: str, from_: tuple[str, ...], to: str, act: str) -> SourceState:
        if not why.strip() or len(why) > WHY_CHARS_MAX:
            raise BadSource(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
        with writing(self._engine) as tx:
            before = self._in(tx, name)
            if before.state not in from_:
                raise NotAllowed(Text("{name} is {state}", name=name, state=word(before.state)))
            values: dict[str, Any] = {"state": to, "why": why}
            values |= {"taken": 0, "refused": 0, "tried_us": 0} if to == ACTIVE else {}
            tx.execute(update(SOURCE).where(SOURCE.c.name == name).values(**values))
            self._note(tx, who, act, name, {"why": why})
        return self.get(name)

    def _note(self, tx: Connection, who: str, act: str, name: str, detail: dict[str, Any]) -> None:
        if who != CENTRE:
            person(who)
        audit.note(tx, self._clock.now_us(), who, act, f"source/{name}", detail)

    def _keep(self, name: str, **values: Any) -> None:
        with writing(self._engine) as tx:
            tx.execute(update(SOURCE).where(SOURCE.c.name == name).values(**values))

    def _in(self, connection: Connection, name: str) -> SourceState:
        row = connection.execute(select(SOURCE).where(SOURCE.c.name == name)).first()
        if row is None:
            raise UnknownSource(Text("no source is called {name}", name=repr(name[:60])))
        return _state(row)


def noise(state: SourceState, judged: int, false: int, settings: IntelSettings) -> Text | None:
    """Why a source is to be suspended; None if it is not. ``judged``: its claims that a person judged, ``false`` of
    them harmless."""
    if judged >= settings.judged_min and false > settings.false_share_max * judged:
        return Text("{false_hits} of {judged} judged claims were false", false_hits=false, judged=judged)
    met = state.taken + state.refused
    if met >= REFUSED_MIN and state.refused > settings.refused_share_max * met:
        return Text("{refused} of {taken} items could not be used", refused=state.refused, taken=met)
    return None


def source_plain(source: Source) -> dict[str, Any]:
    """In words of JSON: for the database, the audit log and people."""
    return asdict(source) | {"tlp": source.tlp.value, "pap": source.pap.name}


def source_text(source: Source) -> str:
    """Canonical JSON of a source."""
    return json.dumps(source_plain(source), sort_keys=True, separators=(",", ":"))


def source_of(text: str) -> Source:
    """The inverse of :func:`source_text`."""
    body = json.loads(text)
    access = Access(**body["access"])
    return Source(**body | {"tlp": Tlp(body["tlp"]), "pap": Pap[body["pap"]], "access": access})


def _state(row: Row[Any]) -> SourceState:
    return value_from(SourceState, row, source=source_of(row.body), cursor=json.loads(row.cursor))
