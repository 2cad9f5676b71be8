"""What stands next to one thing in the centre's own data: an element, an actor, a technique, a case or an indicator. At
most EACH_MAX of a kind.

The picture of a lead grows by it. Refuses to ask anybody, and knows no machine of an actor.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, select

from bavn.centre.books import codec
from bavn.centre.books import tables as t
from bavn.centre.cases.indicators.indicator import Life
from bavn.centre.cases.indicators.pages import IndicatorFilter, indicators_page
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.value_facts import value_facts
from bavn.model.observable import NotCanonical, Observable
from bavn.model.sector.lead import Sign
from bavn.model.text import Text

EACH_MAX: Final = 12
SIGNS_READ_MAX: Final = 200
NodeKind = Literal["actor", "element", "technique", "case", "indicator"]


class UnknownThing(Exception):
    """Nothing here has that name. The person who asked must act."""


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """A node of the picture: ``id`` is its kind and name, an element's its type and value."""

    id: str
    kind: NodeKind
    label: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """``more``: there are others, which are not shown."""

    things: tuple[Thing, ...]
    more: bool


def thing_of(observable: Observable) -> Thing:
    """An element as a node of the picture."""
    return Thing(str(observable), "element", observable.value, observable.type.value)


def actor_thing(name: str) -> Thing:
    """An actor as a node of the picture."""
    return Thing(f"actor:{name}", "actor", name, "actor")


def neighbours(desk: Desk, of: str) -> Neighbours:
    """``of``: ``actor:NAME``, ``case:ID``, ``indicator:ID``, ``technique:ID`` or ``type:value``. Raises UnknownThing,
    UnknownCase."""
    kind, _, name = of.partition(":")
    if kind == "actor":
        signs = _signs(desk, t.SIGNS.c.actor == name)
        return _bounded(thing_of(sign.observable) for sign in signs)
    if kind == "technique":
        return _of_technique(desk, name)
    if kind == "case":
        case = desk.cases.case(name)
        lives = indicators_page(desk.engine, IndicatorFilter(case_id=name), EACH_MAX + 1)
        elements = (thing_of(element.observable) for element in case.facts.elements)
        return _bounded((*elements, *map(_indicator, lives)))
    if kind == "indicator":
        lives = indicators_page(desk.engine, IndicatorFilter(words=name), 1)
        case_of = [_case(life.case_id) for life in lives if life.case_id]
        return _bounded([*(thing_of(life.observable) for life in lives), *case_of])
    try:
        observable = Observable.of(kind, name)
    except (NotCanonical, ValueError) as error:
        raise UnknownThing(Text("nothing here is called {name}", name=repr(of[:60]))) from error
    return _of_element(desk, observable)


def _of_element(desk: Desk, observable: Observable) -> Neighbours:
    signs = _signs(desk, (t.SIGNS.c.type == observable.type.value) & (t.SIGNS.c.value == observable.value))
    facts = value_facts(desk, observable)
    things = [actor_thing(sign.actor) for sign in signs]
    things += [Thing(f"technique:{sign.technique}", "technique", sign.technique, "technique") for sign in signs]
    things += [_case(case.id) for case in facts.cases]
    if facts.indicator is not None:
        things.append(_indicator(facts.indicator))
    return _bounded(things)


def _of_technique(desk: Desk, technique: str) -> Neighbours:
    """The cases in which it was reported, what was reported as it there, and the indicators of those cases that carry
    it."""
    involved = desk.work.involved
    cases = involved.cases_with(technique, EACH_MAX + 1)
    things = [*map(_case, cases), *map(thing_of, involved.observables_with(technique, EACH_MAX + 1))]
    for case_id in cases:
        lives = indicators_page(desk.engine, IndicatorFilter(case_id=case_id), EACH_MAX + 1)
        things += [_indicator(life) for life in lives if life.technique == technique]
    return _bounded(things)


def _signs(desk: Desk, where: ColumnElement[Any]) -> list[Sign]:
    """The newest reports of which this is so."""
    query = select(t.SIGNS.c.body).where(where).order_by(t.SIGNS.c.received_us.desc()).limit(SIGNS_READ_MAX)
    with t.reading(desk.engine) as connection:
        return [codec.read_sign(body) for body in connection.scalars(query)]


def _case(case_id: str) -> Thing:
    return Thing(f"case:{case_id}", "case", case_id, "case")


def _indicator(life: Life) -> Thing:
    """By what it names; its id stands behind its kind."""
    return Thing(f"indicator:{life.id}", "indicator", life.observable.value, "indicator")


def _bounded(things: Iterable[Thing]) -> Neighbours:
    counts: dict[str, int] = {}
    shown = []
    every = dict.fromkeys(things)
    for thing in every:
        counts[thing.kind] = counts.get(thing.kind, 0) + 1
        if counts[thing.kind] <= EACH_MAX:
            shown.append(thing)
    return Neighbours(things=tuple(shown), more=len(shown) < len(every))
