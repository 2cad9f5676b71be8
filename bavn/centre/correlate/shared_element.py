"""Correlator: one element, reported by several actors.

Sees: an external domain, address, fingerprint, file or chain of techniques that at least two actors found suspicious,
each too weakly.
Misses: a campaign that gives every victim a domain and an address of its own; one victim alone; sources that try doors
from outside (joint_scan.py).
Innocent: a new vendor service, a browser release, a monitoring probe that everybody talks to: wide inside each actor,
on a list, or shared by nearly all, which is what the score's terms weigh down.
Do first: read which actors and detectors stand behind it, then the counterfactual for each actor.
"""

from collections.abc import Collection

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.graph import kin_of
from bavn.centre.correlate.kin import ByElement, Links, is_inbound
from bavn.centre.correlate.score import Weighed, weigh
from bavn.model.observable import Observable

ACTORS_MIN = 2


def find(elements: ByElement, links: Links, context: Context, wanted: Collection[Observable]) -> tuple[Weighed, ...]:
    """Each wanted element that two actors or more report, with its score, in order of type and value."""
    findings = []
    for observable in sorted(wanted):
        called = [sign for sign in elements[observable] if not is_inbound(sign)]
        if len({sign.actor for sign in called}) >= ACTORS_MIN:
            findings.append(weigh(observable, called, context, kin_of(observable, elements, links, context)))
    return tuple(findings)
