"""What speaks against a lead, a sentence each, the strongest first; there is always one.

How much each weighs is assumed, but for lists, crowd, novelty and sharing, which weigh what the score says. Refuses to
judge.
"""

from typing import Final

from bavn.centre.correlate.lists import ADDRESSES, HASHES, NAMES
from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.evidence import Weighted
from bavn.centre.correlate.review.facts import (
    ONE_VOICE_BUCKETS,
    WIDE_ACTORS,
    WIDE_SHARE,
    LeadFacts,
    day_words,
)
from bavn.model.counted import actors as counted_actors
from bavn.model.text import Text

SENTENCES_MAX = 4
WEAK_BUCKET: Final = 6
"""Nothing at all is odder than 1 in 64: alone nobody would have looked at it."""

_GRADES: Final = {
    "known": Text("among the world's first million names"),
    "popular": Text("among the world's most used names"),
    "service": Text("a well-known service"),
    "shared": Text("in the range of a content network or a shared host"),
}
_MEMORY: Final = {
    "sector-register": Text("in the sector's own register of services"),
    "earlier-verdict": Text("found harmless in an earlier case"),
}


def against(facts: LeadFacts) -> tuple[Text, ...]:
    """At most SENTENCES_MAX, in the order of what they weigh; never empty."""
    weighted = [
        *_listed(facts),
        *_wide(facts),
        *_crowd(facts),
        *_known(facts),
        *_one_voice(facts),
        *_many_machines(facts),
        *_rollout(facts),
        *_thin(facts),
        *_same_house(facts),
        (0.3, phrases.innocent(phrases.kind_of(facts.heads[0], inbound=facts.inbound))),
    ]
    weighted.sort(key=lambda pair: -pair[0])
    return tuple(text for _, text in weighted[:SENTENCES_MAX])


def listed_where(facts: LeadFacts) -> Text | None:
    """What is said of it by lists, register and verdicts; None where nothing is."""
    if not facts.best.listed and facts.nats("lists") >= 0:
        return None
    why = next((term.why for term in facts.lead.terms if term.name == "lists"), None)
    shown = dict(why.facts).get("shown", "") if why is not None else ""
    grades = NAMES | ADDRESSES | HASHES
    sentences: list[Text] = []
    for name in str(shown).split(", "):
        bare = name.partition(" (")[0]
        words = _MEMORY.get(bare) or (_GRADES[grades[bare]] if bare in grades else None)
        if words is not None and words not in sentences:
            sentences.append(words)
    return Text.joined(", ", sentences) if sentences else Text("on a list of harmless things")


def _listed(facts: LeadFacts) -> list[Weighted]:
    where = listed_where(facts)
    if where is None:
        return []
    return [(2.0 - facts.nats("lists"), Text("It is known to be harmless, or much used: {where}.", where=where))]


def _wide(facts: LeadFacts) -> list[Weighted]:
    """More have it than an attack reaches."""
    if facts.inbound:
        return [(3.0, Text("Whoever is on the internet is tried like this, and most tries lead to nothing."))]
    who = phrases.of_sector(facts.count, facts.sector)
    if facts.wide >= WIDE_SHARE and facts.count >= WIDE_ACTORS:
        text = (
            Text(
                "Much of the sector has it: {who}, at one pace. Attacks reach few; a supplier's service reaches all its"
                " customers.",
                who=who,
            )
            if facts.is_paced
            else Text(
                "Much of the sector has it: {who}, most at no common pace. Attacks reach few; updates, browsers and"
                " patch days reach nearly all.",
                who=who,
            )
        )
        return [(3.0 + 3 * facts.wide + max(0.0, -facts.nats("sharing")), text)]
    if facts.nats("sharing") < 0:
        text = Text(
            "{who} have it: so many share harmless things more often than attacks.",
            who=who,
        )
        return [(1.5 - facts.nats("sharing"), text)]
    return []


def _crowd(facts: LeadFacts) -> list[Weighted]:
    """Much else is told of in the same way."""
    return [(1.5 - term.nats, term.why) for term in facts.lead.terms if term.name == "crowd" and term.nats < 0]


def _known(facts: LeadFacts) -> list[Weighted]:
    if facts.is_new or facts.inbound:
        return []
    day = day_words(facts.first_hour)
    text = (
        Text(
            "Not new: the sector has known it since {day}. A common program's certificate may be that old; an"
            " attacker's is mostly younger.",
            day=day,
        )
        if facts.observable in facts.prints
        else Text("Not new: the sector has known it since {day}. What attackers use is mostly younger.", day=day)
    )
    return [(1.5 - min(0.0, facts.nats("novelty")), text)]


def _one_voice(facts: LeadFacts) -> list[Weighted]:
    """One actor's report is far odder than most of the others: a fault, a test of its own, or a lie."""
    first, others = facts.heads[0], facts.others_bucket
    gap = first.p_bucket - others
    if gap < ONE_VOICE_BUCKETS:
        return []
    text = Text(
        "It is mostly one actor's word: {rare} at {actor}, at most of the others no rarer than {next}. A fault there,"
        " a test of its own or a false report would look like this.",
        rare=phrases.one_in(first.p_bucket),
        actor=first.actor,
        next=phrases.one_in(others),
    )
    return [(1.0 + 0.5 * gap, text)]


def _many_machines(facts: LeadFacts) -> list[Weighted]:
    if facts.inbound or 2 * facts.many_machines <= facts.count:
        return []
    text = Text(
        "At {many} of {count} it is on more than three machines: intrusions mostly stay on few.",
        many=facts.many_machines,
        count=facts.count,
    )
    counts = facts.nats("hosts") < 0
    return [(0.5 + 1.5 * facts.many_machines / facts.count if counts else 0.5, text)]


def _rollout(facts: LeadFacts) -> list[Weighted]:
    """A supplier's new service looks like a campaign that does well."""
    sentences: list[Weighted] = []
    suppliers = [one.name.partition(":")[2] for one in facts.lead.reasons if one.name.startswith("supplier:")]
    if suppliers:
        text = Text(
            "They share the supplier {names}: what it rolls out reaches them all at once.", names=", ".join(suppliers)
        )
        sentences.append((1.8, text))
    if facts.is_paced and facts.is_new and facts.is_wide:
        text = Text(
            "A supplier's new service looks the same: new, at {who} at once, and calling at one pace.",
            who=phrases.of_sector(facts.count, facts.sector),
        )
        sentences.append((1.0 + 0.3 * (facts.count - WIDE_ACTORS), text))
    return sentences


def _thin(facts: LeadFacts) -> list[Weighted]:
    """Little at each, little in common, few of them."""
    sentences: list[Weighted] = []
    if facts.count == 2:
        sentences.append((1.2, Text("Two independent actors only: if either is mistaken, nothing is left.")))
    if all(head.p_bucket < WEAK_BUCKET for head in facts.heads):
        text = Text(
            "Weak at each of them, nowhere rarer than {rare}: alone nobody would look at it.",
            rare=phrases.one_in(facts.heads[0].p_bucket),
        )
        sentences.append((0.8, text))
    if all(head.first_hour == head.last_hour for head in facts.heads) and not facts.inbound:
        sentences.append((1.1, Text("Each of them saw it in a single hour only, and not again.")))
    if facts.paced is not None and facts.paced[1] < facts.count:
        text = Text("Not all keep that pace: {others} of {count} do not, or not regularly.")
        sentences.append((1.2, text.filled(others=facts.count - facts.paced[1], count=facts.count)))
    if facts.paced is None and not facts.together and not facts.inbound:
        text = (
            Text("Nothing but {what} binds them: no pace in common, no second sign.")
            if facts.prints
            else Text("Nothing but {what} binds them: no pace in common, no rare certificate, no second sign.")
        )
        sentences.append((1.3, text.filled(what=phrases.element(facts.observable))))
    return sentences


def _same_house(facts: LeadFacts) -> list[Weighted]:
    actors = len({sign.actor for sign in facts.best.signs})
    if actors <= facts.count:
        return []
    text = Text(
        "{actors} report it, but some are run by one vendor or operator and count once: {who}.",
        actors=counted_actors(actors),
        who=phrases.independent(facts.count),
    )
    return [(0.9, text)]
