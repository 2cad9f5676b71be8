"""Weaknesses known to be exploited: the operator's catalogue against what people wrote in the sector's cases."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import Catalogue, DocumentFacts, Weakness
from bavn.centre.publish.wording import plain, whole
from bavn.model.moment import iso
from bavn.model.text import Text

SHOWN_MAX = 15
YES, NO = Text("yes"), Text("no")


def weaknesses(facts: DocumentFacts) -> Section:
    """What of the catalogue the sector's cases name, and what was added in the period; or that there is none."""
    title = Text("Exploited weaknesses")
    if facts.catalogue is None:
        none = Text("No catalogue of exploited weaknesses was given: nothing is said of them ([publish] kev_file).")
        source = Source(SourceKind.QUERY, "bavn centre picture --kev FILE")
        return Section(id="weaknesses", title=title, blocks=(Sentence(none, (source,)),))
    return Section(id="weaknesses", title=title, blocks=tuple(_blocks(facts, facts.catalogue)))


def _blocks(facts: DocumentFacts, catalogue: Catalogue) -> list[Block]:
    file = Source(SourceKind.FILE, catalogue.ref)
    first, last = iso(facts.period.first_us)[:10], iso(facts.period.end_us - 1)[:10]
    added = [entry for entry in catalogue.entries if first <= entry.added <= last]
    shown = facts.shown([fact for fact in facts.cases if facts.period.holds(fact.opened_us)])
    known = {entry.cve for entry in catalogue.entries}
    named: dict[str, list[str]] = {}
    for case in shown:
        for cve in case.weaknesses:
            named.setdefault(cve, []).append(case.id)
    listed = {cve: ids for cve, ids in sorted(named.items()) if cve in known}
    cases = tuple(
        Source(SourceKind.CASE, case_id) for case_id in sorted({i for ids in named.values() for i in ids})[:50]
    )
    blocks: list[Block] = [
        Sentence(
            Text.counted(
                "{count:,} weakness was added to the catalogue in the period, {ransom} of them known to be"
                " used for ransomware.",
                "{count:,} weaknesses were added to the catalogue in the period, {ransom} of them known to be"
                " used for ransomware.",
                len(added),
                ransom=_ransom(added),
            ),
            (file,),
        ),
        Sentence(
            Text.counted(
                "The sector's cases of the period name {count:,} weakness, {listed} of them in the catalogue.",
                "The sector's cases of the period name {count:,} weaknesses, {listed} of them in the catalogue.",
                len(named),
                listed=len(listed),
            ),
            (*cases, file, Source(SourceKind.QUERY, "bavn centre cases")),
        ),
    ]
    first_shown = sorted(
        added, key=lambda entry: (entry.cve not in listed, not entry.ransomware, entry.added, entry.cve)
    )
    chosen = [entry for entry in catalogue.entries if entry.cve in listed and entry not in added] + first_shown
    rows = []
    for entry in chosen[:SHOWN_MAX]:
        ids = listed.get(entry.cve, [])
        cells = (plain(entry.product), plain(entry.added), YES if entry.ransomware else NO, whole(len(ids)))
        rows.append(Row(plain(entry.cve), cells, (), (file, *(Source(SourceKind.CASE, i) for i in ids[:50]))))
    if rows:
        blocks.append(_figure(rows, len(chosen), file))
    return blocks


def _ransom(added: list[Weakness]) -> str:
    return whole(sum(one.ransomware for one in added)).en


def _figure(rows: list[Row], of: int, file: Source) -> Figure:
    sentence = Text(
        "The table shows {rows} of {of} weaknesses: those that cases name first, then those used for ransomware.",
        rows=len(rows),
        of=of,
    )
    return Figure(
        id="weakness-table",
        title=Text("Weaknesses to mend first"),
        drawn=Drawn.TABLE,
        said=Sentence(sentence, (file,)),
        columns=(
            Text("Weakness"),
            Text("Product"),
            Text("Added"),
            Text("Ransomware"),
            Text("Cases here"),
        ),
        rows=tuple(rows),
    )
