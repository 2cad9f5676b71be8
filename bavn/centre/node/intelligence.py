"""Intelligence at the centre, put together: a source is read, its items meet gate 2, claims become proposals; proposals
are weighed, judged, and made cases of. Nothing of this blocks anything.

A sync may be killed at any moment: what passed the gate is worked off by the next, and reading goes on from the last
cursor that was kept. Refuses to open connections: it is handed a Fetch.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine

from bavn.centre.books import tables as t
from bavn.centre.cases.case.case import Case, ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.intelligence.confidence import Confidence, SourceStatus, weigh
from bavn.centre.cases.intelligence.proposals import Proposal, Proposals, ReceivedClaim
from bavn.centre.cases.intelligence.sources import ACTIVE, Sources, SourceState, noise
from bavn.centre.cases.questions import METADATA as QUESTIONS
from bavn.centre.cases.two_people import CENTRE, NotAllowed
from bavn.centre.correlate.lists import Lists
from bavn.centre.desk import intel_posted
from bavn.centre.desk.intel_posted import posted_by
from bavn.centre.inbox.intel_book import TakenClaim
from bavn.centre.inbox.intel_gate import Counts, IntelGate
from bavn.centre.inbox.intel_pull import Fetch, Unreadable, pull
from bavn.centre.inbox.intel_rules import Terms
from bavn.centre.inbox.offers import Offers
from bavn.centre.members.partners import Partners
from bavn.centre.node import intel_hits
from bavn.centre.node.contained import Containment, is_no_items_fault
from bavn.centre.share.tables import make_tables as make_share_tables
from bavn.model.failure import Failures, NoContainment
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import hour_of
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.model.sector.intel import IntelSettings, claim_text
from bavn.model.sector.partner import Partner
from bavn.model.settings import SettingsError
from bavn.model.text import Text

TAKEN_AT_ONCE: Final = 1_000
TECHNIQUES: Final = {ObservableType.SHA256: "T1204.002"}
TECHNIQUE: Final = "T1071"
"""What an indicator is said to be part of where no source names a technique: malicious file, application protocol."""


def unforeseen(error: Exception) -> Text:
    """Why a source was not read whose reading failed by itself."""
    return Text("failed in a way that nobody foresaw: {kind}", kind=type(error).__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync did. ``failure`` (a row of Text) empty when the source was read to its end; ``more``: the next sync
    goes on."""

    source: str
    counts: Counts
    proposals: int
    failure: str
    more: bool


class Intelligence:
    """May be open in several processes at once; a source is best asked by one of them."""

    def __init__(
        self,
        *,
        engine: Engine,
        gate: IntelGate,
        clock: Clock,
        settings: IntelSettings,
        lists: Lists,
        partners: Partners,
        offers: Offers | None = None,
        failures: Failures | None = None,
    ) -> None:
        self.contained = Containment(failures or NoContainment(), engine)
        t.make_missing(engine, t.METADATA)
        t.make_missing(engine, QUESTIONS)
        make_share_tables(engine)
        self._engine, self._gate, self._clock, self._settings = engine, gate, clock, settings
        self._partners, self._offers = partners, offers
        self.sources = Sources(engine, clock)
        self.proposals = Proposals(engine, clock, settings, lambda named: tuple(name for name, _ in lists.of(named)))
        self.cases = Cases(engine, clock)

    # --- reading -----------------------------------------------------------------------------------------------

    def sync(self, name: str, fetch: Fetch, ending: Callable[[], bool] = lambda: False) -> Synced:
        """Read what is new, and stop soon once it is ``ending``: the next sync goes on. Raises sources.UnknownSource,
        NotAllowed for one that is not active or that another process reads, GateBroken; all else is its ``failure``."""
        state = self.sources.begin(name)
        try:
            return self._read(name, state, fetch, ending)
        finally:
            self.sources.let_go(name)

    def _read(self, name: str, state: SourceState, fetch: Fetch, ending: Callable[[], bool]) -> Synced:
        terms, known = self.terms(state), self._gate.known(name)
        counts, proposals, more = Counts(), self.work_off(), False
        failure: Text | None = None
        try:
            failures = self.contained.failures
            for step in pull(state.source, state.cursor, fetch, self._settings.items_max, self._clock, failures):
                got = Counts()
                for piece in step.pieces:
                    room = self._settings.items_per_sync_max - counts.met_gate - got.met_gate
                    got += self._gate.take_in(terms, piece, known, room, ending)
                counts += got
                proposals += self.work_off()
                more = got.put_off > 0
                if step.kept and not more:
                    self.proposals.kept(name)
                cursor = state.cursor if more else step.cursor
                self.sources.advanced(name, cursor, got.new + got.changed, got.refused - got.blameless)
                if more or ending():
                    more = True
                    break
            if more:
                self.sources.tried(name, None)
            else:
                self.sources.synced(name)
            self.contained.failures.works(f"source {state.source.kind} {name}")
        except (LinkDown, LinkRefused, Unreadable, SettingsError) as error:
            failure = Text.of_error(error) if str(error) else Text.plain(type(error).__name__)
            self.sources.tried(name, failure)
        except Exception as error:  # noqa: BLE001  it costs this source and no more
            failure = unforeseen(error)
            self.contained.note(f"source {state.source.kind} {name}", error)
            self.sources.tried(name, failure)
        return Synced(
            source=name, counts=counts, proposals=proposals, failure=failure.row() if failure else "", more=more
        )

    def terms(self, state: SourceState) -> Terms:
        """Under what its items come in now."""
        source = state.source
        if not source.partner:
            return Terms(source=source.name, group=source.group, trust=source.trust)
        partner = self._partners.get(source.partner)
        if partner is None or not partner.in_force(self._clock.now_us()):
            return Terms(source=source.name, group=source.group, trust=0, tlp_max=Tlp.CLEAR, per_day_max=0)
        inward = partner.inward
        return Terms(
            source=source.name,
            group=source.group,
            trust=inward.trust,
            tlp_max=inward.tlp_max,
            per_day_max=inward.objects_per_day_max,
        )

    def work_off(self) -> int:
        """Make proposals of all claims that passed the gate; how many are new."""
        new = 0
        while taken := self._gate.take(TAKEN_AT_ONCE):
            try:
                new += self.proposals.take_in([_received(claim) for claim in taken])
            except Exception as error:
                if self.contained.ends(error) or is_no_items_fault(error):
                    raise
                new += sum(map(self._work_off_one, taken))
            self._gate.done([claim.number for claim in taken])
        return new

    def _work_off_one(self, taken: TakenClaim) -> int:
        """A claim that cannot be worked off is kept for a report, and its item is as if it had never been heard: the
        next reading of its source offers it again."""
        new = 0

        def hear() -> None:
            nonlocal new
            new = self.proposals.take_in([_received(taken)])

        if not self.contained.part("claims", hear, claim_text(taken.claim).encode("utf-8", "backslashreplace")):
            self._gate.not_received(taken)
        return new

    def end(self, name: str, by: str, why: str) -> SourceState:
        """End a source: it claims nothing any more. Raises UnknownSource, NotAllowed, BadSource."""
        state = self.sources.end(name, by, why)
        self.work_off()
        self.proposals.withdraw_all(name)
        self._gate.forget(name)
        return state

    def partner(self, name: str) -> Partner | None:
        """The partner of this name, in force or not."""
        return self._partners.get(name)

    def refused(self, name: str, limit: int = 20) -> list[Any]:
        """The last ledger lines of items of this source that gate 2 refused."""
        peer = f"source:{name}"
        return list(self._gate.ledger.newest(limit, lambda line: line.peer == peer and line.verdict == "refused"))

    def none_taken(self, name: str) -> Text | None:
        """Why nothing that it lists was taken; None where something was, or nothing was read."""
        refused = self._gate.refused_alone(name)
        if not refused:
            return None
        count = sum(refused.values())
        old, foreign = refused.get("not_over", 0), refused.get("not_carried", 0) + refused.get("pattern_type", 0)
        why = [
            Text("{n:,} too old", n=old) if old else None,
            Text("{n:,} not carried", n=foreign) if foreign else None,
            Text("{n:,} refused", n=count - old - foreign) if count > old + foreign else None,
        ]
        said = Text.joined(", ", [one for one in why if one is not None])
        return Text("{n:,} read, none taken: {why}", n=count, why=said)

    # --- what follows ------------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Age, note what was met, open and refresh cases, suspend what is noise."""
        for name, do in self.parts():
            self.contained.part(f"intelligence {name}", do)

    def parts(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """What ``tidy`` does, in order; one that fails stops no other."""
        return (
            ("claims", self.work_off),
            ("posts", self._receive_posts),
            ("age", self.proposals.age),
            ("hits", lambda: self.proposals.met(intel_hits.met(self._engine))),
            ("noise", self.suspend_noise),
            ("cases", self._tend_cases),
        )

    def _receive_posts(self) -> None:
        offers = self._offers
        if offers is None:
            return
        for partner in self._partners.in_force():

            def hear(partner: Partner = partner) -> None:
                intel_posted.receive(self.proposals, offers, partner)

            self.contained.part(f"posts of {partner.name}", hear)

    def suspend_noise(self) -> list[str]:
        """The names of sources that are noise and were suspended just now."""
        judged, done = self.proposals.judged(), []
        for state in self.sources.every():
            why = noise(state, *judged.get(state.source.name, (0, 0)), self._settings)
            if state.state == ACTIVE and why is not None:
                self.sources.suspend(state.source.name, CENTRE, why.en)
                done.append(state.source.name)
        return done

    def statuses(self) -> dict[str, SourceStatus]:
        """What each source's word is worth now."""
        statuses = {}
        for state in self.sources.every():
            source, terms = state.source, self.terms(state)
            partner = self._partners.get(source.partner) if source.partner else None
            blocks = partner.inward.may_block if partner else source.may_block
            trust = terms.trust if state.state == ACTIVE else 0
            statuses[source.name] = SourceStatus(source.group, trust, blocks)
        for partner in self._partners.in_force():
            inward = partner.inward
            statuses[posted_by(partner.name)] = SourceStatus(f"partner:{partner.name}", inward.trust, inward.may_block)
        return statuses

    def weight(self, proposal: Proposal, standings: Mapping[str, SourceStatus] | None = None) -> Confidence:
        """What it weighs now."""
        return weigh(proposal, self.statuses() if standings is None else standings)

    def open_case(self, observable: Observable, by: str) -> Case:
        """Make a case of a proposal; from there a person or a standing policy decides as of any case. Raises
        UnknownProposal; NotAllowed for one that was dismissed, that nobody trusted claims, or that must stay here."""
        proposal = self.proposals.get(observable)
        weight = self.weight(proposal)
        if not weight.parties:
            raise NotAllowed(Text("no source that is trusted claims this any more"))
        if not weight.may_reach_actors:
            raise NotAllowed(
                Text("{tlp} stays at the centre: nothing of it may be told to actors", tlp=weight.tlp.value)
            )
        made = self.cases.open(self._facts(proposal, weight), by)
        self.proposals.made_case(observable, made.id, by)
        return made

    # --- inside ------------------------------------------------------------------------------------------------

    def _facts(self, proposal: Proposal, weight: Confidence) -> LeadFacts:
        named = proposal.observable
        moments = [us for one in proposal.live for us in (one.claim.first_us, one.first_us) if us is not None]
        element = ElementFacts(
            observable=named,
            score=weight.score,
            groups=0,
            listed=bool(proposal.listed),
            partners=len(weight.parties),
            tlp_min=weight.tlp.value,
            pap_max=int(weight.pap),
        )
        return LeadFacts(
            lead_id=lead_id_of(named),
            score=weight.score,
            elements=(element,),
            technique=weight.technique or TECHNIQUES.get(named.type, TECHNIQUE),
            actors=len(proposal.met),
            first_hour=hour_of(min(moments, default=proposal.first_us)),
            first_report_us=proposal.first_us,
            lead_us=proposal.first_us,
        )

    def _tend_cases(self) -> None:
        standings = self.statuses()
        least = self._settings.case_confidence_min
        if least:
            for proposal in self.proposals.every(TAKEN_AT_ONCE):
                weight = weigh(proposal, standings)
                if weight.confidence >= least and weight.may_reach_actors and not proposal.listed:
                    self.open_case(proposal.observable, CENTRE)
        facts = []
        for proposal in self.proposals.cases():
            weight = weigh(proposal, standings)
            if weight.parties:
                facts.append(self._facts(proposal, weight))
            else:
                detail = {"observable": str(proposal.observable)}
                self.cases.record_once("no-longer-claimed", proposal.case_id, detail)
        self.cases.refresh(facts)


def _received(taken: TakenClaim) -> ReceivedClaim:
    return ReceivedClaim(taken.source, taken.key, taken.claim, taken.received_us)


def lead_id_of(observable: Observable) -> str:
    """What stands where another case has its lead."""
    return "lead-" + hashlib.sha256(f"bavn/proposal/{observable}".encode()).hexdigest()[:16]


def due(states: Sequence[SourceState], now_us: int) -> list[str]:
    """Sources to be asked now, the longest waiting first."""
    waiting = sorted((state.tried_us, state.source.name) for state in states if state.due(now_us))
    return [name for _, name in waiting]
