"""A block tried on a node's own history, beside the running node. It asks and changes nothing."""

from pathlib import Path
from typing import Any

from bavn.actor.protect.dry_run_shown import DryRun, Lists, services, verdict
from bavn.actor.protect.own_history import NO_HISTORY, Found, History, Hunter
from bavn.actor.protect.queries import by_id
from bavn.actor.protect.rollback import networks_of
from bavn.actor.store.manifest import FILE
from bavn.actor.store.query.hunt import hunt
from bavn.app.analyst.hunting import hunting
from bavn.app.config.load import NodeConfig
from bavn.app.node.book_queries import asks
from bavn.app.process.exits import Exit, Stop
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.text import Text


def tried(given: NodeConfig, config: Path, observable: Observable, lists: Lists, days: int) -> DryRun:
    """What own history of so many days, and the lists, say of it."""
    known: Found = NO_HISTORY
    hosts: tuple[str, ...] = ()
    used: tuple[Any, ...] = ()
    if (given.folder / "store" / FILE).is_file():
        with hunting(config, f"{days}d").window() as window:
            history = History(lambda _first, _last: window, hunt)
            hunter = Hunter(history, networks_of(given.protect.clinical_networks))
            known = hunter.tried([observable], days, window.last_us - 1)[observable]
            hosts = tuple(name for met in hunt(window, [observable]) for name in met.named)
            used = services(window, observable, lists) if known.hits else ()
    return DryRun(observable, known, hosts, used, verdict(observable, known, lists, given.protect, given.node.homes))


def wanted_of(what: str, config: Path) -> Observable:
    """Stop for an indicator that is not known here, and for what is no observable."""
    if what.startswith("indicator--"):
        with asks(config) as rows:
            known = by_id(rows, what)
        for _, kind, value, _ in known:
            if kind:
                return Observable.of(kind, value)
        raise Stop(
            Exit.NOT_FOUND, Text("no indicator {text} is remembered here (bavn node blocks)", text=repr(what[:60]))
        )
    kind, colon, value = what.partition(":")
    try:
        if colon and kind in set(ObservableType):
            return Observable.of(kind, value)
        if what.replace(".", "").isdigit() or ":" in what:
            return Observable.address(what)
        return Observable.of(ObservableType.DOMAIN, what)
    except NotCanonical as error:
        raise Stop(
            Exit.USAGE, Text("{error}: write a domain, an address or type:value", error=Text.of_error(error))
        ) from error
