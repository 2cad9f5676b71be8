"""The sector's retro-hunt for what is newly proposed: within each source's budget of the day and the centre's own.

Two people stand behind each hunt: who added the source or changed it last, and who allowed its hunts; the question says
so to every actor, and each actor's own budget holds as for any question. What stands on a warning list, what its source
means as context, and what may not be told to actors is never hunted for by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Engine

from bavn.centre.cases.intelligence.confidence import SourceStatus, weigh
from bavn.centre.cases.intelligence.hunt_days import count_hunted, hunted_on
from bavn.centre.cases.intelligence.proposals import Proposals
from bavn.centre.cases.intelligence.sources import ACTIVE, Sources, SourceState
from bavn.centre.cases.questions import Questions
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import Clock
from bavn.model.principal import stored, two_people
from bavn.model.sector.intel import IntelSettings
from bavn.model.sector.question import OBSERVABLES_MAX

LOOKED_AT: Final = 10
"""Candidates looked at for each one that may be hunted for."""


def hunt(
    sources: Sources,
    proposals: Proposals,
    questions: Questions,
    engine: Engine,
    clock: Clock,
    settings: IntelSettings,
    actors: Sequence[str],
    standings: Mapping[str, SourceStatus],
) -> list[str]:
    """Ask for what is new and may be asked for; the questions' ids."""
    if not actors:
        return []
    now_us = clock.now_us()
    question_ids = []
    for state in sources.every():
        if state.state != ACTIVE or not state.source.hunts_per_day:
            continue
        if not two_people((state.added_by, state.hunts_by)):
            continue
        room = _room(engine, state, settings, now_us // DAY_US)
        chosen: list[Observable] = []
        for named in proposals.to_hunt(state.source.name, LOOKED_AT * room) if room else []:
            if len(chosen) < room and weigh(proposals.get(named), standings).may_reach_actors:
                chosen.append(named)
        parts = [chosen[at : at + OBSERVABLES_MAX] for at in range(0, len(chosen), OBSERVABLES_MAX)]
        question_ids += [_ask(state, part, proposals, questions, actors, settings, now_us) for part in parts]
        count_hunted(engine, state.source.name, now_us // DAY_US, len(chosen))
    return question_ids


def _ask(
    state: SourceState,
    chosen: Sequence[Observable],
    proposals: Proposals,
    questions: Questions,
    actors: Sequence[str],
    settings: IntelSettings,
    now_us: int,
) -> str:
    question = questions.ask(
        chosen,
        actors,
        stored(state.added_by),
        why=f"newly told by a source outside the sector ({state.source.name})",
        since_us=now_us - settings.hunt_days_back * DAY_US,
    )
    proposals.hunted(chosen, question.id)
    if question.approved_us is None:
        questions.approve(question.id, stored(state.hunts_by))
    return question.id


def _room(engine: Engine, state: SourceState, settings: IntelSettings, day: int) -> int:
    mine, all_ = hunted_on(engine, state.source.name, day)
    return max(0, min(state.source.hunts_per_day - mine, settings.hunts_per_day - all_))
