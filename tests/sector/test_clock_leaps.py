"""A centre's clock that leaps for a few steps costs nothing that lasts, and its log says so without accusing it."""

import random
from collections import Counter

import pytest
from sqlalchemy import inspect, text

from bavn.centre.store.engine import reading
from bavn.model.clock.believed import BELIEVE_S, BelievedClock
from bavn.model.moment import DAY_US, SECOND_US
from bavn.tlog.audit import audit
from bavn.wire.book import Book
from tests.centre.conftest import SqliteDatabases
from tests.centre.node.conftest import Sector
from tests.centre.store.log_folders import MemoryFolder
from tests.sector.lying_centre import MEMBERS, WITH_ROUNDS, LiedTo

pytestmark = pytest.mark.slow


class Off:
    """A machine's clock: right, and ``off_us`` beside it."""

    def __init__(self, clock):
        self.clock, self.off_us = clock, 0

    def now_us(self):
        return self.clock.now_us() + self.off_us


class Leaping:
    """A sector whose centre's clock can leap. ``right``: everybody else's."""

    def __init__(self):
        self.sector = Sector(MEMBERS, SqliteDatabases().new(), Book(), config=WITH_ROUNDS)
        self.sector.log, self.right = MemoryFolder(), self.sector.clock
        self.wall = Off(self.right)
        self.started()
        self.lied = LiedTo(self.sector, random.Random(5), rounds=True)
        self.later(600, times=6)
        self.lied.release()
        self.later(700)

    def started(self, newest_us=None):
        """The centre's process starts."""
        self.believed = BelievedClock(self.wall, lambda: self.right.now_us() / SECOND_US, newest_us)
        self.sector.registry._clock = self.sector.centre_clock = self.believed
        self.sector.restart()

    def later(self, seconds, times=1):
        for _ in range(times):
            self.lied.later(seconds)

    def leaps(self, days, steps=3):
        self.wall.off_us = days * DAY_US
        for _ in range(steps):
            self.sector.centre.step()
        self.lied.release()
        self.sector.centre.step()

    def rows(self):
        """How many rows each table of the database and the book has."""
        with reading(self.sector.engine) as tx:
            names = inspect(self.sector.engine).get_table_names()
            found = Counter({name: tx.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in names})
        book = self.sector.book
        for (name,) in book.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"):
            found[f"book {name}"] = book.rows(f'SELECT count(*) FROM "{name}"')[0][0]
        return found

    def rounds(self):
        """How many were opened, as the log has it."""
        return self.audit().kinds["round"]

    def audit(self):
        return audit(self.sector.log.read, self.sector.centre.log.key)


@pytest.fixture
def leaping():
    made = Leaping()
    yield made
    made.sector.close()


@pytest.mark.parametrize("days", [2, 400, -2])
def test_a_leap_of_the_centres_clock_costs_nothing_that_lasts(leaping, days) -> None:
    before = leaping.rows()
    leaping.leaps(days)
    assert leaping.believed.doubted_us() is not None
    assert not before - leaping.rows(), "what a clock that is not believed made go"
    leaping.wall.off_us = 0
    rounds = leaping.rounds()
    leaping.later(300, times=12)
    assert leaping.rounds() > rounds, "no round within an hour of the right clock"
    leaping.lied.release()
    leaping.later(3600)
    made = leaping.audit()
    assert made.good
    assert [found.check for found in made.findings].count("clock") == 1
    assert made.kinds["clock"] == 2, "that it leapt, and that it is right again"
    assert leaping.lied.members() == ""


def test_a_centre_that_was_off_for_days_goes_on_as_soon_as_half_the_members_agree(leaping) -> None:
    newest_us = leaping.believed.now_us()
    leaping.right.advance(20 * DAY_US)
    leaping.started(newest_us)
    assert leaping.believed.now_us() == newest_us
    rounds = leaping.rounds()
    leaping.later(300, times=3)  # a new checkpoint is shown each ten minutes
    assert leaping.believed.doubted_us() is None
    leaping.later(300, times=12)
    assert leaping.rounds() > rounds
    assert leaping.audit().good


def test_what_a_day_made_believed_is_put_back_and_the_log_says_so_without_accusing(leaping) -> None:
    """No member is heard for a day, and the clock is days ahead: then it is believed, and later it is right again."""
    leaping.wall.off_us = 40 * DAY_US
    leaping.sector.centre.step()
    leaping.right.advance(round(BELIEVE_S * SECOND_US) + SECOND_US)
    leaping.believed._heard.clear()
    leaping.sector.centre.step()
    assert leaping.believed.doubted_us() is None
    leaping.lied.release()
    leaping.wall.off_us = 0
    leaping.later(60, times=3)
    assert leaping.believed.doubted_us() is None
    rounds = leaping.rounds()
    leaping.later(300, times=12)
    assert leaping.rounds() > rounds
    leaping.lied.release()
    leaping.later(600)
    made = leaping.audit()
    assert not made.evidence
    assert [found.check for found in made.findings if not found.good] == ["clock"]
