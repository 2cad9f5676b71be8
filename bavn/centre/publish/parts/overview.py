"""The few numbers that a reader takes away."""

from bavn.centre.publish.document import Section, Sentence, Source, SourceKind, sources_of
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.levels import received_share
from bavn.centre.publish.wording import whole
from bavn.model.counted import actors as actors_counted
from bavn.model.counted import cases as cases_counted
from bavn.model.counted import indicators as indicators_counted
from bavn.model.text import Text


def overview(facts: DocumentFacts) -> Section:
    """Cases, leads, indicators, and from how many actors all this comes."""
    confirmed, before = facts.confirmed_in(facts.period), facts.confirmed_in(facts.period.before)
    opened = [case for case in facts.cases if facts.period.holds(case.opened_us)]
    shown = facts.shown(confirmed)
    cases_words, earlier, new = cases_counted(len(confirmed)), whole(len(before)), cases_counted(len(opened))
    sentences = [
        Sentence(
            Text(
                "{said} confirmed in the period, against {earlier} in the period before; {new} opened.",
                said=cases_words,
                earlier=earlier,
                new=new,
            ),
            sources_of(SourceKind.CASE, (case.id for case in shown), "bavn centre cases"),
        )
    ]
    if len(shown) < len(confirmed):
        hidden = cases_counted(len(confirmed) - len(shown))
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
    new = [lead for lead in facts.leads if facts.period.holds(lead.first_us)]
    alive = [lead for lead in new if lead.alive]
    leads_words = Text.counted("{count:,} lead", "{count:,} leads", len(new))
    still = whole(len(alive))
    return Sentence(
        Text(
            "{said} across actors found in the period; {still} still stand. A lead is not confirmed.",
            said=leads_words,
            still=still,
        ),
        sources_of(SourceKind.LEAD, (lead.id for lead in new), "bavn centre leads"),
    )


def _released(facts: DocumentFacts) -> Sentence:
    new = [indicator for indicator in facts.indicators if facts.period.holds(indicator.released_us)]
    live = whole(sum(indicator.live for indicator in facts.indicators))
    said = indicators_counted(len(new))
    return Sentence(
        Text("{said} released to the sector in the period; {live} in force when this was made.", said=said, live=live),
        sources_of(SourceKind.INDICATOR, (indicator.id for indicator in new), "bavn centre indicators"),
    )


def _actors(facts: DocumentFacts) -> Sentence:
    if not facts.took_part:
        return Sentence(
            Text("No actor took part for half of the period: what was not met then was not looked for."),
            (Source(SourceKind.QUERY, "bavn centre members"),),
        )
    actors_words = actors_counted(len(facts.active))
    received_percent = round(100 * received_share(facts))
    return Sentence(
        Text(
            "All of this rests on {said}, of whose nodes {heard} % were heard from within a day.",
            said=actors_words,
            heard=received_percent,
        ),
        (Source(SourceKind.QUERY, "bavn centre members"),),
    )
