"""The parties that no node need trust alone, as it saw them: each of several key holders, and the centre by its log.

The key holders as the node last said; the log as it stands in its book, where `bavn node watch-centre` reads it too.
Refuses to check anything anew.
"""

from typing import Any, Final

from bavn.actor.door.conversations.witness_book import EVIDENCE_SQL, PROVEN_SQL, STANDING_SQL, evidence_of, standing_of
from bavn.app.config.load import NodeConfig
from bavn.app.node.book_queries import Asks
from bavn.app.node.health.log import evidence_words
from bavn.app.web.frame import TextShape
from bavn.app.web.soc.shapes import Frozen
from bavn.model.text import Text
from bavn.tlog.bad import BadLog
from bavn.tlog.note import note_of

HOLDER_STATES: Final = {
    "answers": Text.in_context("a key holder", "answers"),
    "silent": Text.in_context("a key holder", "silent"),
    "refuses": Text.in_context("a key holder", "refuses this node"),
    "wrong": Text.in_context("a key holder", "gave a wrong answer"),
    "misnumbered": Text.in_context("a key holder", "is another one than node.toml says"),
    "unasked": Text.in_context("a key holder", "not asked yet"),
}


class KeyHolderShown(Frozen):
    """A key holder. ``state``: answers, silent, refuses, wrong, misnumbered, or unasked (no
    round has come to it yet); ``since_us``: since when it fails, and ``why``; ``answered_us``: when it last gave a
    right part of an answer."""

    number: int
    address: str
    state: str
    says: TextShape
    answered_us: int | None
    since_us: int | None
    why: TextShape | None


class HolderRound(Frozen):
    """A round's batch, and by number the key holders whose parts made the answer (none: it came to nothing), and those
    that were asked for it and failed."""

    at_us: int
    round_id: str
    tier: str
    answered: list[int]
    failed: list[int]


class KeyHoldersShown(Frozen):
    """Any ``k`` of them answer together. ``rounds``: the newest since the node began, the latest first."""

    k: int
    holders: list[KeyHolderShown]
    rounds: list[HolderRound]


class LogWatched(Frozen):
    """The centre's log as this node saw it: the newest checkpoint that it cosigned (``size`` entries), ``checked`` how
    many it saw since ``since_us``. ``proven``: releases that the centre proved to be in it, the last at
    ``proven_us`` under a checkpoint with so many cosignatures (``cosigned``). ``open``: what the log was caught at and
    nobody here has dealt with; ``settled`` how many cases somebody has."""

    origin: str
    size: int | None
    root: str
    since_us: int | None
    seen_us: int | None
    checked: int
    proven: int
    proven_us: int | None
    cosigned: int | None
    open: list[TextShape]
    settled: int


def key_holders(written: dict[str, Any] | None, config: NodeConfig) -> KeyHoldersShown | None:
    """As the node last wrote in its health file; addresses as node.toml has them now. None where it has not several."""
    if not written:
        return None
    addresses = {number: url for number, (url, _) in config.node.key_holders.items()}
    holders = [
        KeyHolderShown(
            number=holder["number"],
            address=addresses.get(holder["number"], ""),
            state=holder["state"],
            says=TextShape.of(HOLDER_STATES[holder["state"]]),
            answered_us=holder["answered_us"],
            since_us=holder["since_us"],
            why=None if holder["why"] is None else TextShape.kept(holder["why"]),
        )
        for holder in written["holders"]
    ]
    return KeyHoldersShown(k=written["k"], holders=holders, rounds=[HolderRound(**each) for each in written["rounds"]])


def log_watched(rows: Asks) -> LogWatched | None:
    """None where the centre never showed this node a log."""
    standing, evidence = standing_of(rows(STANDING_SQL)), evidence_of(rows(EVIDENCE_SQL))
    if standing is None and not evidence:
        return None
    proven = rows(PROVEN_SQL)
    count, last_us, note = proven[0] if proven else (0, None, "")
    waiting = [TextShape.of(evidence_words(each)) for each in evidence if each.done_us is None]
    return LogWatched(
        origin="" if standing is None else standing.origin,
        size=None if standing is None else standing.size,
        root="" if standing is None else standing.root,
        since_us=None if standing is None else standing.since_us,
        seen_us=None if standing is None else standing.seen_us,
        checked=0 if standing is None else standing.checked,
        proven=count,
        proven_us=last_us,
        cosigned=_cosigned(note) if note else None,
        open=waiting,
        settled=len(evidence) - len(waiting),
    )


def _cosigned(note: str) -> int | None:
    """Signatures under a checkpoint beside the log's own."""
    try:
        return len(note_of(note.encode()).lines) - 1
    except BadLog:
        return None
