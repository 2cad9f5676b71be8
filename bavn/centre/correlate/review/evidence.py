"""What speaks for a lead, a sentence each, the strongest first. Refuses to say what speaks against it."""

from dataclasses import dataclass
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
SHORT_MAX = 2


@dataclass(frozen=True, slots=True)
class Point:
    """What speaks for a lead: what it weighs, in a few words, in a sentence."""

    worth: float
    short: Text
    says: Text


def evidence(facts: LeadFacts) -> tuple[Text, ...]:
    """At most SENTENCES_MAX, in the order of what they weigh."""
    return tuple(point.says for point in _points(facts)[:SENTENCES_MAX])


def in_short(facts: LeadFacts) -> tuple[Text, ...]:
    """The strongest in a few words each, at most SHORT_MAX; never empty: where nothing speaks for it, who have it."""
    shared = Text("{who} share it", who=phrases.of_sector(facts.count, facts.sector))
    return tuple(point.short for point in _points(facts)[:SHORT_MAX]) or (shared,)


def _points(facts: LeadFacts) -> list[Point]:
    points = [
        *_hangs_together(facts),
        *_new(facts),
        *_odd(facts),
        *_shared(facts),
        *_narrow(facts),
        *_linked(facts),
        *_walk(facts),
    ]
    return sorted(points, key=lambda point: -point.worth)


def _hangs_together(facts: LeadFacts) -> list[Point]:
    """Why it is one thing: one story, one rare certificate, one pace."""
    points: list[Point] = []
    worth = facts.nats("congruence")
    if facts.together:
        both = phrases.elements([one.observable for one in facts.elements])
        sentence = Text("It is one incident, not several: {both} come in the same reports.", both=both)
        points.append(Point(max(PRINTED_NATS, worth), Text("one incident, not several"), sentence))
    if facts.observable in facts.prints:
        points.append(_printed(facts))
    elif facts.prints:
        text = Text("They share a rare certificate or fingerprint: {prints}.", prints=phrases.elements(facts.prints))
        points.append(Point(max(PRINTED_NATS, worth), _PRINT, text))
    if facts.paced is not None:
        bucket, many = facts.paced
        same = (
            Text("The same pace at all {many}, {pace}: one program seems to be behind it.")
            if many == facts.count
            else Text("The same pace at {many} of {count}, {pace}.")
        )
        says = same.filled(many=many, count=facts.count, pace=phrases.PACES[bucket])
        points.append(Point(worth, Text("one pace at {many}", many=many), says))
    return points


_PRINT = Text("a rare certificate or fingerprint")


def _printed(facts: LeadFacts) -> Point:
    """What a certificate says by itself: less where it is old, since a common program's is too."""
    who = phrases.independent(facts.count)
    if facts.is_new:
        text = Text("A certificate or fingerprint that is new, and that no list knows, ties {who} together.", who=who)
        return Point(PRINTED_NATS, _PRINT, text)
    text = Text(
        "A certificate or fingerprint that no list knows ties {who} together; it is old, so it may be a"
        " common program's.",
        who=who,
    )
    return Point(OLD_PRINTED_NATS, _PRINT, text)


def _new(facts: LeadFacts) -> list[Point]:
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
    return [Point(facts.nats("novelty"), Text("new in the sector"), text)]


def _odd(facts: LeadFacts) -> list[Point]:
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
    oddest = facts.heads[0]
    return [
        Point(
            worth,
            Text("as rare as {rare} at {actor}", actor=oddest.actor, rare=phrases.one_in(oddest.p_bucket)),
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


def _shared(facts: LeadFacts) -> list[Point]:
    worth = facts.nats("sharing")
    if worth <= 0:
        return []
    times, who = Text.number(max(2, round(exp(worth)))), phrases.of_sector(facts.count, facts.sector)
    return [
        Point(
            worth,
            Text("{who} share it", who=who),
            Text(
                "{who} share it: that is likelier for an attack than for a harmless thing, about {times} to 1.",
                who=who,
                times=times,
            ),
        )
    ]


def _narrow(facts: LeadFacts) -> list[Point]:
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
    return [Point(max(NARROW_NATS, facts.nats("hosts")), Text("on few machines"), text)]


def _linked(facts: LeadFacts) -> list[Point]:
    worth = facts.nats("graph")
    text = Text("Other actors suspect things that are linked to it, without having seen it themselves.")
    return [Point(worth, Text("linked to what others suspect"), text)] if worth > 0 else []


def _walk(facts: LeadFacts) -> list[Point]:
    worth = facts.nats("walk")
    if worth <= 0 or facts.observable.type not in (ObservableType.IP4, ObservableType.IP6):
        return []
    return [
        Point(
            worth,
            Text("it tries doors at {count}", count=facts.count),
            Text("It tries doors at {who}, and failed at more than opened.", who=phrases.independent(facts.count)),
        )
    ]
