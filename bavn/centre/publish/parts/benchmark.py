"""The anonymous sector to measure oneself by: sums under differential privacy for each kind of actor, by actor-day, and
the quartiles of how actors stand.

An actor compares its own true figures at home; the centre never shows those of one actor here. Refuses to know them.
"""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence
from bavn.centre.publish.facts import CountFact, DocumentFacts
from bavn.centre.publish.parts.coverage import KINDS
from bavn.centre.publish.parts.quartiles import about
from bavn.centre.publish.parts.quartiles import figure as quartiles_figure
from bavn.centre.publish.parts.techniques import count_query, count_source, technique_or_other
from bavn.centre.publish.wording import part, whole
from bavn.model.sector.tally import BLOCKED
from bavn.model.text import Text

ROWS_SHOWN_MAX = 30
DAYS = 1000
"""Figures are given for so many actor-days."""


def benchmark(facts: DocumentFacts) -> Section:
    """For each kind with enough actors: what stands clear of noise, per thousand actor-days."""
    title = Text("Benchmark against the anonymous sector")
    found = sorted((one for one in facts.counts if one.low > 0), key=_order)[:ROWS_SHOWN_MAX]
    if not found:
        none = Text("No count of this period stands clear of noise: there is nothing to measure oneself by.")
        return Section(id="benchmark", title=title, blocks=(Sentence(none, (count_query(facts),)), *_quartiles(facts)))
    told = max(one.told for one in found)
    read = Sentence(
        Text(
            "From {told} actor-days of counts, each with noise that the actor added itself. Compare your"
            " own figures with the interval for your kind; no actor can be read out of it.",
            told=whole(told),
        ),
        (count_query(facts),),
    )
    return Section(id="benchmark", title=title, blocks=(read, _figure(found, facts), *_quartiles(facts)))


def _quartiles(facts: DocumentFacts) -> tuple[Block, ...]:
    told = facts.quartiles
    return () if told is None else (about(told), quartiles_figure(told, None))


def _order(one: CountFact) -> tuple[bool, bool, str, float, str]:
    return (one.what != "suspected", one.kind != "all", one.kind, -one.value / max(1, one.told), one.entry)


def _figure(found: list[CountFact], facts: DocumentFacts) -> Figure:
    rows = []
    for one in found:
        each = DAYS / max(1, one.told)
        entry = technique_or_other(one.entry) if one.what == "suspected" else _blocked(one.entry)
        kind = Text("all actors") if one.kind == "all" else KINDS.get(one.kind, KINDS["other kinds"])
        middle, low, high = part(one.value * each), part(one.low * each), part(one.high * each)
        cells = (kind, middle, Text.shaped("{low}-{high}", low=low, high=high), whole(one.told))
        rows.append(Row(entry, cells, (), (count_source(one),)))
    said = Text(
        "The table has {rows} sums that stand clear of noise, per {days} actor-days.", rows=len(rows), days=DAYS
    )
    return Figure(
        id="benchmark-table",
        drawn=Drawn.TABLE,
        said=Sentence(said, (count_query(facts),)),
        title=Text("Per {days} actor-days", days=DAYS),
        columns=(
            Text("What"),
            Text("Actors"),
            Text("Sector"),
            Text.plain("95 %"),
            Text("Actor-days"),
        ),
        rows=tuple(rows),
    )


def _blocked(entry: str) -> Text:
    words = BLOCKED[entry]
    return Text("blocked: {words}", words=words)
