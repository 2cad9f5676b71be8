"""The key holder itself: an actor's request for a round -> its part of the evaluated elements and of the round's key,
or a refusal.

One gate, one ledger line a request: who asked, for which round and tier, how many elements, and never which (they are
blinded) nor any key. Quotas bound how many guesses a node, or whoever has broken into it, can have evaluated in a day.
Refuses to know the centre: nothing comes from it and nothing goes to it.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.keyholder.settings import HolderSettings
from bavn.keyholder.shares import HeldShares
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.text import Text
from bavn.psi import oprf
from bavn.wire import gaps
from bavn.wire.book import read_only
from bavn.wire.codec import encode
from bavn.wire.gate import Gate, Rule
from bavn.wire.keyholder import PartAnswered, PartAsked, batch_points
from bavn.wire.ledger import Ledger, Note

_SCHEMA = (
    """CREATE TABLE keyholder_use (
        actor TEXT NOT NULL, epoch INTEGER NOT NULL, tier TEXT NOT NULL, rounds INTEGER NOT NULL,
        firsts INTEGER NOT NULL, points INTEGER NOT NULL, PRIMARY KEY (actor, epoch, tier)
    ) STRICT""",
)
_DAY_SCHEMA = (
    """CREATE TABLE keyholder_day (
        actor TEXT NOT NULL, day INTEGER NOT NULL, points INTEGER NOT NULL, PRIMARY KEY (actor, day)
    ) STRICT""",
)
EPOCHS_REMEMBERED: Final = 31
Done = tuple[()]
DONE: Done = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as it met the gate. ``actor`` is the certificate's, never the message's."""

    actor: str
    asked: PartAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one actor asked for in one day and tier."""

    actor: str
    epoch: int
    tier: str
    rounds: int
    firsts: int
    points: int


class KeyHolder:
    """One of n holders. May be called from any thread."""

    def __init__(self, shares: HeldShares, ledger: Ledger, clock: Clock, settings: HolderSettings) -> None:
        oprf.ready()
        self._shares = shares
        self._ledger, self._clock, self._settings = ledger, clock, settings
        self._book = ledger.book
        self._book.part("keyholder", 1, _SCHEMA)
        self._book.part("keyholder_day", 1, _DAY_SCHEMA)
        row = (
            ("params", self._params),
            ("epoch", self._epoch),
            ("share", self._share),
            ("size", self._size),
            ("rate", self._rate),
            ("quota", self._quota),
            ("points", self._points),
        )
        self._gate = Gate[Asking, Done](
            "keyholder",
            tuple(Rule(name, rule) for name, rule in row),
            ledger,
            clock,
            way="in",
            nothing=lambda: DONE,
            label=_note,
            follow=self._count,
        )

    def part(self, actor: str, request: PartAsked) -> PartAnswered | Refused:
        """This holder's part of the answer, or why not. What is counted stays counted, also where the answer is lost on
        its way."""
        outcome = self._gate.offer(Asking(actor, request))
        return outcome if isinstance(outcome, Refused) else self._shares.part(request)

    def tidy(self) -> list[int]:
        """Destroys the secrets of past days, each with a line; forgets old counts. Which days they were."""
        with self._book.transaction() as tx:
            past = self._shares.destroy_past()
            for epoch in past:
                words = f"the secret of epoch {epoch} is destroyed"
                note = Note(kind="EpochSecret", item_id=_digest(words), peer="", summary=words)
                self._ledger.append(self._clock.now_us(), "keyholder", "in", note)
            oldest = self._clock.now_us() // DAY_US - EPOCHS_REMEMBERED
            tx.execute("DELETE FROM keyholder_use WHERE epoch < ?", (oldest,))
            tx.execute("DELETE FROM keyholder_day WHERE day < ?", (oldest,))
        return past

    def _params(self, item: Asking, done: Done) -> Done | Refused:
        try:
            item.asked.params()
        except ValueError as error:
            return Refused.of("params", Text.of_error(error))
        return done if item.asked.m <= self._settings.m_max else Refused("params", "a larger set than is served here")

    def _epoch(self, item: Asking, done: Done) -> Done | Refused:
        near = self._shares.near(item.asked.epoch)
        return done if near else Refused("epoch", "no round of today, yesterday or tomorrow: its keys are gone")

    def _share(self, item: Asking, done: Done) -> Done | Refused:
        return self._shares.why_not(item.asked) or done

    def _size(self, item: Asking, done: Done) -> Done | Refused:
        count, m = item.asked.count, item.asked.m
        if count == batch_points(m, first=False):
            return done
        if count != batch_points(m, first=True):
            return Refused("size", "a batch has the size that its round fixes")
        many = self._use(item).firsts >= self._settings.first_batches_max
        return Refused("size", "whole sets were asked for too often today") if many else done

    def _rate(self, item: Asking, done: Done) -> Done | Refused:
        many = self._use(item).rounds >= self._settings.rounds_per_epoch_max
        return Refused("rate", "more rounds than a day has") if many else done

    def _quota(self, item: Asking, done: Done) -> Done | Refused:
        """By the calendar day, not by the epoch: three epochs are open at one moment, and a guess is a guess. The day
        at which our clock is set back counts on where it was. A day in which the book was restored counts as spent."""
        if gaps.noticed_us(self._book) // DAY_US >= self._day():
            return Refused("quota", "the book was restored: quotas start again tomorrow")
        sql = "SELECT coalesce(max(points), 0) FROM keyholder_day WHERE actor = ? AND day >= ?"
        used = int(self._book.rows(sql, (item.actor, self._day()))[0][0])
        over = used + item.asked.count > self._settings.points_per_epoch_max
        return Refused("quota", "the day's evaluations are used up") if over else done

    def _points(self, item: Asking, done: Done) -> Done | Refused:
        return done if oprf.are_points(item.asked.split()) else Refused("points", "not elements of the group")

    def _use(self, item: Asking) -> Use:
        key = (item.actor, item.asked.epoch, item.asked.tier)
        rows = self._book.rows(
            "SELECT rounds, firsts, points FROM keyholder_use WHERE actor = ? AND epoch = ? AND tier = ?", key
        )
        rounds, firsts, points = rows[0] if rows else (0, 0, 0)
        return Use(actor=key[0], epoch=key[1], tier=key[2], rounds=rounds, firsts=firsts, points=points)

    def _day(self) -> int:
        return self._clock.now_us() // DAY_US

    def _count(self, item: Asking, _: Done) -> Note:
        count = item.asked.count
        first = count != batch_points(item.asked.m, first=False)
        with self._book.transaction() as tx:
            tx.execute(
                """INSERT INTO keyholder_use VALUES (?, ?, ?, 1, ?, ?)
                ON CONFLICT DO UPDATE SET rounds = rounds + 1,
                  firsts = firsts + excluded.firsts, points = points + excluded.points""",
                (item.actor, item.asked.epoch, item.asked.tier, int(first), count),
            )
            tx.execute(
                """INSERT INTO keyholder_day VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET points = points + excluded.points""",
                (item.actor, self._day(), count),
            )
        return _note(item)


def _note(item: Asking) -> Note:
    """Who, which round, how many. Neither elements nor keys."""
    request = item.asked
    count = request.count
    words = f"round {request.round_id} epoch {request.epoch} tier {request.tier} m {request.m}: {count} elements"
    return Note(
        kind=type(request).__name__,
        item_id=_digest(f"{item.actor} {words}"),
        peer=item.actor,
        privacy="S0",
        bytes=encode(request).bytes,
        summary=words,
    )


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def uses(book_file: Path) -> list[Use]:
    """Everybody's counts, the newest day first; also while the key holder runs."""
    with contextlib.closing(read_only(book_file)) as reading:
        rows = reading.execute("SELECT * FROM keyholder_use ORDER BY epoch DESC, actor, tier").fetchall()
    return [
        Use(actor=actor, epoch=epoch, tier=tier, rounds=rounds, firsts=firsts, points=points)
        for actor, epoch, tier, rounds, firsts, points in rows
    ]
