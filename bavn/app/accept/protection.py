"""Does a block come into force, and go again? A harmless test name is put before gate 4 of the running node as a person
would approve it, seen in force past the node, lifted by hand, and seen gone.

The name lies under .test (RFC 6761: nobody's), or where only addresses are carried, in 192.88.99.0/24 (RFC 7526: given
up). It ends by itself within minutes whatever happens. Refuses to touch any other block.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

from bavn.actor.protect.requests import request
from bavn.actor.protect.state import Item, State, item_of
from bavn.app.accept.check import (
    BOTH,
    NOT_RUNNING,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    at_most,
    must,
    no_answer,
    not_applicable,
    not_tested,
    shown,
    value,
    yes,
)
from bavn.app.accept.node_health import node_health
from bavn.app.accept.seen import Looks, unseen, watchers
from bavn.app.node.parts import BOOK_FILE
from bavn.model.intel.indicator import Indicator, Pap, Tlp, indicator_id
from bavn.model.moment import MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import Dice
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.book import Book
from bavn.wire.ledger import look_on
from bavn.wire.partners.stix_indicator import bundle_of

FORCE_S_MAX: Final = 60
LAST_US: Final = 10 * MINUTE_US
LOOK_EVERY_S: Final = 0.25
LINES_MIN: Final = 2
CASE: Final = "case-acceptance"
AUTHOR: Final = f"identity--{uuid.UUID('5f2c1b52-3d0c-5b70-9f6a-4a1a9a7d9e01')}"
"""Who wrote the drill's bundle: no centre."""
TEST_ADDRESS: Final = Observable.of("ip4", "192.88.99.77")
_NOTHING: Final = Text("this node has no enforcer")
_NEVER_IN: Final = Text("it never came into force")
_KEYS: Final = ("in_force", "seconds", "gone", "lift_seconds", "lines")
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator: bavn node health and the enforcer's own log"),
}


class ProtectionCheck:
    """See the module's text."""

    name = "protection"
    title = Text("Protection drill with rollback")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "in_force": must(Text("seen in force at every enforcer that can be looked at")),
            "seconds": at_most(Text("until in force"), FORCE_S_MAX, "s"),
            "gone": must(Text("seen gone after the lift")),
            "lift_seconds": at_most(Text("until gone"), FORCE_S_MAX, "s"),
            "lines": at_least(Text("ledger lines of it"), LINES_MIN),
            "seen": shown(Text("looked at")),
            "unseen": shown(Text("cannot be looked at")),
            "observable": shown(Text("test name")),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        named = [drill_name(site.dice), TEST_ADDRESS]
        looks, observable = next(
            ((found, one) for one in named if (found := watchers(site.config, one))), ({}, named[0])
        )
        hidden = unseen(site.config)
        if not looks:
            if hidden:
                return [*(not_tested(key, _by_hand(hidden)) for key in _KEYS), value("unseen", ", ".join(hidden))]
            return [not_applicable(key, _NOTHING) for key in self.measures(site.terms)]
        if node_health(site.config, site.clock) is None:
            return [not_tested(key, NOT_RUNNING) for key in _KEYS]
        with closing(BookDrill(site.config.folder / BOOK_FILE, site.by)) as drill:
            return [
                *drilled(drill, observable, site.clock.now_us(), looks),
                value("seen", ", ".join(looks)),
                value("observable", str(observable)),
                value("unseen", ", ".join(hidden) or "none", _named(hidden) if hidden else None),
            ]


def _named(hidden: Mapping[str, Text]) -> Text:
    return Text.joined("; ", [Text.shaped("{name}: {why}", name=name, why=why) for name, why in hidden.items()])


def _by_hand(hidden: Mapping[str, Text]) -> Text:
    named = _named(hidden)
    return Text("{named}. Its operator shows a block and its lift there; the centre takes that by hand", named=named)


def drill_name(dice: Dice) -> Observable:
    """A name of nobody, new each time: what was lifted by hand once waits for a person."""
    return Observable.of("domain", f"drill-{dice.bytes(4).hex()}.test")


class Drill(Protocol):
    """What a drill does at a node."""

    def block(self, observable: Observable, now_us: int) -> str: ...

    def lift(self, id_: str) -> None: ...

    def standing(self, id_: str) -> tuple[str, str]: ...

    def lines(self, id_: str, since_us: int) -> int: ...


class BookDrill:
    """Puts the drill's indicator into the node's book as one that waits for a person, and leaves a person's wishes."""

    def __init__(self, file: Path, by: str) -> None:
        self._file, self._by, self._book = file, by, Book(file)

    def block(self, observable: Observable, now_us: int) -> str:
        """Its id: asked for, not yet in force."""
        item = waiting(observable, now_us)
        with self._book.transaction():
            State(self._book).keep(item)
            request(self._book, "approve", item.indicator_id, self._by)
        return item.indicator_id

    def lift(self, id_: str) -> None:
        """Asked for by a person."""
        request(self._book, "lift", id_, self._by)

    def standing(self, id_: str) -> tuple[str, str]:
        """How the node stands to it, and why."""
        item = State(self._book).item(id_)
        return (
            ("unknown", "")
            if item is None
            else (item.standing, str(Text.of_row(item.reason)) if item.reason else item.rule)
        )

    def lines(self, id_: str, since_us: int) -> int:
        """Ledger lines since a moment that name it."""
        with look_on(self._file) as ledger:
            return len(ledger.newest(100, lambda line: line.at_us >= since_us and id_ in line.summary))

    def close(self) -> None:
        """Lets go of the book."""
        self._book.close()


def waiting(observable: Observable, now_us: int) -> Item:
    """The drill's indicator as an item that waits for a person; it ends soon."""
    indicator = Indicator(
        id=indicator_id(observable),
        version=now_us,
        observable=observable,
        tlp=Tlp.AMBER,
        pap=Pap.GREEN,
        confidence=100,
        valid_from_us=now_us - SECOND_US,
        valid_until_us=now_us + LAST_US,
        case_id=CASE,
        technique="T1071",
    )
    bundle = bundle_of(indicator, created_by=AUTHOR, created_us=now_us)
    return item_of(indicator, bundle, "block", "waiting", now_us)


def drilled(
    drill: Drill, observable: Observable, now_us: int, looks: Mapping[str, Looks], wait_s: float = FORCE_S_MAX
) -> list[Reading]:
    """The drill from beginning to end; whatever happens, a lift is asked for."""
    id_ = drill.block(observable, now_us)
    try:
        forced_s = _until(lambda: all(watch(observable) for watch in looks.values()), wait_s)
    finally:
        standing, why = drill.standing(id_)
        drill.lift(id_)
    if forced_s is None:
        missing = ", ".join(name for name, watch in looks.items() if not watch(observable))
        text = f"{standing}{f' ({why})' if why else ''}: {missing}"
        return [
            yes("in_force", is_so=False, reason=Text.plain(text[:300])),
            no_answer("seconds"),
            not_tested("gone", _NEVER_IN),
            not_tested("lift_seconds", _NEVER_IN),
            value("lines", drill.lines(id_, now_us)),
        ]
    gone_s = _until(lambda: not any(watch(observable) for watch in looks.values()), wait_s)
    return [
        yes("in_force", is_so=True),
        value("seconds", round(forced_s, 1)),
        yes("gone", is_so=gone_s is not None),
        no_answer("lift_seconds") if gone_s is None else value("lift_seconds", round(gone_s, 1)),
        value("lines", drill.lines(id_, now_us)),
    ]


def _until(done: Callable[[], bool], seconds: float) -> float | None:
    """How long it took; None where it did not come."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(LOOK_EVERY_S)
    return time.monotonic() - began
