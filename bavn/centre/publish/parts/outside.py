"""What came from outside the sector: who proposed how much, and what of it was met here; questions that were asked."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.wording import plain, whole
from bavn.model.sector.partner import PARTNER_KINDS
from bavn.model.text import Text

_SHOWN_BY = (Source(SourceKind.QUERY, "bavn centre source show"),)


def outside(facts: DocumentFacts) -> Section:
    """Proposals by kind of party; a region of the world is known of none of them."""
    title = Text("From partners and sources")
    total, met = sum(one.proposed for one in facts.outside), sum(one.met for one in facts.outside)
    counted_words = Text.counted("{count:,} observable", "{count:,} observables", total)
    blocks: list[Block] = [
        Sentence(
            Text(
                "{said} new to the centre were proposed from outside; {met} of them were met in the sector.",
                said=counted_words,
                met=whole(met),
            ),
            _SHOWN_BY,
        )
    ]
    if facts.outside:
        blocks.append(_figure(facts))
    blocks += [
        Sentence(
            Text(
                "Abroad is told apart by the kind of party that speaks; by region of the world no figure is collected."
            ),
            (Source(SourceKind.QUERY, "bavn centre partner show"),),
        ),
        _questions(facts),
    ]
    return Section(id="outside", title=title, blocks=tuple(blocks))


def _figure(facts: DocumentFacts) -> Figure:
    rows = tuple(
        Row(
            PARTNER_KINDS.get(row.kind, plain(row.kind)),
            (whole(row.parties), whole(row.proposed), whole(row.met)),
            (float(row.proposed), float(row.met)),
            _SHOWN_BY,
        )
        for row in facts.outside
    )
    words = Text.joined("; ", [Text.shaped("{label} {cell}", label=row.label, cell=row.cells[1]) for row in rows])
    return Figure(
        id="outside-by-kind",
        title=Text("Proposed, by who speaks"),
        said=Sentence(Text("Proposed: {words}.", words=words), _SHOWN_BY),
        drawn=Drawn.TABLE,
        columns=(
            Text("Kind of party"),
            Text("Parties"),
            Text("Proposed"),
            Text("Met here"),
        ),
        rows=rows,
        names=(Text("proposed"), Text("met here")),
    )


def _questions(facts: DocumentFacts) -> Sentence:
    mine = [question for question in facts.questions if facts.period.holds(question.asked_us)]
    counted_words = Text.counted("{count:,} question", "{count:,} questions", len(mine))
    to, answered = sum(question.to for question in mine), sum(question.answered for question in mine)
    met = sum(question.met > 0 for question in mine)
    return Sentence(
        Text(
            "{said} put to the sector; {answered} of {to} askings were answered, and {met} met something.",
            said=counted_words,
            answered=whole(answered),
            to=whole(to),
            met=whole(met),
        ),
        (Source(SourceKind.QUERY, "bavn centre questions"),),
    )
