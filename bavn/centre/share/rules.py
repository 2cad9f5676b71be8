"""Gate 3, rule by rule: what may go out to an actor. Each rule adds to a draft built from nothing, or says no.

Round messages pass the first and the last two; an indicator passes all. What a rule needs it was given when it was
made; refuses to know how the outbox travels.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bavn.centre.share.letter import BLOCK_PAP_MIN, KINDS, Grounds, Letter, LetterDraft, fields_of
from bavn.model.indicator import Indicator
from bavn.model.moment import DAY_US
from bavn.model.observable import NotCanonical, Observable, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.said import Releasing
from bavn.wire.codec import encode, privacy_of
from bavn.wire.gate import Rule
from bavn.wire.outbox import Outbox
from bavn.wire.stix import NotWritable

GROUPS_MIN: Final = 2
OF_THE_RECIPIENT: Final = frozenset({"to_member", "room"})
"""Rules that speak of one recipient; what any other rule refuses, it refuses for all."""
_CASE_ID = re.compile(r"case-[0-9a-f]{16}")


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

    def row(self) -> tuple[Rule[Letter, LetterDraft], ...]:
        """In the order in which docs/cases.md lists them."""
        return (
            Rule("to_member", self._to_member),
            Rule("approved", _on_grounds(self._approved)),
            Rule("canonical", _on_indicator(self._canonical)),
            Rule("external", _on_indicator(self._external)),
            Rule("not_expired", _on_indicator(self._not_expired)),
            Rule("two_groups", _on_grounds(self._two_groups)),
            Rule("not_listed", _on_grounds(self._not_listed)),
            Rule("block_line", _on_grounds(self._block_line)),
            Rule("origin_hidden", _on_indicator(self._origin_hidden)),
            Rule("written", self._written),
            Rule("room", self._room),
        )

    def _to_member(self, letter: Letter, draft: LetterDraft) -> LetterDraft | Refused:
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
            return Refused("not_expired", f"it would last longer than {self._limits.days_max} days")
        return None

    def _two_groups(self, _: Indicator, grounds: Grounds) -> Refused | None:
        if grounds.groups < GROUPS_MIN:
            return Refused("two_groups", "fewer than two independent groups report it")
        return None

    def _not_listed(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        if grounds.listed and indicator.pap >= BLOCK_PAP_MIN:
            return Refused("not_listed", f"something speaks for its innocence: {', '.join(grounds.listed)}")
        return None

    def _block_line(self, indicator: Indicator, grounds: Grounds) -> Refused | None:
        line = self._limits.score_block_min
        if grounds.score < line and indicator.pap >= BLOCK_PAP_MIN:
            return Refused(
                "block_line", f"its score of {grounds.score:.1f} is below {line:.1f}: it may be watched only"
            )
        return None

    def _origin_hidden(self, indicator: Indicator) -> Refused | None:
        """All else in a bundle is a typed value; the case's id is the one text, and it must be a bare hash."""
        if not _CASE_ID.fullmatch(indicator.case_id):
            return Refused("origin_hidden", "the case's id could tell who saw it")
        return None

    def _written(self, letter: Letter, draft: LetterDraft) -> LetterDraft | Refused:
        try:
            return draft.plus(**fields_of(letter.said, self._created_by))
        except NotWritable as error:
            return Refused("written", str(error))

    def _room(self, letter: Letter, draft: LetterDraft) -> LetterDraft | Refused:
        message = KINDS[type(letter.said)](**draft.fields)
        encoded, privacy = encode(message), privacy_of(message)
        refused = self._outbox.room(letter.said.to, privacy, encoded.bytes)
        return Refused("room", refused.reason) if refused else replace(draft, encoded=encoded, privacy=privacy)


Apply = Callable[[Letter, LetterDraft], LetterDraft | Refused]


def _on_indicator(judge: Callable[[Indicator], Refused | None]) -> Apply:
    """A rule about released indicators; other letters pass it untouched."""

    def apply(letter: Letter, draft: LetterDraft) -> LetterDraft | Refused:
        if not isinstance(letter.said, Releasing):
            return draft
        return judge(letter.said.indicator) or draft

    return apply


def _on_grounds(judge: Callable[[Indicator, Grounds], Refused | None]) -> Apply:
    """The same for rules that ask why; an indicator without grounds is refused by the first of them."""

    def apply(letter: Letter, draft: LetterDraft) -> LetterDraft | Refused:
        if not isinstance(letter.said, Releasing):
            return draft
        if letter.grounds is None:
            return Refused("approved", "nobody says why it may go out")
        return judge(letter.said.indicator, letter.grounds) or draft

    return apply
