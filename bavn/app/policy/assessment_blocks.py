"""What an assessment is written with: sentences and rows, each with the setting, page or article that it rests on."""

from collections.abc import Mapping
from typing import Final

from bavn.centre.publish.document import Drawn, Figure, Row, Sentence, Source, SourceKind
from bavn.model.text import Text

OPEN: Final = Text("to be judged")
SENT_TO: Final[Mapping[str, Text]] = {
    "centre_url": Text("the sector analysis centre"),
    "keyholder_urls": Text("key holders: blinded values that none of them can open, and how many"),
}
"""``[node]``: who is sent anything."""


def setting_source(table: str, name: str) -> Source:
    """The setting that a sentence rests on."""
    file = "policy.toml" if table in ("door", "protect") else "node.toml"
    return Source(SourceKind.FILE, f"{file} [{table}] {name}")


def article(number: str) -> Source:
    """Of the General Data Protection Regulation."""
    return Source(SourceKind.REFERENCE, f"GDPR Art. {number}")


def page(name: str) -> Source:
    """Of Bavn's own documentation."""
    return Source(SourceKind.FILE, f"docs/{name}.md")


def table(name: str, title: Text, caption: Sentence, columns: tuple[Text, ...], rows: list[Row]) -> Figure:
    """A table under its heading, and what is said of it."""
    return Figure(id=name, title=title, said=caption, drawn=Drawn.TABLE, columns=columns, rows=tuple(rows))


def row(label: Text, *cells: Text, of: tuple[Source, ...]) -> Row:
    """A row of a table without figures."""
    return Row(label, cells, (), of)
