"""Builds the enforcers that reach programs of the actor's own: BIND by update, squid.

Whatever the operator must mend is one Stop with what to do. Refuses to enforce anything.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from bavn.actor.protect.enforcers.bind_update import BindUpdate
from bavn.actor.protect.enforcers.squid_acl import SquidAcl
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.app.config.load import NodeConfig
from bavn.app.node.zone_service import endpoint
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.late import enforcer_of
from bavn.model.failure import Failures
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.ports import Enforcer
from bavn.model.text import Text


def reaching_out(config: NodeConfig, failures: Failures) -> list[Enforcer]:
    """Those that are configured, the slowest last. Raises Stop."""
    given = config.enforce
    enforcers: list[Enforcer] = []
    for wanted, kind, make in (
        (given.squid_folder, SquidAcl, partial(squid_of, config)),
        (given.update_server or given.update_zone or given.update_key, BindUpdate, partial(update_of, config)),
    ):
        if wanted:
            enforcers.append(enforcer_of(kind.name, cast("Callable[[], Enforcer]", make), failures))
    return enforcers


def squid_of(config: NodeConfig) -> SquidAcl | None:
    """The lists of a squid; None where there is none."""
    given = config.enforce
    if not given.squid_folder:
        return None
    if not given.squid_command:
        raise Stop(Exit.CONFIGURATION, Text("[enforce] squid_command: without it squid never reads its lists again"))
    return SquidAcl(config.path(given.squid_folder), given.squid_command)


def update_of(config: NodeConfig) -> BindUpdate | None:
    """A BIND of the actor's own that takes updates; None where there is none. Raises Stop."""
    given = config.enforce
    if not (given.update_server or given.update_zone or given.update_key):
        return None
    where = "[enforce] update_server, update_zone, update_key"
    if not (given.update_server and given.update_zone and given.update_key):
        raise Stop(Exit.CONFIGURATION, Text("{where}: all three are needed", where=where))
    try:
        zone = given.update_zone.removesuffix(".")
        if zone != "bavn":  # else a name of two labels at least, like any other
            zone = Observable.of(ObservableType.DOMAIN, zone).value
        return BindUpdate(endpoint(given.update_server), f"{zone}.", key_of(given.update_key))
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.CONFIGURATION, Text.shaped("{where}: {error}", where=where, error=Text.of_error(error))
        ) from error
