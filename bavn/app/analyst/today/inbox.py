"""What deserves a person's eyes at a node now, story by story, and how much there is below: the one place that decides.

Above the line is what the sector confirmed, what a colleague handed to whoever asks, evidence at its cap, and what lies
over the actor's alert line. The line is what its people read in a day (bavn.model.evidence), so what they judged or
handed on today is counted against it: the page empties. Refuses to hide: what is below is counted, and stands in order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bavn.actor.door.handed import HANDED_SQL, Handed, handed_of
from bavn.actor.door.suspicions import RUN_SQL, Ranked, names_of
from bavn.actor.protect.confirmed import met_values
from bavn.app.analyst.knocking import knocks
from bavn.app.node.book_queries import Asks
from bavn.model.evidence import EVIDENCE_NATS_MAX, alert_line, evidence_nats
from bavn.model.moment import DAY_US
from bavn.model.sector.verdict import BENIGN_P_TIMES
from bavn.model.text import Text

Why = Literal["handed", "sector", "strong", "line"]
WHYS: Final[dict[Why, Text]] = {
    "handed": Text("{by} handed it to you"),
    "sector": Text("The sector confirmed it as an attack"),
    "strong": Text("As strong as evidence of one's own can be"),
    "line": Text("Over the alert line"),
}


@dataclass(frozen=True, slots=True)
class InboxStory:
    """What one own host and one peer are suspected of together, the strongest first. ``handed``: to a colleague."""

    entries: tuple[Ranked, ...]
    why: Why
    handed: Handed | None

    @property
    def why_says(self) -> Text:
        """Why it stands above the line."""
        return WHYS[self.why].filled(by=self.handed.by) if self.handed and self.why == "handed" else WHYS[self.why]


@dataclass(frozen=True, slots=True)
class Inbox:
    """``above``: stories that deserve eyes now. Of the others, as suspicions: ``weaker`` than the line, ``marked`` here
    (judged true or benign, or ignored) and ``handed`` to colleagues, by name. ``read_max``: the alert line, in stories
    a day; ``read``: of these so many were judged or handed on here today."""

    above: tuple[InboxStory, ...]
    weaker: int
    marked: int
    handed: Mapping[str, int]
    read_max: int
    read: int


def inbox_now(rows: Asks, suspected: Sequence[Ranked], *, reader: str, now_us: int) -> Inbox:
    """What a node's book says now. ``suspected``: all of it, in reading order; ``reader``: who asks."""
    run = rows(RUN_SQL)
    return inbox(
        suspected,
        hosts=run[0][2] if run else 1,
        met=met_values(rows),
        handed=handed_of(rows(HANDED_SQL)),
        knocked=knocks(entry.suspicion for entry in suspected),
        reader=reader,
        now_us=now_us,
    )


def inbox(
    suspected: Sequence[Ranked],
    *,
    hosts: int,
    met: Iterable[str],
    handed: Mapping[str, Handed],
    knocked: Iterable[str],
    reader: str,
    now_us: int,
) -> Inbox:
    """``suspected`` in reading order; ``hosts`` of the actor; ``met``: values of what the sector confirmed and was met
    here; ``knocked``: ids of what the internet tried, which is read a line a day; ``reader``: who asks."""
    read_max = alert_line(hosts)
    stories, marked = _stories(suspected)
    met, knocked = frozenset(met), frozenset(knocked)
    read = _read_today(suspected, handed, met, now_us)
    line, above, weaker, elsewhere = read_max - read, [], 0, Counter[str]()
    for entries in stories:
        given = next((handed[one.suspicion.id] for one in entries if one.suspicion.id in handed), None)
        why = _why(entries, given, met, knocked, reader, line)
        if why is not None:
            above.append(InboxStory(entries, why, given))
            line -= why == "line"
        elif given is not None and given.to != reader:
            elsewhere[given.to] += len(entries)
        else:
            weaker += len(entries)
    order: tuple[Why, ...] = ("handed", "sector", "strong", "line")
    return Inbox(
        tuple(sorted(above, key=lambda story: order.index(story.why))), weaker, marked, elsewhere, read_max, read
    )


def _stories(suspected: Sequence[Ranked]) -> tuple[list[tuple[Ranked, ...]], int]:
    """What nobody here has marked, by host and peer in reading order; and how many are marked."""
    by_story: dict[tuple[str, str], list[Ranked]] = {}
    marked = 0
    for entry in suspected:
        if entry.rank == 0 or (entry.verdict is not None and entry.verdict.origin == "here"):
            marked += 1
        else:
            by_story.setdefault((entry.suspicion.host, entry.suspicion.peer), []).append(entry)
    return [tuple(entries) for entries in by_story.values()], marked


def _read_today(suspected: Sequence[Ranked], handed: Mapping[str, Handed], met: frozenset[str], now_us: int) -> int:
    """Stories of the line that people here judged or handed on within a day; what stands above it anyway takes no place
    of it."""
    anyway, read = set(), set()
    for entry in suspected:
        story = (entry.suspicion.host, entry.suspicion.peer)
        if _own_nats(entry) >= EVIDENCE_NATS_MAX or not names_of(entry.suspicion).isdisjoint(met):
            anyway.add(story)
        given, to = entry.verdict, handed.get(entry.suspicion.id)
        judged = given is not None and given.origin == "here" and given.given_us > now_us - DAY_US
        if judged or (to is not None and to.at_us > now_us - DAY_US):
            read.add(story)
    return len(read - anyway)


def _own_nats(entry: Ranked) -> float:
    """Its evidence before a verdict weighed it."""
    if entry.verdict is None or entry.verdict.judgement != "benign":
        return entry.suspicion.evidence_nats
    return evidence_nats(min(1.0, entry.suspicion.p / BENIGN_P_TIMES))


def _why(
    entries: tuple[Ranked, ...],
    given: Handed | None,
    met: frozenset[str],
    knocked: frozenset[str],
    reader: str,
    line: int,
) -> Why | None:
    """Why a story stands above the line, if it does. Evidence of 0 nats and less speaks for chance."""
    if given is not None:
        return "handed" if given.to == reader else None
    if any(not names_of(entry.suspicion).isdisjoint(met) for entry in entries):
        return "sector"
    if all(entry.suspicion.id in knocked for entry in entries):
        return None
    nats = max(entry.suspicion.evidence_nats for entry in entries)
    if nats >= EVIDENCE_NATS_MAX:
        return "strong"
    return "line" if nats > 0 and line > 0 else None
