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
    (2026, Text("first steps taken, and a national plan begun")),
    (2030, Text("high-risk uses moved")),
    (2035, Text("as much as is feasible moved")),
)
"""By the end of each year."""


def quantum(facts: DocumentFacts) -> Section:
    """What is left to each milestone, and that no figure of the sector's is collected."""
    today = facts.now_us // DAY_US
    rows = []
    for year, words in MILESTONES:
        left = (_year_end(year) - today) // 365
        word = Text("in about {left} years", left=left) if left > 1 else _soon(year, today)
        rows.append(Row(plain(str(year)), (words, word), (), (_ROADMAP,)))
    sentence = Text("The table has the Union's three milestones.")
    figure = Figure(
        id="milestones",
        title=Text("Milestones of the Union"),
        drawn=Drawn.TABLE,
        said=Sentence(sentence, (_ROADMAP,)),
        columns=(Text("By the end of"), Text("What"), Text("Left")),
        rows=tuple(rows),
    )
    none = Sentence(
        Text(
            "How much of the sector's encryption withstands a quantum computer is not collected: each"
            " actor has its own map, and no message carries it to the centre."
        ),
        (Source(SourceKind.REFERENCE, "docs/assets.md"), Source(SourceKind.REFERENCE, "docs/messages.md")),
    )
    return Section(id="quantum", title=Text("Post-quantum encryption"), blocks=(none, figure))


def _soon(year: int, today: int) -> Text:
    if today > _year_end(year):
        return Text("past")
    return Text("within two years")


def _year_end(year: int) -> int:
    at = as_datetime(0)
    return (at.replace(year=year + 1) - at).days - 1
