"""A document as plain text for a terminal: each block with its place, by which it is edited, and its sources."""

from collections.abc import Iterator

from bavn.centre.publish.document import Document, Figure, Source
from bavn.model.text import Language


def lines(document: Document, language: Language, *, sources: bool = False) -> Iterator[str]:
    """``sources``: with what each rests on."""
    yield f"{document.title.say(language)} - {document.sector} - {document.tlp.value}"
    for section in document.sections:
        yield ""
        yield section.title.say(language).upper()
        for number, block in enumerate(section.blocks, start=1):
            place = f"[{section.id}/{number}]"
            if isinstance(block, Figure):
                yield f"{place} {block.title.say(language)}: {block.said.text.say(language)}"
                yield from (f"    {one}" for one in _table(block, language))
                yield from _named(block.said.sources, sources)
            else:
                yield f"{place} {block.text.say(language)}"
                yield from _named(block.sources, sources)


def _table(figure: Figure, language: Language) -> Iterator[str]:
    rows = [[column.say(language) for column in figure.columns]]
    rows += [[row.label.say(language), *(cell.say(language) for cell in row.cells)] for row in figure.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(figure.columns))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _named(sources: tuple[Source, ...], wanted: bool) -> Iterator[str]:
    if wanted:
        yield from (f"      <- {one.kind.value}: {one.ref}" for one in sources)
