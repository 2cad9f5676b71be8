"""What would change a lead: a check to be done, an entry that somebody can make, one more actor, each actor taken out.

Refuses to advise on what to do with the lead.
"""

from typing import Final

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.against import listed_where
from bavn.centre.correlate.review.facts import LeadFacts
from bavn.model.text import Text

EACH_MAX: Final = 4
FALL_MIN: Final = 3
"""Where more than EACH_MAX report a lead it falls without one of them only if by so many places."""


def changes(facts: LeadFacts) -> tuple[Text, ...]:
    """Entries, one more actor, and each actor left out."""
    return (_entry(facts), _one_more(facts), *_without(facts))


def check(facts: LeadFacts) -> Text:
    """What a person can find out, at the actor with fewest machines behind it: there it is soonest found."""
    at = min(facts.heads, key=lambda head: (head.hosts_bucket, -head.p_bucket, head.actor))
    machines = (
        Text("a single machine")
        if at.hosts_bucket == 0
        else Text("two or three machines")
        if at.hosts_bucket == 1
        else Text("more than three machines")
    )
    return Text(
        "Ask at {actor}, where it is {machines}: {question}. An answer there helps all.",
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
    if facts.is_wide:
        return Text("If still more actors report it, it looks more like a service that all have, and sinks.")
    return Text(
        "One more independent actor that finds it odd, on few machines, makes it firmer; if most of the sector has it,"
        " it is more likely a service."
    )


def _without(facts: LeadFacts) -> list[Text]:
    """Each actor without whom it falls or is none; the others have one sentence together."""
    rank = facts.lead.rank
    gone = [other.actor for other in facts.without if other.rank is None]
    left = sorted(
        ((other.rank, other.actor) for other in facts.without if other.rank is not None),
        key=lambda pair: (-pair[0], pair[1]),
    )
    least = 1 if len(left) <= EACH_MAX else FALL_MIN
    falls = [pair for pair in left if pair[0] >= rank + least]
    sentences: list[Text] = []
    if gone:
        sentences.append(Text("Without {names} it is no lead: too few would hold it.", names=_either(gone)))
    if len(falls) <= EACH_MAX:
        sentences += [Text("Without {actor}: from place {rank} to {to}.", actor=a, rank=rank, to=to) for to, a in falls]
    else:
        sentences.append(
            Text(
                "Without {names}: from place {rank} to {low} at best, {high} at worst.",
                names=_either([actor for _, actor in falls]),
                rank=rank,
                low=falls[-1][0],
                high=falls[0][0],
            )
        )
    rest = left[len(falls) :]
    if rest:
        sentences.append(_stays(lower=rest[0][0] > rank, others=bool(sentences)))
    return sentences


def _stays(*, lower: bool, others: bool) -> Text:
    """Of those without whom it does not fall, or hardly."""
    if lower:
        return (
            Text("Without any of the others it stays about where it is.")
            if others
            else Text("Without any one of them it stays about where it is.")
        )
    return (
        Text("Without any of the others it stands no lower.")
        if others
        else Text("Without any one of them it stands no lower.")
    )


def _either(actors: list[str]) -> Text:
    if len(actors) == 1:
        return Text.plain(actors[0])
    return Text("any one of {names}", names=phrases.names(actors))
