"""How far a block would reach, as it is shown before its release: the sector's sums with what their noise leaves open.

Of fewer than ACTORS_MIN answers nothing is shown, and no sum is told that does not stand clear of its noise. Both lists
together hold with 95 %: half of what may be wrong is the hosts', half that of all functions. Refuses to decide whether
it goes out: people do.
"""

from dataclasses import dataclass
from typing import Final

from bavn.centre.cases.questions import QuestionView
from bavn.centre.cases.radius import RadiusSum
from bavn.centre.correlate.laplace import half_interval
from bavn.centre.desk.desk import Desk
from bavn.model.intel.radius import ACTORS_MIN, ENTRIES
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.tally import FALSE_TABLE_MAX, count_words, is_known
from bavn.model.text import Text

_LEVEL: Final = 1 - FALSE_TABLE_MAX / 2
_LEVEL_OF_FUNCTION: Final = 1 - FALSE_TABLE_MAX / 2 / len(ENTRIES)


@dataclass(frozen=True, slots=True)
class Reach:
    """A sum: the true one lies in [low, high]; ``known``: it stands clear of its noise."""

    low: int
    high: int

    @property
    def known(self) -> bool:
        return is_known(self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """What so many ``members`` answered so far. ``hosts``: in all, None where too few answered; ``functions``: those
    whose sum is known, the largest first."""

    asked_us: int
    until_us: int
    members: int
    answered: int
    declined: int
    hosts: Reach | None
    functions: tuple[tuple[str, Reach], ...]

    @property
    def says(self) -> Text:
        """In words."""
        if self.hosts is None:
            return Text(
                "Answers: {answered:,} of {asked:,}. Nothing is shown before {least} have come.",
                answered=self.answered,
                asked=self.members,
                least=ACTORS_MIN,
            )
        if not self.hosts.known:
            return Text(
                "How many machines a block would hit is not known, only the most that it can be: {high:,}."
                " Answers: {answered:,} of {asked:,}.",
                high=self.hosts.high,
                answered=self.answered,
                asked=self.members,
            )
        return Text(
            "Machines that a block would hit: {low:,} to {high:,}. Answers: {answered:,} of {asked:,}.",
            low=self.hosts.low,
            high=self.hosts.high,
            answered=self.answered,
            asked=self.members,
        )

    @property
    def functions_say(self) -> tuple[Text, ...]:
        """Each function that is known to use it, in words."""
        return tuple(
            Text.shaped("{function}: {count}", function=FUNCTIONS[name].words, count=count_words(at.low, at.high))
            for name, at in self.functions
        )


def radius_of(desk: Desk, indicator_id: str) -> Radius | None:
    """What was answered to the latest question for an indicator's radius; None where nobody asked."""
    found = desk.questions.radius(indicator_id)
    return None if found is None else shown(*found)


def shown(view: QuestionView, total: RadiusSum) -> Radius:
    """A sum as it may be shown."""
    states = [answer.state for actor in view.actors for answer in actor.answers]
    epsilons = total.epsilons
    hosts, functions = None, []
    if len(epsilons) >= ACTORS_MIN:
        hosts = _reach(total.hosts, half_interval(epsilons, _LEVEL))
        half = half_interval(epsilons, _LEVEL_OF_FUNCTION)
        functions = [(name, _reach(value, half)) for name, value in zip(ENTRIES, total.functions, strict=True)]
    return Radius(
        asked_us=view.question.asked_us,
        until_us=view.question.until_us,
        members=len(view.actors),
        answered=len(epsilons),
        declined=states.count("declined"),
        hosts=hosts,
        functions=tuple(sorted((one for one in functions if one[1].known), key=lambda one: -one[1].low)),
    )


def _reach(value: int, half: int) -> Reach:
    return Reach(max(0, value - half), max(0, value + half))
