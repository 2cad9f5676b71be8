"""What speaks for a lead, a sentence each, the strongest first. Refuses to say what speaks against it."""

from math import exp

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.facts import HOURS_A_DAY, LeadFacts, hour_words
from bavn.model.observable import ObservableType
from bavn.model.text import Text

SENTENCES_MAX = 5
PRINTED_NATS = 2.0
"""Where a rare certificate or one story among several stands in the order. Assumed: the score has no term of its own
for it."""
Weighted = tuple[float, Text]


def evidence(facts: LeadFacts) -> tuple[Text, ...]:
    """At most SENTENCES_MAX, in the order of what they weigh."""
    weighted = [
        *_hangs_together(facts),
        *_new(facts),
        *_odd(facts),
        *_shared(facts),
        *_narrow(facts),
        *_linked(facts),
        *_walk(facts),
    ]
    weighted.sort(key=lambda pair: -pair[0])
    return tuple(text for _, text in weighted[:SENTENCES_MAX])


def _hangs_together(facts: LeadFacts) -> list[Weighted]:
    """Why it is one thing: one story, one rare certificate, one pace."""
    sentences: list[Weighted] = []
    worth = facts.nats("congruence")
    if facts.together:
        both = phrases.elements([one.observable for one in facts.elements])
        sentence = Text("It is one incident, not several: {both} come in the same reports.", both=both)
        sentences.append((max(PRINTED_NATS, worth), sentence))
    if facts.observable in facts.prints:
        text = Text(
            "A certificate or fingerprint that no list knows ties {who} together: it is not shared by accident.",
            who=phrases.independent(facts.count),
        )
        sentences.append((PRINTED_NATS, text))
    elif facts.prints:
        text = Text("They share a rare certificate or fingerprint: {prints}.", prints=phrases.elements(facts.prints))
        sentences.append((max(PRINTED_NATS, worth), text))
    if facts.paced is not None:
        bucket, many = facts.paced
        same = (
            Text("The same pace at all {many}, {pace}: one program seems to be behind it.")
            if many == facts.count
            else Text("The same pace at {many} of {count}, {pace}.")
        )
        sentences.append((worth, same.filled(many=many, count=facts.count, pace=phrases.PACES[bucket])))
    return sentences


def _new(facts: LeadFacts) -> list[Weighted]:
    if not facts.is_new or facts.best.seen_hour is None or facts.inbound:
        return []
    spread = facts.spread_hours
    when = hour_words(facts.best.seen_hour)
    if spread < HOURS_A_DAY:
        text = Text(
            "New: no two knew it before {when}, and all {count} met it within {hours}.",
            when=when,
            count=facts.count,
            hours=Text.counted("{count:,} hour", "{count:,} hours", spread + 1),
        )
    else:
        text = Text(
            "New: no two knew it before {when}. The {count} met it over {days}.",
            when=when,
            count=facts.count,
            days=Text.counted("{count:,} day", "{count:,} days", spread // HOURS_A_DAY + 1),
        )
    return [(facts.nats("novelty"), text)]


def _odd(facts: LeadFacts) -> list[Weighted]:
    worth = facts.nats("evidence")
    if worth <= 0:
        return []
    shown = facts.heads[: phrases.NAMED_MAX]
    each = Text.joined(
        ", ",
        [Text.shaped("{actor} {rare}", actor=head.actor, rare=phrases.one_in(head.p_bucket)) for head in shown],
    )
    more = facts.count - len(shown)
    return [
        (
            worth,
            Text(
                "Each found it odd by itself. At most so many harmless things there are as odd: {each}{more}.",
                each=each,
                more=Text(" and {more} more", more=more) if more > 0 else "",
            ),
        )
    ]


def _shared(facts: LeadFacts) -> list[Weighted]:
    worth = facts.nats("sharing")
    if worth <= 0:
        return []
    times = Text.number(max(2, round(exp(worth))))
    return [
        (
            worth,
            Text(
                "{who} share it: that is likelier for an attack than for a harmless thing, about {times} to 1.",
                who=phrases.independent(facts.count),
                times=times,
            ),
        )
    ]


def _narrow(facts: LeadFacts) -> list[Weighted]:
    if facts.nats("hosts") <= 0 or 2 * facts.one_machine <= facts.count:
        return []
    return [
        (
            facts.nats("hosts"),
            Text(
                "At {many} of {count} it is a single machine: intrusions stay narrow, rollouts are wide.",
                many=facts.one_machine,
                count=facts.count,
            ),
        )
    ]


def _linked(facts: LeadFacts) -> list[Weighted]:
    worth = facts.nats("graph")
    text = Text("Other actors suspect things that are linked to it, without having seen it themselves.")
    return [(worth, text)] if worth > 0 else []


def _walk(facts: LeadFacts) -> list[Weighted]:
    worth = facts.nats("walk")
    if worth <= 0 or facts.observable.type not in (ObservableType.IP4, ObservableType.IP6):
        return []
    return [
        (
            worth,
            Text("It tries doors at {who}, and failed at more than opened.", who=phrases.independent(facts.count)),
        )
    ]
