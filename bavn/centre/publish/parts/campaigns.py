"""Confirmed cases as a reader may know them: when, how wide, which techniques, what was done.

Refuses to name an actor or an observable.
"""

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence, Source, SourceKind, sources_of
from bavn.centre.publish.facts import CaseFact, DocumentFacts
from bavn.centre.publish.levels import threat_of
from bavn.centre.publish.parts.behind import behind
from bavn.centre.publish.threat import THREATS, UNKNOWN
from bavn.centre.publish.wording import plain, whole
from bavn.model.counted import cases as cases_counted
from bavn.model.intel.rsit import TYPES
from bavn.model.moment import iso
from bavn.model.sector.case import CASE_WORDS
from bavn.model.text import Text

SHOWN_MAX = 40


def campaigns(facts: DocumentFacts) -> Section:
    """A table of the period's confirmed cases, the widest first."""
    cases = sorted(facts.shown(facts.confirmed_in(facts.period)), key=lambda case: (-case.actors, case.id))
    cases_words = cases_counted(len(cases))
    wide = sum(case.actors > 1 for case in cases)
    sentence = Sentence(
        Text("{said} that may be told of, {wide} of them at more than one actor.", said=cases_words, wide=whole(wide)),
        sources_of(SourceKind.CASE, (case.id for case in cases), "bavn centre cases"),
    )
    named = sorted({technique for case in cases for technique in case.techniques})
    blocks: list[Sentence | Figure] = [sentence, behind(facts, named)]
    if cases:
        blocks.append(_figure(facts, cases[:SHOWN_MAX], len(cases), sentence))
    return Section(id="campaigns", title=Text("Campaigns"), blocks=tuple(blocks))


def _figure(facts: DocumentFacts, cases: list[CaseFact], of: int, sentence: Sentence) -> Figure:
    released = {one.id: [i for i in facts.indicators if i.case_id == one.id] for one in cases}
    rows = tuple(_row(one, len(released[one.id])) for one in cases)
    left = of - len(cases)
    more = Text.counted(" One more is left out.", " The {count:,} others are left out.", left) if left else None
    text = Text.counted(
        "The table has a row for the one case.{more}",
        "The table has a row for each of {count:,} cases.{more}",
        len(cases),
        more=more or "",
    )
    return Figure(
        id="campaign-table",
        title=Text("Confirmed cases"),
        drawn=Drawn.TABLE,
        said=Sentence(text, sentence.sources),
        columns=(
            Text("Case"),
            Text("Type of threat"),
            Text("Class"),
            Text("First seen"),
            Text("Actors"),
            Text("Techniques"),
            Text("Indicators"),
            Text("State"),
        ),
        rows=rows,
    )


def _row(case: CaseFact, indicators: int) -> Row:
    threat = threat_of(case)
    return Row(
        plain(case.id),
        (
            UNKNOWN if threat is None else THREATS[threat],
            TYPES.get(case.rsit, Text("not chosen")),
            UNKNOWN if case.first_sighting_us is None else plain(iso(case.first_sighting_us)[:10]),
            whole(case.actors),
            plain(", ".join(case.techniques)) if case.techniques else Text("not named"),
            whole(indicators),
            CASE_WORDS[case.state],
        ),
        (),
        (Source(SourceKind.CASE, case.id),),
    )
