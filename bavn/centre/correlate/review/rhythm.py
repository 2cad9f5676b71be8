"""The pace, regularity and client that each actor's report tells of, in words, and how alike they are.

A report has both in steps: what is said is as exact as what left the actor. Refuses to weigh it: the score does.
"""

from typing import Final

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.facts import LeadFacts
from bavn.model.intel.client_words import client_looks
from bavn.model.observable import ObservableType
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

REGULAR: Final = (
    Text("at no rhythm"),
    Text("hardly regular"),
    Text("loosely regular"),
    Text("fairly regular"),
    Text("regular"),
    Text("very regular"),
)
"""One for each step of a report's regularity, 0 to 1 (``REGULARITY_EDGES``)."""
_CLIENTS: Final = frozenset({ObservableType.JA3, ObservableType.JA4, ObservableType.FP_PAIR})


def rhythm_words(facts: LeadFacts) -> tuple[Text, ...]:
    """First how alike they are, then each actor, then each client; empty where no report tells of a pace or client."""
    paced = {sign.actor: sign for sign in facts.best.signs if sign.period_bucket is not None}
    each = [Text("{actor}: {pace}.", actor=actor, pace=_pace(paced[actor])) for actor in sorted(paced)]
    shown = each[: phrases.NAMED_MAX]
    if len(each) > len(shown):
        shown.append(Text("And {more} more.", more=Text.number(len(each) - len(shown))))
    return (*_alike(paced, len(facts.lead.actors)), *shown, *_clients(facts))


def _pace(sign: Sign) -> Text:
    pace = phrases.PACES[sign.period_bucket or 0]
    if sign.regularity_bucket is None:
        return pace
    return Text("{pace}, {regular}", pace=pace, regular=REGULAR[sign.regularity_bucket])


def _alike(paced: dict[str, Sign], actors: int) -> list[Text]:
    """One sentence on all of them, where two or more tell of a pace."""
    if len(paced) < 2:
        return []
    paces = {sign.period_bucket for sign in paced.values()}
    regular = {sign.regularity_bucket for sign in paced.values()}
    known = Text.counted(
        "{many} of {count:,} actor tells of a pace",
        "{many} of {count:,} actors tell of a pace",
        actors,
        many=len(paced),
    )
    if len(paces) > 1:
        return [Text("{known}; they do not keep the same one.", known=known)]
    if len(regular) > 1:
        return [Text("{known}; it is the same one, not equally regular.", known=known)]
    return [Text("{known}; it is the same one, and equally regular.", known=known)]


def _clients(facts: LeadFacts) -> list[Text]:
    words = []
    for element in facts.elements:
        if element.observable.type not in _CLIENTS:
            continue
        actors = {sign.actor for sign in element.signs}
        looks = client_looks(element.observable)
        who = phrases.names(actors)
        words.append(
            Text("The client at {who} is known by {what} alone.", who=who, what=phrases.element(element.observable))
            if looks is None
            else Text("The client at {who} looks like {looks}.", who=who, looks=looks)
        )
    return words[: phrases.NAMED_MAX]
