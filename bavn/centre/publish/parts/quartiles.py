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
    Text("lower quartile from", "nedre kvartil fra"),
    Text("lower quartile to", "nedre kvartil til"),
    Text("median from", "median fra"),
    Text("median to", "median til"),
    Text("upper quartile from", "øvre kvartil fra"),
    Text("upper quartile to", "øvre kvartil til"),
    Text("your own", "jeres egen"),
)
"""Of a row's values: steps of its measure."""
UNKNOWN: Final = Text("not known", "kendes ikke")
PLACE: Final = (Text("Lower than you", "Lavere end I"), Text("Higher than you", "Højere end I"))
TOO_FEW: Final = Text("too few", "for få")


def sources(sector: SectorQuartiles) -> tuple[Source, ...]:
    """What the sector's side rests on."""
    return (Source(SourceKind.QUERY, f"bavn centre benchmark --month {sector.month}"),)


def about(sector: SectorQuartiles) -> Sentence:
    """What the quartiles are of, and what they cost."""
    groups, cost, year = whole(sector.groups), part(sector.epsilon), part(sector.year_epsilon)
    return Sentence(
        Text(
            f"The sector's quartiles of {sector.month} are of {groups.en} groups of actors (those of one host, vendor"
            f" or operator count once), with noise drawn once for the month: epsilon {cost.en} for one group and all"
            f" figures together, {year.en} in twelve months. Each lies in its interval with about 90 %. Where too few"
            f" have a figure (about {GROUPS_MIN}), nothing is shown of it.",
            f"Sektorens kvartiler for {sector.month} er af {groups.da} grupper af aktører (de, der har samme vært,"
            f" leverandør eller driftsfællesskab, tæller én gang), med støj trukket én gang for måneden: epsilon"
            f" {cost.da} for én gruppe og alle tal tilsammen, {year.da} på tolv måneder. Hver ligger i sit interval med"
            f" omkring 90 %. Hvor for få har et tal (omkring {GROUPS_MIN}), vises intet om det.",
        ),
        sources(sector),
    )


def figure(sector: SectorQuartiles, own: Values | None) -> Figure:
    """The quartiles of each measure; with ``own``, an actor's values beside them and where they stand."""
    known = {one.measure: one for one in sector.measures}
    rows = tuple(_row(measure, known[measure.id], sector, own) for measure in MEASURES if measure.id in known)
    columns: tuple[Text, ...] = (
        Text("Figure", "Tal"),
        Text("Lower quartile", "Nedre kvartil"),
        Text("Median", "Median"),
        Text("Upper quartile", "Øvre kvartil"),
    )
    if own is not None:
        columns = (columns[0], Text("You", "I"), *columns[1:], *PLACE)
    at = 1 if own is None else 2
    english = "; ".join(f"{row.label.en}: {row.cells[at].en}" for row in rows)
    danish = "; ".join(f"{row.label.da}: {row.cells[at].da}" for row in rows)
    if own is not None:
        english += ". Your own: " + "; ".join(f"{row.label.en}: {row.cells[0].en}" for row in rows)
        danish += ". Jeres egne: " + "; ".join(f"{row.label.da}: {row.cells[0].da}" for row in rows)
    said = Sentence(Text(f"Medians. {english}.", f"Medianer. {danish}."), sources(sector))
    return Figure(
        id="quartiles",
        drawn=Drawn.STRIPS,
        said=said,
        columns=columns,
        rows=rows,
        title=Text(f"Quartiles of {sector.month}", f"Kvartiler for {sector.month}"),
        names=NAMES if own is not None else NAMES[:-1],
        unit=Text(f"low to high, in {STEPS} steps of each figure", f"lavt til højt, i {STEPS} trin for hvert tal"),
    )


def place(measure: Measure, value: float | None, told: Quartiles) -> tuple[Text, Text]:
    """How much of the sector stands in a lower step than this value, and how much in a higher one."""
    clamped = measure.clamped(value)
    if clamped is None or told.within is None:
        return (UNKNOWN, UNKNOWN) if clamped is None else (TOO_FEW, TOO_FEW)
    step = measure.step(clamped)
    up_to = told.lower(step + 1)
    return _percents(*told.lower(step)), _percents(100 - up_to[1], 100 - up_to[0])


def _percents(low: int, high: int) -> Text:
    said = f"{low} %" if low == high else f"{low}-{high} %"
    return plain(said)


def _row(measure: Measure, told: Quartiles, sector: SectorQuartiles, own: Values | None) -> Row:
    cells = [TOO_FEW] * 3 if told.within is None else [measure.between(one.first, one.last) for one in told.within]
    values = [None] * 6 if told.within is None else [float(at) for one in told.within for at in (one.first, one.last)]
    rests = sources(sector)
    if own is not None:
        value = own.get(measure.id)
        clamped = measure.clamped(value)
        cells = [UNKNOWN if value is None else measure.shown(value), *cells, *place(measure, value, told)]
        values = [*values, None if clamped is None else float(measure.step(clamped))]
        rests = (*rests, Source(SourceKind.QUERY, measure.query))
    return Row(measure.says, tuple(cells), tuple(values), rests)
