"""The centre as one step function: inbox -> join -> leads -> cases -> share, put together from the rooms.

``receive`` and ``pull`` may be called from any thread while ``step`` runs in one. Everything that must outlive a kill
is in the database and the book before anybody is told: an item of the inbox is done only when its effects are kept, a
message leaves from a row that was written with the state it follows from. Refuses to think: the rooms do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.books.canaries import forget_canaries, keep_canary
from bavn.centre.books.leads import Laws, SqlLeadBook, histograms
from bavn.centre.books.learned import Learning
from bavn.centre.books.rounds import SqlRoundBook, forget_held, forget_rounds
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.indicators.indicators import Indicators
from bavn.centre.cases.questions import Questions
from bavn.centre.correlate.bounds.only_second import WINDOW_DAYS
from bavn.centre.correlate.congruent import measure as measure_congruent
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.dependence import fit as fit_dependence
from bavn.centre.correlate.echo import parted
from bavn.centre.correlate.graph import congruent_shares
from bavn.centre.correlate.join import Aside, Join, Membership, Reconstruct
from bavn.centre.correlate.laws.crowd import crowds_of
from bavn.centre.correlate.laws.fitted import shipped
from bavn.centre.correlate.laws.learned import applied
from bavn.centre.correlate.laws.novelty import measure as measure_novelty
from bavn.centre.correlate.lists import Lists
from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.score import group_evidence, newness
from bavn.centre.correlate.sharing import fit_all, malicious_mean
from bavn.centre.desk.counts import forget_counts, keep_counts
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.lead_facts import facts_of
from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.enrolment import Admitted, Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.centre.members.roles import Roles
from bavn.centre.node.case_post import CasePost
from bavn.centre.node.config import CentreConfig
from bavn.centre.node.contained import Containment, is_no_items_fault
from bavn.centre.node.exercise_post import ExercisePost
from bavn.centre.node.only_second import OnlySeconds
from bavn.centre.node.protection import Protection
from bavn.centre.node.warning_post import WarningPost
from bavn.centre.node.withdrawals import take_back
from bavn.centre.node.witness_post import WitnessPost
from bavn.centre.share.deliveries import released_spans
from bavn.centre.share.outgoing_rules import LATER, SHUT
from bavn.centre.share.share import Share
from bavn.centre.store.log_keeper import forget_contents
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.observable import Observable
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
    ExerciseStatement,
    Nis2Step,
    NodeHealth,
    Observed,
    Reply,
    Taken,
    WarningAnswer,
    Withdrawal,
)
from bavn.model.sector.lead import Sign
from bavn.model.sector.member import Actor, ActorState
from bavn.model.sector.question import Question
from bavn.model.statement import Asking, AskingRadius, CanaryReceived, CommonsAnswer

LETTERS_PER_TURN_MAX = 1000


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
    """What brings statements of cases, warnings, exercises and the log to actors, and their answers back. ``witness``
    None: the log is not published. ``clock`` tells in it of a clock that leaps."""

    clock: Callable[[], None]
    case: CasePost
    warning: WarningPost
    exercise: ExercisePost
    witness: WitnessPost | None


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
        dice: Dice,
        lists: Lists,
        reconstruct: Reconstruct,
        aside: Aside,
        contained: Containment,
    ) -> None:
        registry, share, indicators = rooms.registry, rooms.share, rooms.indicators
        self.config = config
        self.contained = contained
        self.desk = Desk(engine, clock, registry, rooms.questions, config.cases, indicators, config.nodes)
        self._engine, self._clock, self._lists = engine, clock, lists
        self._registry, self._enrolment, self._inbox, self._share = registry, rooms.enrolment, rooms.inbox, share
        self.exchange, self.offers, self._questions = share.exchange, rooms.offers, rooms.questions
        self._case_post, self._warning_post, self._exercise_post = posts.case, posts.warning, posts.exercise
        self._message_key, self._witness_post, self._tell_of_clock = message_key, posts.witness, posts.clock
        self.log = None if posts.witness is None else posts.witness.keeper
        self._roles = Roles(registry, clock)
        self._cases = Cases(engine, clock)
        self._learning = Learning(engine, clock)
        self._protection = Protection(
            cases=self._cases,
            indicators=indicators,
            upkeep=self.desk.upkeep,
            switch=self.desk.switch,
            share=share,
            clock=clock,
            active=ActiveActors(registry).active,
            group_of=self._group_of,
            marked=self.desk.files.marked,
            contained=self.contained,
        )
        self._leads = SqlLeadBook(engine)
        rounds, apart = SqlRoundBook(engine), self.desk.apart
        self._only_seconds = OnlySeconds(rounds, apart, registry, self._group_of, clock)
        self._join = Join(
            rounds,
            dice,
            config.rounds,
            reconstruct,
            group_of=self._group_of,
            aside=aside,
            apart=apart.standing,
            audited=posts.witness is not None,
        )
        self._ranked: tuple[Any, ...] | None = None
        self._ranked_us = 0
        self._tidied_us = 0

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
            ("centre questions", self._ask_questions),
            ("centre cases", self._case_post.step),
            ("centre warnings", self._warning_post.step),
            ("centre exercises", self._exercise_post.step),
        )
        return (
            ("centre clock", self._tell_of_clock),
            *orders,
            ("centre inbox", self._work_off_all),
            ("centre join", self._step_join),
            ("centre outgoing", self._send),
            ("centre commons", self._answer_commons),
            ("centre quarantine", self._audit_quarantine),
            ("centre only second", self._only_seconds.look),
            ("centre keys", self._audit_keys),
            ("centre ranking", self._rank_if_due),
            *(orders if again else ()),
            ("centre alarms", lambda: self.desk.alarms.step(self.desk.members)),
            *(() if self._witness_post is None else self._witness_post.parts()),
            *self._tidying_if_due(),
        )

    def _step_join(self) -> None:
        version, members = self._registry.members()
        self._join.step(self._clock.now_us(), Membership(version, tuple((actor.name, actor.x) for actor in members)))

    def _ask_questions(self) -> None:
        for question, actor in self._questions.to_send(self._clock.now_us()):

            def ask(question: Question = question, actor: str = actor) -> None:
                refused = self._share.say((AskingRadius if question.about else Asking)(to=actor, question=question))
                if refused is None or refused.rule not in LATER:
                    self._questions.sent(question.id, actor, refused.rule if refused else "")

            self.contained.part("centre question", ask, question.id.encode())

    def _work_off_all(self) -> None:
        """An item that cannot be worked off is tried again and then set aside; the others are not held up."""
        aside = self._inbox.aside
        for number, kind in aside.waiting(self.config.limits.items_per_step_max):
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
        received = taken.heard
        if isinstance(received, BlockReceipt | Observed):
            self._protection.heard(received)
            self._case_post.met(received)
        elif isinstance(received, NodeHealth):
            self._keep_health(received)
        elif isinstance(received, Reply):
            self._questions.heard(received)
        elif isinstance(received, CheckpointSeen | DrawValues):
            if self._witness_post is not None:
                self._witness_post.heard(received)
        elif isinstance(received, CanaryCame):
            if keep_canary(self._engine, received):
                self._share.say(CanaryReceived(to=received.actor, day=received.day, run=received.run))
        elif isinstance(received, Counted):
            keep_counts(self._engine, received)
        elif isinstance(received, CaseAnswer | Attached | Nis2Step):
            self._case_post.heard(received)
        elif isinstance(received, WarningAnswer):
            self._warning_post.heard(received)
        elif isinstance(received, ExerciseStatement):
            self._exercise_post.heard(received)
        elif isinstance(received, Withdrawal):
            self._case_post.taken_back(received)
            self._cases.taken_back(received, take_back(self._engine, received.actor, received.observable))
            self._ranked = None
        else:
            self._join.take_in(received)
        self._inbox.done(taken.number)

    def _group_of(self, actor: str) -> str:
        known = self._registry.actor(actor)
        return known.group if known is not None else actor

    def _keep_health(self, health: NodeHealth) -> None:
        row = {"received_us": health.received_us, "body": codec.dumps(asdict(health))}
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.HEALTH).where(t.HEALTH.c.actor == health.actor))
            connection.execute(insert(t.HEALTH).values(actor=health.actor, **row))

    def _send(self) -> None:
        """Queue the messages that rounds have left to be said, each once."""
        asked = select(t.OUTGOING).where(t.OUTGOING.c.done.is_(False)).order_by(t.OUTGOING.c.number)
        with t.reading(self._engine) as connection:
            rows = connection.execute(asked.limit(LETTERS_PER_TURN_MAX)).all()
        for row in rows:

            def send(number: int = row.number, said: str = row.said) -> None:
                refused = self._share.say(codec.read_statement(said))
                if refused is not None and refused.rule in SHUT:
                    return
                with t.writing(self._engine) as connection:
                    connection.execute(update(t.OUTGOING).where(t.OUTGOING.c.number == number).values(done=True))

            self.contained.part("centre message out", send, str(row.said).encode())

    def _answer_commons(self) -> None:
        """Each actor's answer, each once, without going through the table of what else waits: it is long."""
        for answer in self._join.answers():

            def send(answer: CommonsAnswer = answer) -> None:
                refused = self._share.say(answer)
                if refused is None or refused.rule not in LATER:
                    self._join.answered(answer, self._clock.now_us())

            self.contained.part("centre commons answer", send, answer.round_id.encode())

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

    # --- leads -------------------------------------------------------------------------------------------------

    def _rank_if_due(self) -> None:
        now_us = self._clock.now_us()
        with t.reading(self._engine) as connection:
            signs = connection.execute(select(func.count(), func.max(t.SIGNS.c.received_us)).select_from(t.SIGNS)).one()
        version = self._learning.in_force()
        standing = (tuple(signs), tuple(sorted(self._cases.verdicts("benign"))), version and version.id)
        waited = now_us - self._ranked_us >= self.config.limits.rank_every_s * SECOND_US
        if standing == self._ranked and not waited:
            return
        self._rank(now_us)
        self._ranked, self._ranked_us = standing, now_us

    def _rank(self, now_us: int) -> None:
        signs = self._leads.signs({tier.name: tier.sign_days for tier in self.config.tiers}, now_us)
        first_hours = self._leads.first_hours()
        signs, later = parted(signs, released_spans(self._engine), first_hours)
        laws, learned = self._laws(signs, first_hours, now_us), self._learning.learned()
        context = Context(
            now_us=now_us,
            settings=self.config.score,
            lists=self._lists,
            first_hours=first_hours,
            later=later,
            cleared=frozenset(self._cases.verdicts("benign")),
            register=self.config.limits.registered,
            sharing=laws.sharing,
            dependence=laws.dependence,
            congruent=laws.congruent,
            crowds=crowds_of(signs),
            novelty=replace(laws.novelty, campaigns=learned.new_share),
            weights=applied(shipped(), learned),
            thresholds={tier.name: tier.t for tier in self.config.tiers},
            groups=len({actor.group for actor in self._registry.members()[1]}),
            roles=self._roles.every(),
            malicious_mean=malicious_mean(self._cases.verdicts("malicious").values()),
        )
        ranking = correlate(signs, context, self._leads.lead_of(), self.contained.failures)
        self._leads.keep(ranking, self._leads.first_reports(), now_us)
        views = self._leads.leads(self.config.score.leads_max)
        thresholds = {tier.name: tier.t for tier in self.config.tiers}
        facts = [facts_of(view, thresholds) for view in views]
        self._cases.refresh(facts)
        known = self._cases.lead_ids()
        for one in facts:
            if one.score >= self.config.limits.case_score_min and one.lead_id not in known:
                self._cases.open(one)
        for view in views:
            self._case_post.reported(view.lead.id, view.lead.signs)

    def _laws(self, signs: Sequence[Sign], first_hours: Mapping[Observable, Mapping[str, int]], now_us: int) -> Laws:
        """The laws as last fitted; fitted anew on the reports that count now where that is due."""
        laws = self._leads.laws()
        if now_us - laws.fitted_us < self.config.limits.fit_every_s * SECOND_US:
            return laws
        listed = {sign.observable: bool(self._lists.of(sign.observable)) for sign in signs}
        thresholds = {tier.name: tier.t for tier in self.config.tiers}
        groups = len({actor.group for actor in self._registry.members()[1]})
        least = self.config.score.sharing_elements_min
        unlisted = [sign for sign in signs if not listed[sign.observable]]
        context = Context(now_us=now_us, settings=self.config.score, lists=self._lists, first_hours=first_hours)
        self._leads.keep_fits(
            fit_all(histograms(signs, thresholds, listed), groups, least),
            now_us,
            fit_dependence(group_evidence(unlisted, context.weights).values(), least),
            measure_congruent(congruent_shares(unlisted, context)),
            measure_novelty(newness(unlisted, context)),
        )
        return self._leads.laws()

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
            ("leads", lambda: self._leads.forget(now_us - limits.signs_kept_days * DAY_US)),
            ("outgoing", self._forget_sent),
            ("log", lambda: forget_contents(self._engine, now_us - limits.signs_kept_days * DAY_US)),
            ("inbox", self._inbox.forget),
            ("exchange", self.exchange.forget),
            ("offers", self.offers.forget),
            ("cases", self._case_post.tidy),
            ("warnings", self._warning_post.warnings.forget),
            ("exercises", self._exercise_post.exercises.forget),
            ("ledger", self._inbox.ledger.close_parts),
        )
        return tuple((f"centre tidying {name}", _quiet(do)) for name, do in each)

    def _forget_sent(self) -> None:
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.OUTGOING).where(t.OUTGOING.c.done))


def _quiet(do: Callable[[], object]) -> Callable[[], None]:
    def done() -> None:
        do()

    return done
