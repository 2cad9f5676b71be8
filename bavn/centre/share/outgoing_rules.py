"""Gate 3, rule by rule: what may go out to an actor. Each rule adds to a draft built from nothing, or says no.

Round messages pass the first and the last two; an indicator passes all. What a rule needs it was given when it was
made; refuses to know how the outbox travels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bavn.centre.share.case_rules import CASE_ID, CaseGrounds, marking, nobody_named, own_only, verdict_stands
from bavn.centre.share.outgoing import KINDS, Grounds, Outgoing, OutgoingDraft, fields_of
from bavn.centre.share.warning_rules import WarningGrounds, addressed, warning_marking, warning_names
from bavn.model.intel.accidents import accident_of
from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.principal import two_people
from bavn.model.sector.indicator_life import BLOCK_PAP_MIN, may_go
from bavn.model.sector.intel import may_reach_actors
from bavn.model.sector.partner import tlp_within
from bavn.model.statement import Asking, AskingRadius, Cautioning, Judging, Releasing, Switching, Telling
from bavn.model.text import Text
from bavn.wire.codec import encode, privacy_of
from bavn.wire.gate import Rule
from bavn.wire.outbox import Outbox
from bavn.wire.partners.stix_indicator import NotWritable
from bavn.wire.shut import WAITS

GROUPS_MIN: Final = 2
LISTS: Final = frozenset({"listed", "not_listed"})
"""Of what speaks for innocence, popularity and warning lists; a register or a verdict of the sector is more."""
SHUT: Final = WAITS
"""Refusals of a gate that is shut for this kind and recipient."""
LATER: Final = SHUT | {"room"}
"""Refusals after which a letter is offered again: its recipient's queue is full, or a person must open the gate."""
OF_CASE: Final[tuple[type[Telling | Judging], ...]] = (Telling, Judging)
OF_THE_RECIPIENT: Final = LATER | {"to_member"}
"""Rules that speak of one recipient; what any other rule refuses, it refuses for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimits:
    """``score_block_min``: below this score nothing is released that may block. ``days_max``: no indicator lasts
    longer."""

    score_block_min: float
    days_max: int


class ShareRules:
    """The row. ``is_member``: whether an actor operates now. ``created_by``: the centre's STIX identity id."""

    def __init__(
        self, *, limits: ShareLimits, is_member: Callable[[str], bool], outbox: Outbox, clock: Clock, created_by: str
    ) -> None:
        self._limits, self._is_member, self._outbox = limits, is_member, outbox
        self._clock, self._created_by = clock, created_by

    def row(self) -> tuple[Rule[Outgoing, OutgoingDraft], ...]:
        """In the order in which they are asked; docs/reference/refusals.md has what each says."""
        return (
            Rule("to_member", self._to_member),
            Rule("approved", _on_grounds(self._approved)),
            Rule("canonical", _on_indicator(self._canonical)),
            Rule("external", _on_indicator(self._external)),
            Rule("not_expired", _on_indicator(self._not_expired)),
            Rule("two_people", _on_grounds(self._two_people)),
            Rule("two_groups", _on_grounds(self._two_groups)),
            Rule("partner_terms", _on_grounds(self._partner_terms)),
            Rule("would_break", _on_grounds(self._would_break)),
            Rule("not_listed", _on_grounds(self._not_listed)),
            Rule("block_line", _on_grounds(self._block_line)),
            Rule("question", self._question),
            Rule("own_only", _on_part(own_only)),
            Rule("marking", self._marking),
            Rule("nobody_named", _on_case(nobody_named)),
            Rule("verdict", _on_verdict(verdict_stands)),
            Rule("addressed", _on_warning(addressed)),
            Rule("warning_marking", _on_warning(warning_marking)),
            Rule("warning_names", _on_warning(warning_names)),
            Rule("kill_switch", self._kill_switch),
            Rule("origin_hidden", _on_indicator(self._origin_hidden)),
            Rule("written", self._written),
            Rule("room", self._room),
        )

    def of_indicators(self) -> tuple[Rule[Outgoing, OutgoingDraft], ...]:
        """Those that judge an indicator whoever gets it: partners' gate has them too (handing.py)."""
        return tuple(rule for rule in self.row() if rule.name not in OF_THE_RECIPIENT | {"written"})

    def _to_member(self, letter: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        if not self._is_member(letter.said.to):
            return Refused("to_member", "the recipient is no active actor")
        return draft

    def _approved(self, _: Indicator, grounds: Grounds) -> Refused | None:
        if not grounds.approved_by:
            return Refused("approved", "neither a person nor a policy stands behind it")
        return None

    def _canonical(self, indicator: Indicator) -> Refused | None:
        try:
            Observable(indicator.observable.type, indicator.observable.value)
        except NotCanonical:
            return Refused("canonical", "the observable is not in its canonical form")
        return None

    def _external(self, indicator: Indicator) -> Refused | None:
        if not is_external(indicator.observable):
            return Refused("external", "the observable names something inside")
        return None

    def _not_expired(self, indicator: Indicator) -> Refused | None:
        now_us = self._clock.now_us()
        if indicator.valid_until_us <= now_us:
            return Refused("not_expired", "its end has passed")
        if indicator.valid_until_us - indicator.valid_from_us > self._limits.days_max * DAY_US:
            return Refused("not_expired", "it would last longer than {days} days", days=self._limits.days_max)
        return None

    def _two_people(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        """What nodes may block by themselves has two different people behind it, here or behind the policy."""
        if not may_go(indicator.pap, grounds.people):
            return Refused("two_people", "it may block without a person in the loop, and one person stands behind it")
        return None

    def _two_groups(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        """Two groups of the sector; or people's own knowledge; or a partner's word, which nobody's report stands
        behind: to be watched, and to be blocked where a person released this very indicator."""
        if grounds.groups >= GROUPS_MIN or grounds.by_hand:
            return None
        if not grounds.partners:
            return Refused("two_groups", "fewer than two independent groups report it")
        if indicator.pap >= BLOCK_PAP_MIN and not grounds.by_person:
            return Refused("two_groups", "trust in a partner alone never blocks: a person must release it")
        return None

    def _partner_terms(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        if indicator.pap > grounds.pap_max:
            return Refused(
                "partner_terms", "its partner allows no more than PAP:{most}", most=Pap(grounds.pap_max).name
            )
        if grounds.tlp_min and not tlp_within(Tlp(grounds.tlp_min), indicator.tlp):
            return Refused("partner_terms", "its partner told of it as {tlp}", tlp=grounds.tlp_min)
        if grounds.tlp_min and not may_reach_actors(Tlp(grounds.tlp_min)):
            return Refused("partner_terms", "{tlp} stays at the centre", tlp=grounds.tlp_min)
        return None

    def _would_break(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        """What went wrong elsewhere: never, or by two people who both read what a block of it would break."""
        accident = accident_of(indicator.observable)
        if accident is None or indicator.pap < BLOCK_PAP_MIN:
            return None
        words = accident.words
        if accident.never:
            return Refused("would_break", "it is never blocked. {words}", words=words)
        if not two_people(grounds.read_by):
            return Refused("would_break", "two people must have read what it would break. {words}", words=words)
        return None

    def _not_listed(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        """A list without words stops it; where two people read the words of the set, those speak for the lists."""
        known = accident_of(indicator.observable) is not None
        if known and set(grounds.listed) <= LISTS and two_people(grounds.read_by):
            return None
        if grounds.listed and indicator.pap >= BLOCK_PAP_MIN:
            return Refused("not_listed", "something speaks for its innocence: {lists}", lists=", ".join(grounds.listed))
        return None

    def _block_line(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        line = self._limits.score_block_min
        if grounds.by_hand or (grounds.partners and grounds.by_person):
            return None
        if grounds.score < line and indicator.pap >= BLOCK_PAP_MIN:
            return Refused(
                "block_line",
                "its score of {score:.1f} is below {least:.1f}: it may be watched only",
                score=grounds.score,
                least=line,
            )
        return None

    def _question(self, outgoing: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        """A question goes out with a second look at what it asks: approved, open, about things outside."""
        if not isinstance(outgoing.said, Asking):
            return draft
        question = outgoing.said.question
        if not question.open_at(self._clock.now_us()) or not question.approved_by:
            return Refused("question", "nobody stands behind the question, it was taken back, or its end has passed")
        if outgoing.said.to not in question.to:
            return Refused("question", "the question is not for this actor")
        if not all(is_external(observable) for observable in question.observables):
            return Refused("question", "the question asks about something inside")
        radius = isinstance(outgoing.said, AskingRadius)
        if radius and not (len(question.observables) == 1 and two_people((question.asked_by, question.approved_by))):
            return Refused("question", "what a block would hit is asked of one indicator that two people stand behind")
        if radius != bool(question.about):
            return Refused("question", "it is sent as a question of another kind")
        return draft

    def _marking(self, letter: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        """What comes of a case goes out under no laxer TLP or PAP than the case's own."""
        statement, grounds = letter.said, letter.grounds
        if isinstance(statement, Telling | Judging) and isinstance(grounds, CaseGrounds):
            return marking(statement, grounds) or draft
        if not isinstance(statement, Releasing) or not isinstance(grounds, Grounds):
            return draft
        indicator = statement.indicator
        order = [tlp.value for tlp in Tlp]
        if grounds.case_tlp == Tlp.RED.value:
            return Refused("marking", "the case is TLP:RED: it goes to named actors, not to all")
        if order.index(indicator.tlp.value) < order.index(grounds.case_tlp) or indicator.pap > grounds.case_pap:
            return Refused(
                "marking", "the case is {tlp}, PAP:{pap}", tlp=grounds.case_tlp, pap=Pap(grounds.case_pap).name
            )
        return draft

    def _kill_switch(self, letter: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        """The kill switch is turned by somebody, for a reason that every actor reads."""
        said = letter.said
        if isinstance(said, Switching) and not (said.by and said.why.strip() and said.number > 0):
            return Refused("kill_switch", "nobody turned it, or nobody says why")
        return draft

    def _origin_hidden(self, indicator: Indicator) -> Refused | None:
        """All else in a bundle is a typed value; the case's id is the one text, and it must be a bare hash."""
        if not CASE_ID.fullmatch(indicator.case_id):
            return Refused("origin_hidden", "the case's id could tell who saw it")
        return None

    def _written(self, letter: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        try:
            return draft.plus(**fields_of(letter.said, self._created_by))
        except NotWritable as error:
            return Refused.of("written", Text.of_error(error))

    def _room(self, outgoing: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        message = KINDS[type(outgoing.said)](**draft.fields)
        encoded, privacy = encode(message), privacy_of(message)
        refused = self._outbox.room(outgoing.said.to, privacy, encoded.bytes)
        return Refused.of("room", refused.reason) if refused else replace(draft, encoded=encoded, privacy=privacy)


Apply = Callable[[Outgoing, OutgoingDraft], OutgoingDraft | Refused]


def _on_indicator(judge: Callable[[Indicator], Refused | None]) -> Apply:
    """A rule about released indicators; other letters pass it untouched."""

    def apply(outgoing: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        if not isinstance(outgoing.said, Releasing):
            return draft
        return judge(outgoing.said.indicator) or draft

    return apply


def _on[Said, Why](
    kinds: tuple[type[Said], ...], grounds: type[Why], unsaid: str, judge: Callable[[Said, Why], Refused | None]
) -> Apply:
    """A rule about letters of these kinds; others pass it untouched, and none of these passes without its grounds:
    then ``unsaid`` refuses it."""

    def apply(outgoing: Outgoing, draft: OutgoingDraft) -> OutgoingDraft | Refused:
        if not isinstance(outgoing.said, kinds):
            return draft
        if not isinstance(outgoing.grounds, grounds):
            return Refused(unsaid, "nobody says why it may go out")
        return judge(outgoing.said, outgoing.grounds) or draft

    return apply


def _on_grounds(judge: Callable[[Indicator, Grounds], Refused | None]) -> Apply:
    return _on((Releasing,), Grounds, "approved", lambda said, grounds: judge(said.indicator, grounds))


def _on_case(judge: Callable[[Telling | Judging, CaseGrounds], Refused | None]) -> Apply:
    return _on(OF_CASE, CaseGrounds, "own_only", judge)


def _on_part(judge: Callable[[Telling, CaseGrounds], Refused | None]) -> Apply:
    return _on((Telling,), CaseGrounds, "own_only", judge)


def _on_verdict(judge: Callable[[Judging, CaseGrounds], Refused | None]) -> Apply:
    return _on((Judging,), CaseGrounds, "own_only", judge)


def _on_warning(judge: Callable[[Cautioning, WarningGrounds], Refused | None]) -> Apply:
    return _on((Cautioning,), WarningGrounds, "addressed", judge)
