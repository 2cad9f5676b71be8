"""Which suspicions are an echo: they rest on an indicator that the sector shared, and come back as if it were evidence.

Decided by what a suspicion rests on (docs/decisions/0021-echo-is-no-evidence.md). A match of what the sector
confirmed to this node, and an alert of Bavn's own rule, is an echo, always. A match of a list or of a Sigma rule is
one while this node holds an indicator for what it names: it asks the past by what is known today. An alert of
somebody else's rule is one where it began after the indicator was made: what was raised before cannot rest on it.
What a detector finds by behaviour rests on no indicator. Refuses to know who else saw it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from bavn.model.intel.own_rules import is_of_own_rule
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.suspicion import Suspicion

LISTS: Final = "ioc"
RULES: Final = "signature"
_ALERT: Final = "alert"


Holds = Callable[[Observable], tuple[int, int] | None]
"""Since when the sector has shared an indicator for exactly this observable, and until when, both in us; None where
this node holds none."""


def holds_none(_: Observable) -> tuple[int, int] | None:
    """At a node to which nothing was shared."""
    return None


def is_echo(suspicion: Suspicion, holds: Holds) -> bool:
    """Whether it rests on a shared indicator."""
    if suspicion.shared or is_of_own_rule(suspicion):
        return True
    if suspicion.detector not in (LISTS, RULES):
        return False
    held = [found for name in _names(suspicion) if (found := holds(name)) is not None]
    if suspicion.detector == RULES and suspicion.rows.table == _ALERT:
        return any(since_us <= suspicion.first_us < until_us for since_us, until_us in held)
    return bool(held)


def _names(suspicion: Suspicion) -> Iterator[Observable]:
    """All that it names, with every name above a domain: an indicator covers what is below it."""
    for observable in (*suspicion.observables, *_peer(suspicion.peer)):
        yield observable
        if observable.type is ObservableType.DOMAIN:
            labels = observable.value.split(".")
            for at in range(1, len(labels) - 1):
                yield Observable.trusted(ObservableType.DOMAIN, ".".join(labels[at:]))


def _peer(peer: str) -> Iterator[Observable]:
    """The peer as it was met, which may be below the registered domain that joins rounds."""
    for kind in (ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN):
        try:
            yield Observable.of(kind, peer)
        except NotCanonical:
            continue
        return
