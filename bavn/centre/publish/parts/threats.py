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
from bavn.centre.publish.wording import CASES, counted, day, part, plain
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
    blocks: list[Block] = [_figure(found), *(_reason(one) for one in found)]
    unknown = unknown_cases(facts)
    if unknown:
        said = counted(len(unknown), CASES)
        shown = facts.shown(unknown)
        blocks.append(
            Sentence(
                Text(
                    "{said} confirmed in the period of which no data says what sort of threat they are; they"
                    " count in no level until a person says so.",
                    said=said,
                ),
                sources_of(SourceKind.CASE, (one.id for one in shown), "bavn centre threat types"),
            )
        )
    return Section(id="threat-level", title=Text("Threat level"), blocks=tuple(blocks))


def level_words(level: Level | None) -> Text:
    """A level in words, also where it is not known."""
    return UNKNOWN if level is None else LEVELS[level]


def sources(one: Proposed) -> tuple[Source, ...]:
    """What a level rests on; where a person set it, that person too."""
    by = () if one.set is None else (Source(SourceKind.PERSON, one.set.by),)
    return (*by, *one.sources)


def _figure(found: tuple[Proposed, ...]) -> Figure:
    rows = tuple(
        Row(
            THREATS[one.threat],
            (
                level_words(one.stands),
                BY_DATA if one.set is None else plain(one.set.by),
                level_words(one.level),
                NO_TREND if one.change is None else TRENDS[one.change],
            ),
            (None if one.stands is None else float(one.stands),),
            sources(one),
        )
        for one in found
    )
    words = [(THREATS[one.threat], level_words(one.stands)) for one in found]
    said = Text(
        "Threat levels: {levels}.",
        levels=Text.joined("; ", [Text.shaped("{threat} {level}", threat=t, level=level) for t, level in words]),
    )
    return Figure(
        id="levels",
        title=Text("Threat level by type"),
        drawn=Drawn.LEVELS,
        said=Sentence(said, tuple(dict.fromkeys(source for row in rows for source in row.sources))[:60]),
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


def _reason(one: Proposed) -> Sentence:
    threat = THREATS[one.threat]
    said = Text.shaped("{threat}: {why}", threat=Capital(threat), why=one.why)
    if one.set is not None:
        said = Text(
            "{threat}: {level}, set by {by} on {when} ({reason}). Data: {why}",
            threat=Capital(threat),
            level=LEVELS[one.set.level],
            by=one.set.by,
            when=day(one.set.at_us),
            reason=one.set.why,
            why=one.why,
        )
    if one.change is not None:
        trend = Text(
            "Trend: {trend} ({before} before, {now} now, p = {p}).",
            trend=TRENDS[one.change],
            before=one.before,
            now=one.now,
            p=part(one.p, 2),
        )
        said = Text.joined(" ", [said, trend])
    return Sentence(said, sources(one))
