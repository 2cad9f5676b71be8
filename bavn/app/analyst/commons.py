"""What a node's commons rounds came to, as people read it: the days, since when things are known, what it is good for.

Read from the node's own book, beside the running node. Refuses to name an element: who knows which is said where the
element is (next_door.py).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bavn.actor.detect.next_door import ALERT_WORDS, PEER_WORDS
from bavn.actor.door.ordinary import established_by, ordinary_of
from bavn.actor.door.rounds.commons_days import DAYS_TABLE, CommonsDay, DayState
from bavn.actor.door.rounds.commons_table import ALIKE_SQL, CommonsRead
from bavn.actor.door.suspicions import RANKED_SQL, ranked_of
from bavn.app.node.book_queries import Asks
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US
from bavn.model.ports import Clock
from bavn.model.sector.known_days import DAYS, EDGES, Familiarity, KnownDays
from bavn.model.spans import day as day_text
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

CANARY_SAID: Final = {
    DayState.ANSWERED: Text("answered as it must be"),
    DayState.WRONG: Text("not as it must be: nothing of the answer is used"),
}
NO_ANSWER: Final = Text("no answer yet")


@dataclass(frozen=True, slots=True)
class CommonsSeen:
    """``days``: the latest first; ``since``: how many of the elements are known to the threshold or more, and since
    when; ``used``: what the answers changed here. Both are empty where there is nothing to say."""

    days: list[CommonsDay]
    since: tuple[Text, ...]
    used: tuple[Text, ...]


def commons_seen(rows: Asks, clock: Clock | None = None, *, days: int = DAYS) -> CommonsSeen:
    """As the node's book has it now."""
    clock = clock or SystemClock()
    suspicions = [entry.suspicion for entry in ranked_of(rows(RANKED_SQL))]
    return CommonsSeen(
        days=DAYS_TABLE.of(rows(f"{DAYS_TABLE.sql} LIMIT {days}")),
        since=_since(rows, clock.now_us() // DAY_US),
        used=_used(rows, clock, suspicions),
    )


def canary_text(day: CommonsDay) -> Text:
    """Whether the element that everybody holds was answered as it must be; an answer refused for it, or for anything
    else, is not used."""
    return CANARY_SAID.get(DayState(day.state), NO_ANSWER)


def _since(rows: Asks, today: int) -> tuple[Text, ...]:
    kinds, first = Counter[Familiarity | None](), today
    shared = 0
    for day, raw, count in rows(ALIKE_SQL):
        known = KnownDays(day, raw)
        kinds[known.familiarity(today)] += count
        since = known.shared_now_since()
        if since is not None:
            shared, first = shared + count, min(first, since[0])
    if not shared:
        return ()
    sentences = [
        Text.counted(
            "{count:,} of the elements is known to {least} organisations or more, at least since {day}.",
            "{count:,} of the elements are known to {least} organisations or more, the longest at least since {day}.",
            shared,
            least=EDGES[0],
            day=day_text(first * DAY_US),
        )
    ]
    if ordinary := kinds[Familiarity.ESTABLISHED]:
        sentences.append(
            Text.counted(
                "{count:,} of them is ordinary elsewhere: many have known it day after day.",
                "{count:,} of them are ordinary elsewhere: many have known them day after day.",
                ordinary,
            )
        )
    if appearing := kinds[Familiarity.APPEARING]:
        sentences.append(
            Text.counted(
                "{count:,} has appeared at others within three days.",
                "{count:,} have appeared at others within three days.",
                appearing,
            )
        )
    return tuple(sentences)


def _used(rows: Asks, clock: Clock, suspicions: Sequence[Suspicion]) -> tuple[Text, ...]:
    moved = {how: (PEER_WORDS[how].en.lower(), ALERT_WORDS[how].en.lower()) for how in Familiarity}
    count = Counter(how for one in suspicions for how, words in moved.items() if _says(one, words))
    kept_in = len(ordinary_of(suspicions, established_by(CommonsRead(rows), clock)))
    sentences = []
    if down := count[Familiarity.ESTABLISHED]:
        sentences.append(
            Text.counted(
                "{count:,} suspicion weighs less, since others meet the same day after day.",
                "{count:,} suspicions weigh less, since others meet the same day after day.",
                down,
            )
        )
    if up := count[Familiarity.APPEARING]:
        sentences.append(
            Text.counted(
                "{count:,} suspicion weighs more, since it has just appeared at others.",
                "{count:,} suspicions weigh more, since they have just appeared at others.",
                up,
            )
        )
    if kept_in:
        sentences.append(
            Text.counted(
                "{count:,} element stays out of the rounds for what is suspicious: it is ordinary elsewhere.",
                "{count:,} elements stay out of the rounds for what is suspicious: they are ordinary elsewhere.",
                kept_in,
            )
        )
    return tuple(sentences)


def _says(suspicion: Suspicion, words: tuple[str, ...]) -> bool:
    """Whether the detectors weighed it so: the words stand among its figures."""
    said = suspicion.why.en.lower()
    return any(each in said for each in words)
