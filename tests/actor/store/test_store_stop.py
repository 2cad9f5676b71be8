"""One watchdog bounds every query, and stopping a store breaks off what runs without harm to what is kept."""

import threading
import time

import duckdb
import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.watchdog import Stopped, Watchdog
from bavn.model.moment import HOUR_US
from bavn.model.ports import QueryRefused

ENDLESS = "SELECT count(*) FROM range(100000000000) a WHERE hash(a.range) = 1"


def test_a_query_that_runs_is_broken_off_and_none_begins_after_that(tmp_path) -> None:
    with ColumnStore.open(tmp_path, StoreLimits(query_s_max=15)) as store, store.window(0, HOUR_US) as window:
        assert window.rows("SELECT 1") == [(1,)]
        threading.Timer(0.3, store.stop).start()
        begun = time.monotonic()
        with pytest.raises(QueryRefused, match="being closed"):
            window.rows(ENDLESS)
        assert time.monotonic() - begun < 12, "it was its own time that ended it"
        with pytest.raises(QueryRefused, match="being closed"):
            window.rows("SELECT 1")


def test_a_merge_that_is_broken_off_changes_nothing(tmp_path, rows, hour0) -> None:
    with ColumnStore.open(tmp_path, StoreLimits()) as store:
        for number in range(3):
            store.append("a", str(number), {"flow": rows("flow", [{"ts": (hour0 + number) * HOUR_US}] * 50)})
        before = store.stats().rows
        store.stop()
        with pytest.raises(QueryRefused, match="not merged"):
            store.tidy()
        assert store.stats().rows == before
        assert store.append("a", "9", {"flow": rows("flow", [{"ts": hour0 * HOUR_US}] * 7)}) == 7, (
            "what came is still kept"
        )
    with ColumnStore.open(tmp_path, StoreLimits()) as store:
        assert store.check() == []
        assert store.tidy().merged > 0
        assert store.stats().rows == {"flow": before["flow"] + 7}


def test_a_merge_is_interrupted_where_it_runs(tmp_path, rows, hour0, monkeypatch) -> None:
    with ColumnStore.open(tmp_path, StoreLimits()) as store:
        store.append("a", "1", {"flow": rows("flow", [{"ts": hour0 * HOUR_US}] * 50)})

        def endless(engine, *_: object) -> None:
            threading.Timer(0.3, store.stop).start()
            engine.cursor().execute(ENDLESS).fetchall()

        monkeypatch.setattr(store._writer, "hours", endless)
        with pytest.raises(QueryRefused, match="broken off"):
            store.tidy()
        assert store.stats().rows == {"flow": 50}


def test_each_of_many_is_bounded_by_one_thread() -> None:
    watchdog, ended = Watchdog(), []

    def run(number: int) -> None:
        with (
            duckdb.connect(config={"threads": 1}) as base,
            pytest.raises(duckdb.InterruptException),
            watchdog.within(0.1 * number, base.interrupt),
        ):
            base.execute(ENDLESS).fetchall()
        ended.append(number)

    before = threading.active_count()
    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    assert threading.active_count() <= before + len(threads) + 1
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == [1, 2, 3]
    watchdog.stop()
    with pytest.raises(Stopped), watchdog.within(1, lambda: None):
        pass
