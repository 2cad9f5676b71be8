"""What a block would have hit, in words a person can decide on: which own machines, which services behind the value.

For a name: the names below it that were in use. For an address: ports, and the names under which it was spoken to. For
a fingerprint or certificate: the names it was met with. Each with what lists know of it. It stays at home: it names
hosts. Refuses to decide, and to change anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.actor.protect.never import NeverBlock
from bavn.actor.protect.own_history import Found
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.rules import too_much
from bavn.model.intel.accidents import RULE, accident_of
from bavn.model.observable import NotCanonical, Observable, ObservableType, is_external
from bavn.model.outcome import Refused
from bavn.model.ports import Window
from bavn.model.record import address_uuid

SERVICES_MAX: Final = 50
_NAMES: Final = """
    SELECT kind, name, CAST(count(DISTINCT src) AS BIGINT), CAST(sum(n) AS BIGINT) FROM name_hour
    WHERE name = $value OR ends_with(name, $below) GROUP BY ALL ORDER BY 3 DESC, 4 DESC, 2, 1 LIMIT $most"""
_PORTS: Final = """
    SELECT proto, dst_port, CAST(count(DISTINCT src) AS BIGINT), CAST(sum(flows) AS BIGINT) FROM pair_hour
    WHERE dst = CAST($value AS UUID) GROUP BY ALL ORDER BY 3 DESC, 4 DESC, 1, 2 LIMIT $most"""
_SPOKEN: Final = """
    SELECT '{table}', {column}, CAST(count(DISTINCT src) AS BIGINT), count(*) FROM {table}
    WHERE {where} AND {column} IS NOT NULL AND {column} <> '' GROUP BY ALL ORDER BY 3 DESC, 4 DESC, 2 LIMIT $most"""
_COLUMNS: Final = {ObservableType.JA3: "ja3", ObservableType.JA4: "ja4", ObservableType.CERT: "cert"}


@dataclass(frozen=True, slots=True)
class Service:
    """Something in use that a block would take away: ``kind`` dns, tls, http or a transport; ``known``: the lists that
    know it, "" for none."""

    kind: str
    what: str
    hosts: int
    count: int
    known: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """``hosts``: the first of the own machines; ``would_wait``: why a person would be asked, or what forbids it; None
    for a block that would go into force at once, as far as history and lists have a say."""

    observable: Observable
    found: Found
    hosts: tuple[str, ...]
    services: tuple[Service, ...]
    would_wait: Refused | None


@dataclass(frozen=True, slots=True)
class Lists:
    """What lists say: the never-block list, and the grade of a warning list (None: unknown there)."""

    never: NeverBlock
    warned: Callable[[Observable], str | None]

    def know(self, observable: Observable) -> str:
        """The lists that know it, in words; "" for none."""
        table, grade = self.never.hit(observable), self.warned(observable)
        return ", ".join([f"never-block [{table}]"] * (table is not None) + [f"{grade}"] * (grade is not None))


def services(window: Window, observable: Observable, lists: Lists) -> tuple[Service, ...]:
    """What is in use behind it, the most used first, at most SERVICES_MAX of each kind. Raises QueryRefused."""
    value, most = observable.value, SERVICES_MAX
    if observable.type is ObservableType.DOMAIN:
        rows = window.rows(_NAMES, {"value": value, "below": "." + value, "most": most})
        return tuple(_named(row, lists) for row in rows)
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        given = {"value": str(address_uuid(value)), "most": most}
        ports = [Service(str(p), str(port), hosts, n, "") for p, port, hosts, n in window.rows(_PORTS, given)]
        where = "dst = CAST($value AS UUID)"
        return (*ports, *_spoken(window, where, given, lists))
    column = _COLUMNS.get(observable.type)
    if column is None:
        return ()
    return tuple(_spoken(window, f"{column} = $value", {"value": value, "most": most}, lists, ("tls",)))


def verdict(
    observable: Observable, met: Found, lists: Lists, policy: ProtectPolicy, homes: Sequence[str]
) -> Refused | None:
    """What gate 4 would say of it today, of that which lists and own history decide."""
    if not is_external(observable, tuple(homes)):
        return Refused("external", "it names something internal or own, or a public suffix")
    if (refused := lists.never.refusal(observable)) is not None:
        return refused
    if (accident := accident_of(observable)) is not None:
        return Refused.of(RULE, accident.words)
    grade = lists.warned(observable)
    if grade is not None:
        return Refused("warning_list", "on a warning list: {grade}", grade=grade)
    return too_much(policy, met)


def _spoken(
    window: Window, where: str, given: dict[str, Any], lists: Lists, tables: Sequence[str] = ("tls", "http")
) -> list[Service]:
    sentences = []
    for table in tables:
        column = "sni" if table == "tls" else "host"
        sentences += window.rows(_SPOKEN.format(table=table, column=column, where=where), given)
    return [_named(row, lists) for row in sentences]


def _named(row: tuple[Any, ...], lists: Lists) -> Service:
    kind, name, hosts, count = row
    try:
        known = lists.know(Observable.of(ObservableType.DOMAIN, name))
    except NotCanonical:
        known = ""
    return Service(str(kind), str(name), int(hosts), int(count), known)
