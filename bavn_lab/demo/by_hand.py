"""The guided path of the demonstration: what to click, in order, and each step ticked off when it was done.

A person does in the consoles what the demonstration else does by itself. Refuses to do anything for them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bavn.app.acts.accounts import LINK_MINUTES_MAX
from bavn.centre.books.leads import LeadView
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.views import IndicatorView
from bavn.model.intel.behaviour import BEHAVIOUR
from bavn.model.sector.case import CaseState
from bavn_lab.demo.consoles import Consoles
from bavn_lab.demo.sector import DemoSector

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
    """Addresses, and a sign-in link for each person, made now."""
    people = (
        ("SAC's console", consoles.sac, consoles.analyst),
        ("SAC's console", consoles.sac, consoles.approver),
        ("SOC's console", consoles.soc, consoles.soc_person),
    )
    for title, url, person in people:
        yield f"  {title:<14} {url:<24} {person.name} ({person.role.value})"
        yield f"{'':17}{person.link(url)}"
    yield f"  Each link works once, for {LINK_MINUTES_MAX} minutes. Another one, in a second terminal:"
    yield from (f"{'':17}{person.command()}" for _, _, person in people)


def to_protect(desk: Desk, view: LeadView, case_id: str, consoles: Consoles, sector: DemoSector) -> list[Step]:
    """From the lead to the block at every actor, by two people. ``case_id``: the case that the centre opened for it."""
    element = str(view.lead.observables[0])
    first, second = consoles.analyst, consoles.approver
    guard = next((m.plan.name for m in sector.members if not m.plan.captures), sector.members[-1].plan.name)

    def confirmed() -> str | None:
        case = desk.cases.case(case_id)
        return f"the case is {case.state.value}" if case.state in (CaseState.CONFIRMED, CaseState.RELEASED) else None

    def released() -> str | None:
        case = desk.cases.case(case_id)
        if case.state is not CaseState.RELEASED:
            return None
        people = desk.cases.behind(case_id)
        return f"released; behind it stand {' and '.join(people)}" if len(people) > 1 else None

    def blocked() -> str | None:
        own = [each for each in of_case(desk, case_id) if each.kept.indicator.observable.type not in BEHAVIOUR]
        return in_force([{at.actor: at.state for at in each.actors} for each in own], len(sector.members))

    return [
        Step(
            f"Sign in by the link of {first.name}. Go to Leads (g l) and open the one about {element}:"
            f" {consoles.sac}/leads/{view.lead.id} . Read its reasons, and open its case. Confirm the case, with a"
            " reason.",
            confirmed,
        ),
        Step(
            f"Sign in by the link of {second.name}, open the same case in Cases (g c) and release it: what may block"
            " takes two people.",
            released,
        ),
        Step(
            "Open the case's Indicators, and each of them: its page says who enforces it, in some seconds all"
            f" {len(sector.members)} actors. In {consoles.soc}, by the link of {consoles.soc_person.name}, choose"
            f" {guard}, which has no sensor, and see its Protection.",
            blocked,
        ),
    ]


def of_case(desk: Desk, case_id: str) -> list[IndicatorView]:
    """The case's indicators that stand."""
    return [
        view for view in desk.indicators() if view.kept.indicator.case_id == case_id and not view.kept.indicator.revoked
    ]


def in_force(there: Sequence[Mapping[str, str]], members: int) -> str | None:
    """What stands of a case's indicators at the actors, as a line; ``there``: for each indicator the actors' states.
    None while an actor has not answered, or while there is nothing to answer for."""
    if not there or any(len(at) < members or not set(at.values()) <= set(SETTLED) for at in there):
        return None
    actors = sorted({actor for at in there for actor in at})
    whole = [actor for actor in actors if all(at[actor] == "enforced" for at in there)]
    if len(whole) == members:
        return f"in force at all {members} actors: {', '.join(whole)}"
    rest = [f"{actor} ({', '.join(sorted({at[actor] for at in there}))})" for actor in actors if actor not in whole]
    return f"in force at {len(whole)} of {members} actors; not, or in part, at {', '.join(rest)}"


def to_look_at(consoles: Consoles, lead_id: str, case_id: str, actor: str, guard: str) -> Iterator[str]:
    """What there is to see when all is done."""
    yield f"  1. {consoles.sac}: Overview (g o): the sector at a glance, the clock from first sighting to protection."
    yield f"  2. The lead: reasons in points, what it would be without each actor. {consoles.sac}/leads/{lead_id}"
    yield f"  3. Its case: who did what when, what each actor was told, NIS2 drafts. {consoles.sac}/cases/{case_id}"
    yield "  4. Indicators (g i), one of them: who enforces it, its clock with the slowest step."
    yield "  5. Rounds and privacy (g r): who took part, what was learned, and by whom."
    yield f"  6. {consoles.soc}: choose {actor}: Today (g t), then The door (g g): everything that left, and why."
    yield f"  7. Hunt (g h): a question to the whole history; then choose {guard}: Protection (g k)."
    yield "  8. Back in the case, close it."
