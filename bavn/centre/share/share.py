"""The room's face: round messages and indicators out through gate 3, receipts and sightings kept as they come back.

Orders come from cases as values, recipients are the active actors, and what is released is built here from typed
values only: nothing in an indicator says which actor saw it. Refuses to know leads, scores' terms and rounds' state.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import batched
from math import exp
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from bavn.centre.share.deliveries import Deliveries, Mark, Pending
from bavn.centre.share.exchange import Exchange
from bavn.centre.share.outgoing import CLOSING_KEPT_US, AnyGrounds, Grounds, Outgoing
from bavn.centre.share.outgoing_rules import GROUPS_MIN, LATER, OF_THE_RECIPIENT, ShareLimits
from bavn.centre.share.post import Post
from bavn.centre.share.stages import CanaryStages, Decision, StageRules
from bavn.centre.share.tables import make_tables
from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.observable import Observable
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.received import BlockReceipt, Observed
from bavn.model.sector.indicator_life import BLOCK_PAP_MIN
from bavn.model.statement import (
    Asking,
    Closing,
    CommonsAnswer,
    LogShowing,
    Opening,
    Releasing,
    RevealWanted,
    RoundsFixing,
    Statement,
    TagsWanted,
)
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.outbox import OutboxLimits

TRY_AGAIN_US: Final = MINUTE_US
LETTERS_PER_STEP_MAX: Final = 2000
LETTERS_PER_WRITE: Final = 200
"""A disk takes some milliseconds for each write that must not be lost."""
CONFIDENCE_MIN, CONFIDENCE_MAX = 50, 95
PRIOR_NATS: Final = 4.0
_IDENTITY_SPACE: Final = uuid.UUID("9d0c58d4-3b0a-5c8e-9b6f-6a1f7d2c4e90")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRequest:
    """An observable that a case wants to see in force. ``pap`` None: to block if it may, else to watch. ``confidence``
    None: from the score. ``ringed``: what may block goes to the canary ring first."""

    observable: Observable
    case_id: str
    technique: str
    grounds: Grounds
    tlp: Tlp
    pap: Pap | None
    days: int
    confidence: int | None
    ringed: bool = False


def confidence_of(score: float) -> int:
    """0..100 from a score in nats, read as evidence against prior odds of e^4 (55 harmless to one): a person or a
    policy has confirmed it, so at least 50, and never certain."""
    share = 1 / (1 + exp(min(50.0, PRIOR_NATS - score)))
    return min(CONFIDENCE_MAX, max(CONFIDENCE_MIN, round(100 * share)))


def identity_of(sector: str) -> str:
    """The STIX identity id of a sector's centre."""
    return f"identity--{uuid.uuid5(_IDENTITY_SPACE, sector)}"


class Recipients(Protocol):
    """Who may be written to."""

    def active(self) -> Sequence[str]:
        """The names of the active actors, sorted."""
        ...

    def is_active(self, name: str) -> bool: ...


class Share:
    """All methods may be called from any thread."""

    def __init__(
        self,
        *,
        engine: Engine,
        book: Book,
        key: Ed25519PrivateKey,
        clock: Clock,
        limits: ShareLimits,
        sector: str,
        recipients: Recipients,
        outbox_limits: OutboxLimits | None = None,
        ring: StageRules | None = None,
        canaries: Callable[[], Collection[str]] = tuple,
    ) -> None:
        make_tables(engine)
        self.ring = CanaryStages(engine, ring or StageRules(), canaries)
        self._clock, self._limits, self._recipients = clock, limits, recipients
        self.deliveries = Deliveries(engine)
        self.post = Post(
            book=book,
            key=key,
            clock=clock,
            limits=limits,
            created_by=identity_of(sector),
            is_member=recipients.is_active,
            outbox_limits=outbox_limits,
            on_put=self._wake,
        )
        self.exchange = Exchange(
            deliveries=self.deliveries,
            book=book,
            clock=clock,
            of_indicators=self.post.rules.of_indicators(),
            created_by=identity_of(sector),
            sector=sector,
        )
        self._served: frozenset[str] = frozenset()
        self._on_queued: Callable[[str], None] | None = None

    def on_queued(self, call: Callable[[str], None]) -> None:
        """``call`` hears an actor's name whenever something was queued for it; it must only wake somebody."""
        self._on_queued = call

    def _wake(self, actor: str) -> None:
        if self._on_queued is not None:
            self._on_queued(actor)

    def say(self, statement: Statement, grounds: AnyGrounds | None = None) -> Refused | None:
        """A round message, a question, a warning, or something of a case on these grounds; queued once.
        Raises GateBroken."""
        return self.post.say(Outgoing(statement, grounds, self._until(statement)))

    def release(self, wishes: Sequence[ShareRequest], order_no: int) -> dict[str, Text]:
        """Make indicators of what may go out, owed to every active actor; refusals as observable -> rule and reason.
        What gate 3 refuses for all meets it once, with one line."""
        now_us = self._clock.now_us()
        actors = list(self._recipients.active())
        refusals: dict[str, Text] = {}
        for request in wishes:
            indicator = self._indicator(request, now_us)
            refused = self._refused_for_all(indicator, request.grounds, actors)
            if refused is not None:
                said = Text.shaped("{rule}: {reason}", rule=refused.rule, reason=refused.reason)
                refusals[str(request.observable)] = said
                continue
            ring = self.ring.members(actors) if request.ringed and indicator.pap >= BLOCK_PAP_MIN else ()
            self.deliveries.release(indicator, request.grounds, actors, order_no, now_us, ring)
        return refusals

    def withdraw(self, case_id: str) -> list[str]:
        """Owe every active actor the withdrawal of all that is live of a case; the ids."""
        return self.deliveries.withdraw(case_id, self._recipients.active(), self._clock.now_us())

    def delist(self, wanted_id: str) -> list[str]:
        """The same for one indicator."""
        return self.deliveries.delist(wanted_id, self._recipients.active(), self._clock.now_us())

    def decisions(self) -> list[Decision]:
        """What the canary ring lets go on, and what it stops."""
        return self.ring.decisions(self._recipients.active(), self._clock.now_us())

    def step(self) -> int:
        """Queue what is owed, newcomers included; how many letters were offered. Raises GateBroken."""
        now_us = self._clock.now_us()
        members = self._recipients.active()
        if frozenset(members) != self._served:
            self.deliveries.owe_newcomers(members, now_us)
            self._served = frozenset(members)
        owed = self.deliveries.pending(now_us, LETTERS_PER_STEP_MAX)
        for some in batched(owed, LETTERS_PER_WRITE, strict=False):
            self._queue(some, now_us)
        self.post.outbox.expire()
        self.exchange.step()
        return len(owed)

    def _queue(self, some: Sequence[Pending], now_us: int) -> None:
        """Their letters first, then the word that they are queued: a kill in between offers them again."""
        letters = [
            Outgoing(
                delivery.said,
                delivery.grounds,
                delivery.said.indicator.valid_until_us if isinstance(delivery.said, Releasing) else None,
            )
            for delivery in some
        ]
        marks: list[Mark] = []
        for delivery, refused in zip(some, self.post.say_all(letters), strict=True):
            waits = refused is not None and refused.rule in LATER
            marks.append(Mark(delivery, refused.rule if refused else "", now_us + TRY_AGAIN_US if waits else None))
        self.deliveries.marked(marks, now_us)

    def pull(self, actor: str, after: int) -> list[bytes]:
        """What waits for an actor; all up to ``after`` is acknowledged."""
        return self.post.pull(actor, after)

    def heard(self, receipt: BlockReceipt | Observed) -> str | None:
        """Keep what an actor said of an indicator; the case whose block is now in force there, if that is what it
        said."""
        if isinstance(receipt, Observed):
            self.deliveries.observed(receipt)
            return None
        return self.deliveries.heard(receipt)

    def may_block(self, grounds: Grounds) -> bool:
        """Whether an indicator on these grounds may block: strong enough and two groups, or a partner's word and a
        person who releases it; and nothing for its innocence."""
        strong = grounds.score >= self._limits.score_block_min and grounds.groups >= GROUPS_MIN
        return (strong or (grounds.partners > 0 and grounds.by_person)) and not grounds.listed

    def pap_for(self, grounds: Grounds) -> Pap:
        """To block if it may, else to watch; never more than its partner and its case allow."""
        wanted = BLOCK_PAP_MIN if self.may_block(grounds) else Pap.AMBER
        return min(wanted, Pap(grounds.pap_max), Pap(grounds.case_pap))

    def _indicator(self, request: ShareRequest, now_us: int) -> Indicator:
        pap = self.pap_for(request.grounds) if request.pap is None else request.pap
        confidence = confidence_of(request.grounds.score) if request.confidence is None else request.confidence
        return Indicator(
            id=indicator_id(request.observable),
            version=now_us,
            observable=request.observable,
            tlp=request.tlp,
            pap=pap,
            confidence=confidence,
            valid_from_us=now_us,
            valid_until_us=now_us + request.days * DAY_US,
            case_id=request.case_id,
            technique=request.technique,
        )

    def _refused_for_all(self, indicator: Indicator, grounds: Grounds, actors: Sequence[str]) -> Refused | None:
        """The refusal of a rule that does not depend on the recipient, with its one ledger line; None if it passes."""
        known = self.deliveries.get(indicator.id)
        created_us = known.created_us if known else indicator.version
        version = max(indicator.version, known.indicator.version + 1 if known else 0)
        for actor in actors[:1]:
            said = Releasing(to=actor, indicator=replace(indicator, version=version), created_us=created_us)
            outgoing = Outgoing(said, grounds)
            refused = self.post.try_on(outgoing)
            if refused is not None and refused.rule not in OF_THE_RECIPIENT:
                return self.post.say(outgoing)
        return None

    def _until(self, statement: Statement) -> int | None:
        now_us = self._clock.now_us()
        match statement:
            case Opening():
                return statement.deadline_us
            case TagsWanted() | RevealWanted() | CommonsAnswer():
                return now_us + DAY_US
            case Closing():
                return now_us + CLOSING_KEPT_US
            case LogShowing() | RoundsFixing():
                return now_us + HOUR_US
            case Asking():
                return statement.question.until_us
            case _:
                return None
