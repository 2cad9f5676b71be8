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
                "{said} confirmed in the period, against {earlier} in the period before; {new} opened.",
                said=said,
                earlier=earlier,
                new=new,
            ),
            sources_of(SourceKind.CASE, (one.id for one in shown), "bavn centre cases"),
        )
    ]
    if len(shown) < len(confirmed):
        hidden = counted(len(confirmed) - len(shown), CASES)
        sentences.append(
            Sentence(
                Text(
                    "{hidden} among them marked stricter than {tlp}: counted here and told of nowhere.",
                    hidden=hidden,
                    tlp=facts.tlp,
                ),
                (Source(SourceKind.QUERY, "bavn centre cases"),),
            )
        )
    return Section(
        id="overview",
        title=Text.in_context("centre publish parts overview", "In short"),
        blocks=(*sentences, _leads(facts), _released(facts), _actors(facts)),
    )


def _leads(facts: DocumentFacts) -> Sentence:
    new = [one for one in facts.leads if facts.period.holds(one.first_us)]
    alive = [one for one in new if one.alive]
    said = counted(len(new), LEADS)
    still = whole(len(alive))
    return Sentence(
        Text(
            "{said} across actors found in the period; {still} still stand. A lead is not confirmed.",
            said=said,
            still=still,
        ),
        sources_of(SourceKind.LEAD, (one.id for one in new), "bavn centre leads"),
    )


def _released(facts: DocumentFacts) -> Sentence:
    new = [one for one in facts.indicators if facts.period.holds(one.released_us)]
    live = whole(sum(one.live for one in facts.indicators))
    said = counted(len(new), INDICATORS)
    return Sentence(
        Text("{said} released to the sector in the period; {live} in force when this was made.", said=said, live=live),
        sources_of(SourceKind.INDICATOR, (one.id for one in new), "bavn centre indicators"),
    )


def _actors(facts: DocumentFacts) -> Sentence:
    said = counted(len(facts.active), ACTORS)
    heard = round(100 * received_share(facts))
    return Sentence(
        Text(
            "All of this rests on {said}, of whose nodes {heard} % were heard from within a day.",
            said=said,
            heard=heard,
        ),
        (Source(SourceKind.QUERY, "bavn centre members"),),
    )
