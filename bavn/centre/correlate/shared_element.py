"""Correlator: one element, reported by several actors.

Sees: an external domain, address, fingerprint or file that at least two actors found suspicious, each too weakly.
Misses: a campaign that gives every victim a domain and an address of its own; one victim alone.
Innocent: a new vendor service, a browser release, a monitoring probe that everybody talks to: wide inside each actor,
on a list, or shared by nearly all, which is what the score's terms weigh down.
Do first: read which actors and detectors stand behind it, then the counterfactual for each actor.
"""

from collections.abc import Iterable

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.score import Weighed, weigh
from bavn.model.lead import Sign
from bavn.model.observable import Observable

ACTORS_MIN = 2


def find(signs: Iterable[Sign], context: Context) -> tuple[Weighed, ...]:
    """Every element that two actors or more report, with its score, in order of type and value."""
    by_element: dict[Observable, list[Sign]] = {}
    for sign in signs:
        by_element.setdefault(sign.observable, []).append(sign)
    return tuple(
        weigh(observable, by_element[observable], context)
        for observable in sorted(by_element)
        if len({sign.actor for sign in by_element[observable]}) >= ACTORS_MIN
    )
