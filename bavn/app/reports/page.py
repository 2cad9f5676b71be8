"""A document as one accessible HTML page: no script, no request to anybody, each sentence with links to its sources.

Refuses to fetch anything, and to show a text unescaped.
"""

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bavn.app.reports.charts import drawn
from bavn.app.reports.missing import reports_needed
from bavn.centre.publish.document import Document, Figure, Sentence, Source, SourceKind
from bavn.centre.publish.life import STATES, EditionState
from bavn.centre.publish.wording import day_of
from bavn.model.spans import day
from bavn.model.text import Language, Text

TEMPLATES: Final = Path(__file__).with_name("templates")
KINDS: Final = {
    SourceKind.CASE: Text("case"),
    SourceKind.LEAD: Text("lead"),
    SourceKind.INDICATOR: Text("indicator"),
    SourceKind.COUNT: Text("noisy count"),
    SourceKind.QUERY: Text("query"),
    SourceKind.PERSON: Text("judged by"),
    SourceKind.FILE: Text("file"),
    SourceKind.REFERENCE: Text("publication"),
}
_NUMBER: Final = re.compile(r"-|[0-9][0-9.,]*(-[0-9][0-9.,]*)?( (s|min|min\.|hours|timer|days|døgn))?")
WORDS: Final = {
    "contents": Text("Contents"),
    "sources": Text("Sources"),
    "source": Text("Source"),
    "sources_about": Text(
        "Every sentence, row and picture above rests on one or more of these. A case, lead, indicator"
        " or query is shown by the command beside it."
    ),
    "shown_by": Text("shown by"),
    "skip": Text("Skip to the content"),
    "period": Text("Period"),
    "data_of": Text("Data of"),
    "state": Text("State"),
    "approved": Text("approved by"),
    "version": Text("version"),
    "marking": Text("Marking"),
    "to": Text("to"),
    "of": Text("of"),
    "page": Text("Page"),
}


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """How a document stands when it is shown. ``version`` 0: it is kept nowhere."""

    state: EditionState = EditionState.DRAFT
    version: int = 0
    approved_by: str = ""


def page(document: Document, language: Language, standing: DocumentStatus) -> str:
    """The whole page. The same document is the same text. Stop, where a library is missing."""
    with reports_needed():
        import jinja2
    numbers = {source: at for at, source in enumerate(document.all_sources(), start=1)}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("document.html.j2").render(
        language=language,
        document=document,
        title=document.title.say(language),
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        words={name: text.say(language) for name, text in WORDS.items()},
        sections=[
            _section(section.id, section.title, section.blocks, language, numbers) for section in document.sections
        ],
        sources=[_source(source, number, language) for source, number in numbers.items()],
        period=(day_of(document.first_day).say(language), day_of(document.last_day).say(language)),
        data_of=day(document.made_us).say(language),
        state=STATES[standing.state].say(language),
        standing=standing,
        draft=standing.state in (EditionState.DRAFT, EditionState.EDITED),
        withdrawn=standing.state is EditionState.WITHDRAWN,
    )
    return html + "\n"


def links(document: Document, language: Language) -> dict[str, str]:
    """What each link of the page leads to, in words."""
    sources = enumerate(document.all_sources(), start=1)
    made = {f"s{at}": f"{WORDS['source'].say(language)} {at}: {one.ref}" for at, one in sources}
    made |= {section.id: section.title.say(language) for section in document.sections}
    return made | {"sources": WORDS["sources"].say(language), "content": WORDS["skip"].say(language)}


def _section(
    name: str, title: Text, blocks: tuple[Sentence | Figure, ...], language: Language, numbers: dict[Source, int]
) -> dict[str, Any]:
    return {
        "id": name,
        "title": title.say(language),
        "blocks": [
            _sentence(one, language, numbers) if isinstance(one, Sentence) else _figure(one, language, numbers)
            for one in blocks
        ],
    }


def _sentence(sentence: Sentence, language: Language, numbers: dict[Source, int]) -> dict[str, Any]:
    return {"text": sentence.text.say(language), "sources": _numbers(sentence.sources, numbers)}


def _figure(figure: Figure, language: Language, numbers: dict[Source, int]) -> dict[str, Any]:
    svg = drawn(figure, language)
    return {
        "id": figure.id,
        "title": figure.title.say(language),
        "said": _sentence(figure.said, language, numbers),
        "picture": None if svg is None else "data:image/svg+xml;base64," + base64.b64encode(svg).decode(),
        "columns": [column.say(language) for column in figure.columns],
        "wide": len(figure.columns) > 7,
        "numeric": [_numeric(figure, at, language) for at in range(len(figure.columns) - 1)],
        "rows": [
            {
                "label": row.label.say(language),
                "cells": [cell.say(language) for cell in row.cells],
                "sources": _numbers(row.sources, numbers),
            }
            for row in figure.rows
        ],
    }


def _numeric(figure: Figure, at: int, language: Language) -> bool:
    """Whether a column is set flush right."""
    cells = [row.cells[at].say(language) for row in figure.rows]
    return bool(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)


def _numbers(sources: tuple[Source, ...], numbers: dict[Source, int]) -> list[tuple[int, int]]:
    """Runs of numbers, (first, last)."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers[source] for source in sources):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _source(source: Source, number: int, language: Language) -> dict[str, Any]:
    command = source.command
    return {
        "number": number,
        "kind": KINDS[source.kind].say(language),
        "ref": source.ref,
        "command": "" if source.kind is SourceKind.QUERY else command,
        "code": source.kind is SourceKind.QUERY,
    }
