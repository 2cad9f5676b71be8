"""How many of the sector know a thing, and since when: what the commons told a node, as people say it.

Read from the node's own book, beside the running node. Says nothing of what was never listed, of a node that has seen
no round, and where the policy takes no part. Refuses to know who the others are: nobody told it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Any, Final

from bavn.actor.detect.telling import place
from bavn.actor.door.rounds.commons_table import GROUPS_SQL, known_of
from bavn.app.node.book_queries import Asks
from bavn.model.moment import DAY_US, as_datetime
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.sector.known_days import EDGES, KnownDays
from bavn.model.spans import day, in_year
from bavn.model.suspicion import Suspicion
from bavn.model.text import Capital, Language, Text
from bavn.psi.element import as_element, element_bytes, known_by
from bavn.psi.ordinary import Ordinary, alert_kind

FRESH_DAYS: Final = 1
"""An answer of today or yesterday is told as it is now, an older one with its day."""
THRESHOLD: Final = EDGES[0]
VALUES_MAX: Final = 2_000
_NAMES: Final = frozenset(
    {"address", "domain", "dst", "host", "indicator", "met", "name", "peer", "rrname", "sni", "src", "value", "what"}
)
"""Columns of an answer in which a name or an address of somebody outside may stand: alone, or among other words."""
_NOT_KNOWN: Final = Text("How many of the sector know these names is not known: {why}.")
_TAKES_NO_PART: Final = Text("the policy takes no part in the commons round")
_NO_ROUND: Final = Text("no commons round has been answered yet")
_NOT_LISTED: Final = Text("none of them is among what this node listed in the commons round")
_ALERT: Final = "alert"


@dataclass(frozen=True, slots=True)
class KnownInSector:
    """What is known of one thing. ``short``: for a column; ``says``: the sentence."""

    short: Text
    says: Text


Thing = Observable | Ordinary


class NextDoor:
    """The commons as one node's book has them now; asked once for a page. ``joins``: the policy takes part."""

    def __init__(self, rows: Asks, now_us: int, *, joins: bool) -> None:
        self._rows, self._now_us, self._joins = rows, now_us, joins
        last = rows(GROUPS_SQL) if joins else []
        self._groups = int(last[0][0]) if last and last[0][0] else None

    def of_values(self, values: Iterable[str]) -> dict[str, KnownInSector]:
        """Of names and addresses as a record has them; those that nothing is known of are left out."""
        elements = {value: made for value in values if (made := _element(value)) is not None}
        known = self._known(elements.values())
        return {value: known[made] for value, made in elements.items() if made in known}

    def of_answer(
        self, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> tuple[dict[str, KnownInSector], Text | None]:
        """Of a hunt's answer: by each cell that names somebody of whom something is known, the first such name; and why
        nothing is known where that is so of all. Cells after the first VALUES_MAX are left out."""
        places = [at for at, column in enumerate(columns) if column.lower() in _NAMES]
        cells = (row[at] for row in rows for at in places)
        values = list(islice(dict.fromkeys(cell for cell in cells if isinstance(cell, str)), VALUES_MAX))
        words = {value: [word for word in value.split() if _element(word) is not None] for value in values}
        known = self.of_values(word for named in words.values() for word in named)
        known_cells = {
            value: known[first]
            for value, named in words.items()
            if (first := next((word for word in named if word in known), None)) is not None
        }
        asked = any(not _is_inside(word) for named in words.values() for word in named)
        return known_cells, self._why_nothing() if asked and not known_cells else None

    def _why_nothing(self) -> Text:
        if not self._joins:
            return _NOT_KNOWN.filled(why=_TAKES_NO_PART)
        return _NOT_KNOWN.filled(why=_NO_ROUND if self._groups is None else _NOT_LISTED)

    def of(self, observable: Observable) -> KnownInSector | None:
        """Of one thing that somebody may want to block, or hunt."""
        return self._known([as_element(observable)]).get(as_element(observable))

    def of_suspicions(self, suspicions: Sequence[Suspicion]) -> dict[str, list[KnownInSector]]:
        """By the suspicion's id: of the first name of its peer that something is known of, and of its alerts."""
        if not self._joins:
            return {}
        things: dict[str, tuple[Sequence[Thing], Sequence[Thing]]] = {
            suspicion.id: (known_by(suspicion.observables), _alerts(suspicion)) for suspicion in suspicions
        }
        known = self._known(thing for names, alerts in things.values() for thing in (*names, *alerts))
        by_story: dict[str, list[KnownInSector]] = {}
        for story, kinds in things.items():
            firsts = [next((known[thing] for thing in kind if thing in known), None) for kind in kinds]
            if told := [first for first in firsts if first is not None]:
                by_story[story] = told
        return by_story

    def _known(self, things: Iterable[Thing]) -> Mapping[Thing, KnownInSector]:
        if not self._joins:
            return {}
        asked = {element_bytes(thing): thing for thing in things}
        known = known_of(self._rows, asked)
        return {asked[element]: self._known_as(asked[element], days) for element, days in known.items()}

    def _known_as(self, thing: Thing, known: KnownDays) -> KnownInSector:
        bucket, since = known.buckets[0], known.shared_now_since()
        short = how_many(bucket, self._groups)
        sentence = _sentence(thing).filled(how_many=short, what=_what(thing))
        if since is not None:
            first, begun = since
            told = {"since": _SINCE if begun else _SINCE_OR_BEFORE, "more": _MORE if begun else _MORE_OR_BEFORE}
            sentence = told["since" if bucket == 1 else "more"].filled(said=sentence, day=_day(first), t=THRESHOLD)
        if self._now_us // DAY_US - known.day > FRESH_DAYS:
            sentence = Text("{said} (as of {day})", said=sentence, day=_day(known.day))
        whole = Text.shaped("{said}.", said=Capital(in_year(sentence, as_datetime(self._now_us).year)))
        return KnownInSector(short, whole)


_SINCE: Final = Text("{said}, since {day}")
_SINCE_OR_BEFORE: Final = Text("{said}, since {day} or earlier")
_MORE: Final = Text("{said}; {t} or more have done so since {day}")
_MORE_OR_BEFORE: Final = Text("{said}; {t} or more have done so since {day} or earlier")


def how_many(bucket: int, groups: int | None) -> Text:
    """``9 to 16 of 41 organisations``. ``groups``: how many took part in the last round, where that is known; a bucket
    of an older one may lie beyond it."""
    low = EDGES[bucket - 1] if bucket else 0
    high = EDGES[bucket] - 1 if bucket < len(EDGES) else None
    if groups is not None and groups < max(low, THRESHOLD):
        groups = None
    if groups is not None:
        high = groups if high is None else min(high, groups)
    if not bucket:
        return _of_all(Text("fewer than {t}", t=THRESHOLD), groups)
    if high is None:
        return _of_all(Text("{low} or more", low=low), groups)
    return _of_all(Text.plain(str(low)) if low == high else Text("{low} to {high}", low=low, high=high), groups)


def _of_all(some: Text, groups: int | None) -> Text:
    if groups is None:
        return Text("{some} organisations", some=some)
    return Text("{some} of {groups} organisations", some=some, groups=groups)


def _day(number: int) -> Text:
    return day(number * DAY_US)


def _sentence(thing: Thing) -> Text:
    if isinstance(thing, Ordinary):
        return Text("{how_many} of the sector get alerts of rule {what}")
    return Text("{how_many} of the sector know {what}")


def _what(thing: Thing) -> Text:
    if isinstance(thing, Ordinary):
        return Text.plain(thing.value.partition(":")[2])
    if thing.type in (ObservableType.DOMAIN, ObservableType.IP4, ObservableType.IP6):
        return place(thing.value)
    return Text.plain(str(thing))


def _alerts(suspicion: Suspicion) -> list[Ordinary]:
    """Of the rule whose alerts a suspicion rests on, where there is one."""
    if suspicion.rows.table != _ALERT:
        return []
    numbers = [value for name, value in suspicion.rows.equals if name == "signature_id" and value]
    return [alert_kind(None, int(number)) for number in numbers]


def _element(value: str) -> Observable | None:
    """None for what is neither an address nor a name."""
    try:
        return Observable.address(value)
    except NotCanonical:
        pass
    try:
        return as_element(Observable.of(ObservableType.DOMAIN, value))
    except NotCanonical:
        return None


def _is_inside(word: str) -> bool:
    try:
        return ip_address(word).is_private
    except ValueError:
        return False


def next_door_of(config: Path, rows: Asks) -> NextDoor:
    """What was told to the node of this configuration, as of now. Raises SettingsError."""
    from bavn.app.config.load import read_node
    from bavn.app.process.real import SystemClock

    return NextDoor(rows, SystemClock().now_us(), joins=read_node(config).door.join_commons)


def as_json(told: Sequence[KnownInSector], language: Language) -> dict[str, Any]:
    """As JSON adds it; nothing where nothing is known."""
    return {"next_door": [known.says.say(language) for known in told]} if told else {}
