"""What would change a lead: each actor taken out, an entry that somebody can make, one more actor, a check to be done.

Refuses to advise on what to do with the lead.
"""

from typing import Final

from bavn.centre.correlate.counterfactual import Without
from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.against import ROLLOUT_ACTORS, listed_where
from bavn.centre.correlate.review.facts import LeadFacts
from bavn.model.text import Text

EACH_MAX: Final = 4
FALL_MIN: Final = 3
"""An actor has a sentence of its own where few report the lead, or where it falls by so many places without it; the
others have one together."""


def changes(facts: LeadFacts) -> tuple[Text, ...]:
    """The check first, since a person can do it; then entries, one more actor, and each actor left out."""
    return (_check(facts), _entry(facts), _one_more(facts), *_without(facts))


def _check(facts: LeadFacts) -> Text:
    """At the actor with fewest machines behind it, the oddest of them: there it is soonest found."""
    at = min(facts.heads, key=lambda head: (head.hosts_bucket, -head.p_bucket, head.actor))
    machines = (
        Text("a single machine")
        if at.hosts_bucket == 0
        else Text("two or three machines")
        if at.hosts_bucket == 1
        else Text("several machines")
    )
    return Text(
        "Ask at {actor}, where it is {machines}: {question}. An answer settles it for all.",
        actor=at.actor,
        machines=machines,
        question=phrases.ask(phrases.kind_of(at, inbound=facts.inbound)),
    )


def _entry(facts: LeadFacts) -> Text:
    where = listed_where(facts)
    if where is not None:
        return Text("It stands far down because it is {where}; if that is wrong, it rises.", where=where)
    return Text(
        "If somebody knows whose it is: an entry in the sector's register, or found harmless here, takes it down for"
        " all actors."
    )


def _one_more(facts: LeadFacts) -> Text:
    if facts.count >= ROLLOUT_ACTORS:
        return Text("If still more actors report it, it looks more like a service that all have, and sinks.")
    return Text(
        "One more independent actor that finds it odd, on few machines, makes it firmer; if most of the sector has it,"
        " it is more likely a service."
    )


def _without(facts: LeadFacts) -> list[Text]:
    rank = facts.lead.rank
    gone = [other.actor for other in facts.without if other.rank is None]
    left = sorted(
        (other for other in facts.without if other.rank is not None),
        key=lambda other: (-(other.rank or 0), other.actor),
    )
    sentences: list[Text] = []
    if gone:
        sentences.append(Text("Without {names} it is no lead: too few would hold it.", names=_either(gone)))
    few = len(left) <= EACH_MAX
    own = [other for other in left[:EACH_MAX] if few or (other.rank or 0) >= rank + FALL_MIN]
    sentences += [_place(other, rank) for other in own if other.rank != rank]
    same = [other.actor for other in own if other.rank == rank]
    if same:
        sentences.append(Text("Without {names}: still place {rank}.", names=_either(same), rank=rank))
    rest = [other.rank or 0 for other in left[len(own) :]]
    if rest:
        low, high = min(rest), max(rest)
        place = Text("place {place}", place=low) if low == high else Text("place {low} to {high}", low=low, high=high)
        whom = Text("the other {count}", count=len(rest)) if sentences else Text("the {count}", count=len(rest))
        sentences.append(Text("Without any one of {whom}: {place}, now {rank}.", whom=whom, place=place, rank=rank))
    return sentences


def _either(actors: list[str]) -> Text:
    if len(actors) == 1:
        return Text.plain(actors[0])
    return Text("any one of {names}", names=phrases.names(actors))


def _place(other: Without, rank: int) -> Text:
    return Text("Without {actor}: from place {rank} to {to}.", actor=other.actor, rank=rank, to=other.rank)
