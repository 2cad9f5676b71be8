"""Protection given: the sector's clock from report to block, the slowest step, what was met and stopped."""

from itertools import pairwise
from statistics import median
from typing import Final

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence, Source, SourceKind, sources_of
from bavn.centre.publish.facts import DocumentFacts, IndicatorFact
from bavn.centre.publish.wording import INDICATORS, counted, part, span, whole
from bavn.model.moment import MINUTE_US
from bavn.model.text import Text

STEPS: Final = {
    "report": Text("first report", "første melding"),
    "lead": Text("lead", "spor"),
    "confirmed": Text("confirmed", "bekræftet"),
    "released": Text("released", "frigivet"),
    "first_block": Text("first actor protected", "første aktør beskyttet"),
    "last_block": Text("last actor protected", "sidste aktør beskyttet"),
}


def protection(facts: DocumentFacts) -> Section:
    """The clock's medians, and what came of the indicators."""
    mine = tuple(one for one in facts.indicators if facts.period.holds(one.released_us))
    title = Text("Protection given", "Beskyttelse ydet")
    ids = sources_of(SourceKind.INDICATOR, (one.id for one in mine), "bavn centre clock")
    waits = _waits(mine)
    if not waits:
        none = Text(
            "No indicator released in the period has two moments known: there is no clock to show.",
            "Ingen indikator frigivet i perioden har to kendte tidspunkter: der er intet ur at vise.",
        )
        return Section(id="protection", title=title, blocks=(Sentence(none, ids),))
    return Section(
        id="protection",
        title=title,
        blocks=(_slowest(mine, waits, ids), _reached(mine, ids), _met(mine, ids), _figure(waits, ids)),
    )


def _waits(mine: tuple[IndicatorFact, ...]) -> dict[tuple[str, str], list[int]]:
    """(step, next step) -> how long it took, in us, for each indicator where both are known and in order."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in mine:
        known = [(name, at) for name, at in one.steps if name in STEPS and at is not None]
        for (earlier, from_us), (later, to_us) in pairwise(known):
            if to_us >= from_us:
                found.setdefault((earlier, later), []).append(to_us - from_us)
    order = list(STEPS)
    return {pair: found[pair] for pair in sorted(found, key=lambda p: (order.index(p[0]), order.index(p[1])))}


def _slowest(
    mine: tuple[IndicatorFact, ...], waits: dict[tuple[str, str], list[int]], ids: tuple[Source, ...]
) -> Sentence:
    whole_way = [dict(one.steps) for one in mine]
    total = [
        last - first
        for steps in whole_way
        if (first := steps.get("report")) is not None and (last := steps.get("first_block")) is not None
    ]
    (earlier, later), slow = max(waits.items(), key=lambda item: median(item[1]))
    took, number = span(round(median(slow))), whole(len(slow))
    english = (
        f"The slowest step is from {STEPS[earlier].en} to {STEPS[later].en}: {took.en} in the median of {number.en}."
    )
    danish = (
        f"Det langsomste trin er fra {STEPS[earlier].da} til {STEPS[later].da}: {took.da} i medianen af {number.da}."
    )
    if total:
        way = span(round(median(total)))
        english = f"From the first report to the first protected actor it took {way.en} in the median. " + english
        danish = f"Fra første melding til den første beskyttede aktør gik der {way.da} i medianen. " + danish
    return Sentence(Text(english, danish), ids)


def _reached(mine: tuple[IndicatorFact, ...], ids: tuple[Source, ...]) -> Sentence:
    given, enforced = sum(one.given for one in mine), sum(one.enforced for one in mine)
    share = part(100 * enforced / given) if given else Text("0", "0")
    said = counted(len(mine), INDICATORS)
    return Sentence(
        Text(
            f"{said.en}, given {whole(given).en} times to an actor; in force there {whole(enforced).en} times"
            f" ({share.en} %).",
            f"{said.da}, givet {whole(given).da} gange til en aktør; i kraft dér {whole(enforced).da} gange"
            f" ({share.da} %).",
        ),
        ids,
    )


def _met(mine: tuple[IndicatorFact, ...], ids: tuple[Source, ...]) -> Sentence:
    seen, blocked = sum(one.seen for one in mine), sum(one.blocked for one in mine)
    retro = sum(one.retro for one in mine)
    return Sentence(
        Text(
            f"Actors met them live {whole(seen).en} times, stopped them {whole(blocked).en} times, and found them in"
            f" their own history {whole(retro).en} times (one for an indicator and actor).",
            f"Aktører mødte dem live {whole(seen).da} gange, stoppede dem {whole(blocked).da} gange og fandt dem i"
            f" egen historik {whole(retro).da} gange (én pr. indikator og aktør).",
        ),
        ids,
    )


def _figure(waits: dict[tuple[str, str], list[int]], ids: tuple[Source, ...]) -> Figure:
    rows = []
    for (earlier, later), took in waits.items():
        middle, slow = median(took), sorted(took)[min(len(took) - 1, round(0.9 * (len(took) - 1)))]
        label = Text(f"{STEPS[earlier].en} to {STEPS[later].en}", f"{STEPS[earlier].da} til {STEPS[later].da}")
        cells = (span(round(middle)), span(slow), whole(len(took)))
        rows.append(Row(label, cells, (middle / MINUTE_US,), ids))
    words = "; ".join(f"{row.label.en} {row.cells[0].en}" for row in rows)
    ord_ = "; ".join(f"{row.label.da} {row.cells[0].da}" for row in rows)
    return Figure(
        id="clock",
        title=Text("The sector's clock", "Sektorens ur"),
        drawn=Drawn.BARS,
        said=Sentence(Text(f"Medians: {words}.", f"Medianer: {ord_}."), ids),
        columns=(
            Text("Step", "Trin"),
            Text("Median", "Median"),
            Text("Slowest tenth", "Langsomste tiendedel"),
            Text("Indicators", "Indikatorer"),
        ),
        rows=tuple(rows),
        names=(Text("Median", "Median"),),
        unit=Text("minutes", "minutter"),
    )
