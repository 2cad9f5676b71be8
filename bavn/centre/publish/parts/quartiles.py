"""The sector's quartiles as a figure, and one actor's own figures in it where they are asked for.

Refuses to know which actor.
"""

from typing import Final

from bavn.centre.publish.document import Drawn, Figure, Row, Sentence, Source, SourceKind
from bavn.centre.publish.facts import SectorQuartiles
from bavn.centre.publish.measures import MEASURES, STEPS, Measure
from bavn.centre.publish.quartiles import GROUPS_MIN, Quartiles, Values
from bavn.centre.publish.wording import part, plain, whole
from bavn.model.text import Text

NAMES: Final = (
    Text("lower quartile from"),
    Text("lower quartile to"),
    Text("median from"),
    Text("median to"),
    Text("upper quartile from"),
    Text("upper quartile to"),
    Text("your own"),
)
"""Of a row's values: steps of its measure."""
UNKNOWN: Final = Text.in_context("centre publish parts quartiles", "not known")
PLACE: Final = (Text("Lower than you"), Text("Higher than you"))
TOO_FEW: Final = Text("too few")


def sources(sector: SectorQuartiles) -> tuple[Source, ...]:
    """What the sector's side rests on."""
    return (Source(SourceKind.QUERY, f"bavn centre benchmark --month {sector.month}"),)


def about(sector: SectorQuartiles) -> Sentence:
    """What the quartiles are of, and what they cost."""
    groups, cost, year = whole(sector.groups), part(sector.epsilon), part(sector.year_epsilon)
    return Sentence(
        Text(
            "The sector's quartiles of {month} are of {groups} groups of actors (those of one host,"
            " vendor or operator count once), with noise drawn once for the month: epsilon {cost} for one"
            " group and all figures together, {year} in twelve months. Each lies in its interval with"
            " about 90 %. Where too few have a figure (about {groups_min}), nothing is shown of it.",
            month=sector.month,
            groups=groups,
            cost=cost,
            year=year,
            groups_min=GROUPS_MIN,
        ),
        sources(sector),
    )


def figure(sector: SectorQuartiles, own: Values | None) -> Figure:
    """The quartiles of each measure; with ``own``, an actor's values beside them and where they stand."""
    known = {one.measure: one for one in sector.measures}
    rows = tuple(_row(measure, known[measure.id], sector, own) for measure in MEASURES if measure.id in known)
    columns: tuple[Text, ...] = (
        Text("Figure"),
        Text("Lower quartile"),
        Text("Median"),
        Text("Upper quartile"),
    )
    if own is not None:
        columns = (columns[0], Text("You"), *columns[1:], *PLACE)
    at = 1 if own is None else 2
    medians, mine = (
        Text.joined("; ", [Text.shaped("{label}: {cell}", label=row.label, cell=row.cells[i]) for row in rows])
        for i in (at, 0)
    )
    words = Text("Medians. {medians}.", medians=medians)
    if own is not None:
        words = Text("Medians. {medians}. Your own: {own}.", medians=medians, own=mine)
    sentence = Sentence(words, sources(sector))
    return Figure(
        id="quartiles",
        drawn=Drawn.STRIPS,
        said=sentence,
        columns=columns,
        rows=rows,
        title=Text("Quartiles of {month}", month=sector.month),
        names=NAMES if own is not None else NAMES[:-1],
        unit=Text("low to high, in {steps} steps of each figure", steps=STEPS),
    )


def place(measure: Measure, value: float | None, quartiles: Quartiles) -> tuple[Text, Text]:
    """How much of the sector stands in a lower step than this value, and how much in a higher one."""
    clamped = measure.clamped(value)
    if clamped is None or quartiles.within is None:
        return (UNKNOWN, UNKNOWN) if clamped is None else (TOO_FEW, TOO_FEW)
    step = measure.step(clamped)
    up_to = quartiles.lower(step + 1)
    return _percents(*quartiles.lower(step)), _percents(100 - up_to[1], 100 - up_to[0])


def _percents(low: int, high: int) -> Text:
    said = f"{low} %" if low == high else f"{low}-{high} %"
    return plain(said)


def _row(measure: Measure, quartiles: Quartiles, sector: SectorQuartiles, own: Values | None) -> Row:
    cells = (
        [TOO_FEW] * 3
        if quartiles.within is None
        else [measure.between(part.first, part.last) for part in quartiles.within]
    )
    values = (
        [None] * 6
        if quartiles.within is None
        else [float(at) for part in quartiles.within for at in (part.first, part.last)]
    )
    rests = sources(sector)
    if own is not None:
        value = own.get(measure.id)
        clamped = measure.clamped(value)
        cells = [UNKNOWN if value is None else measure.shown(value), *cells, *place(measure, value, quartiles)]
        values = [*values, None if clamped is None else float(measure.step(clamped))]
        rests = (*rests, Source(SourceKind.QUERY, measure.query))
    return Row(measure.says, tuple(cells), tuple(values), rests)
