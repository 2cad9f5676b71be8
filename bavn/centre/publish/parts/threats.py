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
from bavn.model.text import Text

TRENDS: Final = {
    Trend.RISING: Text("rising", "stigende"),
    Trend.STEADY: Text("no change beyond chance", "ingen ændring ud over tilfældet"),
    Trend.FALLING: Text("falling", "faldende"),
}
NO_TREND: Final = Text("nothing to compare", "intet at sammenligne")
BY_DATA: Final = Text("proposed by data", "foreslået af data")


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
                    f"{said.en} confirmed in the period of which no data says what sort of threat they are; they count"
                    " in no level until a person says so.",
                    f"{said.da} bekræftet i perioden, hvor ingen data siger, hvilken slags trussel de er; de tæller"
                    " ikke med i noget niveau, før en person siger det.",
                ),
                sources_of(SourceKind.CASE, (one.id for one in shown), "bavn centre threat types"),
            )
        )
    return Section(id="threat-level", title=Text("Threat level", "Trusselsniveau"), blocks=tuple(blocks))


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
        "Threat levels: " + "; ".join(f"{threat.en} {level.en}" for threat, level in words) + ".",
        "Trusselsniveauer: " + "; ".join(f"{threat.da} {level.da}" for threat, level in words) + ".",
    )
    return Figure(
        id="levels",
        title=Text("Threat level by sort", "Trusselsniveau efter slags"),
        drawn=Drawn.LEVELS,
        said=Sentence(said, tuple(dict.fromkeys(source for row in rows for source in row.sources))[:60]),
        columns=(
            Text("Sort of threat", "Slags trussel"),
            Text("Level", "Niveau"),
            Text("Set by", "Fastsat af"),
            Text("Data proposes", "Data foreslår"),
            Text("Trend", "Tendens"),
        ),
        rows=rows,
        names=(Text("Level", "Niveau"),),
        unit=Text("level", "niveau"),
    )


def _reason(one: Proposed) -> Sentence:
    threat = THREATS[one.threat]
    english, danish = f"{threat.en.capitalize()}: ", f"{threat.da.capitalize()}: "
    if one.set is not None:
        when = day(one.set.at_us)
        english += f"{LEVELS[one.set.level].en}, set by {one.set.by} on {when.en} ({one.set.why}). Data: "
        danish += f"{LEVELS[one.set.level].da}, fastsat af {one.set.by} {when.da} ({one.set.why}). Data: "
    english, danish = english + one.why.en, danish + one.why.da
    if one.change is not None:
        p = part(one.p, 2)
        english += f" Trend: {TRENDS[one.change].en} ({one.before} before, {one.now} now, p = {p.en})."
        danish += f" Tendens: {TRENDS[one.change].da} ({one.before} før, {one.now} nu, p = {p.da})."
    return Sentence(Text(english, danish), sources(one))
