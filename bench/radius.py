"""How often a block's radius is shown, and how often its interval holds the truth, for docs/benchmarks.md: the node's
own noise, the centre's own sum, a number of machines spread over members at random.

.venv/bin/python bench/radius.py
"""

import random
from collections import Counter

from bavn.app.process.noise import discrete_laplace
from bavn.centre.cases.questions import QuestionView
from bavn.centre.cases.radius import RadiusSum, plus
from bavn.centre.desk.radius import shown
from bavn.model.intel.radius import CELL_MAX, ENTRIES, PARTS, SENSITIVITY
from bavn.model.observable import Observable
from bavn.model.received import RadiusReply
from bavn.model.sector.question import Question

TRIALS = 400
draw = random.Random(19)
question = Question(
    id="0" * 32,
    observables=(Observable.of("domain", "example.com"),),
    since_hour=0,
    to=(),
    why="-",
    asked_by="-",
    asked_us=0,
    until_us=1,
    about="-",
)


def trial(members: int, hosts: int, epsilon: float) -> tuple[int, int, bool]:
    """The interval, and whether it is shown."""
    mine, total = Counter(draw.randrange(members) for _ in range(hosts)), RadiusSum()
    for member in range(members):
        (noisy,) = discrete_laplace([min(CELL_MAX, mine[member])], SENSITIVITY, epsilon / PARTS)
        functions = (0,) * len(ENTRIES)
        reply = RadiusReply(
            item_id="",
            actor=str(member),
            question_id=question.id,
            number=0,
            epsilon_milli=round(epsilon * 1000),
            in_all=noisy,
            functions=functions,
            received_us=0,
        )
        total = plus(total, reply)
    reach = shown(QuestionView(question, ()), total).hosts
    if reach is None:
        raise ValueError("three members answer at least")
    return reach.low, reach.high, reach.known


print(f"{'epsilon':>7} {'members':>7} {'truly':>6} {'within':>7} {'shown':>6} {'median interval of those shown':>32}")
for epsilon in (0.1, 0.5, 1.0):
    for members in (15, 100):
        for hosts in (10, 100, 1000):
            tried = [trial(members, hosts, epsilon) for _ in range(TRIALS)]
            within = sum(low <= hosts <= high for low, high, _ in tried) / TRIALS
            known = sorted((low, high) for low, high, clear in tried if clear)
            middle = "{}-{}".format(*known[len(known) // 2]) if known else "-"
            print(f"{epsilon:7} {members:7} {hosts:6} {within:7.3f} {len(known) / TRIALS:6.3f} {middle:>32}")
