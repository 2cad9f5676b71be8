"""Whether a well-formed message can be true, as far as that needs no private knowledge.

One function for each kind: None, or a refusal that names the rule. Hours lie neither ahead nor too far back, an
observable is canonical and outside, a cell lies within its round, planes are of the round's length and field. Refuses
to know what any of it means for the sector.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from bavn.centre.inbox.asks import InboxLimits, OpenRound, Rounds
from bavn.model.moment import hour_of
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external, registered_domain
from bavn.model.outcome import Refused
from bavn.psi.planes import planes_from_bytes
from bavn.psi.round import RoundParams
from bavn.wire.messages import Declined, Health, Observation, Receipt, Receipts, Report, ShareUpload
from bavn.wire.privacy import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a check may ask: who says it, when it is, what rounds there are."""

    actor: str
    now_us: int
    rounds: Rounds
    limits: InboxLimits


def implausible(message: Message, known: Known) -> Refused | None:
    """Why this cannot be; None if it can."""
    return _CHECKS[type(message)](message, known)


def tier_of(message: Message, rounds: Rounds) -> str:
    """The tier of the round a message belongs to; empty for one that belongs to none."""
    found = rounds.open_round(getattr(message, "round_id", ""))
    return found.params.tier if found else ""


def _share(message: ShareUpload, known: Known) -> Refused | None:
    found = _round(message.round_id, known)
    if isinstance(found, Refused):
        return found
    if known.now_us >= found.uploads_until_us:
        return Refused("too_late", "the round takes no more uploads")
    if message.registry_version != found.params.registry_version:
        return Refused("registry_version", f"the round is of registry version {found.params.registry_version}")
    planes = planes_from_bytes(found.params, message.planes)
    return planes if isinstance(planes, Refused) else None


def _receipts(message: Receipts, known: Known) -> Refused | None:
    found = _round(message.round_id, known)
    if isinstance(found, Refused):
        return found
    cells = {(tag.table, tag.bin) for tag in message.tags}
    if len(cells) != len(message.tags) or len(cells) > found.params.m:
        return Refused("cells", "a cell stands there twice, or more than M cells do")
    return next((fault for table, at in sorted(cells) if (fault := _cell(table, at, found.params))), None)


def _declined(message: Declined, known: Known) -> Refused | None:
    found = _round(message.round_id, known)
    return found if isinstance(found, Refused) else _cell(message.table, message.bin, found.params)


def _report(message: Report, known: Known) -> Refused | None:
    found = _round(message.round_id, known)
    if isinstance(found, Refused):
        return found
    return (
        _cell(message.table, message.bin, found.params)
        or _outside(message.type, message.value)
        or _hours(message.first_hour, message.last_hour, known.limits.report_age_hours_max, known)
    )


def _observation(message: Observation, known: Known) -> Refused | None:
    first, last = message.first_hour, message.last_hour
    if first is None or last is None:
        return None if first is last and message.count_bucket == 0 else Refused("hours", "met, and yet at no hour")
    if message.count_bucket == 0:
        return Refused("hours", "not met, and yet at some hour")
    return _hours(first, last, known.limits.observation_age_hours_max, known)


def _receipt(message: Receipt, _: Known) -> Refused | None:
    if message.state == "refused" and message.rule is None:
        return Refused("no_rule", "refused, and by no rule")
    return None


def _health(_: Health, __: Known) -> Refused | None:
    return None


_CHECKS: Final[Mapping[type[Message], Callable[[Any, Known], Refused | None]]] = MappingProxyType({
    ShareUpload: _share, Receipts: _receipts, Declined: _declined, Report: _report, Observation: _observation,
    Receipt: _receipt, Health: _health,
})  # fmt: skip


def _round(round_id: str, known: Known) -> OpenRound | Refused:
    found = known.rounds.open_round(round_id)
    if found is None:
        return Refused("unknown_round", "no such round is open")
    if known.actor not in found.actors:
        return Refused("not_in_round", "the actor takes no part in this round")
    return found


def _cell(table: int, at: int, params: RoundParams) -> Refused | None:
    if table < params.r and at < params.bins:
        return None
    return Refused("cells", "a cell outside the round's planes")


def _outside(kind: str, value: str) -> Refused | None:
    try:
        observable = Observable(ObservableType(kind), value)
    except NotCanonical:
        return Refused("not_canonical", "the observable is not in its canonical form")
    if not is_external(observable):
        return Refused("internal", "the observable names something inside")
    if observable.type is ObservableType.DOMAIN and registered_domain(value) != value:
        return Refused("full_name", "a report names a registered domain, never a name below it")
    return None


def _hours(first: int, last: int, age_hours_max: int, known: Known) -> Refused | None:
    now = hour_of(known.now_us)
    if not first <= last <= now + known.limits.ahead_hours_max:
        return Refused("hours", "hours in the wrong order or ahead of the clock")
    return Refused("hours", f"more than {age_hours_max} hours ago") if first < now - age_hours_max else None
