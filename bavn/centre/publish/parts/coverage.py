"""What the sector can see, and where it is blind: nodes heard of, sensors, critical functions behind no eye."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts, MemberFact
from bavn.centre.publish.parts.behind import COVERAGE, could
from bavn.centre.publish.parts.campaigns import technique_words
from bavn.centre.publish.wording import ACTORS, counted, listed, plain, whole
from bavn.model.health import away
from bavn.model.sector.coverage import TECHNIQUES
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.text import Text

KINDS = {
    "region": Text("regions", "regioner"),
    "municipality": Text("municipalities", "kommuner"),
    "supplier": Text("suppliers", "leverandører"),
    "agency": Text("agencies", "styrelser"),
    "clinic": Text("clinics", "klinikker"),
    "it-centre": Text("shared IT centres", "fælles it-centre"),
    "other": Text("others", "øvrige"),
    "other kinds": Text("other kinds together", "andre slags samlet"),
}
_MEMBERS = (Source(SourceKind.QUERY, "bavn centre members"),)


def coverage(facts: DocumentFacts) -> Section:
    """How many of each kind are heard of and see, and what nobody sees."""
    active = facts.active
    title = Text("Coverage and blind spots", "Dækning og blinde vinkler")
    if not active:
        none = Text(
            "No actor takes part yet: the sector is not seen.", "Ingen aktør deltager endnu: sektoren ses ikke."
        )
        return Section(id="coverage", title=title, blocks=(Sentence(none, _MEMBERS),))
    seeing = [one for one in active if _sees(one, facts)]
    said = counted(len(active), ACTORS)
    blocks: list[Block] = [
        Sentence(
            Text(
                f"Of {said.en} {whole(len(seeing)).en} were heard of within a day with a sensor that sees what passes.",
                f"Af {said.da} er {whole(len(seeing)).da} hørt inden for et døgn med en sensor, der ser, hvad der"
                " passerer.",
            ),
            _MEMBERS,
        ),
        _figure(facts, active),
    ]
    blocks += [_by_technique(facts, active), _functions(facts, active), _silent(facts, active)]
    return Section(id="coverage", title=title, blocks=tuple(blocks))


def _sees(one: MemberFact, facts: DocumentFacts) -> bool:
    return _heard(one, facts) and one.sensor == "up" and not facts.bounds.lossy(one.loss_permille)


def _heard(one: MemberFact, facts: DocumentFacts) -> bool:
    return not away(one.heard_us, facts.now_us)


def _figure(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Figure:
    rows = []
    for kind in sorted({one.kind for one in active}, key=lambda one: list(KINDS).index(one) if one in KINDS else 99):
        mine = [one for one in active if one.kind == kind]
        sees = sum(_sees(one, facts) for one in mine)
        heard = sum(_heard(one, facts) for one in mine)
        cells = (whole(len(mine)), whole(heard), whole(sees))
        values = (float(sees), float(heard - sees), float(len(mine) - heard))
        rows.append(Row(KINDS.get(kind, plain(kind)), cells, values, _MEMBERS))
    words = "; ".join(f"{row.label.en} {row.cells[2].en} of {row.cells[0].en}" for row in rows)
    ord_ = "; ".join(f"{row.label.da} {row.cells[2].da} af {row.cells[0].da}" for row in rows)
    return Figure(
        id="coverage-by-kind",
        title=Text("Coverage by kind of actor", "Dækning efter slags aktør"),
        drawn=Drawn.BARS,
        said=Sentence(Text(f"Actors that see: {words}.", f"Aktører, der ser: {ord_}."), _MEMBERS),
        columns=(
            Text("Kind", "Slags"),
            Text("Actors", "Aktører"),
            Text("Heard of", "Hørt"),
            Text("Heard of and seeing", "Hørt og seende"),
        ),
        rows=tuple(rows),
        names=(Text("seeing", "ser"), Text("heard, not seeing", "hørt, ser ikke"), Text("not heard", "ikke hørt")),
        unit=Text("actors", "aktører"),
    )


def _by_technique(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Figure:
    """Of each technique that some detector may name: at how many actors it could be seen now."""
    rows = []
    for technique in TECHNIQUES:
        seen = could(facts, (technique,))
        cells = (whole(seen), whole(len(active) - seen))
        rows.append(Row(technique_words(technique), cells, (float(seen), float(len(active) - seen)), COVERAGE))
    least = min(rows, key=lambda row: row.values[0] or 0.0)
    return Figure(
        id="coverage-by-technique",
        title=Text("Coverage by technique", "Dækning efter teknik"),
        drawn=Drawn.BARS,
        said=Sentence(
            Text(
                f"Seen at the fewest actors: {least.label.en}, at {least.cells[0].en}.",
                f"Ses hos færrest aktører: {least.label.da}, hos {least.cells[0].da}.",
            ),
            COVERAGE,
        ),
        columns=(
            Text("Technique", "Teknik"),
            Text("Could be seen at", "Kunne ses hos"),
            Text("Blind at", "Blind hos"),
        ),
        rows=tuple(rows),
        names=(Text("could be seen", "kunne ses"), Text("blind", "blind")),
        unit=Text("actors", "aktører"),
    )


def _functions(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Sentence:
    given = {name for one in active for name in one.functions}
    seen = {name for one in active if _sees(one, facts) for name in one.functions}
    blind = [FUNCTIONS[name].words for name in sorted(given - seen) if name in FUNCTIONS]
    nobody = [FUNCTIONS[name].words for name in sorted(set(FUNCTIONS) - given)]
    english = danish = ""
    if blind:
        english = f"Delivered, but seen at no actor: {listed(blind).en}. "
        danish = f"Leveres, men ses hos ingen aktør: {listed(blind).da}. "
    elif given:
        english = "Each critical function that is noted is seen at one actor at least. "
        danish = "Hver kritisk funktion, der er noteret, ses hos mindst én aktør. "
    if nobody:
        english += f"Noted at no actor: {listed(nobody).en}."
        danish += f"Noteret hos ingen aktør: {listed(nobody).da}."
    return Sentence(Text(english.strip(), danish.strip()), _MEMBERS)


def _silent(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Sentence:
    silent = sum(not _heard(one, facts) for one in active)
    blind = sum(_heard(one, facts) and not _sees(one, facts) for one in active)
    most = f"{facts.bounds.loss_permille_max / 10:g}"
    return Sentence(
        Text(
            f"Blind spots: {whole(silent).en} nodes not heard of for more than a day, {whole(blind).en} without a"
            f" working sensor or losing more than {most} % of what passes.",
            f"Blinde vinkler: {whole(silent).da} noder ikke hørt i over et døgn, {whole(blind).da} uden virkende"
            f" sensor eller med et tab over {most.replace('.', ',')} % af det, der passerer.",
        ),
        _MEMBERS,
    )
