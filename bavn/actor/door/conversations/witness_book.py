"""What a node remembers of the centre's log, and what it caught the centre at, in its own book for any process to read.

Evidence is kept for as long as nobody here has dealt with it, the first hundred cases of it. Refuses to judge.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.model.moment import DAY_US, HOUR_US
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint, is_half, witnessed
from bavn.tlog.note import key_of, note_of
from bavn.wire.book import Book
from bavn.wire.messages.log import LogShown

EVIDENCE_MAX: Final = 100
EVIDENCE_KEPT_US: Final = 5 * 365 * DAY_US
PROVEN_KEPT_US: Final = 400 * DAY_US
LISTS_KEPT_MAX: Final = 100
_SCHEMA: Final = (
    """CREATE TABLE log_seen (
        one INTEGER PRIMARY KEY CHECK (one = 1), log_key TEXT NOT NULL, note TEXT NOT NULL, origin TEXT NOT NULL,
        size INTEGER NOT NULL, root TEXT NOT NULL, since_us INTEGER NOT NULL, seen_us INTEGER NOT NULL,
        checked INTEGER NOT NULL, witness TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE log_cosigned (
        size INTEGER NOT NULL, root TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (size, root)
    ) STRICT""",
    """CREATE TABLE log_evidence (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, rule TEXT NOT NULL, log_key TEXT NOT NULL,
        kept TEXT NOT NULL, shown_key TEXT NOT NULL, shown TEXT NOT NULL, since INTEGER NOT NULL, proof TEXT NOT NULL,
        done_us INTEGER, done_by TEXT NOT NULL, UNIQUE (kept, shown_key, shown)
    ) STRICT""",
)
_PROVEN: Final = (
    """CREATE TABLE log_entry_proven (
        name TEXT PRIMARY KEY, kind TEXT NOT NULL, number INTEGER NOT NULL, note TEXT NOT NULL, at_us INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE log_release (name TEXT PRIMARY KEY, at_us INTEGER NOT NULL) STRICT""",
)
_FIXED: Final = (
    "CREATE TABLE log_fixed_otherwise (round TEXT PRIMARY KEY, entry TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT",
)
STANDING_SQL: Final = "SELECT log_key, note, origin, size, root, since_us, seen_us, checked, witness FROM log_seen"
PROVEN_SQL: Final = (
    "SELECT count(*) OVER (), at_us, note FROM log_entry_proven WHERE kind = 'release' ORDER BY at_us DESC LIMIT 1"
)
"""How many releases were proven, when the last, and under which checkpoint."""
FIXED_SQL: Final = "SELECT round, at_us FROM log_fixed_otherwise WHERE at_us > ? ORDER BY at_us DESC"
FIXED_TOLD_US: Final = 7 * DAY_US
"""So long a round that was fixed otherwise is told of."""
GAP_US: Final = DAY_US
"""What the log holds and what came here must agree after so long: longer than any canary's stage lasts."""
FIRST_SQL: Final = "SELECT coalesce(min(size), 0) FROM log_cosigned"
_KEPT_BACK_SQL: Final = f"""SELECT count(*) FROM log_entry_proven WHERE kind = 'release' AND at_us < ?
    AND number >= ({FIRST_SQL}) AND name NOT IN (SELECT name FROM log_release)"""
_UNPROVEN_SQL: Final = """SELECT at_us FROM log_release WHERE at_us < ? AND at_us > ?
    AND name NOT IN (SELECT name FROM log_entry_proven)"""
EVIDENCE_SQL: Final = """SELECT number, at_us, rule, log_key, kept, shown_key, shown, since, proof, done_us, done_by
    FROM log_evidence ORDER BY number DESC LIMIT 100"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStanding:
    """The newest checkpoint that this node cosigned. ``key``: the log's, and ``witness`` this node's own, as
    people hand them on; ``since_us``: of the first that it saw of this log, ``checked`` how many it saw since."""

    key: str
    note: str
    origin: str
    size: int
    root: str
    since_us: int
    seen_us: int
    checked: int
    witness: str

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, self.size, bytes.fromhex(self.root))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvidence:
    """A checkpoint that does not go on from the one that was kept. ``rule``: what refused it; ``proof``: the hashes
    that the centre gave for it, from ``since`` entries. ``done_us`` None: nobody here has dealt with it."""

    number: int
    at_us: int
    rule: str
    key: str
    kept: str
    shown_key: str
    shown: str
    since: int
    proof: tuple[str, ...]
    done_us: int | None
    done_by: str


def standing_of(rows: list[tuple[Any, ...]]) -> LogStanding | None:
    """From the rows of STANDING_SQL."""
    if not rows:
        return None
    names = ("key", "note", "origin", "size", "root", "since_us", "seen_us", "checked", "witness")
    return LogStanding(**dict(zip(names, rows[0], strict=True)))


def evidence_of(rows: list[tuple[Any, ...]]) -> list[LogEvidence]:
    """From the rows of EVIDENCE_SQL, the latest first."""
    names = ("number", "at_us", "rule", "key", "kept", "shown_key", "shown", "since", "proof", "done_us", "done_by")
    made = (dict(zip(names, row, strict=True)) for row in rows)
    return [LogEvidence(**row | {"proof": tuple(json.loads(row["proof"]))}) for row in made]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry that the log was proven to hold. ``name``: of what it tells (tlog.entries); ``number``: its place."""

    name: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseGaps:
    """What the log holds of releases beside what came here, both a day ago or more. ``kept_back``: proven and never
    sent here; ``passed_over``: sent here and not proven, though later ones were; ``waiting``: sent here, and nothing
    was proven since; ``since_us``: the first of these."""

    kept_back: int
    passed_over: int
    waiting: int
    since_us: int


NO_GAPS: Final = ReleaseGaps(kept_back=0, passed_over=0, waiting=0, since_us=0)


@dataclass(frozen=True, slots=True)
class FixedOtherwise:
    """A round whose uploads, as the centre fixed them in its log, were not shown to hold what this node sent."""

    round_id: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWatch:
    """How the centre's log stands at this node. ``began_us``: since when the node runs; ``fixed_otherwise``: the latest
    first."""

    standing: LogStanding | None
    evidence: list[LogEvidence]
    began_us: int
    releases: ReleaseGaps = NO_GAPS
    fixed_otherwise: Sequence[FixedOtherwise] = ()


class WitnessBook:
    """Every write joins the transaction that is open. May be used from any thread."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.part("witness", 1, _SCHEMA)
        book.part("witness_proven", 1, _PROVEN)
        book.part("witness_fixed", 1, _FIXED)

    def standing(self) -> LogStanding | None:
        """None before the first checkpoint."""
        return standing_of(self.book.rows(STANDING_SQL))

    def keep(self, key: str, note: str, seen: Checkpoint, witness: str, now_us: int) -> None:
        """The checkpoint that is cosigned now. ``witness``: this node's key for it."""
        with self.book.transaction() as tx:
            tx.execute(
                """INSERT INTO log_seen VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7)
                ON CONFLICT DO UPDATE SET note = ?2, size = ?4, root = ?5, seen_us = ?6, checked = checked + 1,
                  witness = ?7""",
                (key, note, seen.origin, seen.size, seen.root.hex(), now_us, witness),
            )
            tx.execute("INSERT OR REPLACE INTO log_cosigned VALUES (?, ?, ?)", (seen.size, seen.root.hex(), now_us))

    def cosigned(self, checkpoint: Checkpoint) -> bool:
        """Whether this node cosigned it, of late."""
        sql = "SELECT 1 FROM log_cosigned WHERE size = ? AND root = ?"
        return bool(self.book.rows(sql, (checkpoint.size, checkpoint.root.hex())))

    def keep_proven(self, entries: Sequence[ProvenEntry], note: str, now_us: int) -> None:
        """These entries are in the log under this checkpoint; when each was first proven stays. Of lists of members the
        latest stay for as long as they hold."""
        with self.book.transaction() as tx:
            for entry in entries:
                tx.execute(
                    """INSERT INTO log_entry_proven VALUES (?1, ?2, ?3, ?4, ?5)
                    ON CONFLICT DO UPDATE SET number = ?3, note = ?4""",
                    (entry.name, entry.kind, entry.number, note, now_us),
                )
            tx.execute(
                """DELETE FROM log_entry_proven WHERE kind = 'members' AND number NOT IN
                (SELECT number FROM log_entry_proven WHERE kind = 'members' ORDER BY number DESC LIMIT ?)""",
                (LISTS_KEPT_MAX,),
            )

    def released(self, name: str, at_us: int) -> None:
        """A release of this name came here, which the centre made at that moment."""
        with self.book.transaction() as tx:
            tx.execute("INSERT OR IGNORE INTO log_release VALUES (?, ?)", (name, at_us))

    def proven(self, name: str, witnesses: Sequence[str]) -> bool:
        """Whether an entry of this name is proven, under a checkpoint that at least half of these witnesses (keys, as
        people hand them on) and this node cosigned."""
        kept = self.book.rows("SELECT note FROM log_entry_proven WHERE name = ?", (name,))
        if not kept or not witnesses:
            return bool(kept)
        keys = [key_of(each) for each in witnesses]
        try:
            return is_half(len(witnessed(note_of(kept[0][0].encode()), keys)), len(keys))
        except BadLog:
            return False

    def releases(self, now_us: int) -> ReleaseGaps:
        """Where what came here and what the log was proven to hold do not agree, since this node watches the log."""
        standing = self.standing()
        if standing is None:
            return NO_GAPS
        late = (now_us - GAP_US, standing.since_us)
        ((kept_back,),) = self.book.rows(_KEPT_BACK_SQL, late[:1])
        proofs = self.book.rows("SELECT max(at_us) FROM log_entry_proven WHERE kind = 'release'")[0][0] or 0
        unproven = [int(at_us) for (at_us,) in self.book.rows(_UNPROVEN_SQL, late)]
        waiting = [at_us for at_us in unproven if at_us + HOUR_US >= proofs]
        passed_over = len(unproven) - len(waiting)
        since_us = min(waiting, default=0)
        return ReleaseGaps(kept_back=kept_back, passed_over=passed_over, waiting=len(waiting), since_us=since_us)

    def keep_fixed(self, round_id: str, entry: str, now_us: int) -> None:
        """The log's entry of a round's uploads, which was not shown to hold this node's own; the first stays."""
        with self.book.transaction() as tx:
            tx.execute("INSERT OR IGNORE INTO log_fixed_otherwise VALUES (?, ?, ?)", (round_id, entry, now_us))

    def fixed_otherwise(self, now_us: int) -> list[FixedOtherwise]:
        """Of the last days, the latest first."""
        return [FixedOtherwise(*row) for row in self.book.rows(FIXED_SQL, (now_us - FIXED_TOLD_US,))]

    def evidence(self) -> list[LogEvidence]:
        """The latest first."""
        return evidence_of(self.book.rows(EVIDENCE_SQL))

    def keep_evidence(self, standing: LogStanding, message: LogShown, rule: str, now_us: int) -> None:
        """Both checkpoints as they were signed; the same two once."""
        if self.book.rows("SELECT count(*) FROM log_evidence")[0][0] >= EVIDENCE_MAX:
            return
        row = (
            now_us,
            rule,
            standing.key,
            standing.note,
            message.key,
            message.checkpoint,
            message.since,
            json.dumps(message.proof),
        )
        with self.book.transaction() as tx:
            tx.execute(
                """INSERT OR IGNORE INTO log_evidence
                  (at_us, rule, log_key, kept, shown_key, shown, since, proof, done_by)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')""",
                row,
            )

    def begin_anew(self, by: str, now_us: int) -> int:
        """A person here looked at what there is: the next log that the centre shows is the log from there on. How many
        cases of evidence that settled; they stay."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM log_seen")
            tx.execute("DELETE FROM log_cosigned")
            settled = "UPDATE log_evidence SET done_us = ?, done_by = ? WHERE done_us IS NULL"
            return tx.execute(settled, (now_us, by)).rowcount

    def forget(self, now_us: int) -> None:
        """Drops what was dealt with five years ago."""
        with self.book.transaction() as tx:
            tx.execute("DELETE FROM log_evidence WHERE done_us < ?", (now_us - EVIDENCE_KEPT_US,))
            tx.execute("DELETE FROM log_cosigned WHERE at_us < ?", (now_us - PROVEN_KEPT_US,))
            tx.execute("DELETE FROM log_entry_proven WHERE at_us < ? AND kind <> 'members'", (now_us - PROVEN_KEPT_US,))
            tx.execute("DELETE FROM log_release WHERE at_us < ?", (now_us - PROVEN_KEPT_US,))
            tx.execute("DELETE FROM log_fixed_otherwise WHERE at_us < ?", (now_us - PROVEN_KEPT_US,))
