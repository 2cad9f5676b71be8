"""The few numbers that a reader takes away."""

from bavn.centre.publish.document import Section, Sentence, Source, SourceKind, sources_of
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.levels import received_share
from bavn.centre.publish.wording import ACTORS, CASES, INDICATORS, LEADS, counted, whole
from bavn.model.text import Text


def overview(facts: DocumentFacts) -> Section:
    """Cases, leads, indicators, and from how many actors all this comes."""
    confirmed, before = facts.confirmed_in(facts.period), facts.confirmed_in(facts.period.before)
    opened = [one for one in facts.cases if facts.period.holds(one.opened_us)]
    shown = facts.shown(confirmed)
    said, earlier, new = counted(len(confirmed), CASES), whole(len(before)), counted(len(opened), CASES)
    sentences = [
        Sentence(
            Text(
                f"{said.en} confirmed in the period, against {earlier.en} in the period before; {new.en} opened.",
                f"{said.da} bekræftet i perioden mod {earlier.da} i perioden før; {new.da} åbnet.",
            ),
            sources_of(SourceKind.CASE, (one.id for one in shown), "bavn centre cases"),
        )
    ]
    if len(shown) < len(confirmed):
        hidden = counted(len(confirmed) - len(shown), CASES)
        sentences.append(
            Sentence(
                Text(
                    f"{hidden.en} among them marked stricter than {facts.tlp}: counted here and told of nowhere.",
                    f"{hidden.da} af dem er mærket strengere end {facts.tlp}: talt med her og ellers ikke omtalt.",
                ),
                (Source(SourceKind.QUERY, "bavn centre cases"),),
            )
        )
    return Section(
        id="overview",
        title=Text("In short", "Kort fortalt"),
        blocks=(*sentences, _leads(facts), _released(facts), _actors(facts)),
    )


def _leads(facts: DocumentFacts) -> Sentence:
    new = [one for one in facts.leads if facts.period.holds(one.first_us)]
    alive = [one for one in new if one.alive]
    said = counted(len(new), LEADS)
    still = whole(len(alive))
    return Sentence(
        Text(
            f"{said.en} across actors found in the period; {still.en} still stand. A lead is not confirmed.",
            f"{said.da} på tværs af aktører fundet i perioden; {still.da} står endnu. Et spor er ikke bekræftet.",
        ),
        sources_of(SourceKind.LEAD, (one.id for one in new), "bavn centre leads"),
    )


def _released(facts: DocumentFacts) -> Sentence:
    new = [one for one in facts.indicators if facts.period.holds(one.released_us)]
    live = whole(sum(one.live for one in facts.indicators))
    said = counted(len(new), INDICATORS)
    return Sentence(
        Text(
            f"{said.en} released to the sector in the period; {live.en} in force when this was made.",
            f"{said.da} frigivet til sektoren i perioden; {live.da} i kraft, da dette blev lavet.",
        ),
        sources_of(SourceKind.INDICATOR, (one.id for one in new), "bavn centre indicators"),
    )


def _actors(facts: DocumentFacts) -> Sentence:
    said = counted(len(facts.active), ACTORS)
    heard = round(100 * received_share(facts))
    return Sentence(
        Text(
            f"All of this rests on {said.en}, of whose nodes {heard} % were heard of within a day.",
            f"Alt dette hviler på {said.da}, af hvis noder {heard} % er hørt inden for et døgn.",
        ),
        (Source(SourceKind.QUERY, "bavn centre members"),),
    )
