"""A value's card at a node: who here met it and since when, how many of the sector know it, how it stands here.

Read from the node's own book, beside the running node; what a block would hit is a dry run of its own. Refuses to ask
the centre, and to fetch or resolve anything.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bavn.actor.door.suspicions import Ranked, names_of
from bavn.actor.protect.queries import of_value
from bavn.app.analyst.next_door import NextDoor
from bavn.app.analyst.suspected import ranked
from bavn.app.analyst.values.pivots import Pivot
from bavn.app.config.load import NodeConfig
from bavn.app.node.book_queries import Asks
from bavn.app.node.protect import never_list
from bavn.app.process.exits import Exit, Stop
from bavn.model.counted import own_hosts
from bavn.model.intel.spelled import observable_of
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external
from bavn.model.spans import day
from bavn.model.text import Text

VALUE_CHARS_MAX: Final = 320
SUSPICIONS_MAX: Final = 10
BLOCKS_MAX: Final = 10
PIVOT_OF: Final[MappingProxyType[ObservableType, tuple[Pivot, str]]] = MappingProxyType(
    {
        ObservableType.IP4: ("host", "SELECT * FROM flow WHERE src = addr('{}') OR dst = addr('{}')"),
        ObservableType.IP6: ("host", "SELECT * FROM flow WHERE src = addr('{}') OR dst = addr('{}')"),
        ObservableType.DOMAIN: ("domain", "SELECT * FROM dns WHERE rrname = '{}' OR ends_with(rrname, '.{}')"),
        ObservableType.JA3: ("ja3", "SELECT * FROM tls WHERE ja3 = '{}'"),
        ObservableType.JA4: ("ja4", "SELECT * FROM tls WHERE ja4 = '{}'"),
        ObservableType.CERT: ("cert", "SELECT * FROM tls WHERE cert = '{}'"),
        ObservableType.SHA256: ("sha256", "SELECT * FROM fileinfo WHERE sha256 = '{}'"),
    }
)
"""The pivot of the hunt's page for each type that has one, and a hunt for the shell; a canonical value has no quote."""
_STANDS: Final = MappingProxyType(
    {
        ("wanted", "block"): Text("Blocked here until {day}."),
        ("wanted", "watch"): Text("Watched for here until {day}; not blocked."),
        ("waiting", "block"): Text("A person here must decide whether it is blocked."),
        ("uncarried", "block"): Text("It is to be blocked, but no enforcer here carries it yet."),
        ("lifted", "block"): Text("It was blocked here; the block was lifted."),
        ("refused", "block"): Text("This node refused to block it."),
    }
)
_REMEMBERED: Final = Text("The sector's indicator of it is remembered here, and blocks nothing.")


@dataclass(frozen=True, slots=True)
class BlockOfValue:
    """An indicator that names the value, as it stands here."""

    id: str
    says: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCard:
    """``inside``: one of this actor's own addresses or names. ``here``: who met it; ``sector``: how many know it, None
    inside; ``blocks``: indicators that name it; ``never``: why nothing may block it. ``pivot`` and
    ``hunt``: the question to own history that asks for it, None for a type that no record has."""

    observable: Observable
    inside: bool
    here: Text
    sector: Text | None
    blocks: tuple[BlockOfValue, ...]
    never: Text | None
    suspicions: tuple[Ranked, ...]
    pivot: Pivot | None
    hunt: str | None


def value_of(what: str) -> Observable:
    """What somebody wrote or clicked on. Stop for what names nothing."""
    try:
        return observable_of(what[:VALUE_CHARS_MAX])
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.USAGE, Text("{error}: write a domain, an address or type:value", error=Text.of_error(error))
        ) from error


def value_card(config: NodeConfig, rows: Asks, now_us: int, observable: Observable) -> ValueCard:
    """Everything that the node's book says of it now. Raises SettingsError."""
    inside = not is_external(observable, config.node.homes)
    naming = [one for one in ranked(rows) if _names(one, observable)]
    known = NextDoor(rows, now_us, joins=config.door.join_commons).of(observable)
    items = of_value(rows, observable.type.value, observable.value, BLOCKS_MAX)
    table = never_list(config).hit(observable)
    pivot, hunt = PIVOT_OF.get(observable.type, (None, None))
    return ValueCard(
        observable=observable,
        inside=inside,
        here=_here(naming, observable),
        sector=None if inside else known.says if known else Text("How many of the sector know it is not known here."),
        blocks=tuple(
            BlockOfValue(name, _STANDS.get((stands, act), _REMEMBERED).filled(day=day(until_us)))
            for name, act, stands, until_us in items
        ),
        never=None
        if table is None
        else Text("It stands on the never-block list ({table}): it is blocked for nobody.", table=table),
        suspicions=tuple(naming[:SUSPICIONS_MAX]),
        pivot=pivot,
        hunt=None if hunt is None else hunt.format(observable.value, observable.value),
    )


def _names(entry: Ranked, observable: Observable) -> bool:
    suspicion = entry.suspicion
    return observable.value in names_of(suspicion) or suspicion.host == observable.value


def _here(naming: list[Ranked], observable: Observable) -> Text:
    if not naming:
        return Text("No suspicion here names it.")
    own = {one.suspicion.host for one in naming}
    first = day(min(one.suspicion.first_us for one in naming))
    if own == {observable.value}:
        return Text.counted(
            "{count:,} suspicion here is of it, since {day}.",
            "{count:,} suspicions here are of it, the first since {day}.",
            len(naming),
            day=first,
        )
    return Text.counted(
        "{count:,} suspicion here names it, on {hosts}, since {day}.",
        "{count:,} suspicions here name it, on {hosts}, the first since {day}.",
        len(naming),
        hosts=own_hosts(len(own)),
        day=first,
    )
