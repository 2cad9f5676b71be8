"""The store against a list: whatever is appended late, repeated, merged, forgotten or cut off by a crash, the rows and
the roll-ups are those of the batches that were acknowledged (or of the one in flight, whole)."""

import datetime as dt
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.segments.rebuild import rebuild
from bavn.actor.store.segments.rollup import domain_of
from bavn.model.moment import HOUR_US
from bavn.model.record import address_text

TOOLS = {}


@pytest.fixture(autouse=True)
def tools(rows, abandoned, crash, failing_disk, clock, hour0):
    TOOLS.update(rows=rows, abandon=abandoned, crash=crash, disk=type(failing_disk), clock=type(clock), hour0=hour0)


def moment(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=us)


row = st.tuples(
    st.integers(-30, 3),  # hour from now
    st.integers(0, HOUR_US - 1),
    st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.sampled_from([None, "a.example.dk", "b.a.example.dk", "x.duckdns.org", "192.0.2.1", ""]),
    st.booleans(),
)
batches = st.dictionaries(st.sampled_from(["flow", "dns", "stats"]), st.lists(row, min_size=1, max_size=6), max_size=3)


class StoreAgainstList(RuleBasedStateMachine):
    @initialize(
        age=st.sampled_from([None, 1]),
        size=st.sampled_from([None, 60_000]),
        micro=st.integers(2, 5),
        pack=st.sampled_from([1, 10_000, 1 << 20]),
    )
    def begin(self, age, size, micro, pack):
        self.root = Path(tempfile.mkdtemp(prefix="bavn-machine-"))
        self.limits = StoreLimits(
            age_days_max=age,
            bytes_max=size,
            micro_segments_max=micro,
            future_hours_max=2,
            threads=1,
            memory_mb_max=256,
            pack_bytes_max=pack,
        )
        self.clock = TOOLS["clock"]((TOOLS["hour0"] + 40) * HOUR_US)
        self.disk = TOOLS["disk"]()
        self.kept: dict[str, list[dict]] = {"flow": [], "dns": [], "stats": []}
        self.number = 0
        self.forgotten = 0
        self.refused: Counter = Counter()
        self.windows: list = []
        self.store = self._open()

    def _open(self):
        return ColumnStore.open(self.root, self.limits, homes=("10.0.0.0/8",), clock=self.clock, disk=self.disk)

    def teardown(self):
        if hasattr(self, "store"):
            for window, _ in self.windows:
                window.close()
            self.store.close()
            shutil.rmtree(self.root)

    def _batch(self, drawn):
        """(what is sent, what of it will be kept): what has a time that the limits allow."""
        now_hour = self.clock.us // HOUR_US
        sent, kept = {}, {}
        for table, those in drawn.items():
            dicts = []
            for hour, within, src, dst, name, failed in those:
                self.number += 1
                dicts.append(
                    {
                        "ts": (now_hour + hour) * HOUR_US + within,
                        "src": src,
                        "dst": dst,
                        "rrname": name,
                        "failed": failed,
                        "flow_id": self.number,
                        "bytes_toserver": self.number,
                        "uptime_s": self.number,
                    }
                )
            sent[table] = TOOLS["rows"](table, [{**d, "ts": moment(d["ts"]), "ts_end": moment(d["ts"])} for d in dicts])
            kept[table] = [d for d in dicts if self._allowed(d["ts"])]
        return sent, kept

    def _allowed(self, us):
        first = self.store._manifest.forgotten_before_hour * HOUR_US
        if self.limits.age_days_max is not None:
            first = max(first, self.clock.us - self.limits.age_days_max * 24 * HOUR_US)
        return first <= us < self.clock.us + 2 * HOUR_US

    def _keep(self, kept):
        for table, dicts in kept.items():
            self.kept[table] += dicts

    def _forget_as_told(self):
        """The model forgets what the store says it forgot, and that is checked to be whole hours from the oldest on."""
        first = self.store._manifest.forgotten_before_hour * HOUR_US
        for table, dicts in self.kept.items():
            stays = [d for d in dicts if d["ts"] >= first]
            self.forgotten += len(dicts) - len(stays)
            self.kept[table] = stays

    @rule(drawn=batches, source=st.sampled_from(["a", "b"]))
    def append(self, drawn, source):
        sent, kept = self._batch(drawn)
        mark = f"m{self.number}-{source}-{self.store.mark(source)}"
        assert self.store.append(source, mark, sent) == sum(map(len, kept.values()))
        self._keep(kept)
        assert self.store.append(source, mark, sent) == 0
        assert self.store.mark(source) == mark

    @rule(merges=st.sampled_from([None, 1]))
    def tidy(self, merges):
        before = self.forgotten
        done = self.store.tidy(merges)
        self._forget_as_told()
        assert done.forgotten_rows == self.forgotten - before

    @rule(hours=st.integers(1, 20))
    def time_passes(self, hours):
        self.clock.us += hours * HOUR_US + 7

    @rule()
    def reopen(self):
        self.store.close()
        self.store = self._open()

    @rule(drawn=batches, steps=st.integers(0, 25), tidying=st.booleans())
    def crash(self, drawn, steps, tidying):
        sent, kept = self._batch(drawn)
        mark = f"m{self.number}-crash-{self.store.mark('a')}"
        self.disk.steps_left = steps
        returned = False
        try:
            if tidying:
                self.store.tidy()
            else:
                self.store.append("a", mark, sent)
                returned = True
        except TOOLS["crash"]:
            pass
        TOOLS["abandon"](self.store)
        self.disk.cut_power(self.root)
        self.store = self._open()
        assert self.store.check() == [], "a crash damages nothing that is listed"
        known = {s.name for s in self.store._manifest.segments()} | {n for _, n, _ in self.store._manifest.dropped()}
        there = {f"{file.parent.name}/{file.name}" for file in (self.root / "segments").glob("*/*")}
        assert there <= known, "what a crash left is swept"
        if not tidying:
            there = self.store.mark("a") == mark
            assert there or not returned, "what was acknowledged is there"
            if there:
                self._keep(kept)
        self._forget_as_told()

    @rule()
    def lose_the_manifest(self):
        for window, _ in self.windows:
            window.close()  # what waits for readers to let go is set aside, so nobody may hold it
        self.windows.clear()
        self.store.close()
        marks = [self.store_marks()]
        (self.root / "manifest.sqlite").write_bytes(b"no longer a database")
        found = rebuild(self.root, self.disk)
        self.store = self._open()
        self.store.tidy()  # a crash may have left a note to forget more than was forgotten yet
        self._forget_as_told()
        assert found.rows >= sum(map(len, self.kept.values()))
        marks.append(self.store_marks())
        assert set(marks[1]) <= set(marks[0]), "a mark may be missing (its batch was empty) but never too new"
        for source, mark in marks[0].items():
            if self.store.mark(source) != mark:
                self.store.append(source, mark, {})

    def store_marks(self):
        import sqlite3

        with sqlite3.connect(self.root / "manifest.sqlite") as base:
            found = dict(base.execute("SELECT source, mark FROM mark"))
        base.close()
        return found

    @rule(first=st.integers(-40, 5), hours=st.integers(0, 30), cut=st.integers(0, HOUR_US - 1))
    def hold_a_window(self, first, hours, cut):
        """A window keeps answering as it did, whatever is merged or forgotten behind it."""
        begin = (self.clock.us // HOUR_US + first) * HOUR_US + cut
        window = self.store.window(begin, begin + hours * HOUR_US + 1)
        wanted = sorted(d["flow_id"] for d in self.kept["flow"] if window.first_us <= d["ts"] < window.last_us)
        self.windows.append((window, wanted))
        if len(self.windows) > 2:
            self.windows.pop(0)[0].close()

    @invariant()
    def windows_held_still_answer(self):
        for window, wanted in getattr(self, "windows", ()):
            assert window.rows("SELECT flow_id FROM flow ORDER BY ALL") == [(n,) for n in wanted]

    @invariant()
    def rows_and_rollups_are_those_acknowledged(self):
        if not hasattr(self, "store"):
            return
        stats = self.store.stats()
        assert {t: n for t, n in stats.rows.items() if n} == {t: len(d) for t, d in self.kept.items() if d}
        assert not stats.damaged
        with self.store.window(0, 2**60) as window:
            for table, key in (("flow", "flow_id"), ("dns", "flow_id"), ("stats", "uptime_s")):
                found = window.rows(f"SELECT {key}, epoch_us(ts) FROM {table} ORDER BY ALL")
                assert found == sorted((d["flow_id"], d["ts"]) for d in self.kept[table])
            pairs = window.rows(
                "SELECT src, dst, hour, flows, failed, bytes_toserver, epoch_us(first_ts), epoch_us(last_ts) "
                "FROM pair_hour"
            )
            assert sorted((address_text(a), address_text(b), *rest) for a, b, *rest in pairs) == self._pairs()
            names = window.rows(
                "SELECT src, name, domain, hour, n, epoch_us(first_ts), epoch_us(last_ts) FROM name_hour"
            )
            assert sorted((address_text(a), *rest) for a, *rest in names) == self._names()

    def _grouped(self, table, key):
        groups: dict = {}
        for d in self.kept[table]:
            groups.setdefault(key(d), []).append(d)
        return groups

    def _pairs(self):
        groups = self._grouped("flow", lambda d: (d["src"], d["dst"], d["ts"] // HOUR_US))
        return sorted(
            (
                *key,
                len(those),
                sum(d["failed"] for d in those),
                sum(d["bytes_toserver"] for d in those),
                min(d["ts"] for d in those),
                max(d["ts"] for d in those),
            )
            for key, those in groups.items()
        )

    def _names(self):
        groups = self._grouped("dns", lambda d: (d["src"], d["rrname"], d["ts"] // HOUR_US))
        return sorted(
            (src, name, domain_of(name), hour, len(those), min(d["ts"] for d in those), max(d["ts"] for d in those))
            for (src, name, hour), those in groups.items()
            if name
        )


class TestQuick(StoreAgainstList.TestCase):
    settings = settings(max_examples=4, stateful_step_count=8)


@pytest.mark.slow
class TestSlow(StoreAgainstList.TestCase):
    settings = settings(max_examples=6, stateful_step_count=25)
