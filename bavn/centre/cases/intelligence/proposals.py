"""What sources claim, put together: one proposal for each observable, whatever number of sources name it.

Claims age: each lives for its type's time from when it was last heard, never beyond its own end, and is gone when its
source takes it back. A proposal does nothing by itself. Refuses to know formats, gates and warning lists: it is handed
claims that passed, and what lists say.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Subquery, and_, case, delete, func, insert, select, update

from bavn.centre.cases import audit
from bavn.centre.cases.intelligence.tables import CLAIM, HIT, PROPOSAL, make_intel_tables
from bavn.centre.cases.tables import VERDICT
from bavn.centre.cases.two_people import NotAllowed, person
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock
from bavn.model.sector.intel import Claim, IntelSettings, claim_of, claim_text
from bavn.model.sector.refusal import word
from bavn.model.text import Text

PROPOSED, CASE, DISMISSED = "proposed", "case", "dismissed"
WITHDRAWN, OVER = "withdrawn", "over"
WHY_CHARS_MAX: Final = 500
SHOWN_MAX: Final = 10_000
IN_MAX: Final = 200
ListedBy = Callable[[Observable], tuple[str, ...]]
"""Names of the warning lists on which an observable stands."""


class UnknownProposal(Exception):
    """No source has proposed that. The person who asked must act."""


@dataclass(frozen=True, slots=True)
class ReceivedClaim:
    """A claim to keep. ``item``: its name within the source (64 hex digits)."""

    source: str
    item: str
    claim: Claim
    received_us: int


@dataclass(frozen=True, slots=True)
class ClaimKept:
    """What a source says of a proposal's observable. ``gone``: empty, or ``withdrawn`` or ``over`` (by age)."""

    source: str
    claim: Claim
    first_us: int
    last_us: int
    until_us: int
    gone: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """``claims``: all that is remembered, gone ones too. ``met``: actor -> how (question, sighting, report)."""

    observable: Observable
    first_us: int
    listed: tuple[str, ...]
    state: str
    by: str
    why: str
    case_id: str
    claims: tuple[ClaimKept, ...]
    met: Mapping[str, str]

    @property
    def live(self) -> tuple[ClaimKept, ...]:
        return tuple(one for one in self.claims if not one.gone)


class Proposals:
    """All methods may be called from any process on the same database."""

    def __init__(self, engine: Engine, clock: Clock, settings: IntelSettings, listed: ListedBy) -> None:
        make_intel_tables(engine)
        self._engine, self._clock, self._settings, self._listed = engine, clock, settings, listed

    # --- what sources say --------------------------------------------------------------------------------------

    def take_in(self, claims: Sequence[ReceivedClaim]) -> int:
        """Keep claims, and propose what nobody proposed before; how many proposals are new. Repeatable."""
        if not claims:
            return 0
        latest = {(claim.source, claim.item): claim for claim in claims}
        with writing(self._engine) as tx:
            first = self._first_received(tx, latest)
            for source, items in _by_first(list(latest)):
                tx.execute(delete(CLAIM).where(CLAIM.c.source == source, CLAIM.c.item.in_(items)))
            rows = [self._row(claim, first.get(key)) for key, claim in latest.items()]
            tx.execute(insert(CLAIM), rows)
            return self._propose(tx, [claim for claim in latest.values() if not claim.claim.withdrawn])

    def kept(self, source: str) -> None:
        """A list was found changed: what still stands on it was said again just now, also what had aged."""
        now_us = self._clock.now_us()
        live = (CLAIM.c.source == source) & (CLAIM.c.gone != WITHDRAWN)
        with writing(self._engine) as tx:
            for kind in ObservableType:
                until_us = now_us + self._settings.lifetime_us(kind)
                here = live & (CLAIM.c.type == kind.value)
                values = {"last_us": now_us, "gone_us": None, "gone": ""}
                later = CLAIM.c.end_us.is_(None) | (CLAIM.c.end_us >= until_us)
                tx.execute(update(CLAIM).where(here, later).values(**values, until_us=until_us))
                sooner = (CLAIM.c.end_us > now_us) & (CLAIM.c.end_us < until_us)
                tx.execute(update(CLAIM).where(here, sooner).values(**values, until_us=CLAIM.c.end_us))

    def withdraw_all(self, source: str) -> int:
        """The source has ended: it claims nothing any more."""
        with writing(self._engine) as tx:
            live = (CLAIM.c.source == source) & CLAIM.c.gone_us.is_(None)
            return tx.execute(update(CLAIM).where(live).values(gone_us=self._clock.now_us(), gone=WITHDRAWN)).rowcount

    def age(self) -> int:
        """Claims whose time is over go; what is gone for long is forgotten, and proposals of which nothing is left and
        that nobody decided on. How many claims went."""
        now_us = self._clock.now_us()
        before_us = now_us - self._settings.kept_days * DAY_US
        with writing(self._engine) as tx:
            over = CLAIM.c.gone_us.is_(None) & (CLAIM.c.until_us <= now_us)
            gone = tx.execute(update(CLAIM).where(over).values(gone_us=now_us, gone=OVER)).rowcount
            tx.execute(delete(CLAIM).where(CLAIM.c.gone_us <= before_us))
            claimed = select(CLAIM.c.source).where(CLAIM.c.type == PROPOSAL.c.type, CLAIM.c.value == PROPOSAL.c.value)
            tx.execute(
                delete(PROPOSAL).where(
                    PROPOSAL.c.state == PROPOSED, PROPOSAL.c.first_us <= before_us, ~claimed.exists()
                )
            )
        return gone

    # --- what people and the centre do -------------------------------------------------------------------------

    def dismiss(self, observable: Observable, by: str, why: str) -> None:
        """Found harmless by a person: no case is made of it, and it counts against its sources.
        Raises UnknownProposal, NotAllowed; ValueError without a reason."""
        if not why.strip() or len(why) > WHY_CHARS_MAX:
            raise ValueError(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
        self._turn(observable, DISMISSED, person(by), why, from_=(PROPOSED,))

    def reopen(self, observable: Observable, by: str, why: str) -> None:
        """Propose again what somebody dismissed."""
        if not why.strip() or len(why) > WHY_CHARS_MAX:
            raise ValueError(Text("say why, in at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX))
        self._turn(observable, PROPOSED, person(by), why, from_=(DISMISSED,))

    def made_case(self, observable: Observable, case_id: str, by: str) -> None:
        """A case was opened of it. Repeatable."""
        self._turn(observable, CASE, by, "", from_=(PROPOSED, CASE), case_id=case_id)

    def met(self, hits: Iterable[tuple[Observable, str, str, int]]) -> int:
        """(observable, actor, how, hour) of what actors met; only what is proposed is kept, the first time counts."""
        with reading(self._engine) as connection:
            known = {tuple(row) for row in connection.execute(select(HIT.c.type, HIT.c.value, HIT.c.actor))}
        fresh: dict[tuple[str, str, str], tuple[str, int]] = {}
        for observable, actor, how, hour in hits:
            key = (observable.type.value, observable.value, actor)
            if key not in known:
                fresh.setdefault(key, (how, hour))
        if not fresh:
            return 0
        new = 0
        with writing(self._engine) as tx:
            for (kind, value, actor), (how, hour) in fresh.items():
                here = (PROPOSAL.c.type == kind) & (PROPOSAL.c.value == value)
                twice = (HIT.c.type == kind) & (HIT.c.value == value) & (HIT.c.actor == actor)
                proposed = tx.execute(select(PROPOSAL.c.type).where(here)).first()
                if proposed and tx.execute(select(HIT.c.hour).where(twice)).first() is None:
                    tx.execute(insert(HIT).values(type=kind, value=value, actor=actor, how=how, hour=hour))
                    new += 1
        return new

    # --- questions ---------------------------------------------------------------------------------------------

    def get(self, observable: Observable) -> Proposal:
        """Raises UnknownProposal."""
        with reading(self._engine) as connection:
            row = connection.execute(select(PROPOSAL).where(_here(PROPOSAL, observable))).first()
            if row is None:
                raise UnknownProposal(Text("no source has proposed {observable}", observable=str(observable)[:80]))
            return self._whole(connection, row)

    def every(self, limit: int = 20, *, state: str = PROPOSED, source: str = "", met: bool = False) -> list[Proposal]:
        """Those of a state that still are claimed: met ones first, then those with most sources, then the newest."""
        live = CLAIM.c.gone_us.is_(None)
        sources = func.count(CLAIM.c.source.distinct())
        hits = select(func.count()).select_from(HIT).where(_same(HIT)).correlate(PROPOSAL).scalar_subquery()
        query = (
            select(PROPOSAL)
            .join(CLAIM, and_(CLAIM.c.type == PROPOSAL.c.type, CLAIM.c.value == PROPOSAL.c.value))
            .where(PROPOSAL.c.state == state, live)
            .group_by(*PROPOSAL.c)
            .order_by(hits.desc(), sources.desc(), PROPOSAL.c.first_us.desc(), PROPOSAL.c.type, PROPOSAL.c.value)
        )
        if source:
            query = query.where(CLAIM.c.source == source)
        if met:
            query = query.where(hits > 0)
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(max(1, min(limit, SHOWN_MAX)))).all()
            return [self._whole(connection, row) for row in rows]

    def claims_of(self, source: str) -> dict[str, Claim]:
        """item -> its last claim, withdrawn ones too."""
        asked = select(CLAIM.c.item, CLAIM.c.body).where(CLAIM.c.source == source)
        with reading(self._engine) as connection:
            return {row.item: claim_of(row.body) for row in connection.execute(asked)}

    def now_us(self) -> int:
        """What time it is at the centre."""
        return self._clock.now_us()

    def cases(self) -> list[Proposal]:
        """All that a case was made of."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(PROPOSAL).where(PROPOSAL.c.state == CASE)).all()
            return [self._whole(connection, row) for row in rows]

    def count(self) -> int:
        """How many observables are proposed or decided on."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.count()).select_from(PROPOSAL)) or 0)

    def judged(self) -> dict[str, tuple[int, int]]:
        """source -> how many of its claims a person judged, and how many of those were found harmless."""
        claimed = select(CLAIM.c.source, CLAIM.c.type, CLAIM.c.value).distinct().subquery()
        false = (PROPOSAL.c.state == DISMISSED) | (func.coalesce(VERDICT.c.verdict, "") == "benign")
        query = (
            select(claimed.c.source, func.count(), func.sum(case((false, 1), else_=0)))
            .join(PROPOSAL, and_(PROPOSAL.c.type == claimed.c.type, PROPOSAL.c.value == claimed.c.value))
            .outerjoin(VERDICT, and_(VERDICT.c.type == claimed.c.type, VERDICT.c.value == claimed.c.value))
            .where((PROPOSAL.c.state == DISMISSED) | VERDICT.c.verdict.is_not(None))
            .group_by(claimed.c.source)
        )
        with reading(self._engine) as connection:
            return {source: (count, int(harmless)) for source, count, harmless in connection.execute(query)}

    # --- inside ------------------------------------------------------------------------------------------------

    def _first_received(
        self, tx: Connection, wanted: Mapping[tuple[str, str], ReceivedClaim]
    ) -> dict[tuple[str, str], Row[Any]]:
        first: dict[tuple[str, str], Row[Any]] = {}
        for source, chunk in _by_first(list(wanted)):
            for row in tx.execute(select(CLAIM).where(CLAIM.c.source == source, CLAIM.c.item.in_(chunk))):
                first[row.source, row.item] = row
        return first

    def _row(self, received: ReceivedClaim, known: Row[Any] | None) -> dict[str, Any]:
        claim, named = received.claim, received.claim.observable
        same = known is not None and (known.type, known.value) == (named.type.value, named.value)
        until_us = received.received_us + self._settings.lifetime_us(named.type)
        return {
            "source": received.source,
            "item": received.item,
            "type": named.type.value,
            "value": named.value,
            "body": claim_text(claim),
            "first_us": known.first_us if known is not None and same else received.received_us,
            "last_us": known.last_us if known is not None and same and claim.withdrawn else received.received_us,
            "until_us": until_us if claim.until_us is None else min(claim.until_us, until_us),
            "end_us": claim.until_us,
            "gone_us": received.received_us if claim.withdrawn else None,
            "gone": WITHDRAWN if claim.withdrawn else "",
        }

    def _propose(self, tx: Connection, heard: Sequence[ReceivedClaim]) -> int:
        by_name: dict[Observable, list[ReceivedClaim]] = {}
        for claim in heard:
            by_name.setdefault(claim.claim.observable, []).append(claim)
        known: set[Observable] = set()
        for kind, values in _by_first([(named.type.value, named.value) for named in by_name]):
            for row in tx.execute(select(PROPOSAL).where(PROPOSAL.c.type == kind, PROPOSAL.c.value.in_(values))):
                known.add(_observable(row))
        rows = []
        for observable, claims in by_name.items():
            if observable in known:
                continue
            rows.append(
                {
                    "type": observable.type.value,
                    "value": observable.value,
                    "first_us": min(claim.received_us for claim in claims),
                    "listed": json.dumps(self._listed(observable)),
                    "state": PROPOSED,
                    "by_user": "",
                    "at_us": 0,
                    "why": "",
                    "case_id": "",
                }
            )
        if rows:
            tx.execute(insert(PROPOSAL), rows)
        return len(rows)

    def _turn(
        self, observable: Observable, to: str, by: str, why: str, *, from_: tuple[str, ...], case_id: str = ""
    ) -> None:
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            row = tx.execute(select(PROPOSAL).where(_here(PROPOSAL, observable))).first()
            if row is None:
                raise UnknownProposal(Text("no source has proposed {observable}", observable=str(observable)[:80]))
            if row.state not in from_:
                raise NotAllowed(Text("{observable} is {state}", observable=observable, state=word(row.state)))
            if row.state == to:
                return
            values = {"state": to, "by_user": by, "at_us": now_us, "why": why, "case_id": case_id}
            tx.execute(update(PROPOSAL).where(_here(PROPOSAL, observable)).values(**values))
            detail = {"observable": str(observable), "why": why, "from": row.state, "case": case_id}
            audit.note(tx, now_us, by, f"proposal-{to}", "proposals", detail)

    def _whole(self, connection: Connection, row: Row[Any]) -> Proposal:
        named = _observable(row)
        claims = connection.execute(select(CLAIM).where(_here(CLAIM, named)).order_by(CLAIM.c.first_us, CLAIM.c.source))
        hits = connection.execute(select(HIT.c.actor, HIT.c.how).where(_here(HIT, named)).order_by(HIT.c.actor))
        return Proposal(
            observable=named,
            first_us=row.first_us,
            listed=tuple(json.loads(row.listed)),
            state=row.state,
            by=row.by_user,
            why=row.why,
            case_id=row.case_id,
            claims=tuple(_kept(one) for one in claims),
            met={one.actor: one.how for one in hits},
        )


def proposed() -> Subquery:
    """(type, value) of all that was ever proposed and is kept, as part of a question of another room."""
    return select(PROPOSAL.c.type, PROPOSAL.c.value).subquery("proposed")


def _kept(row: Row[Any]) -> ClaimKept:
    claim = replace(claim_of(row.body), withdrawn=bool(row.gone))
    return ClaimKept(row.source, claim, row.first_us, row.last_us, row.until_us, row.gone)


def _here(table: Any, observable: Observable) -> Any:
    return (table.c.type == observable.type.value) & (table.c.value == observable.value)


def _same(table: Any) -> Any:
    return (table.c.type == PROPOSAL.c.type) & (table.c.value == PROPOSAL.c.value)


def _observable(row: Any) -> Observable:
    return Observable.trusted(ObservableType(row.type), row.value)


def _by_first(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """(first, seconds) for pairs of one first, at most IN_MAX at once: so that an index is used."""
    for first in sorted({one for one, _ in pairs}):
        seconds = [second for one, second in pairs if one == first]
        for at in range(0, len(seconds), IN_MAX):
            yield first, seconds[at : at + IN_MAX]
