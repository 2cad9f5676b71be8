"""A document of which every sentence and every row of figures carries its source; without one it does not build.

Refuses to know how it is shown, and how what it says was found.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bavn.model.intel.indicator import Tlp
from bavn.model.text import Text

REF_CHARS_MAX: Final = 300
SOURCES_MAX: Final = 60
TEXT_CHARS_MAX: Final = 2000
BLOCKS_MAX: Final = 500
ROWS_MAX: Final = 500
SECTIONS_MAX: Final = 40


class Unsourced(ValueError):
    """A sentence or a row of figures names nothing that it rests on. Whoever wrote it must act."""


class Kind(StrEnum):
    """What a document is."""

    PICTURE = "picture"
    FORECAST = "forecast"
    BRIEF = "brief"


class SourceKind(StrEnum):
    """What a sentence may rest on. ``query``: a command that shows it; ``person``: somebody's own judgement."""

    CASE = "case"
    LEAD = "lead"
    INDICATOR = "indicator"
    COUNT = "count"
    QUERY = "query"
    PERSON = "person"
    FILE = "file"
    REFERENCE = "reference"


_SHOWN_BY: Final = {
    SourceKind.CASE: "bavn centre case {}",
    SourceKind.LEAD: "bavn centre leads {}",
    SourceKind.INDICATOR: "bavn centre clock {}",
    SourceKind.QUERY: "{}",
}


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """``ref``: an id, a command, a name, a file's name with its digest, or a publication. ValueError for none."""

    kind: SourceKind
    ref: str

    def __post_init__(self) -> None:
        if not self.ref.strip() or not self.ref.isprintable() or len(self.ref) > REF_CHARS_MAX:
            raise ValueError(
                Text("a source is named by 1 to {ref_chars_max} printable characters", ref_chars_max=REF_CHARS_MAX)
            )

    @property
    def command(self) -> str:
        """The command that shows it, or nothing."""
        return _SHOWN_BY.get(self.kind, "").format(self.ref)


def sources_of(kind: SourceKind, ids: Iterable[str], query: str) -> tuple[Source, ...]:
    """The ids, and the query that finds them: alone where there are too many to name, or none."""
    named = sorted(set(ids))
    asked = Source(SourceKind.QUERY, query)
    return (asked,) if len(named) >= SOURCES_MAX else (*(Source(kind, one) for one in named), asked)


def _sourced(sources: tuple[Source, ...], what: str) -> None:
    if not sources:
        raise Unsourced(f"it has no source: {what[:120]!r}")
    if len(sources) > SOURCES_MAX:
        raise ValueError(Text("more than {sources_max} sources: name the query instead", sources_max=SOURCES_MAX))


def _bounded(text: Text) -> None:
    for said in (text.en, text.da):
        if not said.strip() or len(said) > TEXT_CHARS_MAX or not said.replace("\n", " ").isprintable():
            raise ValueError(
                Text(
                    "a text has 1 to {text_chars_max} printable characters in each language",
                    text_chars_max=TEXT_CHARS_MAX,
                )
            )


def _fixed(value: object, *names: str) -> None:
    """A document is what it said when it was built: its words are fixed then, in English and Danish."""
    for name in names:
        held = getattr(value, name)
        fixed = tuple(map(_as_said, held)) if isinstance(held, tuple) else _as_said(held)
        object.__setattr__(value, name, fixed)


def _as_said(text: Text) -> Text:
    return Text.written(text.en, da=text.da)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, in both languages, and what it rests on. Unsourced without."""

    text: Text
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        _fixed(self, "text")
        _bounded(self.text)
        _sourced(self.sources, self.text.en)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of figures. ``values``: numbers to draw, None for what is not known; ``cells``: what is shown of them."""

    label: Text
    cells: tuple[Text, ...]
    values: tuple[float | None, ...]
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        _fixed(self, "label", "cells")
        _bounded(self.label)
        for cell in self.cells:
            _bounded(cell)
        if any(value is not None and not abs(value) < 1e15 for value in self.values):
            raise ValueError("a figure is a number below 1e15")
        _sourced(self.sources, self.label.en)


class Drawn(StrEnum):
    """How a figure is drawn beside its table: not at all, as bars, as a map of heat, as steps on the scale."""

    TABLE = "table"
    BARS = "bars"
    HEAT = "heat"
    LEVELS = "levels"


NUMBER: Final = Text.in_context("centre publish document", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A table, and a picture of its values with ``said`` as its alternative in words. ``columns``: the first names the
    labels, the others the cells. ``names``: of the values, one each. ``unit`` of the values."""

    id: str
    title: Text
    said: Sentence
    drawn: Drawn
    columns: tuple[Text, ...]
    rows: tuple[Row, ...]
    names: tuple[Text, ...] = ()
    unit: Text = NUMBER

    def __post_init__(self) -> None:
        _fixed(self, "title", "columns", "names", "unit")
        _named(self.id)
        if len(self.rows) > ROWS_MAX:
            raise ValueError(f"a figure has at most {ROWS_MAX} rows")
        for row in self.rows:
            if len(row.cells) + 1 != len(self.columns) or len(row.values) != len(self.names):
                raise ValueError(f"{self.id}: a row has as many cells and values as there are columns and names")


Block = Sentence | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    id: str
    title: Text
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        _fixed(self, "title")
        _named(self.id)
        if len(self.blocks) > BLOCKS_MAX:
            raise ValueError(Text("a section has at most {blocks_max} blocks", blocks_max=BLOCKS_MAX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """``period``: such as 2026-10 or 2026-Q3; ``first_day``, ``last_day``: days since 1970, both included; ``made_us``:
    of when its data is. ``tlp``: nothing in it is marked stricter."""

    kind: Kind
    sector: str
    period: str
    first_day: int
    last_day: int
    made_us: int
    tlp: Tlp
    title: Text
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        _fixed(self, "title")
        ids = [section.id for section in self.sections]
        ids += [one.id for section in self.sections for one in section.blocks if isinstance(one, Figure)]
        if len(set(ids)) != len(ids) or len(self.sections) > SECTIONS_MAX:
            raise ValueError(f"at most {SECTIONS_MAX} sections, and no two sections or figures of one name")

    def sourced(self) -> Iterator[tuple[str, tuple[Source, ...]]]:
        """Everything that is said (in English) with its sources: sentences, figures' words, rows."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Sentence):
                    yield block.text.en, block.sources
                else:
                    yield block.said.text.en, block.said.sources
                    yield from ((row.label.en, row.sources) for row in block.rows)

    def all_sources(self) -> tuple[Source, ...]:
        """Each once, in the order in which they are first named."""
        return tuple(dict.fromkeys(source for _, sources in self.sourced() for source in sources))


def _named(name: str) -> None:
    if not (1 <= len(name) <= 40 and name.isascii() and name.replace("-", "").isalnum() and name[0].isalpha()):
        raise ValueError("a section or figure is named by 1 to 40 of a-z, 0-9 and -")
