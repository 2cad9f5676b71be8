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
    added = [one for one in catalogue.entries if first <= one.added <= last]
    shown = facts.shown([one for one in facts.cases if facts.period.holds(one.opened_us)])
    known = {one.cve for one in catalogue.entries}
    named: dict[str, list[str]] = {}
    for case in shown:
        for cve in case.weaknesses:
            named.setdefault(cve, []).append(case.id)
    listed = {cve: ids for cve, ids in sorted(named.items()) if cve in known}
    cases = tuple(Source(SourceKind.CASE, one) for one in sorted({i for ids in named.values() for i in ids})[:50])
    blocks: list[Block] = [
        Sentence(
            Text(
                "{added} weaknesses were added to the catalogue in the period, {ransom} of them known to be"
                " used for ransomware.",
                added=whole(len(added)),
                ransom=_ransom(added),
            ),
            (file,),
        ),
        Sentence(
            Text(
                "The sector's cases of the period name {named} weaknesses; {listed} stand in the catalogue.",
                named=len(named),
                listed=len(listed),
            ),
            (*cases, file, Source(SourceKind.QUERY, "bavn centre cases")),
        ),
    ]
    first_shown = sorted(added, key=lambda one: (one.cve not in listed, not one.ransomware, one.added, one.cve))
    chosen = [one for one in catalogue.entries if one.cve in listed and one not in added] + first_shown
    rows = []
    for one in chosen[:SHOWN_MAX]:
        ids = listed.get(one.cve, [])
        cells = (plain(one.product), plain(one.added), YES if one.ransomware else NO, whole(len(ids)))
        rows.append(Row(plain(one.cve), cells, (), (file, *(Source(SourceKind.CASE, i) for i in ids[:50]))))
    if rows:
        blocks.append(_figure(rows, len(chosen), file))
    return blocks


def _ransom(added: list[Weakness]) -> str:
    return whole(sum(one.ransomware for one in added)).en


def _figure(rows: list[Row], of: int, file: Source) -> Figure:
    said = Text(
        "The table shows {rows} of {of} weaknesses: those that cases name first, then those used for ransomware.",
        rows=len(rows),
        of=of,
    )
    return Figure(
        id="weakness-table",
        title=Text("Weaknesses to mend first"),
        drawn=Drawn.TABLE,
        said=Sentence(said, (file,)),
        columns=(
            Text("Weakness"),
            Text("Product"),
            Text("Added"),
            Text("Ransomware"),
            Text("Cases here"),
        ),
        rows=tuple(rows),
    )
