"""The story of an attack in a minute: some plain sentences, each with the fact that it rests on, and when it was met.

For whoever leads an organisation and was not there. Names no member, so that it can be handed on. Refuses to fetch.
"""

from collections.abc import Iterator
from typing import Final, Literal

from bavn.centre.desk.story.facts import StoryFacts
from bavn.centre.desk.story.replay import late
from bavn.model.moment import HOUR_US
from bavn.model.sector.story import AttackStory, StorySentence, hour, minute, strip_of
from bavn.model.spans import lasting
from bavn.model.text import Text

MARKS: Final = {
    "lead": Text("a lead"),
    "opened": Text("over the line"),
    "confirmed": Text("confirmed"),
    "released": Text("released"),
    "lifted": Text("over"),
}


def story_of(facts: StoryFacts) -> AttackStory:
    """Drafted from the facts, for people to edit."""
    spans = [(at_us, at_us + HOUR_US - 1) for at_us in facts.by_actor.values()]
    spans += [
        ((one.first_hour or 0) * HOUR_US, ((one.last_hour or one.first_hour or 0) + 1) * HOUR_US - 1)
        for one in facts.met
    ]
    marks = [(getattr(facts, f"{name}_us"), text) for name, text in MARKS.items()]
    return AttackStory(
        about=facts.observables[0].value if facts.observables else facts.indicator_id,
        sentences=tuple(_sentences(facts)),
        strip=strip_of(spans, marks, facts.now_us),
    )


def _sentences(facts: StoryFacts) -> Iterator[StorySentence]:
    yield _of(facts, facts.opening, "lead")
    yield _of(facts, _first(facts), "indicator" if _is_history(facts) else "lead")
    if facts.lead_us is not None:
        yield _of(facts, _joined(facts), "lead")
    yield _of(facts, _judged(facts), "case")
    if facts.opened_us is not None and not facts.is_harmless and facts.is_confirmed:
        yield _of(facts, _earlier(facts), "case")
    if facts.released_us is not None:
        yield _of(facts, _blocked(facts), "indicator")
        yield _of(facts, _since(facts), "indicator")
    if facts.lifted_us is not None:
        lifted = Text("The block ended on {at}.", at=minute(facts.lifted_us))
        yield _of(facts, lifted, "indicator")


def _of(facts: StoryFacts, text: Text, kind: Literal["lead", "case", "indicator"]) -> StorySentence:
    """The fact of this kind, or else the next that there is."""
    refs = {"lead": facts.lead_id, "case": facts.case_id, "indicator": facts.indicator_id}
    order: tuple[Literal["lead", "case", "indicator"], ...] = (kind, "case", "lead", "indicator")
    there = next(each for each in order if refs[each])
    return StorySentence(text=text, kind=there, ref=refs[there])


def _is_history(facts: StoryFacts) -> bool:
    """Whether the first sighting was found in a member's own history, and not by a report."""
    reported = {report.actor for report in facts.reports if report.first_us == facts.first_us}
    return bool(facts.first) and not reported & facts.first


def _first(facts: StoryFacts) -> Text:
    if facts.first_us is None:
        return Text("When it was first met is not known.")
    at = hour(facts.first_us)
    if _is_history(facts):
        return Text(
            "It was first met on {at}, at a member that saw nothing odd in it then: that stands in its own history.",
            at=at,
        )
    return Text("It was first met on {at}.", at=at)


def _joined(facts: StoryFacts) -> Text:
    """What each saw alone, and when that became one thing."""
    at, count = minute(facts.lead_us or 0), len(facts.reports)
    oddest = max((report.p_bucket for report in facts.reports), default=0)
    if not oddest:
        return Text("It became a lead of the sector on {at}.", at=at)
    return Text.counted(
        "{count:,} organisation reports it; such a thing happens by chance at most once in {many}. It became a lead of"
        " the sector on {at}.",
        "Each of {count:,} organisations saw only its own part; the oddest of these happens by chance at most once in"
        " {many}. Together they became a lead of the sector on {at}.",
        count,
        many=Text.number(2**oddest),
        at=at,
    )


def _judged(facts: StoryFacts) -> Text:
    if facts.is_harmless:
        return Text("People at the analysis centre looked at it and found it harmless.")
    if facts.is_confirmed:
        if facts.confirmed_us is None:
            return Text("People at the analysis centre stand behind the block.")
        return Text("The analysis centre confirmed it as an attack on {at}.", at=minute(facts.confirmed_us))
    if facts.opened_us is None:
        return Text("Nobody has confirmed it as an attack, and its evidence is below the line of a case.")
    return Text("Nobody has confirmed it as an attack so far; a case is open since {at}.", at=minute(facts.opened_us))


def _earlier(facts: StoryFacts) -> Text:
    """When it could have been stopped."""
    opened_us, spared = facts.opened_us or 0, len(late(facts))
    ended_us = facts.released_us or facts.confirmed_us or facts.now_us
    took = lasting(max(0, ended_us - opened_us))
    if not spared:
        return Text(
            "From the evidence to the decision it took {took}; as far as members have told, no other"
            " organisation met it meanwhile.",
            took=took,
        )
    return Text.counted(
        "From the evidence to the decision it took {took}; {count:,} organisation met it for the first time meanwhile.",
        "From the evidence to the decision it took {took}; {count:,} organisations met it for the first time"
        " meanwhile.",
        spared,
        took=took,
    )


def _blocked(facts: StoryFacts) -> Text:
    at, able = minute(facts.released_us or 0), sum(not place.cannot for place in facts.places)
    blocking = facts.blocking
    if not blocking:
        return Text("It was released on {at}; nobody has said yet that it is blocked there.", at=at)
    last_us = max(place.blocked_us or 0 for place in blocking)
    return Text.counted(
        "The block was released on {at}. It is in force at {blocking} of the {count:,} member that can carry it; the"
        " last said so after {took}.",
        "The block was released on {at}. It is in force at {blocking} of the {count:,} members that can carry it; the"
        " last said so after {took}.",
        able,
        at=at,
        blocking=len(blocking),
        took=lasting(max(0, last_us - (facts.released_us or 0))),
    )


def _since(facts: StoryFacts) -> Text:
    stopped = {sighting.actor for sighting in facts.met if sighting.kind == "blocked"}
    if not stopped:
        return Text("No member has told since then that it came again.")
    return Text.counted(
        "Since then it came again at {count:,} member, and was stopped.",
        "Since then it came again at {count:,} members, and was stopped.",
        len(stopped),
    )
