"""A day's commons round as people read it: what left, what came of it, what was learned. Refuses to name an element."""

from typing import Final

from bavn.actor.door.rounds.commons_days import CommonsDay, DayState
from bavn.model.moment import DAY_US, iso
from bavn.model.sector.known_days import EDGES
from bavn.model.text import Text
from bavn.psi.commons_terms import commons_params

_RULES: Final = {
    "answer_canary": Text("the element that everybody holds is not answered as it must be"),
    "answer_length": Text("it has a wrong length"),
    "answer_value": Text("it says what no answer can say"),
}
_OTHER_RULE: Final = Text("refused by the rule {rule}")
_ON_ITS_WAY: Final = Text("left: a share of {cells:,} cells, real and random alike; nobody learns a name")


def date_of(day: CommonsDay) -> str:
    """2026-11-29."""
    return iso(day.day * DAY_US)[:10]


def cells_of(day: CommonsDay) -> int:
    """How many cells the share of a day had."""
    params = commons_params(epoch=day.day, round_id=bytes.fromhex(day.round_id), registry_version=1, m=day.m)
    return params.r * params.bins


def left_text(day: CommonsDay) -> Text:
    """What left on a day."""
    if day.state in (DayState.OPENED, DayState.LATE):
        return Text("nothing left")
    return _ON_ITS_WAY.filled(cells=cells_of(day))


def state_text(day: CommonsDay) -> Text:
    """What came of a day's round, in one sentence."""
    match DayState(day.state):
        case DayState.OPENED:
            return Text("the share is being made")
        case DayState.SENT:
            return Text("the answer is waited for")
        case DayState.ANSWERED:
            known = sum(count for least, count in day.known.items() if least != "0")
            return Text(
                "of {elements:,} elements {known:,} are known to {least} organisations or more; {groups:,} took part",
                elements=day.elements,
                known=known,
                least=EDGES[0],
                groups=day.groups,
            )
        case DayState.WRONG:
            return wrong_text(day)
        case DayState.UNANSWERED:
            return Text("it ended without an answer: too few took part, or the share came too late")
        case DayState.LATE:
            return Text("the share was not ready before the round's end")


def wrong_text(day: CommonsDay) -> Text:
    """Why an answer cannot be true."""
    why = _RULES.get(day.rule) or _OTHER_RULE.filled(rule=day.rule)
    return Text("the centre's answer cannot be true: {why}; nothing of it is used", why=why)


def known_of(day: CommonsDay) -> list[tuple[Text, int]]:
    """Each bucket of a day and how many elements it has, the least known first."""
    return [(bucket_text(least), day.known[least]) for least in sorted(day.known, key=int)]


def bucket_text(least: str) -> Text:
    """A bucket, by its smallest K as CommonsDay.known has it."""
    at = [0, *EDGES].index(int(least))
    if at == 0:
        return Text("fewer than {least}", least=EDGES[0])
    if at == len(EDGES):
        return Text("{least} and more", least=EDGES[-1])
    return Text("{least} to {most}", least=EDGES[at - 1], most=EDGES[at] - 1)
