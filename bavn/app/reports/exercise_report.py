"""An exercise's after-action report: who saw what when, who answered, what was missed, against its objectives.

Each sentence and row carries its source: the exercise itself, or the person who judged. Refuses to judge an objective.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from bavn.centre.cases.exercises.exercises import AtActor, Exercise
from bavn.centre.publish.document import Document, Drawn, Figure, Kind, Row, Section, Sentence, Source, SourceKind
from bavn.model.counted import actors
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, SECOND_US, iso
from bavn.model.sector.exercise import CAMPAIGNS, MARK, OVER, STATES, STEPS, ActorStep
from bavn.model.text import Text

Judgement = Literal["met", "partly", "missed"]
JUDGED: Final[dict[str, Text]] = {
    "met": Text.in_context("reports exercise report", "met"),
    "partly": Text("partly met"),
    "missed": Text.in_context("reports exercise report", "not met"),
}
_NOBODY: Final = Text("not judged")
_NONE: Final = Text.plain("-")
_STATES_WANTED: Final = (
    ActorStep.ALLOWED,
    ActorStep.INJECTED,
    ActorStep.SUSPECTED,
    ActorStep.LET_OUT,
    ActorStep.SEEN,
    ActorStep.BLOCKED,
    ActorStep.CLEANED,
)


def judgements(given: Sequence[str], objectives: int) -> dict[int, Judgement]:
    """What people hold of objectives, each written NUMBER:met, :partly or :missed. ValueError for anything else."""
    judgements: dict[int, Judgement] = {}
    for entry in given:
        number, _, text = entry.partition(":")
        fits = number.isascii() and number.isdecimal() and len(number) < 4 and 1 <= int(number) <= objectives
        if not fits or text not in JUDGED:
            known = ", ".join(JUDGED)
            raise ValueError(
                Text(
                    "a judgement is NUMBER:{known}, of 1 to {objectives} objectives; not {one}",
                    known=known,
                    objectives=objectives,
                    one=repr(entry[:60]),
                )
            )
        judgements[int(number)] = cast("Judgement", text)
    return judgements


def report(
    exercise: Exercise, sector: str, now_us: int, judged: Mapping[int, Judgement] | None = None, by: str = ""
) -> Document:
    """The report as it stands now. ``judged``: objective (from 1) -> what ``by`` holds of it."""
    made_us = exercise.over_us or now_us
    last_us = min(made_us, exercise.plan.ends_us)
    return Document(
        kind=Kind.PICTURE,  # a page does not show it, and an exercise is no edition
        sector=sector,
        period=iso(exercise.plan.begins_us)[:10],
        first_day=exercise.plan.begins_us // DAY_US,
        last_day=max(last_us, exercise.plan.begins_us) // DAY_US,
        made_us=made_us,
        tlp=Tlp.AMBER,
        title=Text("{mark}: {title}, after-action report", mark=MARK, title=exercise.plan.title),
        sections=(
            _in_short(exercise),
            _objectives(exercise, judged or {}, by),
            _times(exercise),
            _actors(exercise),
            _missed(exercise),
        ),
    )


def as_json(exercise: Exercise, judged: Mapping[int, Judgement] | None = None, by: str = "") -> dict[str, Any]:
    """The same for machines: every moment, every step, what was measured."""
    return {
        "exercise": exercise.id,
        "mark": "EXERCISE",
        "title": {"en": exercise.plan.title.en, "da": exercise.plan.title.da},
        "state": exercise.state.value,
        "begins": iso(exercise.plan.begins_us),
        "ends": iso(exercise.plan.ends_us),
        "by": exercise.by,
        "over_why": exercise.over_why,
        "moments": {name: None if at is None else iso(at) for name, at in moments(exercise).items()},
        "measures_s": measures(exercise),
        "objectives": [
            {
                "number": n,
                "en": objective.en,
                "da": objective.da,
                "judged": (judged or {}).get(n),
                "by": by if judged else "",
            }
            for n, objective in enumerate(exercise.plan.objectives, 1)
        ],
        "actors": [
            {
                "actor": actor.role.actor,
                "campaign": actor.role.campaign.value,
                "after_minutes": actor.role.after_minutes,
                "told": None if actor.told_us is None else iso(actor.told_us),
                "not_told": actor.rule,
                "steps": [
                    {
                        "step": step.step.value,
                        "second": step.second,
                        "at": iso(step_us(exercise, step.second)),
                        "heard": iso(step.received_us),
                        "detector": step.detector,
                        "p_bucket": step.p_bucket,
                    }
                    for step in actor.steps
                ],
            }
            for actor in exercise.actors
        ],
    }


def json_file(exercise: Exercise, judged: Mapping[int, Judgement] | None = None, by: str = "") -> bytes:
    """``as_json`` as a file's bytes."""
    return json.dumps(as_json(exercise, judged, by), ensure_ascii=False, indent=1).encode() + b"\n"


def measures(exercise: Exercise) -> dict[str, float | None]:
    """Seconds from one thing to the next; None where one of them never came. Of several actors, the slowest."""
    injected = _all(exercise, ActorStep.INJECTED)
    first = min(injected.values(), default=None)
    at = moments(exercise)
    blocked = _all(exercise, ActorStep.BLOCKED)
    return {
        "injection_to_suspicion": _slowest(injected, _all(exercise, ActorStep.SUSPECTED)),
        "suspicion_to_person": _slowest(_all(exercise, ActorStep.SUSPECTED), _all(exercise, ActorStep.SEEN)),
        "injection_to_lead": _between(first, at["lead"]),
        "lead_to_case": _between(at["lead"], at["confirmed"]),
        "case_to_release": _between(at["confirmed"], at["released"]),
        "release_to_block": _between(at["released"], max(blocked.values(), default=None)),
    }


_MEASURES: Final = {
    "injection_to_suspicion": Text("From the rows to a suspicion, the slowest actor"),
    "suspicion_to_person": Text("From the suspicion to a person, the slowest that answered"),
    "injection_to_lead": Text("From the first rows to the lead"),
    "lead_to_case": Text("From the lead to a confirmed case"),
    "case_to_release": Text("From the case to the release"),
    "release_to_block": Text("From the release to the last block"),
}


def moments(exercise: Exercise) -> dict[str, int | None]:
    """What happened at the centre (a name of MOMENTS) -> when; None until it did."""
    return {
        "planned": exercise.planned_us,
        "started": exercise.started_us,
        "lead": exercise.lead_us,
        "confirmed": exercise.confirmed_us,
        "released": exercise.released_us,
        "over": exercise.over_us,
    }


MOMENTS: Final = {
    "planned": Text("Planned"),
    "started": Text("Told to the actors"),
    "lead": Text("Exercise lead"),
    "confirmed": Text("Case confirmed"),
    "released": Text("Indicator released"),
    "over": Text("Over"),
}


def step_us(exercise: Exercise, second: int) -> int:
    """When a step was taken, by the actor's clock."""
    return exercise.plan.begins_us + second * SECOND_US


def _all(exercise: Exercise, step: ActorStep) -> dict[str, int]:
    return {
        actor.role.actor: step_us(exercise, taken.second)
        for actor in exercise.actors
        for taken in actor.steps
        if taken.step is step
    }


def _slowest(first: Mapping[str, int], then: Mapping[str, int]) -> float | None:
    return max((_between(first[name], then[name]) or 0.0 for name in first.keys() & then.keys()), default=None)


def _between(first_us: int | None, then_us: int | None) -> float | None:
    return None if first_us is None or then_us is None else max(0.0, (then_us - first_us) / SECOND_US)


def _source(exercise: Exercise) -> tuple[Source, ...]:
    return (Source(SourceKind.QUERY, f"bavn centre exercise show {exercise.id}"),)


def _in_short(exercise: Exercise) -> Section:
    roles, n = exercise.plan.roles, len(exercise.actors)
    joined = sum(1 for actor in exercise.actors if ActorStep.ALLOWED in actor.steps_taken())
    saw = sum(1 for actor in exercise.actors if ActorStep.SUSPECTED in actor.steps_taken())
    blocked = sum(1 for actor in exercise.actors if ActorStep.BLOCKED in actor.steps_taken())
    campaigns = sorted({role.campaign for role in roles})
    state = STATES[exercise.state]
    sentences = [
        Text(
            "This was an exercise. Nothing real was touched: no lead, case, indicator, figure or partner knows of it."
        ),
        Text(
            "It is {state}; {joined} of {actors} took part, {saw} suspected it, {blocked} blocked it in the exercise.",
            state=state,
            joined=joined,
            actors=actors(n),
            saw=saw,
            blocked=blocked,
        ),
        Text("Played was: {campaigns}.", campaigns=Text.joined("; ", [CAMPAIGNS[campaign] for campaign in campaigns])),
    ]
    if exercise.over_why:
        why = exercise.over_why.replace("\n", " ")
        sentences.append(Text("It ended because: {why}", why=why))
    blocks = tuple(Sentence(sentence, _source(exercise)) for sentence in sentences)
    return Section(id="in-short", title=Text("In short"), blocks=blocks)


def _objectives(exercise: Exercise, judged: Mapping[int, Judgement], by: str) -> Section:
    who = (Source(SourceKind.PERSON, by),) if by and judged else ()
    rows = tuple(
        Row(
            label=objective,
            cells=(JUDGED[judged[n]] if n in judged else _NOBODY,),
            values=(),
            sources=(*_source(exercise), *(who if n in judged else ())),
        )
        for n, objective in enumerate(exercise.plan.objectives, 1)
    )
    figure = Figure(
        id="objectives-table",
        title=Text("What was to be learnt"),
        drawn=Drawn.TABLE,
        said=Sentence(
            Text("People judge whether an objective was met; the figures below are what they have to go by."),
            _source(exercise),
        ),
        columns=(Text("Objective"), Text("Judged")),
        rows=rows,
    )
    return Section(id="objectives", title=Text("Objectives"), blocks=(figure,))


def _times(exercise: Exercise) -> Section:
    by = {"lead": "", **exercise.by}
    when = Figure(
        id="moments",
        title=Text("At the centre"),
        drawn=Drawn.TABLE,
        said=Sentence(Text("Times are UTC."), _source(exercise)),
        columns=(Text("What"), Text("When"), Text("By")),
        rows=tuple(
            Row(label=MOMENTS[name], cells=(_time(at), _plain(by.get(name, ""))), values=(), sources=_source(exercise))
            for name, at in moments(exercise).items()
        ),
    )
    took = Figure(
        id="measures",
        title=Text("How long it took"),
        drawn=Drawn.TABLE,
        said=Sentence(Text("Seconds from one thing to the next."), _source(exercise)),
        columns=(Text("From, to"), Text("Seconds")),
        rows=tuple(
            Row(
                label=_MEASURES[name],
                cells=(_NONE if s is None else _plain(f"{s:.0f}"),),
                values=(),
                sources=_source(exercise),
            )
            for name, s in measures(exercise).items()
        ),
    )
    return Section(id="times", title=Text("Times"), blocks=(when, took))


def _actors(exercise: Exercise) -> Section:
    figure = Figure(
        id="actors-table",
        title=Text("Who saw what when"),
        drawn=Drawn.TABLE,
        said=Sentence(
            Text("Minutes and seconds since the exercise began, by each actor's clock."),
            _source(exercise),
        ),
        columns=(Text("Actor"), *(STEPS[step] for step in _STATES_WANTED)),
        rows=tuple(
            Row(
                label=_plain(actor.role.actor),
                cells=tuple(_second(actor, step) for step in _STATES_WANTED),
                values=(),
                sources=_source(exercise),
            )
            for actor in exercise.actors
        ),
    )
    return Section(id="actors", title=Text("Actors"), blocks=(figure,))


def missing(exercise: Exercise, actor: AtActor) -> list[Text]:
    """What an actor has not done, or has not done yet: a sentence each. Nothing before the exercise was started."""
    name, steps, over = actor.role.actor, actor.steps_taken(), exercise.state in OVER
    if exercise.started_us is None:
        return []
    if actor.rule:
        return [Text("{name} was not told: {rule}.", name=name, rule=actor.rule)]
    if ActorStep.DECLINED in steps:
        return [Text("{name} declined.", name=name)]
    if ActorStep.ALLOWED in steps:
        return _gaps(actor, released=exercise.released_us is not None, over=over)
    if over:
        return [Text("{name} gave no answer.", name=name)]
    if actor.told_us is None:
        return [Text("{name} has not been told yet.", name=name)]
    return [Text("{name} has not answered yet.", name=name)]


def _missed(exercise: Exercise) -> Section:
    """What did not happen, one sentence each."""
    lines = [line for one in exercise.actors for line in missing(exercise, one)]
    if exercise.started_us is None:
        lines.append(Text("It was not started: nobody was told."))
    elif exercise.lead_us is None:
        lines.append(Text("No lead: fewer than {t} actors let it out.", t=exercise.plan.t))
    if not lines:
        lines = [Text("Nothing was missed.")]
    blocks = tuple(Sentence(line, _source(exercise)) for line in lines)
    return Section(id="missed", title=Text("What was missed"), blocks=blocks)


def _gaps(one: AtActor, *, released: bool, over: bool) -> list[Text]:
    name, steps = one.role.actor, one.steps_taken()
    gaps = []
    if not steps & {ActorStep.SUSPECTED, ActorStep.MISSED}:
        gaps.append(
            Text("{name}: it was not played to its end.", name=name)
            if over
            else Text("{name}: it has not been played to its end yet.", name=name)
        )
    if ActorStep.MISSED in steps:
        gaps.append(Text("{name}: no detector saw it.", name=name))
    if ActorStep.KEPT in steps:
        gaps.append(Text("{name}: the policy kept it at home.", name=name))
    if ActorStep.SUSPECTED in steps and ActorStep.SEEN not in steps:
        gaps.append(Text("{name}: nobody said that they saw the suspicion.", name=name))
    if released and not steps & {ActorStep.BLOCKED}:
        gaps.append(Text("{name}: not blocked.", name=name))
    if over and ActorStep.CLEANED not in steps:
        gaps.append(Text("{name}: has not said that it is cleaned up.", name=name))
    return gaps


def _second(one: AtActor, step: ActorStep) -> Text:
    found = next((said.second for said in one.steps if said.step is step), None)
    return _NONE if found is None else _plain(f"{found // 60}:{found % 60:02d}")


def _time(at_us: int | None) -> Text:
    return _NONE if at_us is None else _plain(iso(at_us)[:19].replace("T", " "))


def _plain(text: str) -> Text:
    return Text.plain(text) if text else _NONE
