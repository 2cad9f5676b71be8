"""What the sector can see, and where it is blind: nodes heard of, sensors, critical functions behind no eye."""

from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts, MemberFact
from bavn.centre.publish.parts.behind import COVERAGE, could
from bavn.centre.publish.wording import listed, plain, whole
from bavn.model.counted import actors as actors_counted
from bavn.model.health import away
from bavn.model.sector.coverage import TECHNIQUES
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.tally import technique_words
from bavn.model.text import Text

KINDS = {
    "region": Text("regions"),
    "municipality": Text("municipalities"),
    "supplier": Text("suppliers"),
    "agency": Text("agencies"),
    "clinic": Text("clinics"),
    "it-centre": Text("shared IT centres"),
    "other": Text("others"),
    "other kinds": Text("other kinds together"),
}
_MEMBERS = (Source(SourceKind.QUERY, "bavn centre members"),)


def coverage(facts: DocumentFacts) -> Section:
    """How many of each kind are heard of and see, and what nobody sees."""
    active = facts.active
    title = Text("Coverage and blind spots")
    if not active:
        none = Text("No actor takes part yet: the sector is not seen.")
        return Section(id="coverage", title=title, blocks=(Sentence(none, _MEMBERS),))
    seeing = [one for one in active if _sees(one)]
    actors_words = actors_counted(len(active))
    blocks: list[Block] = [
        Sentence(
            Text(
                "Of {said} {seeing} could see something of what passes now.",
                said=actors_words,
                seeing=whole(len(seeing)),
            ),
            COVERAGE,
        ),
        _figure(facts, active),
    ]
    blocks += [_by_technique(facts, active), _functions(active), _silent(facts, active)]
    return Section(id="coverage", title=title, blocks=tuple(blocks))


def _sees(one: MemberFact) -> bool:
    """As the map of coverage has it: some detector could find something there now."""
    return could((one,)) > 0


def _received(one: MemberFact, facts: DocumentFacts) -> bool:
    return not away(one.health_us, facts.now_us)


def _figure(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Figure:
    rows = []
    for kind in sorted(
        {member.kind for member in active}, key=lambda entry: list(KINDS).index(entry) if entry in KINDS else 99
    ):
        mine = [member for member in active if member.kind == kind]
        sees = sum(_sees(member) for member in mine)
        heard = sum(_received(member, facts) for member in mine)
        cells = (whole(len(mine)), whole(heard), whole(sees))
        values = (float(sees), float(heard - sees), float(len(mine) - heard))
        rows.append(Row(KINDS.get(kind, plain(kind)), cells, values, _MEMBERS))
    words = [Text("{kind} {sees} of {all}", kind=row.label, sees=row.cells[2], all=row.cells[0]) for row in rows]
    return Figure(
        id="coverage-by-kind",
        title=Text("Coverage by kind of actor"),
        drawn=Drawn.BARS,
        said=Sentence(Text("Actors that see: {words}.", words=Text.joined("; ", words)), _MEMBERS),
        columns=(
            Text("Kind"),
            Text("Actors"),
            Text("Heard from"),
            Text("Heard from and able to see"),
        ),
        rows=tuple(rows),
        names=(Text("seeing"), Text("heard, not seeing"), Text("not heard")),
        unit=Text("actors"),
    )


def _by_technique(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Figure:
    """Of each technique that some detector may name: at how many actors it could be seen now."""
    rows = []
    for technique in TECHNIQUES:
        seen = could(facts.active, (technique,))
        cells = (whole(seen), whole(len(active) - seen))
        rows.append(Row(technique_words(technique), cells, (float(seen), float(len(active) - seen)), COVERAGE))
    least = min(rows, key=lambda row: row.values[0] or 0.0)
    return Figure(
        id="coverage-by-technique",
        title=Text("Coverage by technique"),
        drawn=Drawn.BARS,
        said=Sentence(
            Text("Seen at the fewest actors: {label}, at {cells}.", label=least.label, cells=least.cells[0]),
            COVERAGE,
        ),
        columns=(
            Text("Technique"),
            Text("Could be seen at"),
            Text("Blind at"),
        ),
        rows=tuple(rows),
        names=(Text("could be seen"), Text("blind")),
        unit=Text("actors"),
    )


def _functions(active: tuple[MemberFact, ...]) -> Sentence:
    given = {name for one in active for name in one.functions}
    seen = {name for one in active if _sees(one) for name in one.functions}
    blind = [FUNCTIONS[name].words for name in sorted(given - seen) if name in FUNCTIONS]
    nobody = [FUNCTIONS[name].words for name in sorted(set(FUNCTIONS) - given)]
    sentences = []
    if blind:
        sentences.append(Text("Delivered, but seen at no actor: {functions}.", functions=listed(blind)))
    elif given:
        sentences.append(Text("Each critical function that is noted is seen at one actor at least."))
    if nobody:
        sentences.append(Text("Noted at no actor: {functions}.", functions=listed(nobody)))
    return Sentence(Text.joined(" ", sentences), _MEMBERS)


def _silent(facts: DocumentFacts, active: tuple[MemberFact, ...]) -> Sentence:
    silent = sum(not _received(one, facts) for one in active)
    blind = sum(_received(one, facts) and not _sees(one) for one in active)
    return Sentence(
        Text.counted(
            "Blind spots: {count:,} node not heard from for more than a day, {blind} heard from that can see nothing"
            " now.",
            "Blind spots: {count:,} nodes not heard from for more than a day, {blind} heard from that can see nothing"
            " now.",
            silent,
            blind=whole(blind),
        ),
        _MEMBERS,
    )
