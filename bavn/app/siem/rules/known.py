"""Which indicator a rule is made of, at a node and at the centre: what the sector stands behind now, or why it is none.

Refuses to decide anew: at a node gate 4 has said what may never be acted on, at the centre the life-cycle what is out.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from bavn.actor.protect import queries
from bavn.app.siem.rules.rule import Form
from bavn.app.siem.rules.write import rule_of
from bavn.model.intel.indicator import Indicator
from bavn.model.outcome import Refused
from bavn.model.sector.indicator_life import LifeState
from bavn.model.text import Text
from bavn.wire.partners.stix_indicator import indicator_of

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

TAKEN_BACK: Final = ("withdrawn", "revoked")
NEVER: Final = ("never_block", "external")


def indicator_here(rows: queries.Rows, indicator_id: str) -> Indicator | Refused | None:
    """As the centre sent it to this node; None where no indicator of this id is remembered."""
    item = queries.whole_item(rows, indicator_id)
    if item is None:
        return None
    rule, reason, bundle = item[5], item[6], item[-1]
    if rule in TAKEN_BACK or not bundle:
        return Refused("revoked", "it was taken back")
    if rule in NEVER:
        return Refused.of(rule, Text.of_row(reason) if reason else Text("this actor never acts on it"))
    return indicator_of(bundle)


def rules_here(rows: queries.Rows, ids: Iterable[str], form: Form, now_us: int) -> Iterator[tuple[str, str | Refused]]:
    """The rule of each of these that is remembered at this node."""
    for indicator_id in ids:
        known = indicator_here(rows, indicator_id)
        if known is not None:
            yield indicator_id, known if isinstance(known, Refused) else rule_of(known, form, now_us)


def rules_released(desk: "Desk", ids: Iterable[str], form: Form, address: str) -> Iterator[tuple[str, str | Refused]]:
    """The rule of each of these at the centre, whose console is served under ``address``. Raises UnknownLife."""
    for indicator_id in ids:
        known, place = indicator_released(desk, indicator_id), place_of(address, indicator_id)
        yield indicator_id, known if isinstance(known, Refused) else rule_of(known, form, desk.now_us(), place)


def indicator_released(desk: "Desk", indicator_id: str) -> Indicator | Refused:
    """As it went out last. Raises UnknownLife."""
    life = desk.indicator_book.get(indicator_id)
    if life.state is not LifeState.RELEASED:
        return Refused("not_released", "only what is released becomes a rule")
    kept = desk.deliveries.get(indicator_id)
    return Refused("not_out", "it has not gone out yet: the running centre does it") if kept is None else kept.indicator


def place_of(address: str, indicator_id: str) -> str:
    """Its page in the centre's console, which is served under this address; empty where none is named."""
    return f"{address.rstrip('/')}/indicators/{indicator_id}" if address else ""
