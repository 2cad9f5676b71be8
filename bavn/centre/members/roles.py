"""What each member does that others depend on, who supplies it, which group it belongs to, and whether it
is in the canary ring: set by the centre's
operator, counted in the registry's version.

Refuses to ask the members: an actor that could call itself important could lift its leads.
"""

import re
from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, insert, select, update

from bavn.centre.members.registry import Also, Registry, UnknownActor, nothing
from bavn.centre.members.tables import ACTOR, ROLE
from bavn.centre.store.engine import reading, writing
from bavn.model.ports import Clock
from bavn.model.sector.functions import FUNCTIONS, Role
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.text import Text

SUPPLIER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
SUPPLIERS_MAX: Final = 100


class BadRole(ValueError):
    """No such function, or no name that a supplier or a group can have. Whoever wrote it must act."""


class Roles:
    """On the registry's database; may be open in several processes at once."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def every(self) -> dict[str, Role]:
        """actor -> its role, for those that have one."""
        roles: dict[str, dict[str, list[str]]] = {}
        with reading(self._registry.engine) as tx:
            for row in tx.execute(select(ROLE).order_by(ROLE.c.actor, ROLE.c.kind, ROLE.c.name)):
                roles.setdefault(row.actor, {}).setdefault(row.kind, []).append(row.name)
        return {
            actor: Role(tuple(names.get("function", ())), tuple(names.get("supplier", ())))
            for actor, names in roles.items()
        }

    def set(
        self,
        actor: str,
        *,
        functions: Collection[str] | None = None,
        suppliers: Collection[str] | None = None,
        group: str | None = None,
        canary: bool | None = None,
        also: Also = nothing,
    ) -> None:
        """Replace what is given; None leaves it as it is, an empty group makes the actor its own; ``canary``:
        whether it is in the canary ring. Counts the registry's version up. Raises UnknownActor, BadRole."""
        _check(functions or (), suppliers or (), group or actor)
        with writing(self._registry.engine) as tx:
            self._registry.count_up(tx)
            if tx.execute(select(ACTOR.c.name).where(ACTOR.c.name == actor)).first() is None:
                raise UnknownActor(Text("no actor is called {actor}", actor=repr(actor[:60])))
            for what, names in (("function", functions), ("supplier", suppliers)):
                if names is not None:
                    tx.execute(delete(ROLE).where(ROLE.c.actor == actor, ROLE.c.kind == what))
                    rows = [{"actor": actor, "kind": what, "name": name} for name in sorted(set(names))]
                    if rows:
                        tx.execute(insert(ROLE), rows)
            changed: dict[str, str | bool | int] = {}
            if group is not None:
                changed["group"] = group or actor
            if canary is not None:
                changed["canary"] = canary
            if changed:
                changed["changed_us"] = self._clock.now_us()
                tx.execute(update(ACTOR).where(ACTOR.c.name == actor).values(**changed))
            also(tx)


def _check(functions: Collection[str], suppliers: Collection[str], group: str) -> None:
    """Raises BadRole for what no role has."""
    unknown = sorted(set(functions) - FUNCTIONS.keys())
    if unknown:
        raise BadRole(
            Text(
                "no function is called {unknown}; known: {functions}",
                unknown=repr(unknown[0][:40]),
                functions=", ".join(FUNCTIONS),
            )
        )
    bad = sorted(name for name in suppliers if not SUPPLIER_NAME.fullmatch(name))
    if bad:
        raise BadRole(
            Text("no supplier can be called {bad}: a-z, 0-9, '.' and '-', at most 40 letters", bad=repr(bad[0][:40]))
        )
    if len(set(suppliers)) > SUPPLIERS_MAX:
        raise BadRole(Text("an actor has at most {suppliers_max} suppliers", suppliers_max=SUPPLIERS_MAX))
    if not ACTOR_NAME.fullmatch(group):
        raise BadRole(
            Text(
                "no group can be called {group}: a-z, 0-9 and '-', 2 to 40 letters, a letter first",
                group=repr(group[:40]),
            )
        )
