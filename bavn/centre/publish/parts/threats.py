"""The threat level of each sort on the national scale: what counts, who set it, what the data proposes and why."""

from typing import Final

from bavn.centre.publish.chance import Trend
from bavn.centre.publish.document import (
    Block,
    Drawn,
    Figure,
    Row,
    Section,
    Sentence,
    Source,
    SourceKind,
    sources_of,
)
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.levels import Proposed, proposals, unknown_cases
from bavn.centre.publish.threat import LEVELS, THREATS, UNKNOWN, Level
from bavn.centre.publish.wording import part, plain
from bavn.model.counted import cases as cases_counted
from bavn.model.spans import day
from bavn.model.text import Capital, Text

TRENDS: Final = {
    Trend.RISING: Text("rising"),
    Trend.STEADY: Text("no clear change"),
    Trend.FALLING: Text("falling"),
}
NO_TREND: Final = Text("nothing to compare")
BY_DATA: Final = Text("proposed from data")


def threats(facts: DocumentFacts) -> Section:
    """A figure of all, then a sentence of reasons for each."""
    found = proposals(facts)
    blocks: list[Block] = [_figure(found), *_reasons(found)]
    unknown = unknown_cases(facts)
    if unknown:
        cases_words = cases_counted(len(unknown))
        shown = facts.shown(unknown)
        blocks.append(
            Sentence(
                Text(
                    "{said} confirmed in the period of which no data says what sort of threat they are; they"
                    " count in no level until a person says so.",
                    said=cases_words,
                ),
                sources_of(SourceKind.CASE, (case.id for case in shown), "bavn centre cases"),
            )
        )
    return Section(id="threat-level", title=Text("Threat level"), blocks=tuple(blocks))


def level_words(level: Level | None) -> Text:
    """A level in words, also where it is not known."""
    return UNKNOWN if level is None else LEVELS[level]


def sources(proposal: Proposed) -> tuple[Source, ...]:
    """What a level rests on; where a person set it, that person too."""
    by = () if proposal.set is None else (Source(SourceKind.PERSON, proposal.set.by),)
    return (*by, *proposal.sources)


def _figure(proposals: tuple[Proposed, ...]) -> Figure:
    rows = tuple(
        Row(
            THREATS[proposal.threat],
            (
                level_words(proposal.stands),
                BY_DATA if proposal.set is None else plain(proposal.set.by),
                level_words(proposal.level),
                NO_TREND if proposal.change is None else TRENDS[proposal.change],
            ),
            (None if proposal.stands is None else float(proposal.stands),),
            sources(proposal),
        )
        for proposal in proposals
    )
    sentence = _levels(proposals)
    return Figure(
        id="levels",
        title=Text("Threat level by type"),
        drawn=Drawn.LEVELS,
        said=Sentence(sentence, tuple(dict.fromkeys(source for row in rows for source in row.sources))[:60]),
        columns=(
            Text("Type of threat"),
            Text("Level"),
            Text("Set by"),
            Text("Proposed from data"),
            Text("Trend"),
        ),
        rows=rows,
        names=(Text("Level"),),
        unit=Text("level"),
    )


def _levels(proposals: tuple[Proposed, ...]) -> Text:
    """What is known of each; what is not known is said once."""
    known = [
        Text.shaped("{threat} {level}", threat=THREATS[proposal.threat], level=LEVELS[proposal.stands])
        for proposal in proposals
        if proposal.stands is not None
    ]
    unknown = [THREATS[proposal.threat] for proposal in proposals if proposal.stands is None]
    if not known:
        return Text("The level of no type of threat is known.")
    sentence = Text("Threat levels: {levels}.", levels=Text.joined("; ", known))
    if not unknown:
        return sentence
    return Text.joined(" ", [sentence, Text("Not known: {threats}.", threats=Text.joined("; ", unknown))])


def _reasons(proposals: tuple[Proposed, ...]) -> list[Sentence]:
    """Why each stands where it does; a reason that several share is said once."""
    shared: dict[tuple[str, str], list[Proposed]] = {}
    for proposal in proposals:
        said = proposal.why.say("en")
        bare = proposal.set is None and proposal.change is None
        shared.setdefault((said, "" if bare else proposal.threat.value), []).append(proposal)
    sentences = []
    for alike in shared.values():
        if len(alike) == 1:
            sentences.append(_reason(alike[0]))
            continue
        threats = Text.joined("; ", [THREATS[proposal.threat] for proposal in alike])
        rests = tuple(dict.fromkeys(source for proposal in alike for source in sources(proposal)))[:60]
        sentences.append(Sentence(Text.shaped("{threat}: {why}", threat=Capital(threats), why=alike[0].why), rests))
    return sentences


def _reason(proposal: Proposed) -> Sentence:
    threat = THREATS[proposal.threat]
    sentence = Text.shaped("{threat}: {why}", threat=Capital(threat), why=proposal.why)
    if proposal.set is not None:
        sentence = Text(
            "{threat}: {level}, set by {by} on {when} ({reason}). Data: {why}",
            threat=Capital(threat),
            level=LEVELS[proposal.set.level],
            by=proposal.set.by,
            when=day(proposal.set.at_us),
            reason=proposal.set.why,
            why=proposal.why,
        )
    if proposal.change is not None:
        trend = Text(
            "Trend: {trend} ({before} before, {now} now, p = {p}).",
            trend=TRENDS[proposal.change],
            before=proposal.before,
            now=proposal.now,
            p=part(proposal.p, 2),
        )
        sentence = Text.joined(" ", [sentence, trend])
    return Sentence(sentence, sources(proposal))
