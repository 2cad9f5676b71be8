"""Protection given: the sector's clock from report to block, the slowest step, what was met and stopped."""

from itertools import pairwise
from statistics import median
from typing import Final

from bavn.centre.publish.document import Drawn, Figure, Row, Section, Sentence, Source, SourceKind, sources_of
from bavn.centre.publish.facts import DocumentFacts, IndicatorFact
from bavn.centre.publish.wording import part, span, whole
from bavn.model.counted import indicators as indicators_counted
from bavn.model.moment import MINUTE_US
from bavn.model.text import Text

STEPS: Final = {
    "report": Text("first report"),
    "lead": Text("lead"),
    "confirmed": Text("confirmed"),
    "released": Text("released"),
    "first_block": Text("first actor protected"),
    "last_block": Text("last actor protected"),
}


def protection(facts: DocumentFacts) -> Section:
    """The clock's medians, and what came of the indicators."""
    mine = tuple(one for one in facts.indicators if facts.period.holds(one.released_us))
    title = Text("Protection given")
    ids = sources_of(SourceKind.INDICATOR, (one.id for one in mine), "bavn centre clock")
    waits = _waits(mine)
    if not waits:
        none = Text("No indicator released in the period has two moments known: there is no clock to show.")
        return Section(id="protection", title=title, blocks=(Sentence(none, ids),))
    return Section(
        id="protection",
        title=title,
        blocks=(_slowest(mine, waits, ids), _reached(mine, ids), _met(mine, ids), _figure(waits, ids)),
    )


def _waits(mine: tuple[IndicatorFact, ...]) -> dict[tuple[str, str], list[int]]:
    """(step, next step) -> how long it took, in us, for each indicator where both are known and in order."""
    waits: dict[tuple[str, str], list[int]] = {}
    for one in mine:
        known = [(name, at) for name, at in one.steps if name in STEPS and at is not None]
        for (earlier, from_us), (later, to_us) in pairwise(known):
            if to_us >= from_us:
                waits.setdefault((earlier, later), []).append(to_us - from_us)
    order = list(STEPS)
    return {pair: waits[pair] for pair in sorted(waits, key=lambda p: (order.index(p[0]), order.index(p[1])))}


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
    sentences = [
        Text(
            "The slowest step is from {earlier} to {later}: {took} in the median of {number}.",
            earlier=STEPS[earlier],
            later=STEPS[later],
            took=took,
            number=number,
        )
    ]
    if total:
        way = span(round(median(total)))
        begun = Text("From the first report to the first protected actor it took {way} in the median.", way=way)
        sentences.insert(0, begun)
    return Sentence(Text.joined(" ", sentences), ids)


def _reached(mine: tuple[IndicatorFact, ...], ids: tuple[Source, ...]) -> Sentence:
    given, enforced = sum(one.given for one in mine), sum(one.enforced for one in mine)
    can = given - sum(one.unblockable + one.watch_only for one in mine)
    reached = Text("{said}, given {given} to an actor.", said=indicators_counted(len(mine)), given=_times(given))
    if can <= 0:
        force = Text("Nowhere can what they name be carried.") if given else Text("None was given yet.")
    elif enforced >= can:
        force = Text("In force at all who can carry it.")
    else:
        force = Text(
            "In force at {enforced} of the {can} where it can be carried ({share} %).",
            enforced=whole(enforced),
            can=whole(can),
            share=part(100 * enforced / can),
        )
    return Sentence(Text.joined(" ", [reached, force, *_uncarried(mine)]), ids)


def _uncarried(mine: tuple[IndicatorFact, ...]) -> list[Text]:
    """Where it cannot come into force, and why."""
    unblockable, watched = sum(one.unblockable for one in mine), sum(one.watch_only for one in mine)
    why = []
    if unblockable:
        why.append(
            Text.counted(
                "{count:,} cannot, because nothing there carries such a thing: it is only looked for",
                "{count:,} cannot, because nothing there carries such a thing: it is only looked for",
                unblockable,
            )
        )
    if watched:
        why.append(
            Text.counted(
                "{count:,} cannot, because it may only be watched and nothing there watches",
                "{count:,} cannot, because it may only be watched and nothing there watches",
                watched,
            )
        )
    return [Text("{why}.", why=Text.joined("; ", why))] if why else []


def _met(mine: tuple[IndicatorFact, ...], ids: tuple[Source, ...]) -> Sentence:
    seen, blocked = sum(one.seen for one in mine), sum(one.blocked for one in mine)
    retro = sum(one.retro for one in mine)
    return Sentence(
        Text(
            "Actors met them live {seen}, stopped them {blocked}, and found them in their own"
            " history {retro} (one for an indicator and actor).",
            seen=_times(seen),
            blocked=_times(blocked),
            retro=_times(retro),
        ),
        ids,
    )


def _figure(waits: dict[tuple[str, str], list[int]], ids: tuple[Source, ...]) -> Figure:
    rows = []
    for (earlier, later), took in waits.items():
        middle, slow = median(took), sorted(took)[min(len(took) - 1, round(0.9 * (len(took) - 1)))]
        label = Text("{steps} to {steps_steps}", steps=STEPS[earlier], steps_steps=STEPS[later])
        cells = (span(round(middle)), span(slow), whole(len(took)))
        rows.append(Row(label, cells, (middle / MINUTE_US,), ids))
    words = Text.joined("; ", [Text.shaped("{label} {cell}", label=row.label, cell=row.cells[0]) for row in rows])
    return Figure(
        id="clock",
        title=Text("The sector's clock"),
        drawn=Drawn.BARS,
        said=Sentence(Text("Medians: {words}.", words=words), ids),
        columns=(
            Text("Step"),
            Text("Median"),
            Text("Slowest tenth"),
            Text("Indicators"),
        ),
        rows=tuple(rows),
        names=(Text("Median"),),
        unit=Text("minutes"),
    )


def _times(count: int) -> Text:
    return Text.counted("{count:,} time", "{count:,} times", count)
