"""What the sector holds of observables: received through the gate "asked" as advice, and kept beside people's own.

Nobody here answers it.
"""

from typing import Final

from bavn.actor.door.conversation import DoorContext, Nothing, Received, named_in
from bavn.actor.door.sector_verdicts import SectorVerdicts
from bavn.actor.door.versions import is_old, leap
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.outcome import Refused
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.messages.catalogue import VerdictGiven

VERDICT_DAYS_MAX: Final = 400


class SectorAdvice:
    """One actor's, on its own book."""

    def __init__(self, at: DoorContext) -> None:
        self.at, self.verdicts = at, SectorVerdicts(at.ledger.book)
        rules = (
            Rule("hear_verdicts", self._hears),
            Rule("verdict_new", self._verdict_new),
            Rule("case_form", self._form),
            Rule("verdict_time", self._verdict_time),
            Rule("verdict_budget", self._verdict_budget),
        )
        self.received = at.way_in(rules)

    def take_in(self, message: VerdictGiven, note: Note) -> None:
        """Through the gate and among the sector's verdicts."""
        if not isinstance(self.received.offer(Received(message, note)), Refused):
            self.verdicts.keep(message, named_in(message.observables) or (), self.at.clock.now_us())

    def forget(self) -> None:
        """Drops what ended over a year ago."""
        self.verdicts.forget(self.at.clock.now_us())

    def _form(self, item: Received[VerdictGiven], draft: Nothing) -> Nothing | Refused:
        return self.at.misnamed("case_form", item.message.observables) or draft

    def _hears(self, _: Received[VerdictGiven], draft: Nothing) -> Nothing | Refused:
        if self.at.policy.hear_verdicts:
            return draft
        return Refused("hear_verdicts", "the policy takes no verdicts of the sector's")

    def _verdict_new(self, item: Received[VerdictGiven], draft: Nothing) -> Nothing | Refused:
        known, received_us = self.verdicts.version(item.message.case_id)
        if is_old(known, received_us, item.message.version, self.at.clock.now_us()):
            return Refused("verdict_new", "a newer verdict of this case was heard before")
        return leap("verdict_new", known, item.message.version) or draft

    def _verdict_time(self, item: Received[VerdictGiven], draft: Nothing) -> Nothing | Refused:
        message, now_us = item.message, self.at.clock.now_us()
        if message.judged == "withdrawn":
            return draft
        if not now_us < message.until_us <= now_us + VERDICT_DAYS_MAX * DAY_US + HOUR_US:
            return Refused("verdict_time", "its end has passed or is too far away")
        return draft

    def _verdict_budget(self, item: Received[VerdictGiven], draft: Nothing) -> Nothing | Refused:
        spent = self.verdicts.received_since(self.at.clock.now_us() - DAY_US)
        if spent + len(item.message.observables) > self.at.policy.verdicts_per_day_max:
            return Refused("verdict_budget", "the day's budget of the sector's verdicts is spent")
        return draft
