"""What speaks for a lead, a sentence each, the strongest first. Refuses to say what speaks against it."""

from math import exp

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.facts import HOURS_A_DAY, LeadFacts, hour_words
from bavn.model.observable import ObservableType
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

SENTENCES_MAX = 6
PRINTED_NATS = 2.0
OLD_PRINTED_NATS = 0.6
NARROW_NATS = 0.3
"""Where a rare certificate or one story, an old certificate and few machines stand in the order. Assumed: the score has
no term for them, or one that does not count."""
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
        sentences.append(_printed(facts))
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


def _printed(facts: LeadFacts) -> Weighted:
    """What a certificate says by itself: less where it is old, since a common program's is too."""
    who = phrases.independent(facts.count)
    if facts.is_new:
        text = Text("A certificate or fingerprint that is new, and that no list knows, ties {who} together.", who=who)
        return (PRINTED_NATS, text)
    text = Text(
        "A certificate or fingerprint that no list knows ties {who} together; it is old, so it may be a"
        " common program's.",
        who=who,
    )
    return (OLD_PRINTED_NATS, text)


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
        [
            _rare(shown[0]),
            *(
                Text.shaped("{actor} {rare}", actor=head.actor, rare=phrases.one_in(head.p_bucket))
                for head in shown[1:]
            ),
        ],
    )
    more = facts.count - len(shown)
    return [
        (
            worth,
            Text(
                "How odd each found it by itself: {each}{more}.",
                each=each,
                more=Text(" and {more} more", more=more) if more > 0 else "",
            ),
        )
    ]


def _rare(head: Sign) -> Text:
    """The first of several, with what such a number means."""
    return Text(
        "{actor} {rare} (of {many} harmless things there at most one is as odd)",
        actor=head.actor,
        rare=phrases.one_in(head.p_bucket),
        many=Text.number(2**head.p_bucket),
    )


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
                who=phrases.of_sector(facts.count, facts.sector),
                times=times,
            ),
        )
    ]


def _narrow(facts: LeadFacts) -> list[Weighted]:
    """On few machines at most of them, whether or not the score counts that."""
    few = facts.count - facts.many_machines
    if facts.inbound or 2 * few <= facts.count:
        return []
    if facts.one_machine == facts.count:
        text = Text("It is a single machine at each of them: intrusions mostly stay on few.")
    elif few == facts.count:
        text = Text("It is on one to three machines at each of them: intrusions mostly stay on few.")
    else:
        text = Text(
            "At {many} of {count} it is on one to three machines: intrusions mostly stay on few.",
            many=few,
            count=facts.count,
        )
    return [(max(NARROW_NATS, facts.nats("hosts")), text)]


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
