"""The half of a node that takes in and concludes: each source has its turn and its account, and the end is quick."""

import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from bavn.actor.formats.refused import RefusedLine
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.settings import NodeSettings
from bavn.actor.sense.base import Batch, Loss, SourceBroken
from bavn.actor.sense.reader import fault
from bavn.model.ports import QueryRefused


class Source:
    def __init__(self, name, batches=(), broken=None):
        self.name, self.batches, self.broken, self.acknowledged = name, list(batches), broken, []

    def poll(self):
        while self.batches:
            yield self.batches.pop(0)
        if self.broken:
            raise SourceBroken(self.broken)

    def acknowledge(self, mark):
        self.acknowledged.append(mark)

    def lag_bytes(self):
        return len(self.batches)

    def close(self):
        pass


class Telling(Source):
    def losses(self):
        return (Loss(what="queue_full", count=3, unit="datagrams"),)

    def counts(self):
        return {"exporters": 2}


class Store:
    def __init__(self):
        self.marks, self.windows = [], []

    def append(self, source, mark, tables):
        self.marks.append((source, mark))
        return 0

    def window(self, first_us, last_us):
        self.windows.append(SimpleNamespace(interrupted=threading.Event()))
        self.windows[-1].interrupt = self.windows[-1].interrupted.set
        return self.windows[-1]


def batch(source, mark, *reasons, passed=1):
    refusals = tuple(RefusedLine("f", n, *fault(reason)) for n, reason in enumerate(reasons, 1))
    return Batch(
        source=source,
        mark=mark,
        tables={},
        lines=passed + len(reasons),
        passed=passed,
        refused=len(reasons),
        refusals=refusals,
    )


def monitor(*sources, detect=lambda _: "found", **more):
    clock = SimpleNamespace(us=0)
    clock.now_us = lambda: clock.us
    kept = []
    made = Monitor(
        clock=clock,
        store=Store(),
        sources=sources,
        detect=detect,
        keep=lambda found, _: kept.append(found),
        horizon_us=lambda: 5,
        settings=NodeSettings(version="1", batches_per_look_max=2, **more),
    )
    return made, clock, kept


def test_a_broken_source_keeps_none_of_the_others_waiting() -> None:
    first = Source("a", [batch("a", "1")], broken="gone")
    second = Telling("b", [batch("b", "1", "no JSON", "src_ip: x", "src_ip: y"), batch("b", "2")])
    made, _, kept = monitor(first, second)
    with pytest.raises(SourceBroken, match="gone"):
        made.look()
    assert made.store.marks == [("a", "1"), ("b", "1"), ("b", "2")]
    assert kept == ["found"]
    one, two = (account.figures() for account in made.accounts)
    assert (one.broken.en, one.caught_up_us, one.passed) == ("gone", None, 1)
    assert (two.broken, two.refused, two.passed) == (None, 3, 2)
    assert tuple((why.en, *rest) for why, *rest in two.reasons) == (("src_ip", 2, "f:3"), ("no JSON", 1, "f:1"))
    assert (two.losses[0].count, two.counts) == (3, {"exporters": 2})
    first.broken = None
    made.look()
    assert made.accounts[0].figures().broken is None


def test_what_the_detectors_put_off_is_done_without_anything_new() -> None:
    made, clock, kept = monitor(Source("a", [batch("a", "1")]))
    left = [True, False]
    made.unfinished = lambda: left.pop(0)
    made.look()
    clock.us = 61_000_000
    assert not made.look()
    clock.us = 122_000_000
    assert not made.look()
    assert (kept, left) == (["found"] * 2, [])


def test_what_is_left_for_the_next_look_is_behind() -> None:
    source = Source("a", [batch("a", str(n)) for n in range(5)])
    made, clock, _ = monitor(source)
    clock.us = 7
    assert made.look()
    assert made.accounts[0].figures().caught_up_us is None
    assert made.accounts[0].figures().lag_bytes == 3
    made.look()
    clock.us = 9
    made.look()
    assert made.accounts[0].figures().caught_up_us == 9


def test_at_the_end_all_is_read_and_nothing_concluded() -> None:
    source = Source("a", [batch("a", str(n)) for n in range(5)], broken="ended")
    made, clock, kept = monitor(source)
    made.stop()  # as the service does before
    assert made.finish(100)
    assert source.acknowledged == ["0", "1", "2", "3", "4"]
    assert kept == []
    source.batches, clock.us = [batch("a", "5")], 100
    assert not made.finish(100)
    assert source.batches


def test_a_run_of_the_detectors_breaks_off_and_nothing_of_it_is_kept() -> None:
    def detect(window):
        assert window.interrupted.wait(20)
        raise QueryRefused("it was interrupted")

    made, _, kept = monitor(Source("a", [batch("a", "1")]), detect=detect)

    def looks():
        with suppress(QueryRefused):
            made.look()

    thread = threading.Thread(target=looks)
    thread.start()
    while not made.store.windows:
        pass
    assert made.detecting_us is not None
    while not made.store.windows[0].interrupted.is_set():
        made.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert (kept, made.detecting_us, made.detected_us) == ([], None, None)


def test_a_run_that_fails_has_had_its_turn() -> None:
    def detect(window):
        raise QueryRefused("too many rows")

    source = Source("a", [batch("a", "1")])
    made, clock, _ = monitor(source, detect=detect, detect_s=60)
    with pytest.raises(QueryRefused):
        made.look()
    source.batches = [batch("a", "2")]
    made.look()
    clock.us = 60_000_000
    with pytest.raises(QueryRefused):
        made.look()
