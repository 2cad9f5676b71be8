"""The reviewer's view of a lead: claim, evidence, what speaks against it, what would change it, all in words.

For a person who has never heard of nats: whether to believe it, and why. Made anew each time that it is read, from what
was kept of the lead. Refuses to rank and to decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bavn.centre.correlate.counterfactual import Without
from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.against import against
from bavn.centre.correlate.review.changes import changes, check
from bavn.centre.correlate.review.evidence import evidence, in_short
from bavn.centre.correlate.review.facts import LeadFacts, facts_of, hour_words
from bavn.centre.correlate.review.known import known
from bavn.centre.correlate.review.opening import opening
from bavn.centre.correlate.review.rhythm import rhythm_words
from bavn.centre.correlate.score import Weighed, reported_hour
from bavn.model.counted import actors as counted_actors
from bavn.model.sector.lead import Lead
from bavn.model.text import Text

KINDS_MAX = 3
TECHNIQUES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a list says of a lead. ``opening``: the lead in one sentence. ``short``: the strongest evidence in a few
    words each. ``against``: the strongest first, never empty. ``first_hour``: of the first sighting, as the claim says
    it."""

    first_hour: int
    opening: Text
    against: tuple[Text, ...]
    short: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Brief):
    """``claim``: what happened where, since when, and what it would be as an attack. ``evidence``: the strongest first.
    ``known``: what a reader asks next, and what of it the centre cannot say. ``todo``: what a person does first.
    ``rhythm``: pace, regularity and client of each actor, and how alike they are. ``changes``: what would make it rise,
    sink or go. ``matters``: what it touches."""

    claim: tuple[Text, ...]
    evidence: tuple[Text, ...]
    todo: tuple[Text, ...]
    known: tuple[Text, ...]
    rhythm: tuple[Text, ...]
    changes: tuple[Text, ...]
    matters: tuple[Text, ...]


def review(
    lead: Lead,
    elements: Sequence[Weighed],
    without: Sequence[Without],
    sector: int = 0,
    kinds: Mapping[str, str] = MappingProxyType({}),
    first_hour: int | None = None,
) -> Review:
    """``sector``: independent actors that there are in all, 0 where that is not known. ``kinds``: what sort of
    organisation each actor is, as far as that is known. ``first_hour``: of the first sighting, where more than reports
    are known of it."""
    facts = _facts(lead, elements, without, sector, first_hour)
    return Review(
        first_hour=facts.first_hour,
        opening=opening(facts, kinds),
        claim=_claim(facts),
        evidence=evidence(facts),
        against=against(facts),
        todo=(check(facts),),
        known=known(facts),
        rhythm=rhythm_words(facts),
        changes=changes(facts),
        matters=tuple(reason.why for reason in lead.reasons),
        short=in_short(facts),
    )


def brief(
    lead: Lead,
    elements: Sequence[Weighed],
    without: Sequence[Without],
    sector: int = 0,
    kinds: Mapping[str, str] = MappingProxyType({}),
    first_hour: int | None = None,
) -> Brief:
    """The same words as ``review`` has, and only those that a list shows: a page of leads is read by everybody."""
    facts = _facts(lead, elements, without, sector, first_hour)
    return Brief(
        first_hour=facts.first_hour, opening=opening(facts, kinds), against=against(facts), short=in_short(facts)
    )


def _facts(
    lead: Lead, elements: Sequence[Weighed], without: Sequence[Without], sector: int, first_hour: int | None
) -> LeadFacts:
    hour = reported_hour(lead, elements) if first_hour is None else first_hour
    return facts_of(lead, elements, without, sector, hour)


def _claim(facts: LeadFacts) -> tuple[Text, ...]:
    sentences = [
        Text(
            "At {who} ({names}): {happened}.",
            who=phrases.of_sector(facts.count, facts.sector),
            names=_names(facts),
            happened=_happened(facts),
        )
    ]
    if facts.together:
        sentences.append(Text("Together with it: {others}.", others=phrases.elements(facts.together)))
    sentences.append(_when(facts))
    sentences.append(Text("If it is an attack: {techniques}.", techniques=_techniques(facts)))
    return tuple(sentences)


def _names(facts: LeadFacts) -> Text:
    """Who reports it; where those are more than count, why."""
    actors = {sign.actor for sign in facts.best.signs}
    names = phrases.names(actors)
    if len(actors) == facts.count:
        return names
    return Text(
        "{actors} report it, and what one vendor or operator runs counts as one: {names}",
        actors=counted_actors(len(actors)),
        names=names,
    )


def _happened(facts: LeadFacts) -> Text:
    """What each kind of detector saw, most frequent first."""
    counts: dict[str, int] = {}
    for head in facts.heads:
        kind = phrases.kind_of(head, inbound=facts.inbound)
        counts[kind] = counts.get(kind, 0) + 1
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))[:KINDS_MAX]
    what = phrases.element(facts.observable)
    if len(kinds) == 1:
        return phrases.happened(kinds[0], what)
    sentences = [
        Text("{happened} (at {count})", happened=phrases.happened(kind, what), count=counts[kind]) for kind in kinds
    ]
    return Text.joined("; ", sentences)


def _when(facts: LeadFacts) -> Text:
    first, last = hour_words(facts.first_hour), hour_words(facts.lead.last_hour)
    if facts.paced is None:
        return Text("First seen {first}, last {last}; no pace that two of them share.", first=first, last=last)
    bucket, many = facts.paced
    return Text(
        "First seen {first}, last {last}, {pace} at {many} of them.",
        first=first,
        last=last,
        pace=phrases.PACES[bucket],
        many=many,
    )


def _techniques(facts: LeadFacts) -> Text:
    counts: dict[str, int] = {}
    for head in facts.heads:
        counts[head.technique] = counts.get(head.technique, 0) + 1
    named = sorted(counts, key=lambda name: (-counts[name], name))[:TECHNIQUES_MAX]
    return Text.joined(", ", [phrases.technique(name) for name in named])
