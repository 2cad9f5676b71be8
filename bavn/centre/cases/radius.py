"""The sum of what actors answered to a question for a block's radius: the one thing that is kept of their numbers.

Each number is cut, before it is added, to what an honest actor's noise can make of an honest count. Refuses to say
what the sum means: desk/radius.py does.
"""

import json
from dataclasses import asdict, dataclass
from math import exp, sqrt
from typing import Final

from bavn.model.intel.radius import CELL_MAX, ENTRIES, PARTS
from bavn.model.received import RadiusReply

SPREADS: Final = 8
"""So many standard deviations of its own noise an actor's number may lie outside of [0, CELL_MAX]."""


@dataclass(frozen=True, slots=True)
class RadiusSum:
    """``answers``: how many by each epsilon, in thousandths; the sums are theirs, noise and all."""

    answers: tuple[tuple[int, int], ...] = ()
    hosts: int = 0
    functions: tuple[int, ...] = (0,) * len(ENTRIES)

    @property
    def epsilons(self) -> list[float]:
        """Of each answer that of one of its two parts."""
        return [milli / 1000 / PARTS for milli, count in self.answers for _ in range(count)]


def plus(total: RadiusSum, reply: RadiusReply) -> RadiusSum:
    """The sum with one answer more."""
    q = exp(-reply.epsilon_milli / 1000 / PARTS)
    slack = round(SPREADS * sqrt(2 * q) / (1 - q))
    hosts, *functions = (max(-slack, min(CELL_MAX + slack, cell)) for cell in (reply.in_all, *reply.functions))
    answers = dict(total.answers)
    answers[reply.epsilon_milli] = answers.get(reply.epsilon_milli, 0) + 1
    return RadiusSum(
        tuple(sorted(answers.items())),
        total.hosts + hosts,
        tuple(one + other for one, other in zip(total.functions, functions, strict=True)),
    )


def sum_text(total: RadiusSum) -> str:
    """JSON of a sum."""
    return json.dumps(asdict(total))


def sum_of(text: str) -> RadiusSum:
    """What sum_text wrote."""
    body = json.loads(text)
    functions = (*body["functions"], *(0,) * (len(ENTRIES) - len(body["functions"])))
    return RadiusSum(tuple((milli, count) for milli, count in body["answers"]), body["hosts"], functions)
