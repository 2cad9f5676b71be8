"""The centre as one step function: inbox -> join -> leads -> cases -> share, put together from the rooms.

``receive`` and ``pull`` may be called from any thread while ``step`` runs in one. Everything that must outlive a kill
is in the database and the book before anybody is told: an item of the inbox is done only when its effects are kept, a
message leaves from a row that was written with the state it follows from. Refuses to think: the rooms do.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update

from bavn.centre.cases.case import Case
from bavn.centre.cases.cases import Cases
from bavn.centre.correlate.context import Context
from bavn.centre.correlate.join import Join, Membership
from bavn.centre.correlate.lists import Lists
from bavn.centre.correlate.round_state import Phase
from bavn.centre.correlate.run import correlate
from bavn.centre.correlate.sharing import fit_all, malicious_mean
from bavn.centre.inbox.asks import OpenRound
from bavn.centre.inbox.inbox import Inbox
from bavn.centre.members.enrolment import Admitted, Application, Enrolment
from bavn.centre.members.registry import Registry
from bavn.centre.node import tables as t
from bavn.centre.node import written
from bavn.centre.node.config import CentreConfig
from bavn.centre.node.desk import Desk, facts_of
from bavn.centre.node.lead_book import SqlLeadBook, histograms
from bavn.centre.node.round_book import SqlRoundBook, forget_rounds
from bavn.centre.share.letter import Grounds
from bavn.centre.share.share import Share, Wish
from bavn.model.heard import BlockReceipt, NodeHealth, Observed, Taken
from bavn.model.member import Actor, ActorState
from bavn.model.moment import DAY_US, SECOND_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice

LETTERS_PER_TURN_MAX = 1000


class OpenRounds:
    """Which rounds the inbox may take messages for (implements inbox.asks.Rounds)."""

    def __init__(self, engine: Engine) -> None:
        t.METADATA.create_all(engine)
        self._book = SqlRoundBook(engine)

    def open_round(self, round_id: str) -> OpenRound | None:
        found = self._book.round(round_id)
        if found is None or found.phase not in (Phase.UPLOADS, Phase.REVEAL):
            return None
        return OpenRound(
            params=found.params,
            uploads_until_us=found.deadline_us,
            actors=frozenset(actor for actor, _ in found.members),
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


class Centre:
    """One per sector."""

    def __init__(
        self, config: CentreConfig, *, engine: Engine, registry: Registry, enrolment: Enrolment, inbox: Inbox,
        share: Share, message_key: str, clock: Clock, dice: Dice, lists: Lists,
    ) -> None:  # fmt: skip
        self.config = config
        self.desk = Desk(engine, clock, registry)
        self._engine, self._clock, self._lists = engine, clock, lists
        self._registry, self._enrolment, self._inbox, self._share = registry, enrolment, inbox, share
        self._message_key = message_key
        self._cases = Cases(engine, clock)
        self._leads = SqlLeadBook(engine)
        self._join = Join(SqlRoundBook(engine), dice, config.tiers)
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

    def step(self) -> None:
        """Do all that can be done now. Repeatable at any moment, also after a kill in the middle of it."""
        self._carry_out_orders()
        now_us = self._clock.now_us()
        for taken in self._inbox.take(self.config.limits.items_per_step_max):
            self._work_off(taken)
        version, members = self._registry.members()
        self._join.step(now_us, Membership(version, tuple((actor.name, actor.x) for actor in members)))
        self._send()
        self._audit_quarantine()
        self._rank_if_due(now_us)
        self._carry_out_orders()
        self._tidy_if_due(now_us)

    def _carry_out_orders(self) -> None:
        """Releases and withdrawals. First and last in a step: a block waits for no round."""
        self._cases.apply_policies()
        for case in self._cases.orders():
            self._carry_out(case)
        self._share.step()

    def _work_off(self, taken: Taken) -> None:
        heard = taken.heard
        if isinstance(heard, BlockReceipt | Observed):
            case_id = self._share.heard(heard)
            if case_id is not None:
                self._cases.blocked(case_id, heard.received_us)
        elif isinstance(heard, NodeHealth):
            self._keep_health(heard)
        else:
            self._join.hear(heard)
        self._inbox.done(taken.number)

    def _keep_health(self, health: NodeHealth) -> None:
        row = {"received_us": health.received_us, "body": written.dumps(asdict(health))}
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.HEALTH).where(t.HEALTH.c.actor == health.actor))
            connection.execute(insert(t.HEALTH).values(actor=health.actor, **row))

    def _send(self) -> None:
        """Queue the messages that rounds have left to be said, each once."""
        asked = select(t.OUTGOING).where(t.OUTGOING.c.done.is_(False)).order_by(t.OUTGOING.c.number)
        with t.reading(self._engine) as connection:
            rows = connection.execute(asked.limit(LETTERS_PER_TURN_MAX)).all()
        for row in rows:
            self._share.say(written.read_said(row.said))
            with t.writing(self._engine) as connection:
                connection.execute(update(t.OUTGOING).where(t.OUTGOING.c.number == row.number).values(done=True))

    def _audit_quarantine(self) -> None:
        with t.reading(self._engine) as connection:
            rows = connection.execute(select(t.QUARANTINE).where(t.QUARANTINE.c.audited.is_(False))).all()
        for row in rows:
            place = f"{row.round_id}/{row.cell_table}/{row.cell_bin}"
            self._cases.record_once("quarantine", place, {"named": row.named})
            here = (
                (t.QUARANTINE.c.round_id == row.round_id) & (t.QUARANTINE.c.cell_table == row.cell_table)
                & (t.QUARANTINE.c.cell_bin == row.cell_bin)
            )  # fmt: skip
            with t.writing(self._engine) as connection:
                connection.execute(update(t.QUARANTINE).where(here).values(audited=True))

    # --- leads -------------------------------------------------------------------------------------------------

    def _rank_if_due(self, now_us: int) -> None:
        with t.reading(self._engine) as connection:
            signs = connection.execute(select(func.count(), func.max(t.SIGNS.c.received_us)).select_from(t.SIGNS)).one()
        standing = (tuple(signs), tuple(sorted(self._cases.verdicts("benign"))))
        waited = now_us - self._ranked_us >= self.config.limits.rank_every_s * SECOND_US
        if standing == self._ranked and not waited:
            return
        self._rank(now_us)
        self._ranked, self._ranked_us = standing, now_us

    def _rank(self, now_us: int) -> None:
        signs = self._leads.signs({tier.name: tier.sign_days for tier in self.config.tiers}, now_us)
        laws, fitted_us = self._leads.fits()
        if now_us - fitted_us >= self.config.limits.fit_every_s * SECOND_US:
            listed = {sign.observable: bool(self._lists.of(sign.observable)) for sign in signs}
            thresholds = {tier.name: tier.t for tier in self.config.tiers}
            groups = len({actor.group for actor in self._registry.members()[1]})
            fits = fit_all(histograms(signs, thresholds, listed), groups, self.config.score.sharing_elements_min)
            self._leads.keep_fits(fits, now_us)
            laws |= fits
        context = Context(
            now_us=now_us, settings=self.config.score, lists=self._lists, first_hours=self._leads.first_hours(),
            cleared=frozenset(self._cases.verdicts("benign")), register=self.config.limits.registered, sharing=laws,
            malicious_mean=malicious_mean(self._cases.verdicts("malicious").values()),
        )  # fmt: skip
        ranking = correlate(signs, context, self._leads.lead_of())
        self._leads.keep(ranking, self._leads.first_reports(), now_us)
        views = self._leads.leads(self.config.score.leads_max)
        thresholds = {tier.name: tier.t for tier in self.config.tiers}
        facts = [facts_of(view, thresholds) for view in views]
        self._cases.refresh(facts)
        known = self._cases.lead_ids()
        for one in facts:
            if one.score >= self.config.limits.case_score_min and one.lead_id not in known:
                self._cases.open(one)

    # --- cases' orders -----------------------------------------------------------------------------------------

    def _carry_out(self, case: Case) -> None:
        """Release or withdraw, then say so; a kill in between makes share do it again, which changes nothing."""
        if not case.wanted:
            self._share.withdraw(case.id)
            self._cases.done(case.id, case.order_no, None)
            return
        wishes = self._wishes(case)
        refusals = self._share.release(wishes, case.order_no)
        if len(refusals) == len(wishes):
            self._cases.refused(case.id, case.order_no, refusals or {"": "none of its observables was chosen"})
            return
        if refusals:
            self._cases.record_once("partly-refused-by-gate", f"{case.id}/{case.order_no}", refusals)
        self._cases.done(case.id, case.order_no, self._clock.now_us())

    def _wishes(self, case: Case) -> list[Wish]:
        terms = case.terms
        approved_by = self._cases.released_by(case.id)
        return [
            Wish(
                observable=element.observable, case_id=case.id, technique=case.facts.technique, tlp=terms.tlp,
                pap=terms.pap, days=terms.days, confidence=terms.confidence,
                grounds=Grounds(
                    score=element.score, groups=element.groups, listed=("listed",) if element.listed else (),
                    approved_by=approved_by,
                ),
            )
            for element in case.facts.elements
            if terms.observables is None or element.observable in terms.observables
        ]  # fmt: skip

    # --- order in the house ------------------------------------------------------------------------------------

    def _tidy_if_due(self, now_us: int) -> None:
        if now_us - self._tidied_us < DAY_US // 24:
            return
        self._tidied_us = now_us
        limits = self.config.limits
        forget_rounds(self._engine, now_us - limits.rounds_kept_days * DAY_US)
        self._leads.forget(now_us - limits.signs_kept_days * DAY_US)
        with t.writing(self._engine) as connection:
            connection.execute(delete(t.OUTGOING).where(t.OUTGOING.c.done))
        self._inbox.forget()
