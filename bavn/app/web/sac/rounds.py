"""The SAC console's rounds: what each did, who took part, why an element was or was not revealed, who learned what;
the sector's counts under differential privacy; and how the log stands by which members check the centre.

Refuses to guess: why a holder declined the centre never learns.
"""

from collections import Counter
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from bavn.app.access.rights import Right
from bavn.app.acts.centre import rounds as acts
from bavn.app.centre.count_words import ENTRIES, KINDS, WHAT
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, allow, filled, opened, page
from bavn.app.web.sac.bodies import Shape
from bavn.app.web.sac.context import Context, SacContext
from bavn.app.web.sac.learned import AreasLearned, learned
from bavn.centre.desk.round_outcome import REFUSED, outcome_of, state_of, why
from bavn.centre.desk.views import CellStory, RoundSummary
from bavn.centre.store import log_keeper, witnesses
from bavn.centre.store.engine import reading
from bavn.model.moment import DAY_US
from bavn.model.sector.tally import count_words
from bavn.model.text import Text
from bavn.tlog.entries import KINDS as KINDS_OF_ENTRIES

CELLS_SHOWN_MAX: Final = 5_000
COUNT_DAYS_MAX: Final = 400
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class TurnedAway(Shape):
    """Something of an actor that the round did not take."""

    actor: str
    rule: str
    says: TextShape
    times: int


class RoundRow(Shape):
    """A round: ``t`` actors must hold an element before it is named. ``quarantined``: cells whose holders disagree.
    ``upload_bytes``: of each share; ``cpu_ms``: what a commons round cost the centre, 0 where that was not measured."""

    id: str
    tier: str
    t: int
    elements_max: int
    upload_bytes: int
    cpu_ms: int
    phase: str
    says: TextShape
    opened_us: int
    deadline_us: int
    ended_us: int | None
    members: int
    uploaded: list[str]
    missing: list[str]
    turned_away: list[TurnedAway]
    hits: int
    quarantined: int
    other_keys: list[list[str]]


class CellsShape(Shape):
    """Cells with the same holders, outcome and name, counted: an element shows in several of a round's tables."""

    outcome: str
    named: list[str]
    holders: list[str]
    declined: list[str]
    asked: int
    cells: int
    says: TextShape


class RoundWhole(Shape):
    """One round, cell by cell, and what everybody learned of it. ``outcomes``: how many cells came to what."""

    row: RoundRow
    cells: list[CellsShape]
    more_cells: int
    outcomes: dict[str, int]
    learned: AreasLearned


class CountRow(Shape):
    """A sum under differential privacy, told where it stands clear of its noise: the true ones of the whole table lie
    in [low, high] with 95 %. ``interval``: that in words, or that it is not known."""

    what: str
    what_says: TextShape
    entry: str
    says: TextShape
    kind: str
    kind_says: TextShape
    actor_days: int
    value: int | None
    noise_sd: float
    low: int | None
    high: int | None
    interval: TextShape


class SpentRow(Shape):
    """What one actor's counts cost it in these days. ``epsilon``: the sum of the days told; the policy of each actor
    bounds it for any 30 days."""

    actor: str
    days: int
    epsilon: float
    epsilon_30_days: float


class Counts(Shape):
    """The sector's counts over whole days (UTC), and what they cost."""

    first_us: int
    last_us: int
    items: list[CountRow]
    spent: list[SpentRow]
    says: TextShape


class EntriesShape(Shape):
    """How many entries of a kind the log has, those that wait for a checkpoint too."""

    kind: str
    says: TextShape
    count: int


class WitnessShape(Shape):
    """A member as a witness: how far it saw the log only grow, and when it last said so (None: never)."""

    actor: str
    size: int
    seen_us: int | None


class CentreLog(Shape):
    """The log of what the centre did. ``size`` entries lie under the newest checkpoint, of ``at_us`` (None: it has none
    yet); ``waiting`` came since. ``shown_size``: of the checkpoint that members were shown last, which ``cosigned`` of
    ``members`` cosigned; ``half_size``: of the newest that at least half did, under which releases are proven."""

    origin: str
    size: int
    root: str
    at_us: int | None
    waiting: int
    members: int
    shown_size: int | None
    shown_us: int | None
    cosigned: int
    half_size: int | None
    half_us: int | None
    witnesses: list[WitnessShape]
    entries: list[EntriesShape]


router = APIRouter(prefix="/rounds", tags=["rounds and privacy"])
"""Below ``/rounds``."""


@router.get("", operation_id="rounds")
def rounds(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    limit: Limit = 50,
    after: After = None,
    tier: Annotated[str, Query(max_length=16)] = "",
) -> Rows[RoundRow]:
    """Rounds, the latest first: who took part, who is missing or was turned away, what was learned."""
    at = opened(after, int, str)
    found = context.desk.rounds(limit + 1, tier=tier, after=None if at is None else (at[0], at[1]))
    shown = page(found, limit, lambda one: (one.round.opened_us, one.round.id))
    return Rows(items=[_row(one) for one in shown.items], next=shown.next)


@router.get("/log", operation_id="centre_log")
def centre_log(context: Context, _: Annotated[Person, allow(Right.READ)]) -> CentreLog:
    """The log by which members check the centre: its newest checkpoint, and who cosigned. As `bavn centre log`."""
    engine, members = context.desk.engine, len(context.registry.members()[1])
    state, seen = log_keeper.summary(engine), witnesses.seen(engine)
    with reading(engine) as tx:
        shown, half = witnesses.newest(tx), witnesses.cosigned_by_half(tx, members)
    return CentreLog(
        origin=state.origin,
        size=state.size,
        root=state.root,
        at_us=state.at_us or None,
        waiting=state.waiting,
        members=members,
        shown_size=None if shown is None else shown.size,
        shown_us=None if shown is None else shown.at_us,
        cosigned=0 if shown is None else shown.cosigned,
        half_size=None if half is None else half.size,
        half_us=None if half is None else half.at_us,
        witnesses=[filled(WitnessShape, one, seen_us=one.seen_us or None) for one in seen],
        entries=[
            EntriesShape(kind=kind, says=TextShape.of(KINDS_OF_ENTRIES[kind].says), count=count)
            for kind, count in sorted(state.kinds.items())
        ],
    )


@router.get("/counts", operation_id="counts")
def counts(
    context: Context,
    _: Annotated[Person, allow(Right.READ)],
    days: Annotated[int, Query(ge=1, le=COUNT_DAYS_MAX)] = 7,
    by_kind: bool = False,
) -> Counts:
    """How many own machines were suspected of what, and what was blocked, with the noise that each actor added."""
    return _counts(context, days, by_kind=by_kind)


@router.get("/{round_id}", operation_id="round")
def one(context: Context, _: Annotated[Person, allow(Right.READ)], round_id: Id) -> RoundWhole:
    """One round: for each cell why its element was revealed or not, and what everybody learned."""
    return _whole(*acts.whole(context.desk, round_id))


def _row(summary: RoundSummary) -> RoundRow:
    round_state = summary.round
    return filled(
        RoundRow,
        summary,
        round_state,
        round_state.params,
        elements_max=round_state.params.m,
        says=TextShape.of(state_of(round_state)),
        members=len(round_state.members),
        turned_away=[
            TurnedAway(actor=actor, rule=rule, says=TextShape.of(REFUSED.get(rule, Text.plain(rule))), times=times)
            for actor, rule, times in summary.turned_away
        ],
        other_keys=[[round_state.actor_of(x) for x in group] for group in round_state.key_groups[1:]],
    )


def _whole(summary: RoundSummary, cells: tuple[CellStory, ...]) -> RoundWhole:
    counted: dict[str, CellsShape] = {}
    outcomes: Counter[str] = Counter()
    for story in cells:
        outcome = outcome_of(story, summary.round)
        outcomes[outcome] += 1
        names = [] if outcome == "explained" else sorted({str(observable) for _, observable in story.named})
        shape = filled(
            CellsShape,
            story,
            outcome=outcome,
            named=names,
            asked=len(story.asked),
            cells=0,
            says=TextShape.of(why(story, summary.round)),
        )
        key = shape.model_dump_json()
        before = counted.get(key, shape)
        counted[key] = before.model_copy(update={"cells": before.cells + 1})
    shapes = list(counted.values())
    shapes.sort(key=lambda shape: (not shape.named, shape.named, shape.holders, shape.outcome))
    return RoundWhole(
        row=_row(summary),
        cells=shapes[:CELLS_SHOWN_MAX],
        more_cells=max(0, len(shapes) - CELLS_SHOWN_MAX),
        outcomes=dict(outcomes),
        learned=learned(summary),
    )


def _counts(context: SacContext, days: int, *, by_kind: bool) -> Counts:
    first, last, sums = acts.counts(context.desk, days, by_kind=by_kind)
    items = [
        filled(
            CountRow,
            count,
            what_says=TextShape.of(WHAT[count.what]),
            says=TextShape.of(ENTRIES[count.what][count.entry]),
            kind_says=TextShape.of(KINDS.get(count.kind, KINDS["other"])),
            actor_days=count.told,
            noise_sd=round(count.noise, 2),
            value=count.value if count.known else None,
            low=count.low if count.known else None,
            high=count.high if count.known else None,
            interval=TextShape.of(count_words(count.low, count.high)),
        )
        for count in sums
    ]
    spent = [
        SpentRow(actor=actor, days=told, epsilon=round(epsilon, 3), epsilon_30_days=round(month, 3))
        for actor, told, epsilon, month in context.desk.counts_spent(first, last)
    ]
    return Counts(
        first_us=first * DAY_US,
        last_us=last * DAY_US,
        items=items,
        spent=spent,
        says=TextShape.of(_words(told=bool(sums), actors=len(spent))),
    )


def _words(*, told: bool, actors: int) -> Text:
    if not told:
        return Text.counted(
            "{count:,} member has told counts of these days; sums are shown from three on, so that none"
            " is one member's own.",
            "{count:,} members have told counts of these days; sums are shown from three on, so that none"
            " is one member's own.",
            actors,
        )
    return Text(
        "Each member added noise before it told anything: what does not stand clear of it is not known. The true"
        " numbers all lie in their intervals with 95 %, over the whole table."
    )
