"""The sector's mean to measure oneself by: sums under differential privacy for each kind of actor, by actor-day.

An actor compares its own true figures at home; the centre never shows those of one actor here. Refuses to know them.
"""

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence
from bavn.centre.publish.facts import CountFact, DocumentFacts
from bavn.centre.publish.parts.coverage import KINDS
from bavn.centre.publish.parts.techniques import count_query, count_source, technique_or_other
from bavn.centre.publish.wording import part, whole
from bavn.model.sector.tally import BLOCKED, count_words
from bavn.model.text import Text

ROWS_SHOWN_MAX = 30
DAYS = 1000
"""Figures are given for so many actor-days."""


def means(facts: DocumentFacts) -> Section:
    """For each kind with enough actors: what stands clear of noise, per thousand actor-days."""
    title = Text("The sector's mean")
    counts = sorted((count for count in facts.counts if count.known), key=_order)[:ROWS_SHOWN_MAX]
    if not counts:
        none = Text("No count of this period stands clear of noise: there is nothing to measure oneself by.")
        return Section(id="means", title=title, blocks=(Sentence(none, (count_query(facts),)),))
    actor_days = max(count.told for count in counts)
    read = Sentence(
        Text(
            "From {told} actor-days of counts, each with noise that the actor added itself. Compare your"
            " own figures with the interval for your kind; no actor can be read out of it.",
            told=whole(actor_days),
        ),
        (count_query(facts),),
    )
    return Section(id="means", title=title, blocks=(read, _figure(counts, facts)))


def _order(one: CountFact) -> tuple[bool, bool, str, float, str]:
    return (one.what != "suspected", one.kind != "all", one.kind, -one.value / max(1, one.told), one.entry)


def _figure(found: list[CountFact], facts: DocumentFacts) -> Figure:
    rows = []
    for fact in found:
        each = DAYS / max(1, fact.told)
        entry = technique_or_other(fact.entry) if fact.what == "suspected" else _blocked(fact.entry)
        kind = Text("all actors") if fact.kind == "all" else KINDS.get(fact.kind, KINDS["other kinds"])
        interval = count_words(fact.low * each, fact.high * each, ",.1f")
        cells = (kind, part(fact.value * each), interval, whole(fact.told))
        rows.append(Row(entry, cells, (), (count_source(fact),)))
    sentence = Text.counted(
        "The table has {count:,} sum that stands clear of noise, per {days} actor-days.",
        "The table has {count:,} sums that stand clear of noise, per {days} actor-days.",
        len(rows),
        days=DAYS,
    )
    return Figure(
        id="means-table",
        drawn=Drawn.TABLE,
        said=Sentence(sentence, (count_query(facts),)),
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
