"""Verdicts of people here on suspicions, and the sector's advice: given, and taken back; and who looks at one.

Refuses to know what a verdict does (bavn.model.sector.verdict).
"""

import re
from typing import Annotated, Final

from pydantic import Field

from bavn.actor.door.handed import Handed, keep_handed
from bavn.actor.door.sector_verdicts import NoSuchAdvice
from bavn.actor.door.verdicts import COMMENT_CHARS_MAX, NoSuchVerdict, VerdictBook
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.analyst.verdict_words import END_US_MAX, NOT_REACHED, names_somebody, reaches_no_indicator
from bavn.model.moment import DAY_US
from bavn.model.sector.verdict import Judgement, Scope, Verdict
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

NUMBER: Final = r"^s?[0-9]{1,9}$"
"""A verdict's number; s7 is the sector's."""
DAYS_MAX: Final = 3650
BAD: Final = "bad-verdict"
PERSON_CHARS_MAX: Final = 100
HANDED: Final = Text("{to} looks at it now. It left your Today, and stands on top of theirs. Nothing of it is sent.")
Comment = Annotated[str, Field(max_length=COMMENT_CHARS_MAX)]


class VerdictRequest(NodeInput):
    """What a person holds of a suspicion. ``until_us``, or ``days`` from now on: only ``true`` may go without."""

    verdict: Judgement
    scope: Scope = "story"
    until_us: int | None = Field(default=None, ge=0, le=END_US_MAX)
    days: int | None = Field(default=None, ge=1, le=DAYS_MAX)
    comment: Comment = ""


class SiemVerdict(NodeInput):
    """A verdict as a SIEM says it. ``event``: the id of the event that told of the suspicion (``event.id``,
    ``bavn_id``, ``externalId``), or of the suspicion. ``days``: for how long; only ``true`` may go without.
    ``analyst``: who it was there, for whoever reads the verdict here."""

    event: str = Field(pattern=r"^[0-9a-f]{32}$")
    verdict: Judgement
    scope: Scope = "story"
    days: int | None = Field(default=None, ge=1, le=DAYS_MAX)
    comment: str = Field(default="", max_length=1500)
    analyst: str = Field(default="", max_length=100)

    def as_given(self) -> VerdictRequest:
        """As the act takes it."""
        comment = f"{self.analyst}: {self.comment}" if self.analyst else self.comment
        return VerdictRequest(verdict=self.verdict, scope=self.scope, days=self.days, comment=comment)


class EndRequest(NodeInput):
    """Why a verdict is taken back."""

    comment: Comment = ""


class HandRequest(NodeInput):
    """Which colleague looks at a suspicion from now on, by the name that they sign with, and what they must know."""

    to: str = Field(min_length=1, max_length=PERSON_CHARS_MAX, pattern=r"\S")
    comment: Comment = ""


@act(Right.SOC_TRIAGE, (ValueError, 422, BAD, "you"))
def give(here: Here, by: str, suspicion: Suspicion, body: VerdictRequest) -> tuple[Verdict, Text | None]:
    """Says what a suspicion is. It stays here, can be taken back, and ends by itself. The same again within a day is
    the verdict that was given."""
    days_max, now_us = here.config().evidence.verdict_days_max, here.clock.now_us()
    until_us = body.until_us if body.days is None else now_us + body.days * DAY_US
    if body.scope == "peer" and not names_somebody(suspicion.peer):
        says = Text("This peer is no domain, address or fingerprint: take the detector with it (detector-peer).")
        raise ActRefused(422, BAD, says)
    if until_us is None and body.verdict != "true":
        says = Text("Say when it ends, at most {days_max} days ahead: only `true` may go without.", days_max=days_max)
        raise ActRefused(422, BAD, says)
    if until_us is not None and until_us > now_us + (days_max + 1) * DAY_US:
        raise ActRefused(422, BAD, Text("Its end must lie ahead, at most {days_max} days", days_max=days_max))
    with here.book() as book:
        given = VerdictBook(book).give(
            suspicion, body.verdict, body.scope, until_us=until_us, now_us=now_us, by=by, comment=body.comment
        )
    return given, NOT_REACHED if reaches_no_indicator(suspicion, given) else None


@act(Right.SOC_TRIAGE)
def end(here: Here, by: str, number: str, body: EndRequest) -> Verdict:
    """Takes a verdict back before its end. That it was given stays on record."""
    if not re.fullmatch(NUMBER, number):
        raise ActRefused(422, BAD, Text("A verdict's number is such as 7, or s7 for the sector's."))
    with here.book() as book:
        kept = VerdictBook(book)
        ends = kept.sector.end if number.startswith("s") else kept.end
        try:
            return ends(int(number.removeprefix("s")), now_us=here.clock.now_us(), by=by, comment=body.comment)
        except (NoSuchVerdict, NoSuchAdvice) as error:
            raise ActRefused(409, "no-verdict", Text("There is no such verdict, or it was ended before.")) from error


@act(Right.SOC_TRIAGE)
def hand(here: Here, by: str, suspicion: Suspicion, body: HandRequest) -> Text:
    """Hands a suspicion to a colleague, who gets it on top of Today; to oneself takes it back. It stays here."""
    to = body.to.strip()
    with here.book() as book:
        keep_handed(book, Handed(suspicion.id, to, by, here.clock.now_us(), body.comment))
    return HANDED.filled(to=to)
