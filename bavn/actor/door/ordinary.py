"""What is ordinary at the sector's other actors, as the commons told it: it need not be asked of them again.

An element is ordinary where it is established itself, or where all names of the peer that it is known of are: the
address behind a name is not listed in the commons. Refuses to call anything so that an indicator names.
"""

from collections.abc import Callable, Iterable
from typing import Final

from bavn.actor.door.echo import LISTS
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.model.intel.own_rules import is_of_own_rule
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import Clock, Neighbours
from bavn.model.suspicion import Suspicion
from bavn.psi.element import as_element, element_bytes, known_by
from bavn.wire.book import Book

Established = Callable[[Iterable[Observable]], frozenset[Observable]]
"""Which of these, in the form in which they join, five groups or more know day after day."""


def none_established(_: Iterable[Observable]) -> frozenset[Observable]:
    """Where the node takes no part in the commons."""
    return frozenset()


def established_by(neighbours: Neighbours, clock: Clock) -> Established:
    """By what the commons told, as of today."""

    def established(elements: Iterable[Observable]) -> frozenset[Observable]:
        asked = {element_bytes(element): element for element in elements}
        today = clock.now_us() // DAY_US
        return frozenset(asked[raw] for raw, known in neighbours.of(asked).items() if known.established(today))

    return established


def established_at(book: Book, clock: Clock, *, joins: bool) -> Established:
    """By what the node of this book was told; by nothing where its policy takes no part."""
    return established_by(CommonsTable(book), clock) if joins else none_established


def ordinary_of(suspicions: Iterable[Suspicion], established: Established) -> frozenset[Observable]:
    """Elements that are ordinary in all suspicions of them."""
    every = list(suspicions)
    if established is none_established:
        return frozenset()
    known = established({as_element(observable) for suspicion in every for observable in suspicion.observables})
    ordinary, odd = set[Observable](), set[Observable]()
    for suspicion in every:
        elements = {as_element(observable) for observable in suspicion.observables}
        mine = _ordinary(suspicion, elements, known)
        ordinary |= mine
        odd |= elements - mine
    return frozenset(ordinary - odd)


_NONE: Final = frozenset[Observable]()


def _ordinary(suspicion: Suspicion, elements: set[Observable], known: frozenset[Observable]) -> frozenset[Observable]:
    if suspicion.detector == LISTS or is_of_own_rule(suspicion):
        return _NONE
    names = known_by(suspicion.observables)
    return frozenset(elements) if names and known.issuperset(names) else known & elements
