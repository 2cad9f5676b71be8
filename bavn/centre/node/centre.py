"""The centre as one step function: inbox -> join -> leads -> cases -> share, put together from the rooms.

``receive`` and ``pull`` may be called from any thread while ``step`` runs in one. Everything that must outlive a kill
is in the database and the book before anybody is told: an item of the inbox is done only when its effects are kept, a
message leaves from a row that was written with the state it follows from. Refuses to think: the rooms do.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.books.canaries import forget_canaries, keep_canary
from bavn.centre.books.rounds import SqlRoundBook, forget_held, forget_rounds
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.questions import Questions
from bavn.centre.correlate.bounds.only_second import WINDOW_DAYS
from bavn.centre.correlate.join import Aside, Join, Membership, Reconstruct
from bavn.centre.correlate.lists import Lists
from bavn.centre.correlate.round_state import Phase
from bavn.centre.desk.counts import forget_counts, keep_counts
from bavn.centre.desk.desk import Desk
from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.enrolment import Admitted, Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.centre.node.case_post import CasePost
from bavn.centre.node.config import CentreConfig
from bavn.centre.node.contained import Containment, is_no_items_fault
from bavn.centre.node.dispatch import Dispatch
from bavn.centre.node.only_second import OnlySeconds
from bavn.centre.node.protection import Protection
from bavn.centre.node.ranking import LeadRanking
from bavn.centre.node.warning_post import WarningPost
from bavn.centre.node.withdrawals import take_back
from bavn.centre.node.witness_post import WitnessPost
from bavn.centre.share.share import Share
from bavn.centre.store.log_keeper import forget_contents
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.model.received import (
    Attached,
    BlockReceipt,
    CanaryCame,
    CaseAnswer,
    CheckpointSeen,
    Counted,
    DrawValues,
    Heard,
    Nis2Step,
    NodeHealth,
    Observed,
    RadiusReply,
    Replied,
    Taken,
    WarningAnswer,
    Withdrawal,
)
from bavn.model.sector.member import Actor, ActorState
from bavn.model.statement import CanaryReceived

LETTERS_PER_TURN_MAX = 1000
ITEMS_PER_STEP_MAX = 500
"""How many items of the inbox one step works off."""


class OpenRounds:
    """Which rounds the inbox may take messages for (implements inbox.asks.Rounds)."""

    def __init__(self, engine: Engine) -> None:
        t.make_missing(engine, t.METADATA)
        self._book = SqlRoundBook(engine)

    def open_round(self, round_id: str) -> OpenRound | None:
        round_state = self._book.round(round_id)
        if round_state is None or round_state.phase not in (Phase.UPLOADS, Phase.REVEAL):
            return None
        return OpenRound(
            params=round_state.params,
            uploads_until_us=round_state.deadline_us,
            actors=frozenset(actor for actor, _ in round_state.members),
        )


class ActiveActors:
    """Whom share may write to (implements share.Recipients)."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def active(self) -> Sequence[str]:
        return [actor.name for actor in self._registry.members()[1]]

    def is_active(self, name: str) -> bool:
        actor = self._registry.actor(name)
        return actor is not None and actor.state is ActorState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreRooms:
    """The rooms that a centre is put together from."""

    registry: Registry
    enrolment: Enrolment
    inbox: Inbox
    share: Share
    offers: Offers
    questions: Questions
    indicators: Indicators


@dataclass(frozen=True, slots=True, kw_only=True)
class CentrePosts:
    """What brings statements of cases, warnings and the log to actors, and their answers back. ``witness``
    None: the log is not published. ``clock`` tells in it of a clock that leaps."""

    clock: Callable[[], None]
    case: CasePost
    warning: WarningPost
    witness: WitnessPost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What rounds are joined with. ``aside``: who reconstructs and works on the commons' tables."""

    dice: Dice
    reconstruct: Reconstruct
    aside: Aside


class Centre:
    """One per sector."""

    def __init__(
        self,
        config: CentreConfig,
        *,
        engine: Engine,
        rooms: CentreRooms,
        posts: CentrePosts,
        message_key: str,
        clock: Clock,
        lists: Lists,
        joining: Joining,
        contained: Containment,
    ) -> None:
        registry, share = rooms.registry, rooms.share
        self.config = config
        self.contained = contained
        self.desk = Desk(engine, clock, registry, rooms.questions, config.cases, rooms.indicators)
        self._engine, self._clock = engine, clock
        self._registry, self._enrolment, self._inbox, self._share = registry, rooms.enrolment, rooms.inbox, share
        self.exchange, self.offers, self._questions = share.exchange, rooms.offers, rooms.questions
        self._case_post, self._warning_post = posts.case, posts.warning
        self._message_key, self._witness_post, self._tell_of_clock = message_key, posts.witness, posts.clock
        self.log = None if posts.witness is None else posts.witness.keeper
        self._cases = Cases(engine, clock)
        self._protection = self._protecting(rooms.indicators)
        rounds, apart = SqlRoundBook(engine), self.desk.apart
        self._only_seconds = OnlySeconds(rounds, apart, registry, self._group_of, clock)
        self._join = Join(
            rounds,
            joining.dice,
            config.rounds,
            joining.reconstruct,
            group_of=self._group_of,
            aside=joining.aside,
            apart=apart.standing,
            audited=posts.witness is not None,
        )
        self._dispatch = Dispatch(
            engine, clock, share=share, join=self._join, questions=rooms.questions, contained=contained
        )
        self._ranking = LeadRanking(config, engine, clock, registry, lists, self._cases, posts.case, contained)
        self._received = self._by_kind()
        self._tidied_us = 0

    def _by_kind(self) -> dict[type[Heard], tuple[Callable[[Any], object], ...]]:
        """Kind of what came in -> what works it off, in order; what is not here is the join's."""
        return {
            **dict.fromkeys((BlockReceipt, Observed), (self._protection.heard, self._case_post.met)),
            NodeHealth: (self._keep_health,),
            **dict.fromkeys((RadiusReply, Replied), (self._questions.heard,)),
            **dict.fromkeys((CheckpointSeen, DrawValues), (self._log_received,)),
            CanaryCame: (self._canary_received,),
            Counted: (partial(keep_counts, self._engine),),
            **dict.fromkeys((CaseAnswer, Attached, Nis2Step), (self._case_post.heard,)),
            WarningAnswer: (self._warning_post.heard,),
            Withdrawal: (self._case_post.taken_back, self._withdrawn),
        }

    def _protecting(self, indicators: Indicators) -> Protection:
        """What releases, withdraws and renews indicators."""
        return Protection(
            cases=self._cases,
            indicators=indicators,
            upkeep=self.desk.upkeep,
            switch=self.desk.switch,
            share=self._share,
            clock=self._clock,
            active=ActiveActors(self._registry).active,
            group_of=self._group_of,
            marked=self.desk.files.marked,
            contained=self.contained,
        )

    # --- what the service asks ---------------------------------------------------------------------------------

    def who(self, certificate_der: bytes) -> Actor | Refused:
        return self._registry.who(certificate_der)

    def enrol(self, asked: Application) -> Admitted | Refused:
        return self._enrolment.enrol(asked)

    def renew(self, actor: str, csr: str) -> Admitted | Refused:
        return self._enrolment.renew(actor, csr)

    def authority_pem(self) -> str:
        return self._enrolment.authority.pem

    def message_key(self) -> str:
        return self._message_key

    def on_queued(self, call: Callable[[str], None]) -> None:
        """``call`` hears an actor's name whenever something was queued for it."""
        self._share.on_queued(call)

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> list[int]:
        """Numbers that the actor may let go. ``actor``: the name in its certificate. Raises GateBroken."""
        return self._inbox.receive(actor, envelopes)

    def pull(self, actor: str, after: int) -> list[bytes]:
        """What waits for the actor, in order; all up to ``after`` is acknowledged."""
        return self._share.pull(actor, after)

    # --- the step ----------------------------------------------------------------------------------------------

    def step(self, *, again: bool = True) -> None:
        """Do all that can be done now. Repeatable at any moment, also after a kill in the middle of it. A part that
        fails in a way that nobody foresaw costs what it would have done: the others go on, the next step tries again.
        Raises what ends the process (contained.py). ``again``: see parts."""
        for name, do in self.parts(again=again):
            self.contained.part(name, do)
            self._protection.hasten()

    def parts(self, *, again: bool = True) -> tuple[tuple[str, Callable[[], None]], ...]:
        """What a step does, in order. Orders first and, ``again``, last; without, step once more where this step wrote.
        The log is published after all that it tells of."""
        orders = (
            ("centre protection", self._protection.step),
            ("centre questions", self._dispatch.ask_questions),
            ("centre cases", self._case_post.step),
            ("centre warnings", self._warning_post.step),
        )
        return (
            ("centre clock", self._tell_of_clock),
            *orders,
            ("centre inbox", self._work_off_all),
            ("centre join", self._step_join),
            ("centre outgoing", self._dispatch.send_outgoing),
            ("centre commons", self._dispatch.answer_commons),
            ("centre quarantine", self._audit_quarantine),
            ("centre only second", self._only_seconds.look),
            ("centre keys", self._audit_keys),
            ("centre ranking", self._ranking.step),
            *(orders if again else ()),
            ("centre alarms", lambda: self.desk.alarms.step(self.desk.members)),
            *(() if self._witness_post is None else self._witness_post.parts()),
            *self._tidying_if_due(),
        )

    def _step_join(self) -> None:
        version, members = self._registry.members()
        self._join.step(self._clock.now_us(), Membership(version, tuple((actor.name, actor.x) for actor in members)))

    def _work_off_all(self) -> None:
        """An item that cannot be worked off is tried again and then set aside; the others are not held up."""
        aside = self._inbox.aside
        for number, kind in aside.waiting(ITEMS_PER_STEP_MAX):
            self._protection.hasten()
            try:
                self._work_off(self._inbox.read(number))
            except Exception as error:
                if self.contained.ends(error) or is_no_items_fault(error):
                    raise
                body = aside.body(number)
                aside.failed(number, error)
                self.contained.note(f"inbox {kind}", error, body)
            else:
                self.contained.failures.works(f"inbox {kind}")

    def _work_off(self, taken: Taken) -> None:
        for work_off in self._received.get(type(taken.heard), (self._join.take_in,)):
            work_off(taken.heard)
        self._inbox.done(taken.number)

    def _log_received(self, received: CheckpointSeen | DrawValues) -> None:
        if self._witness_post is not None:
            self._witness_post.heard(received)

    def _canary_received(self, received: CanaryCame) -> None:
        if keep_canary(self._engine, received):
            self._share.say(CanaryReceived(to=received.actor, day=received.day, run=received.run))

    def _withdrawn(self, received: Withdrawal) -> None:
        self._cases.taken_back(received, take_back(self._engine, received.actor, received.observable))
        self._ranking.stale()

    def _group_of(self, actor: str) -> str:
        known = self._registry.actor(actor)
        return known.group if known is not None else actor

    def _keep_health(self, health: NodeHealth) -> None:
        row = {"received_us": health.received_us, "body": codec.dumps(asdict(health))}
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.HEALTH).where(t.HEALTH.c.actor == health.actor))
            connection.execute(insert(t.HEALTH).values(actor=health.actor, **row))

    def _audit_quarantine(self) -> None:
        with t.reading(self._engine) as connection:
            rows = connection.execute(select(t.QUARANTINE).where(t.QUARANTINE.c.audited.is_(False))).all()
        for row in rows:
            place = f"{row.round_id}/{row.cell_table}/{row.cell_bin}"
            self._cases.record_once("quarantine", place, {"named": row.named})
            here = (
                (t.QUARANTINE.c.round_id == row.round_id)
                & (t.QUARANTINE.c.cell_table == row.cell_table)
                & (t.QUARANTINE.c.cell_bin == row.cell_bin)
            )
            with t.writing(self._engine) as connection:
                connection.execute(update(t.QUARANTINE).where(here).values(audited=True))

    def _audit_keys(self) -> None:
        """A round whose members do not all hold the same keys: a key holder errs or lies, or an actor does."""
        for round_ in self._join.reveals():
            if round_.key_groups:
                groups = [[round_.actor_of(x) for x in group] for group in round_.key_groups]
                self._cases.record_once("other-keys", round_.id, {"groups": groups})

    # --- order in the house ------------------------------------------------------------------------------------

    def _tidying_if_due(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """Each room's, by itself; nothing where it was done within the hour."""
        now_us = self._clock.now_us()
        if now_us - self._tidied_us < DAY_US // 24:
            return ()
        self._tidied_us = now_us
        limits = self.config.limits
        each: tuple[tuple[str, Callable[[], object]], ...] = (
            ("held", lambda: forget_held(self._engine, now_us - WINDOW_DAYS * DAY_US)),
            ("rounds", lambda: forget_rounds(self._engine, now_us - limits.rounds_kept_days * DAY_US)),
            ("counts", lambda: forget_counts(self._engine, now_us // DAY_US - limits.counts_kept_days)),
            ("canaries", lambda: forget_canaries(self._engine, now_us)),
            ("alarms", self.desk.alarms.forget),
            ("leads", lambda: self._ranking.forget(now_us - limits.signs_kept_days * DAY_US)),
            ("outgoing", self._dispatch.forget_sent),
            ("log", lambda: forget_contents(self._engine, now_us - limits.signs_kept_days * DAY_US)),
            ("inbox", self._inbox.forget),
            ("exchange", self.exchange.forget),
            ("offers", self.offers.forget),
            ("cases", self._case_post.tidy),
            ("warnings", self._warning_post.warnings.forget),
            ("ledger", self._inbox.ledger.close_parts),
        )
        return tuple((f"centre tidying {name}", _quiet(do)) for name, do in each)


def _quiet(do: Callable[[], object]) -> Callable[[], None]:
    def done() -> None:
        do()

    return done
