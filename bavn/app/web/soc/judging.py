"""Verdicts of people here on suspicions, and the sector's advice: given, listed, ended. As `bavn node verdict` does."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from bavn.actor.door.sector_verdicts import SECTOR_VERDICTS_SQL, NoSuchAdvice, sector_verdicts_of
from bavn.actor.door.verdicts import COMMENT_CHARS_MAX, VERDICTS_SQL, NoSuchVerdict, VerdictBook, verdicts_of
from bavn.app.analyst.verdict_words import NOT_REACHED, names_somebody, reaches_no_indicator
from bavn.app.web.frame import After, Limit, Rows, TextShape, Trouble, opened, page
from bavn.app.web.soc.context import House
from bavn.app.web.soc.shapes import REFUSALS, Frozen, NodeName, Reads, SuspicionId, Triages
from bavn.app.web.soc.suspected_shapes import VerdictShown
from bavn.model.moment import DAY_US
from bavn.model.sector.verdict import Judgement, Scope
from bavn.model.text import Text

Number = Annotated[str, Path(pattern=r"^s?[0-9]{1,9}$", description="A verdict's number; s7 is the sector's.")]
Comment = Annotated[str, Field(max_length=COMMENT_CHARS_MAX)]


class VerdictRequest(BaseModel):
    """What a person holds of a suspicion. ``until_us``: only ``true`` may go without."""

    verdict: Judgement
    scope: Scope = "story"
    until_us: int | None = Field(default=None, ge=0, le=2**53)
    comment: Comment = ""


class EndRequest(BaseModel):
    """Why a verdict is taken back."""

    comment: Comment = ""


class VerdictGivenHere(Frozen):
    """The verdict, and what it does not reach."""

    verdict: VerdictShown
    note: TextShape | None


router = APIRouter(prefix="/nodes/{node}", tags=["verdicts"], responses=REFUSALS)
"""Verdicts of a node."""


@router.get("/verdicts", operation_id="verdicts")
def verdicts(
    house: House,
    node: NodeName,
    person: Reads,
    limit: Limit = 100,
    after: After = None,
    ended: Annotated[bool, Query(description="Also those that have ended.")] = False,
) -> Rows[VerdictShown]:
    """The verdicts that hold here, the newest first, then the sector's advice."""
    with house.node(node, person).asks() as rows:
        own, sector = verdicts_of(rows(VERDICTS_SQL)), sector_verdicts_of(rows(SECTOR_VERDICTS_SQL))
    now_us = house.clock.now_us()
    found = [VerdictShown.of(one, now_us) for one in (*own[::-1], *sector[::-1]) if ended or one.holds(now_us)]
    at = opened(after, int)
    begin = at[0] if at else 0
    places = {one.number: place for place, one in enumerate(found, 1)}
    return page(found[begin : begin + limit + 1], limit, lambda one: (places[one.number],))


@router.post("/suspicions/{suspicion}/verdicts", operation_id="giveVerdict", status_code=201)
def give(
    house: House, node: NodeName, suspicion: SuspicionId, asked: VerdictRequest, person: Triages
) -> VerdictGivenHere:
    """Says what a suspicion is. It stays here, can be taken back, and ends by itself."""
    here = house.node(node, person)
    found, now_us = here.one(suspicion).suspicion, house.clock.now_us()
    days_max = here.config().evidence.verdict_days_max
    if asked.scope == "peer" and not names_somebody(found.peer):
        raise _wrong(
            Text("This peer is no domain, address or fingerprint: take the detector with it"),
        )
    if asked.until_us is None and asked.verdict != "true":
        raise _wrong(
            Text("Say when it ends: only `true` may go without an end"),
        )
    if asked.until_us is not None and not now_us < asked.until_us <= now_us + (days_max + 1) * DAY_US:
        raise _wrong(
            Text("Its end must lie ahead, at most {days_max} days", days_max=days_max),
        )
    with here.book() as book:
        try:
            given = VerdictBook(book).give(
                found,
                asked.verdict,
                asked.scope,
                until_us=asked.until_us,
                now_us=now_us,
                by=person.name,
                comment=asked.comment,
            )
        except ValueError as error:
            raise _wrong(Text.of_error(error)) from error
    note = TextShape.of(NOT_REACHED) if reaches_no_indicator(found, given) else None
    return VerdictGivenHere(verdict=VerdictShown.of(given, now_us), note=note)


@router.post("/verdicts/{number}/end", operation_id="endVerdict")
def end(house: House, node: NodeName, number: Number, asked: EndRequest, person: Triages) -> VerdictShown:
    """Takes a verdict back before its end. That it was given stays on record."""
    now_us = house.clock.now_us()
    with house.node(node, person).book() as book:
        kept = VerdictBook(book)
        ends = kept.sector.end if number.startswith("s") else kept.end
        try:
            ended = ends(int(number.removeprefix("s")), now_us=now_us, by=person.name, comment=asked.comment)
        except (NoSuchVerdict, NoSuchAdvice) as error:
            raise Trouble(
                409,
                "no-verdict",
                Text("There is no such verdict, or it was ended before."),
            ) from error
    return VerdictShown.of(ended, now_us)


def _wrong(text: Text) -> Trouble:
    return Trouble(422, "bad-verdict", Text.shaped("{text}.", text=text))
