"""What left this actor in some days, in words: how many things of which kinds, which words stood in them, who learned
what, and what was refused. Made from the ledger and nothing else.

Refuses to name what stayed at home, and to hold a line's whole body: the ledger has it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from bavn.model.moment import DAY_US
from bavn.model.text import Number, Text
from bavn.wire.ledger import Line
from bavn.wire.privacy import Privacy

LINES_MAX: Final = 400_000
"""So many lines of these days are looked through: some 600 an hour in four weeks."""
NAMED_MAX: Final = 40
WORDS_CHARS_MAX: Final = 200
LEARNED: Final = {
    Privacy.S0: Text("Nobody learned anything from them: below the threshold they are random numbers."),
    Privacy.S1: Text(
        "The analysis centre learned that these were met here, after it had shown that enough others hold the same."
        " Nobody else learned it."
    ),
    Privacy.S2: Text(
        "The analysis centre learned of what it had named itself whether it was met or blocked here, and about how"
        " often."
    ),
    Privacy.S3: Text("The analysis centre learned numbers that are not the true ones: noise was added here."),
    Privacy.S4: Text("The analysis centre learned how the node is, and nothing of the network around it."),
    Privacy.S5: Text("The analysis centre got what a person here wrote or attached, who saw it first."),
}


@dataclass(frozen=True, slots=True)
class LeftClass:
    """What left of one privacy class. ``kinds``: (kind of message, how many); ``named``: the words in it that name
    something or that people wrote, each once, at most NAMED_MAX; ``more``: how many others there are."""

    privacy: str
    says: Text
    count: int
    kinds: tuple[tuple[str, int], ...]
    named: tuple[str, ...]
    more: int
    learned: Text


@dataclass(frozen=True, slots=True)
class StayedHome:
    """How many items of one kind a rule refused, and why."""

    kind: str
    rule: str
    why: Text
    count: int


@dataclass(frozen=True, slots=True)
class LeftDays:
    """What left from one moment until another. ``whole``: no line of these days was left out."""

    since_us: int
    until_us: int
    says: Text
    count: int
    classes: tuple[LeftClass, ...]
    refused: tuple[StayedHome, ...]
    refused_count: int
    whole: bool


def has_left(line: Line) -> bool:
    """Whether this line is something that left this actor."""
    return line.way == "out" and line.verdict == "passed" and bool(line.privacy)


def left_in(lines: Iterable[Line], since_us: int, until_us: int) -> LeftDays:
    """``lines``: the newest first, back to ``since_us`` at least."""
    looked = list(islice(lines, LINES_MAX + 1))
    out = [line for line in looked if line.way == "out" and since_us <= line.at_us < until_us]
    left = [line for line in out if has_left(line)]
    stayed = [line for line in out if line.verdict == "refused"]
    classes = _classes(left)
    return LeftDays(
        since_us=since_us,
        until_us=until_us,
        says=_head(classes, len(left), until_us - since_us),
        count=len(left),
        classes=classes,
        refused=_refused(stayed),
        refused_count=len(stayed),
        whole=len(looked) <= LINES_MAX,
    )


def _classes(left: list[Line]) -> tuple[LeftClass, ...]:
    by: dict[Privacy, list[Line]] = {}
    for line in left:
        by.setdefault(strongest(line.privacy), []).append(line)
    return tuple(_of_class(privacy, by[privacy]) for privacy in Privacy if privacy in by)


def strongest(privacy: str) -> Privacy:
    """A message with several classes counts as the last of them: the one that says most."""
    return max(Privacy(one) for one in privacy.replace("+", " ").replace(",", " ").split())


def _of_class(privacy: Privacy, lines: list[Line]) -> LeftClass:
    kinds = Counter(line.kind for line in lines)
    named = list(dict.fromkeys(word for line in lines for word in _words(line)))
    return LeftClass(
        privacy=privacy.value,
        says=counted_of(privacy, len(lines)),
        count=len(lines),
        kinds=tuple(kinds.most_common()),
        named=tuple(named[:NAMED_MAX]),
        more=max(0, len(named) - NAMED_MAX),
        learned=LEARNED.get(privacy, Text("It said nothing of this actor.")),
    )


def counted_of(privacy: Privacy, count: int) -> Text:
    """So many messages of a privacy class, as people call them."""
    match privacy:
        case Privacy.S0:
            return Text.counted("{count:,} random part of a round", "{count:,} random parts of rounds", count)
        case Privacy.S1:
            return Text.counted("{count:,} report", "{count:,} reports", count)
        case Privacy.S2:
            return Text.counted(
                "{count:,} note on the sector's indicators", "{count:,} notes on the sector's indicators", count
            )
        case Privacy.S3:
            return Text.counted("{count:,} list of counts with noise", "{count:,} lists of counts with noise", count)
        case Privacy.S4:
            return Text.counted("{count:,} note on how the node is", "{count:,} notes on how the node is", count)
        case Privacy.S5:
            return Text.counted("{count:,} answer of people here", "{count:,} answers of people here", count)
        case Privacy.C:
            return Text.counted("{count:,} note of the centre's log", "{count:,} notes of the centre's log", count)


def _head(classes: tuple[LeftClass, ...], count: int, span_us: int) -> Text:
    days = max(1, round(span_us / DAY_US))
    if not count:
        return Text.counted(
            "Nothing left this actor on this day.", "Nothing left this actor in these {count} days.", days
        )
    things = Text.counted("{count:,} thing left this actor", "{count:,} things left this actor", count)
    if len(classes) == 1:
        return Text("{things}, all of one kind: {said}.", things=things, said=classes[0].says)
    kinds = [one.says for one in classes]
    said = Text("{most} and {last}", most=Text.joined(", ", kinds[:-1]), last=kinds[-1])
    return Text("{things}, of {n} kinds: {said}.", things=things, n=Number(len(kinds)), said=said)


def _refused(stayed: list[Line]) -> tuple[StayedHome, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    why: dict[tuple[str, str], Text] = {}
    for line in stayed:
        counts[line.kind, line.rule] += 1
        why.setdefault((line.kind, line.rule), line.why or Text.plain(line.rule))
    return tuple(StayedHome(kind, rule, why[kind, rule], n) for (kind, rule), n in counts.most_common())


def _words(line: Line) -> list[str]:
    """What in a line's body names something, or was written by a person."""
    try:
        body: Any = json.loads(line.summary)
    except ValueError:
        return []
    if not isinstance(body, dict):
        return []
    if isinstance(body.get("type"), str) and isinstance(body.get("value"), str):
        return [f"{body['type']}:{body['value']}"]
    written = [body.get(name) for name in ("words", "why")]
    return [one[:WORDS_CHARS_MAX] for one in written if isinstance(one, str) and one.strip()]
