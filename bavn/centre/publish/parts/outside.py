"""What came from outside the sector: who proposed how much, and what of it was met here; questions that were asked."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.wording import OBSERVABLES, QUESTIONS, counted, plain, whole
from bavn.model.sector.partner import PARTNER_KINDS
from bavn.model.text import Text

_USEFULNESS = (Source(SourceKind.QUERY, "bavn centre source usefulness"),)


def outside(facts: DocumentFacts) -> Section:
    """Proposals by kind of party; a region of the world is known of none of them."""
    title = Text("From partners and sources")
    total, met = sum(one.proposed for one in facts.outside), sum(one.met for one in facts.outside)
    said = counted(total, OBSERVABLES)
    blocks: list[Block] = [
        Sentence(
            Text(
                "{said} new to the centre were proposed from outside; {met} of them were met in the sector.",
                said=said,
                met=whole(met),
            ),
            _USEFULNESS,
        )
    ]
    if facts.outside:
        blocks.append(_figure(facts))
    blocks += [
        Sentence(
            Text(
                "Abroad is told apart by the kind of party that speaks; by region of the world no figure is collected."
            ),
            (Source(SourceKind.QUERY, "bavn centre partner list"),),
        ),
        _questions(facts),
    ]
    return Section(id="outside", title=title, blocks=tuple(blocks))


def _figure(facts: DocumentFacts) -> Figure:
    rows = tuple(
        Row(
            PARTNER_KINDS.get(one.kind, plain(one.kind)),
            (whole(one.parties), whole(one.proposed), whole(one.met)),
            (float(one.proposed), float(one.met)),
            _USEFULNESS,
        )
        for one in facts.outside
    )
    words = Text.joined("; ", [Text.shaped("{label} {cell}", label=row.label, cell=row.cells[1]) for row in rows])
    return Figure(
        id="outside-by-kind",
        title=Text("Proposed, by who speaks"),
        said=Sentence(Text("Proposed: {words}.", words=words), _USEFULNESS),
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
    mine = [one for one in facts.questions if facts.period.holds(one.asked_us)]
    said = counted(len(mine), QUESTIONS)
    to, answered = sum(one.to for one in mine), sum(one.answered for one in mine)
    met = sum(one.met > 0 for one in mine)
    return Sentence(
        Text(
            "{said} put to the sector; {answered} of {to} askings were answered, and {met} met something.",
            said=said,
            answered=whole(answered),
            to=whole(to),
            met=whole(met),
        ),
        (Source(SourceKind.QUERY, "bavn centre questions"),),
    )
