"""The guided path of the demonstration: what to click, in order, and each step ticked off when it was done.

A person does in the consoles what the demonstration else does by itself. Refuses to do anything for them.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.app.demo_consoles import Consoles
from bavn.app.demo_sector import DemoSector
from bavn.centre.node.desk import Desk
from bavn.centre.node.lead_book import LeadView
from bavn.centre.node.views import IndicatorView
from bavn.model.case import CaseState

LOOK_S: Final = 0.5
SETTLED: Final = ("enforced", "partly", "refused")


@dataclass(frozen=True, slots=True)
class Step:
    """``what``: to click, for a person. ``done`` answers with a line about what came of it, or None while it waits."""

    what: str
    done: Callable[[], str | None]


def walk(say: Callable[[str], None], steps: Sequence[Step], check: Callable[[], None]) -> None:
    """Shows the path, then ticks each step off as it is done. ``check`` raises where the sector broke."""
    for number, step in enumerate(steps, 1):
        say(f"  {number}. {step.what}")
    say("")
    for number, step in enumerate(steps, 1):
        while (came := step.done()) is None:
            check()
            time.sleep(LOOK_S)
        say(f"  [done] {number}. {came}")


def who_signs_in(consoles: Consoles) -> Iterator[str]:
    """Addresses and what to sign in with."""
    people = (
        ("SAC's console", consoles.sac, consoles.analyst), ("SAC's console", consoles.sac, consoles.approver),
        ("SOC's console", consoles.soc, consoles.soc_person),
    )  # fmt: skip
    for title, url, person in people:
        yield f"  {title:<14} {url:<24} {person.name} ({person.role.value})"
        yield f"{'':17}password {person.password}   code (each works once): {'  '.join(person.codes)}"


def to_protect(desk: Desk, view: LeadView, case_id: str, consoles: Consoles, sector: DemoSector) -> list[Step]:
    """From the lead to the block at every actor, by two people. ``case_id``: the case that the centre opened for it."""
    element = str(view.lead.observables[0])
    first, second = consoles.analyst, consoles.approver
    guard = next((m.plan.name for m in sector.members if not m.plan.captures), sector.members[-1].plan.name)

    def confirmed() -> str | None:
        case = desk.case(case_id)
        return f"the case is {case.state.value}" if case.state in (CaseState.CONFIRMED, CaseState.RELEASED) else None

    def released() -> str | None:
        case = desk.case(case_id)
        if case.state is not CaseState.RELEASED:
            return None
        people = desk.behind(case_id)
        return f"released; behind it stand {' and '.join(people)}" if len(people) > 1 else None

    def blocked() -> str | None:
        own = of_case(desk, case_id)
        there = [at for each in own for at in each.actors]
        whole = bool(own) and all(len(each.actors) == len(sector.members) for each in own)
        if not whole or not all(at.state in SETTLED for at in there):
            return None
        names = sorted({at.actor for at in there if at.enforced_us})
        return f"in force at {', '.join(names)}"

    return [
        Step(
            f"Open {consoles.sac} and sign in as {first.name}. Go to Leads (g l). The first names {element}: open it"
            f" (Enter), read its reasons, and open its case. Confirm the case, with a reason.",
            confirmed,
        ),
        Step(
            f"Sign out, sign in as {second.name}, open the same case (g c) and release it: what may block takes two"
            " people.",
            released,
        ),
        Step(
            f"Watch the indicators (g i): in some seconds they are in force at all {len(sector.members)} actors. In"
            f" {consoles.soc}, as {consoles.soc_person.name}, choose {guard}, which has no sensor, and see its"
            " Protection.",
            blocked,
        ),
    ]


def of_case(desk: Desk, case_id: str) -> list[IndicatorView]:
    """The case's indicators that stand."""
    return [
        view for view in desk.indicators()
        if view.kept.indicator.case_id == case_id and not view.kept.indicator.revoked
    ]  # fmt: skip


def to_look_at(consoles: Consoles, actor: str, guard: str, *, close: bool) -> Iterator[str]:
    """What there is to see when all is done; ``close``: the case is still to be closed."""
    yield f"  1. {consoles.sac}: Overview (g o): the sector at a glance, the clock from first sighting to protection."
    yield "  2. Leads (g l), the first: reasons in points, what it would be without each actor, the graph."
    yield "  3. Cases (g c), the first: who did what when, what each actor was told, NIS2 drafts."
    yield "  4. Indicators (g i), one of them: who enforces it, its clock with the slowest step."
    yield "  5. Rounds and privacy (g r): who took part, what was learned, and by whom."
    yield f"  6. {consoles.soc}: choose {actor}: Today (g t), then The door (g d): everything that left, and why."
    yield f"  7. Hunt (g h): a question to the whole history; then choose {guard}: Protection (g p)."
    if close:
        yield "  8. Back in the case, close it."
