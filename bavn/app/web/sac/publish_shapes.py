"""What the SAC console's publications answer with and are asked: a document block by block, each with its sources.

Refuses to render: pages and PDF are ``app/reports``'s.
"""

from bavn.app.reports.page import KINDS
from bavn.app.web.frame import TextShape, filled
from bavn.app.web.sac.shapes import Shape
from bavn.centre.publish.document import (
    Document,
    Drawn,
    Figure,
    Kind,
    Row,
    Section,
    Sentence,
    Source,
    SourceKind,
)
from bavn.centre.publish.editions import Edition
from bavn.centre.publish.life import LIFE_CYCLE, STATES, EditionAct, EditionState
from bavn.model.intel.indicator import Tlp


class SourceShown(Shape):
    """What a sentence rests on. ``command`` shows it at the centre, where one does."""

    kind: SourceKind
    says: TextShape
    ref: str
    command: str


class RowShown(Shape):
    """A row of a figure: ``cells`` as they are written, ``values`` as they are drawn; ``sources`` by their numbers."""

    label: TextShape
    cells: list[TextShape]
    values: list[float | None]
    sources: list[int]


class FigureShown(Shape):
    """A table and what is drawn of it."""

    id: str
    title: TextShape
    drawn: Drawn
    columns: list[TextShape]
    names: list[TextShape]
    unit: TextShape
    rows: list[RowShown]


class BlockShown(Shape):
    """A sentence, or a figure with its sentence. ``place``: by which an edit names it; ``sources``: their numbers from
    1 in the document's list."""

    place: str
    text: TextShape
    sources: list[int]
    figure: FigureShown | None


class SectionShown(Shape):
    """A heading and what stands under it."""

    id: str
    title: TextShape
    blocks: list[BlockShown]


class DocumentShown(Shape):
    """A whole document. Days are counted from 1970, both included."""

    kind: Kind
    sector: str
    period: str
    first_day: int
    last_day: int
    made_us: int
    tlp: Tlp
    title: TextShape
    sections: list[SectionShown]
    sources: list[SourceShown]


class EditionRow(Shape):
    """A kept document's standing. ``acts``: what the life-cycle allows from here."""

    id: str
    kind: Kind
    period: str
    state: EditionState
    state_said: TextShape
    version: int
    edited_by: str
    approved_by: str
    published_us: int | None
    changed_us: int
    acts: list[EditionAct]

    @classmethod
    def of(cls, edition: Edition) -> "EditionRow":
        acts = [act for state, act in LIFE_CYCLE if state is edition.state]
        return filled(cls, edition, state_said=TextShape.of(STATES[edition.state]), acts=acts)


class VersionShown(Shape):
    """One version: by whom, when, why. ``digest``: 64 hex digits over its text."""

    number: int
    at_us: int
    by: str
    why: str
    digest: str


class EditionWhole(Shape):
    """A kept document as it stands, or an earlier ``version`` of it; its versions, the latest first."""

    row: EditionRow
    version: int
    document: DocumentShown
    versions: list[VersionShown]


def document_shown(document: Document) -> DocumentShown:
    """Block by block; each source once, named by its number."""
    sources = document.all_sources()
    numbers = {source: at for at, source in enumerate(sources, start=1)}
    return filled(
        DocumentShown,
        document,
        title=TextShape.of(document.title),
        sections=[_section(one, numbers) for one in document.sections],
        sources=[filled(SourceShown, one, says=TextShape.of(KINDS[one.kind])) for one in sources],
    )


def _section(section: Section, numbers: dict[Source, int]) -> SectionShown:
    blocks = []
    for at, block in enumerate(section.blocks, start=1):
        sentence, figure = (block, None) if isinstance(block, Sentence) else (block.said, _figure(block, numbers))
        blocks.append(
            BlockShown(
                place=f"{section.id}/{at}",
                text=TextShape.of(sentence.text),
                sources=_numbered(sentence.sources, numbers),
                figure=figure,
            )
        )
    return SectionShown(id=section.id, title=TextShape.of(section.title), blocks=blocks)


def _figure(figure: Figure, numbers: dict[Source, int]) -> FigureShown:
    return filled(
        FigureShown,
        figure,
        title=TextShape.of(figure.title),
        unit=TextShape.of(figure.unit),
        columns=[TextShape.of(one) for one in figure.columns],
        names=[TextShape.of(one) for one in figure.names],
        rows=[_row(one, numbers) for one in figure.rows],
    )


def _row(row: Row, numbers: dict[Source, int]) -> RowShown:
    return RowShown(
        label=TextShape.of(row.label),
        cells=[TextShape.of(one) for one in row.cells],
        values=list(row.values),
        sources=_numbered(row.sources, numbers),
    )


def _numbered(sources: tuple[Source, ...], numbers: dict[Source, int]) -> list[int]:
    return sorted(numbers[one] for one in sources)
