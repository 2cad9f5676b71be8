"""An exercise before and while it is played, in words: who may have a part, what will happen and what never will, and
what people at the centre do next. Refuses to decide anything and to keep anything.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bavn.centre.cases.exercises.exercises import Exercise
from bavn.model.moment import iso
from bavn.model.principal import may_be_second
from bavn.model.sector.exercise import (
    AHEAD_DAYS_MAX,
    CAMPAIGNS,
    OVER,
    ActorStep,
    Campaign,
    ExerciseAct,
    ExerciseState,
    Plan,
    Role,
)
from bavn.model.text import Text


class NoSuchActor(LookupError):
    """No active actor has that name. Whoever planned must act."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan comes to: sentences of what ``will`` happen and of what ``never`` will."""

    will: tuple[Text, ...]
    never: tuple[Text, ...]


NEVER: Final = (
    Text(
        "Nothing is blocked and no traffic is made: the rows are played in a folder apart, which is deleted afterwards."
    ),
    Text(
        "No real name is used: the only one is made from the exercise's id and ends in .example,"
        " which nobody can register."
    ),
    Text("Nothing of it is mistaken for the real: all that people see of it is marked EXERCISE."),
    Text("No lead, case, indicator, figure, forecast, NIS2 draft or partner hears of it."),
    Text("Nothing of an actor's own data leaves it, and no actor learns who else takes part."),
)
"""What holds for every exercise."""


def role(actor: str, campaign: Campaign, after_minutes: int, active: Collection[str]) -> Role:
    """An actor's part. ``active``: the names of active actors. Raises NoSuchActor."""
    if actor not in active:
        raise NoSuchActor(Text("no active actor is called {actor} (bavn centre members)", actor=repr(actor[:40])))
    return Role(actor=actor, campaign=campaign, after_minutes=after_minutes)


def preview(plan: Plan) -> Preview:
    """What a plan comes to once somebody starts it."""
    begins, ends = _time(plan.begins_us), _time(plan.ends_us)
    names = ", ".join(role.actor for role in plan.roles)
    n, t = len(plan.roles), plan.t
    will = [
        Text(
            "Nobody is told before somebody starts it, at most {ahead_days_max} days ahead. Then these"
            " are told: {names}.",
            ahead_days_max=AHEAD_DAYS_MAX,
            names=names,
        ),
        Text("Each of them decides for itself whether it takes part, as its own policy or its people say."),
        Text(
            "It begins at {begins} UTC and is over by itself at {ends} UTC. It can be stopped at any time.",
            begins=begins,
            ends=ends,
        ),
        *(_turn(role) for role in plan.roles),
        Text("What their detectors, people and policies make of it is told step by step, and stands in the report."),
    ]
    if n >= t:
        will.append(
            Text(
                "When {t} of {n} have let it out, there is a lead in the exercise. One person confirms it,"
                " another releases the indicator, and each actor tries the block in the folder apart.",
                t=t,
                n=n,
            )
        )
    else:
        will.append(
            Text.counted(
                "There can be no lead: it takes {t} actors, and {count:,} has a part. Name more of them, or ask for"
                " fewer.",
                "There can be no lead: it takes {t} actors, and {count:,} have a part. Name more of them, or ask for"
                " fewer.",
                n,
                t=t,
            )
        )
    return Preview(tuple(will), NEVER)


def may_now(exercise: Exercise, act: ExerciseAct, by: str) -> bool:
    """Whether this act would help now, beside what the state allows: a lead to confirm, another person to release."""
    if act is ExerciseAct.CONFIRM:
        return exercise.lead_us is not None
    return act is not ExerciseAct.RELEASE or may_be_second(exercise.by.get("confirmed", ""), by)


def next_step(exercise: Exercise) -> Text:
    """What people at the centre do next, or wait for."""
    out = sum(ActorStep.LET_OUT in one.steps_taken() for one in exercise.actors)
    if exercise.state in OVER:
        return Text("It is over. Judge the objectives, and share the report.")
    if exercise.state is ExerciseState.PLANNED:
        return Text("Nobody has been told. Start it when all is ready.")
    if exercise.state is ExerciseState.RELEASED:
        return Text("The indicator is out. Watch the blocks, and end it when all was played.")
    if exercise.state is ExerciseState.CONFIRMED:
        who = exercise.by.get("confirmed", "")
        return Text("The case is confirmed. Somebody else than {who} releases the indicator.", who=who)
    if exercise.lead_us is None:
        t = exercise.plan.t
        return Text("It is being played: {out} of {t} that a lead takes have let it out.", out=out, t=t)
    return Text("There is a lead in the exercise. Look at the actors, and confirm the case.")


def _turn(role: Role) -> Text:
    says, n = CAMPAIGNS[role.campaign], role.after_minutes
    when = Text.counted("{count:,} minute after the beginning", "{count:,} minutes after the beginning", n)
    if not n:
        when = Text("at the beginning")
    return Text.shaped("{actor}: {says}, {when}.", actor=role.actor, says=says, when=when)


def _time(at_us: int) -> str:
    return iso(at_us)[:16].replace("T", " ")
