"""A pilot's report in words, for whoever answers for an organisation's network and doubts. Refuses to draw it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bavn.app.pilot.alone import alone
from bavn.app.pilot.blocked import blocked
from bavn.app.pilot.facts import PilotFacts
from bavn.app.pilot.joined import joined
from bavn.app.pilot.left import left
from bavn.app.pilot.parts import Part
from bavn.app.pilot.unseen import unseen
from bavn.model.text import Number, Text

TITLE: Final = Text("What a sector would have seen")
NOT_SAFE: Final = Text("That is no proof of safety: the last part says what could not have been seen, and why.")


@dataclass(frozen=True, slots=True)
class Report:
    """``first``: what anybody understands; ``more``: what follows at once; then the parts in their order."""

    first: Text
    more: tuple[Text, ...]
    parts: tuple[Part, ...]


def report(facts: PilotFacts) -> Report:
    """Its order is what the reader asks: alone, together, what left, what was blocked, what nobody could see."""
    first, more = headline(facts)
    return Report(first, more, (alone(facts), joined(facts), left(facts), blocked(facts), unseen(facts)))


def headline(facts: PilotFacts) -> tuple[Text, tuple[Text, ...]]:
    """One sentence, and what must be sentence beside it."""
    read = len(facts.read)
    if not read:
        return Text("Nothing in this folder could be read as traffic or logs."), ()
    if read == 1:
        return _one(facts), (NOT_SAFE,)
    if facts.never_met():
        return (
            Text("These {read} organisations could not be compared: their records are of different times.", read=read),
            (Text("--same-start compares them as if all had begun on one day."),),
        )
    only = sum(lead.only_sector for lead in facts.leads)
    if not only:
        sentence = Text(
            "Together these {read} organisations would have found nothing that one of them had not seen alone.",
            read=read,
        )
        return sentence, (*_known(facts), NOT_SAFE)
    return (
        Text.counted(
            "Together these {read} organisations would have found one likely attack that none of them saw alone.",
            "Together these {read} organisations would have found {count} likely attacks that none of them saw alone.",
            only,
            read=read,
        ),
        tuple(_known(facts)),
    )


def _one(facts: PilotFacts) -> Text:
    (actor,) = facts.read
    findings = actor.findings
    above = sum(place.above for place in findings.suspicions) if findings else 0
    if not above:
        return Text("Alone, {actor} would have seen nothing suspicious in this.", actor=actor.name)
    return Text.counted(
        "Alone, {actor} would have read one suspicion; what a sector adds takes a second organisation.",
        "Alone, {actor} would have read {count} suspicions; what a sector adds takes a second organisation.",
        above,
        actor=actor.name,
    )


def _known(facts: PilotFacts) -> Iterable[Text]:
    """What one of them knew alone, and what would have been blocked."""
    known = sum(not lead.only_sector for lead in facts.leads)
    if known:
        yield Text.counted(
            "One likely attack was seen by at least one of them alone, and the sector would have told the others.",
            "{count} likely attacks were seen by at least one of them alone, and the sector would have told the"
            " others.",
            known,
        )
    blocks = facts.blocks
    if blocks:
        names = {block.observable for block in blocks}
        yield Text.counted(
            "{count} name or address would have been blocked, at {actors} of {read} organisations.",
            "{count} names and addresses would have been blocked, at {actors} of {read} organisations.",
            len(names),
            actors=len({block.actor for block in blocks}),
            read=Number(len(facts.actors)),
        )
