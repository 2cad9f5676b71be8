"""What came from outside the sector: who proposed how much, and what of it was met here; questions that were asked."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.wording import OBSERVABLES, QUESTIONS, counted, plain, whole
from bavn.model.sector.partner import PARTNER_KINDS
from bavn.model.text import Text

_USEFULNESS = (Source(SourceKind.QUERY, "bavn centre source usefulness"),)


def outside(facts: DocumentFacts) -> Section:
    """Proposals by kind of party; a region of the world is known of none of them."""
    title = Text("From partners and sources", "Fra partnere og kilder")
    total, met = sum(one.proposed for one in facts.outside), sum(one.met for one in facts.outside)
    said = counted(total, OBSERVABLES)
    blocks: list[Block] = [
        Sentence(
            Text(
                f"{said.en} new to the centre were proposed from outside; {whole(met).en} of them were met in the"
                " sector.",
                f"{said.da}, nye for centralen, blev foreslået udefra; {whole(met).da} af dem blev mødt i sektoren.",
            ),
            _USEFULNESS,
        )
    ]
    if facts.outside:
        blocks.append(_figure(facts))
    blocks += [
        Sentence(
            Text(
                "Abroad is told apart by the kind of party that speaks; by region of the world no figure is collected.",
                "Udlandet skelnes efter, hvilken slags part der taler; tal efter verdensdel indsamles ikke.",
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
    words = "; ".join(f"{row.label.en} {row.cells[1].en}" for row in rows)
    ord_ = "; ".join(f"{row.label.da} {row.cells[1].da}" for row in rows)
    return Figure(
        id="outside-by-kind",
        title=Text("Proposed, by who speaks", "Foreslået, efter hvem der taler"),
        said=Sentence(Text(f"Proposed: {words}.", f"Foreslået: {ord_}."), _USEFULNESS),
        drawn=Drawn.TABLE,
        columns=(
            Text("Kind of party", "Slags part"),
            Text("Parties", "Parter"),
            Text("Proposed", "Foreslået"),
            Text("Met here", "Mødt her"),
        ),
        rows=rows,
        names=(Text("proposed", "foreslået"), Text("met here", "mødt her")),
    )


def _questions(facts: DocumentFacts) -> Sentence:
    mine = [one for one in facts.questions if facts.period.holds(one.asked_us)]
    said = counted(len(mine), QUESTIONS)
    to, answered = sum(one.to for one in mine), sum(one.answered for one in mine)
    met = sum(one.met > 0 for one in mine)
    return Sentence(
        Text(
            f"{said.en} put to the sector; {whole(answered).en} of {whole(to).en} askings were answered, and"
            f" {whole(met).en} met something.",
            f"{said.da} stillet til sektoren; {whole(answered).da} af {whole(to).da} henvendelser blev besvaret, og"
            f" {whole(met).da} gav fund.",
        ),
        (Source(SourceKind.QUERY, "bavn centre questions"),),
    )
