"""Techniques of ATT&CK: how often the sector's own machines were suspected of each, over time, under differential
privacy; and in how many confirmed cases each was named."""

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import CountFact, DocumentFacts
from bavn.centre.publish.parts.behind import behind
from bavn.centre.publish.wording import day_of, plain, whole
from bavn.model.moment import DAY_US, iso
from bavn.model.sector.tally import NOT_KNOWN, OTHER, TECHNIQUES, count_words, technique_entry, technique_words
from bavn.model.text import Text


def techniques(facts: DocumentFacts) -> Section:
    """A map of heat where counts were told; what cases name in any case."""
    title = Text("Techniques")
    counts = [one for one in facts.counts_by_span if one.what == "suspected"]
    blocks: list[Sentence | Figure] = [behind(facts)]
    if counts:
        blocks += [_surest(facts), _heat(facts, counts)]
    else:
        blocks.append(
            Sentence(
                Text("Fewer than three actors told counts of this period: there is no sum to show."),
                (count_query(facts),),
            )
        )
    return Section(id="techniques", title=title, blocks=tuple(blocks))


def count_query(facts: DocumentFacts) -> Source:
    """How the counts of a document's length are asked for."""
    days = (facts.period.end_us - facts.period.first_us) // DAY_US
    return Source(SourceKind.QUERY, f"bavn centre counts --days {days} --by-kind")


def count_source(fact: CountFact) -> Source:
    """One sum, by what, whom and when."""
    first, last = iso(fact.first_day * DAY_US)[:10], iso(fact.last_day * DAY_US)[:10]
    return Source(SourceKind.COUNT, f"{fact.what}/{fact.entry}/{fact.kind} {first}..{last}")


def _surest(facts: DocumentFacts) -> Sentence:
    mine = [count for count in facts.counts if count.what == "suspected" and count.kind == "all" and count.known]
    surest = sorted(mine, key=lambda count: (-count.low, count.entry))[:5]
    if not surest:
        return Sentence(
            Text("No technique stands clear of the noise that the actors add to their counts."),
            (count_query(facts),),
        )
    named = [
        Text.shaped(
            "{technique_or_other} ({count})",
            technique_or_other=technique_or_other(count.entry),
            count=count_words(count.low, count.high),
        )
        for count in surest
    ]
    return Sentence(
        Text(
            "Own machines were most often suspected of, in machine-days, in intervals that hold together with 95 %:"
            " {named}.",
            named=Text.joined("; ", named),
        ),
        tuple(count_source(count) for count in surest),
    )


def technique_or_other(entry: str) -> Text:
    """An entry of the tally in words."""
    return TECHNIQUES[OTHER] if entry == OTHER else technique_words(entry)


def _heat(facts: DocumentFacts, counts: list[CountFact]) -> Figure:
    spans = sorted({(count.first_day, count.last_day) for count in counts})
    at = {(count.entry, count.first_day): count for count in counts}
    in_cases: dict[str, int] = {}
    for case in facts.confirmed_in(facts.period):
        for entry in sorted({technique_entry(technique) for technique in case.techniques}):
            in_cases[entry] = in_cases.get(entry, 0) + 1
    rows = []
    for entry in TECHNIQUES:
        mine = [at.get((entry, first)) for first, _ in spans]
        known = [count for count in mine if count is not None]
        if entry not in in_cases and not any(count.known for count in known):
            continue
        cells = tuple(plain("-") if count is None else _cell(count) for count in mine)
        values = tuple(float(count.value) if count is not None and count.known else None for count in mine)
        sources = tuple(count_source(count) for count in known)
        rows.append(
            Row(
                technique_or_other(entry),
                (*cells, whole(in_cases.get(entry, 0))),
                values,
                (*sources, Source(SourceKind.QUERY, "bavn centre cases")),
            )
        )
    names = tuple(_short(first) for first, _ in spans)
    sentence = Text(
        "A map of heat over {spans} spans of {days} days, with a row for each of {rows} techniques"
        " that stand clear of noise in one of them or are named in a confirmed case.",
        spans=len(spans),
        days=spans[0][1] - spans[0][0] + 1,
        rows=len(rows),
    )
    return Figure(
        id="heat",
        title=Text("Suspected own machines by technique"),
        said=Sentence(sentence, (count_query(facts),)),
        drawn=Drawn.HEAT if any(value is not None for row in rows for value in row.values) else Drawn.TABLE,
        columns=(Text("Technique (ATT&CK)"), *names, Text("Cases")),
        rows=tuple(rows),
        names=names,
        unit=Text("machine-days, with noise"),
    )


def _cell(count: CountFact) -> Text:
    return whole(count.value) if count.known else NOT_KNOWN


def _short(first_day: int) -> Text:
    said = day_of(first_day)
    en, da = (" ".join(part[:3] for part in said.say(one).split()[:2]) for one in ("en", "da"))
    return Text.written(en, da=da)
