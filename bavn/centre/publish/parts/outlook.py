"""The forecast itself: for each sort of threat the weather of the next quarter, and what to do first.

What is said of the future is what the past quarter's rate would bring if it stayed, with its interval. Refuses to know
what somebody plans.
"""

from typing import Final

from bavn.centre.publish.chance import Trend
from bavn.centre.publish.document import Block, Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.levels import Proposed, proposals
from bavn.centre.publish.parts.behind import behind
from bavn.centre.publish.parts.campaigns import technique_words
from bavn.centre.publish.parts.techniques import count_source
from bavn.centre.publish.parts.threats import level_words, sources
from bavn.centre.publish.threat import THREATS, Level
from bavn.model.sector.tally import technique_entry
from bavn.model.text import Text

WEATHER: Final = {
    None: Text("fog: not known", "tåge: ukendt"),
    Level.NONE: Text("clear", "klart"),
    Level.LOW: Text("mostly clear", "mest klart"),
    Level.MEDIUM: Text("showers", "byger"),
    Level.HIGH: Text("strong wind", "hård vind"),
    Level.VERY_HIGH: Text("storm", "storm"),
}
COMING: Final = {
    Trend.RISING: Text("freshening", "opfriskende"),
    Trend.STEADY: Text("unchanged", "uændret"),
    Trend.FALLING: Text("easing", "aftagende"),
    None: Text("not known", "ukendt"),
}
MITIGATIONS: Final = {
    "T1003": ("M1043", Text("protect credentials in memory", "beskyt adgangsoplysninger i hukommelsen")),
    "T1021": ("M1035", Text("limit remote access", "begræns fjernadgang")),
    "T1046": ("M1030", Text("divide the network", "del nettet op")),
    "T1048": ("M1037", Text("filter what leaves the network", "filtrér, hvad der forlader nettet")),
    "T1053": ("M1026", Text("keep privileged accounts few", "hold privilegerede konti få")),
    "T1071": ("M1031", Text("let known command channels be stopped", "lad kendte styrekanaler blive stoppet")),
    "T1110": ("M1032", Text("ask for a second factor", "kræv en anden faktor")),
    "T1133": ("M1032", Text("ask for a second factor from outside", "kræv en anden faktor udefra")),
    "T1189": ("M1051", Text("keep browsers up to date", "hold browsere opdateret")),
    "T1190": ("M1051", Text("mend exposed services first", "luk huller i udstillede tjenester først")),
    "T1210": ("M1051", Text("mend inner services too", "luk også huller i interne tjenester")),
    "T1498": ("M1037", Text("agree on filtering with the provider", "aftal filtrering med udbyderen")),
    "T1566": ("M1017", Text("train people, and make reporting easy", "træn folk, og gør det let at melde")),
    "T1568": ("M1021", Text("restrict names that nobody knows", "begræns navne, som ingen kender")),
    "T1570": ("M1037", Text("filter between own machines", "filtrér mellem egne maskiner")),
    "T1595": ("M1056", Text("show less to the outside", "vis mindre udadtil")),
}
"""What ATT&CK names against a technique, and in our words."""
ADVICE_MAX: Final = 5


def outlook(facts: DocumentFacts) -> Section:
    """A figure of weather, then what to do first."""
    found = proposals(facts)
    blocks: list[Block] = [_figure(found), behind(facts), *_advice(facts)]
    return Section(
        id="outlook", title=Text("Outlook for the next quarter", "Udsigt for næste kvartal"), blocks=tuple(blocks)
    )


def _figure(found: tuple[Proposed, ...]) -> Figure:
    rows = []
    for one in found:
        low, high = one.expected
        known = one.change is not None
        span = Text(f"{low}-{high}", f"{low}-{high}") if known else COMING[None]
        cells = (level_words(one.stands), WEATHER[one.stands], COMING[one.change], span)
        rows.append(Row(THREATS[one.threat], cells, (), sources(one)))
    words = "; ".join(f"{row.label.en} {row.cells[1].en}, {row.cells[2].en}" for row in rows)
    ord_ = "; ".join(f"{row.label.da} {row.cells[1].da}, {row.cells[2].da}" for row in rows)
    said = Text(
        f"Outlook: {words}. Cases to come are those that the period's rate would bring if it stayed (80 %).",
        f"Udsigt: {ord_}. Kommende sager er dem, periodens hyppighed ville give, hvis den holdt (80 %).",
    )
    return Figure(
        id="weather",
        title=Text("Cyber weather", "Cybervejr"),
        drawn=Drawn.TABLE,
        said=Sentence(said, tuple(dict.fromkeys(source for row in rows for source in row.sources))[:60]),
        columns=(
            Text("Sort of threat", "Slags trussel"),
            Text("Level", "Niveau"),
            Text("Weather", "Vejr"),
            Text("Coming", "På vej"),
            Text("Confirmed cases to come", "Bekræftede sager på vej"),
        ),
        rows=tuple(rows),
    )


def _advice(facts: DocumentFacts) -> list[Sentence]:
    """For the techniques that cases name most, else those that counts show clearest."""
    weight: dict[str, int] = {}
    resting: dict[str, list[Source]] = {}
    for case in facts.confirmed_in(facts.period):
        for entry in sorted({technique_entry(one) for one in case.techniques}):
            weight[entry] = weight.get(entry, 0) + 1_000_000
            if facts.shown([case]):
                resting.setdefault(entry, []).append(Source(SourceKind.CASE, case.id))
    for one in facts.counts:
        if one.what == "suspected" and one.kind == "all" and one.low > 0:
            weight[one.entry] = weight.get(one.entry, 0) + min(one.low, 999_999)
            resting.setdefault(one.entry, []).append(count_source(one))
    chosen = sorted((entry for entry in weight if entry in MITIGATIONS), key=lambda entry: (-weight[entry], entry))
    made = []
    for entry in chosen[:ADVICE_MAX]:
        number, words = MITIGATIONS[entry]
        named = technique_words(entry)
        sources = (Source(SourceKind.REFERENCE, f"MITRE ATT&CK {number}"), *resting.get(entry, [])[:50])
        made.append(
            Sentence(
                Text(f"Against {named.en}: {words.en} ({number}).", f"Mod {named.da}: {words.da} ({number})."), sources
            )
        )
    return made
