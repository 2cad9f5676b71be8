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
from bavn.centre.publish.parts.techniques import count_source
from bavn.centre.publish.parts.threats import level_words, sources
from bavn.centre.publish.threat import THREATS, Level
from bavn.model.sector.tally import technique_entry, technique_words
from bavn.model.text import Text

WEATHER: Final = {
    None: Text("fog (too little is known)"),
    Level.NONE: Text("clear"),
    Level.LOW: Text("mostly clear"),
    Level.MEDIUM: Text("showers"),
    Level.HIGH: Text("strong wind"),
    Level.VERY_HIGH: Text("storm"),
}
COMING: Final = {
    Trend.RISING: Text("freshening"),
    Trend.STEADY: Text("unchanged"),
    Trend.FALLING: Text("easing"),
    None: Text("not known"),
}
MITIGATIONS: Final = {
    "T1003": ("M1043", Text("protect credentials in memory")),
    "T1021": ("M1035", Text("limit remote access")),
    "T1046": ("M1030", Text("divide the network")),
    "T1048": ("M1037", Text("filter what leaves the network")),
    "T1053": ("M1026", Text("keep privileged accounts few")),
    "T1071": ("M1031", Text("let known command channels be stopped")),
    "T1110": ("M1032", Text("ask for a second factor")),
    "T1133": ("M1032", Text("ask for a second factor from outside")),
    "T1189": ("M1051", Text("keep browsers up to date")),
    "T1190": ("M1051", Text("mend exposed services first")),
    "T1210": ("M1051", Text("mend inner services too")),
    "T1498": ("M1037", Text("agree on filtering with the provider")),
    "T1566": ("M1017", Text("train people, and make reporting easy")),
    "T1568": ("M1021", Text("restrict names that nobody knows")),
    "T1570": ("M1037", Text("filter between own machines")),
    "T1595": ("M1056", Text("show less to the outside")),
}
"""What ATT&CK names against a technique, and in our words."""
ADVICE_MAX: Final = 5


def outlook(facts: DocumentFacts) -> Section:
    """A figure of weather, then what to do first."""
    found = proposals(facts)
    blocks: list[Block] = [_figure(found), behind(facts), *_advice(facts)]
    return Section(id="outlook", title=Text("Outlook for the next quarter"), blocks=tuple(blocks))


def _figure(proposals: tuple[Proposed, ...]) -> Figure:
    rows = []
    for proposed in proposals:
        low, high = proposed.expected
        known = proposed.change is not None
        span = Text.plain(f"{low}-{high}") if known else COMING[None]
        cells = (level_words(proposed.stands), WEATHER[proposed.stands], COMING[proposed.change], span)
        rows.append(Row(THREATS[proposed.threat], cells, (), sources(proposed)))
    words = _words(rows)
    sentence = Text(
        "Outlook. {words}. Cases to come are those that the period's rate would bring if it stayed (80 %).",
        words=Text.joined("; ", words),
    )
    return Figure(
        id="weather",
        title=Text("Cyber weather"),
        drawn=Drawn.TABLE,
        said=Sentence(sentence, tuple(dict.fromkeys(source for row in rows for source in row.sources))[:60]),
        columns=(
            Text("Type of threat"),
            Text("Level"),
            Text("Weather"),
            Text("Coming"),
            Text("Confirmed cases to come"),
        ),
        rows=tuple(rows),
    )


def _words(rows: list[Row]) -> list[Text]:
    """Rows as parts of a sentence, those with the same weather together; what comes is left out where nothing is known
    of it."""
    alike: dict[tuple[Text, Text], list[Text]] = {}
    for row in rows:
        alike.setdefault((row.cells[1], row.cells[2]), []).append(row.label)
    return [
        Text.shaped("{label}: {sky}", label=Text.joined(", ", labels), sky=sky)
        if coming == COMING[None]
        else Text.shaped("{label}: {sky}, {coming}", label=Text.joined(", ", labels), sky=sky, coming=coming)
        for (sky, coming), labels in alike.items()
    ]


def _advice(facts: DocumentFacts) -> list[Sentence]:
    """For the techniques that cases name most, else those that counts show clearest."""
    weight: dict[str, int] = {}
    resting: dict[str, list[Source]] = {}
    for case in facts.confirmed_in(facts.period):
        for entry in sorted({technique_entry(technique) for technique in case.techniques}):
            weight[entry] = weight.get(entry, 0) + 1_000_000
            if facts.shown([case]):
                resting.setdefault(entry, []).append(Source(SourceKind.CASE, case.id))
    for count in facts.counts:
        if count.what == "suspected" and count.kind == "all" and count.known:
            weight[count.entry] = weight.get(count.entry, 0) + min(count.low, 999_999)
            resting.setdefault(count.entry, []).append(count_source(count))
    chosen = sorted((entry for entry in weight if entry in MITIGATIONS), key=lambda entry: (-weight[entry], entry))
    sentences = []
    for entry in chosen[:ADVICE_MAX]:
        number, words = MITIGATIONS[entry]
        named = technique_words(entry)
        sources = (Source(SourceKind.REFERENCE, f"MITRE ATT&CK {number}"), *resting.get(entry, [])[:50])
        sentences.append(
            Sentence(Text("Against {named}: {words} ({number}).", named=named, words=words, number=number), sources)
        )
    return sentences
