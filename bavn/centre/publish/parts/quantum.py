"""The move to post-quantum encryption: the Union's milestones. Refuses to say a figure that nobody told."""

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence, Source, SourceKind
from bavn.centre.publish.facts import DocumentFacts
from bavn.centre.publish.wording import plain
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.text import Text

_ROADMAP = Source(
    SourceKind.REFERENCE,
    "NIS Cooperation Group: A Coordinated Implementation Roadmap for the Transition to "
    "Post-Quantum Cryptography, June 2025",
)
MILESTONES = (
    (2026, Text("first steps taken, and a national plan begun", "de første skridt taget og en national plan begyndt")),
    (2030, Text("high-risk uses moved", "anvendelser med høj risiko omlagt")),
    (2035, Text("as much as is feasible moved", "så meget som muligt omlagt")),
)
"""By the end of each year."""


def quantum(facts: DocumentFacts) -> Section:
    """What is left to each milestone, and that no figure of the sector's is collected."""
    today = facts.now_us // DAY_US
    rows = []
    for year, words in MILESTONES:
        left = (_year_end(year) - today) // 365
        word = Text(f"in about {left} years", f"om cirka {left} år") if left > 1 else _soon(year, today)
        rows.append(Row(plain(str(year)), (words, word), (), (_ROADMAP,)))
    said = Text("The table has the Union's three milestones.", "Tabellen har Unionens tre milepæle.")
    figure = Figure(
        id="milestones",
        title=Text("Milestones of the Union", "Unionens milepæle"),
        drawn=Drawn.TABLE,
        said=Sentence(said, (_ROADMAP,)),
        columns=(Text("By the end of", "Inden udgangen af"), Text("What", "Hvad"), Text("Left", "Tilbage")),
        rows=tuple(rows),
    )
    none = Sentence(
        Text(
            "How much of the sector's encryption withstands a quantum computer is not collected: each actor has its own"
            " map, and no message carries it to the centre.",
            "Hvor meget af sektorens kryptering der modstår en kvantecomputer, indsamles ikke: hver aktør har sit eget"
            " kort, og ingen besked bærer det til centralen.",
        ),
        (Source(SourceKind.REFERENCE, "docs/assets.md"), Source(SourceKind.REFERENCE, "docs/messages.md")),
    )
    return Section(
        id="quantum", title=Text("Post-quantum encryption", "Kvantesikker kryptering"), blocks=(none, figure)
    )


def _soon(year: int, today: int) -> Text:
    if today > _year_end(year):
        return Text("past", "passeret")
    return Text("within two years", "inden for to år")


def _year_end(year: int) -> int:
    at = as_datetime(0)
    return (at.replace(year=year + 1) - at).days - 1
