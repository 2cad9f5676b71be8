"""What each step does to an indicator, as plain functions: who must be somebody else, what stops it, what is ordered.

Refuses to write: indicators.py does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.indicators.indicator import Check, Evidence, Life
from bavn.centre.cases.two_people import NotAllowed, second
from bavn.model.intel.accidents import accident_of
from bavn.model.moment import DAY_US
from bavn.model.principal import no_second, recorded, two_people
from bavn.model.sector.indicator_life import LifeAct, distinct, may_go
from bavn.model.sector.refusal import word
from bavn.model.text import Text

WHY_CHARACTERS_MAX: Final = 2000
UNREAD: Final = Text("two people must have read what a block of it would break: somebody else must approve it first")
ALONE: Final = Text("it may block without a person in the loop: somebody else must approve or release it")


def evidence_for(element: ElementFacts, who: str = "") -> Evidence:
    """What a case's element says for itself. ``who``: the policy that released it, if one did."""
    producers = tuple(f"detector:{name}" for name in element.detectors)
    innocent = element.listed or accident_of(element.observable) is not None
    return Evidence(
        score=element.score,
        groups=element.groups,
        listed=("listed",) if innocent else (),
        producers=(*producers, *((who,) if who.startswith("policy:") else ())),
        partners=element.partners,
        tlp_min=element.tlp_min,
        pap_max=element.pap_max,
    )


def reason(act: str, why: str) -> None:
    """ValueError without one, or for an endless one."""
    if not why.strip() or len(why) > WHY_CHARACTERS_MAX:
        raise ValueError(
            Text(
                "to {act} an indicator needs a reason of 1 to {why_characters_max} characters",
                act=word(act),
                why_characters_max=WHY_CHARACTERS_MAX,
            )
        )


def again(known: Life, life: Life) -> Life:
    """A new life of an indicator that was there before: its orders count on."""
    grown = known.order_no + (1 if life.wanted else 0)
    return replace(life, order_no=grown, done_no=known.done_no, rev=known.rev)


def _put(made: Life, _: Life, user: str, now_us: int) -> Life:
    fresh = {"approved_by": "", "approved_us": None, "released_by": "", "vouched": (), "now_by": "", "now": False}
    return replace(made, put_by=recorded(user), put_us=now_us, refusal="", ended_us=None, **fresh)  # type: ignore[arg-type]


def _approved(changed: Life, life: Life, user: str, now_us: int) -> Life:
    second(
        life.put_by,
        user,
        Text("two different people stand behind an indicator; who put it to review cannot approve it"),
    )
    _must_have_read(changed, user)
    return replace(changed, approved_by=recorded(user), approved_us=now_us)


def behind(life: Life, user: str) -> tuple[str, ...]:
    """Who would stand behind it if this person released it: without those who are not two people with them."""
    return _beside(life.people, user)


def read_too(checks: Sequence[Check], user: str) -> tuple[Check, ...]:
    """The checks once this person has read as well what a block of it would break: two have, or it still stops."""
    return tuple(_read(check, distinct(_beside(check.read_by, user))) if check.to_read else check for check in checks)


def _read(check: Check, readers: tuple[str, ...]) -> Check:
    return replace(check, read_by=readers, stops=not two_people(readers))


def _beside(people: Iterable[str], user: str) -> tuple[str, ...]:
    apart = {name.casefold() for name in getattr(user, "apart", ())}
    return (*(name for name in people if name.casefold() not in apart), recorded(user))


def _must_have_read(life: Life, user: str) -> None:
    """Nobody stands behind a block without its words. Raises NotAllowed, with them."""
    for check in life.checks:
        if check.to_read and recorded(user) not in check.read_by:
            unread = Text("read what a block of it would break, and say that you did: {words}", words=check.words)
            raise NotAllowed(unread)


def _released(changed: Life, life: Life, user: str, now_us: int) -> Life:
    _must_have_read(changed, user)
    if any(check.to_read and check.stops for check in changed.checks):
        raise NotAllowed(UNREAD)
    stops = [check.name for check in changed.checks if check.stops]
    if stops:
        raise NotAllowed(
            Text("it may not go out as it stands: {stops} (bavn centre indicator show)", stops=", ".join(stops))
        )
    if not may_go(life.pap, behind(life, user)):
        raise NotAllowed(no_second(life.people[0] if life.people else user, user, ALONE) or ALONE)
    return replace(
        changed,
        released_by=recorded(user),
        released_us=now_us,
        wanted=True,
        order_no=life.order_no + 1,
        until_us=now_us + life.days * DAY_US,
        seen_us=0,
        refreshed_us=None,
    )


def _refreshed(made: Life, life: Life, _: str, now_us: int) -> Life:
    return replace(made, seen_us=max(life.seen_us, now_us), refreshed_us=now_us, order_no=life.order_no + 1)


def withdrawn(made: Life, now_us: int) -> Life:
    """Out of force: an order to delist if it was wanted."""
    return replace(made, wanted=False, ended_us=now_us, order_no=made.order_no + (1 if made.wanted else 0))


STEPS: Final[dict[LifeAct, Callable[[Life, Life, str, int], Life]]] = {
    LifeAct.REVIEW: _put,
    LifeAct.APPROVE: _approved,
    LifeAct.RELEASE: _released,
    LifeAct.REFRESH: _refreshed,
    LifeAct.WITHDRAW: lambda made, _, __, now_us: withdrawn(made, now_us),
}
