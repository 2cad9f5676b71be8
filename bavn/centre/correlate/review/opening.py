"""A lead's first line: who, what, at what pace, since when, and who else of the sector reports it. Refuses to judge."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.facts import LeadFacts
from bavn.model.counted import actors as counted_actors
from bavn.model.moment import HOUR_US
from bavn.model.spans import day
from bavn.model.text import Text

_KINDS: Final = ("region", "municipality", "supplier", "agency", "clinic", "it-centre")
_ELSE: Final = "other"


def opening(facts: LeadFacts, kinds: Mapping[str, str]) -> Text:
    """The lead in one sentence. ``kinds``: what sort of organisation each actor is; without one it is an actor."""
    pace = facts.paced if facts.is_paced and not facts.inbound else None
    happened = phrases.happened(_kind(facts), phrases.element(facts.observable))
    if pace is not None:
        bucket, many = pace
        said = Text("{happened}, {pace}") if many == facts.count else Text("{happened}, {pace} at {many} of them")
        happened = said.filled(happened=happened, pace=phrases.PACES[bucket], many=many)
    return Text(
        "At {who} {happened}, since {day}; {others}.",
        who=_who(facts, kinds),
        happened=happened,
        day=day(facts.first_hour * HOUR_US),
        others=_others(facts),
    )


def _kind(facts: LeadFacts) -> str:
    """What most of them report; of several as frequent the first by name."""
    counts = Counter(phrases.kind_of(head, inbound=facts.inbound) for head in facts.heads)
    return min(counts, key=lambda kind: (-counts[kind], kind))


def _who(facts: LeadFacts, kinds: Mapping[str, str]) -> Text:
    actors = {sign.actor for sign in facts.best.signs}
    if not actors <= kinds.keys():
        return counted_actors(len(actors))
    counts = Counter(kinds[actor] if kinds[actor] in _KINDS else _ELSE for actor in actors)
    named = [_of_kind(kind, counts[kind]) for kind in (*_KINDS, _ELSE) if kind in counts]
    if len(named) == 1:
        return named[0]
    return Text("{first} and {last}", first=Text.joined(", ", named[:-1]), last=named[-1])


def _others(facts: LeadFacts) -> Text:
    """Who does not report it. Whether they hold it without finding it odd is not known here."""
    rest = facts.sector - facts.count
    if not facts.sector:
        return Text("nobody else reports it")
    if rest <= 0:
        return Text("the whole sector reports it")
    return Text.counted(
        "the one other independent actor of the sector does not report it",
        "none of the other {count:,} independent actors of the sector reports it",
        rest,
    )


def _of_kind(kind: str, count: int) -> Text:
    match kind:
        case "region":
            return Text.counted("{count:,} region", "{count:,} regions", count)
        case "municipality":
            return Text.counted("{count:,} municipality", "{count:,} municipalities", count)
        case "supplier":
            return Text.counted("{count:,} supplier", "{count:,} suppliers", count)
        case "agency":
            return Text.counted("{count:,} agency", "{count:,} agencies", count)
        case "clinic":
            return Text.counted("{count:,} clinic", "{count:,} clinics", count)
        case "it-centre":
            return Text.counted("{count:,} shared IT centre", "{count:,} shared IT centres", count)
        case _:
            return Text.counted("{count:,} other organisation", "{count:,} other organisations", count)
