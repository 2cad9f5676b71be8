"""The fair lock: in the order of asking, again by the same thread, and nobody starves at a book."""

import threading
import time

import pytest

from bavn.wire.book import Book
from bavn.wire.fair_lock import FairLock


def until(said, limit_s=10.0) -> None:
    ends = time.monotonic() + limit_s
    while not said():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_threads_get_it_in_the_order_in_which_they_asked() -> None:
    lock, order, threads = FairLock(), [], []

    def take(n) -> None:
        with lock:
            order.append(n)

    with lock:
        for n in range(20):
            threads.append(threading.Thread(target=take, args=(n,)))
            threads[-1].start()
            until(lambda n=n: lock.waiting == n + 1)
        with lock, lock:  # whoever holds it waits for nobody
            assert order == []
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))
    assert lock.waiting == 0


def test_only_one_at_a_time_whatever_the_crowd() -> None:
    lock, inside, most, done = FairLock(), [], [], []

    def work() -> None:
        for _ in range(200):
            with lock, lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()
        done.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 6
    assert max(most) == 1


def test_it_is_not_let_go_of_by_another_thread() -> None:
    lock, failed = FairLock(), []

    def steal() -> None:
        try:
            lock.__exit__()
        except RuntimeError as error:
            failed.append(error)

    with lock:
        thief = threading.Thread(target=steal)
        thief.start()
        thief.join(10)
    assert len(failed) == 1
    with lock:
        assert lock.waiting == 0


def test_who_was_interrupted_while_waiting_neither_keeps_nor_blocks_it(monkeypatch) -> None:
    lock, real = FairLock(), threading.Lock

    class Interrupted:
        def __init__(self) -> None:
            self.lock, self.calls = real(), 0

        def acquire(self) -> bool:
            self.calls += 1
            if self.calls == 2:
                raise KeyboardInterrupt
            return self.lock.acquire()

        def release(self) -> None:
            self.lock.release()

    gone = []

    def wait() -> None:
        monkeypatch.setattr(threading, "Lock", Interrupted)
        try:
            with lock:
                gone.append("held")
        except KeyboardInterrupt:
            gone.append("interrupted")
        finally:
            monkeypatch.setattr(threading, "Lock", real)

    with lock:
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(10)
    assert gone == ["interrupted"]
    with lock:
        assert lock.waiting == 0


@pytest.mark.slow
@pytest.mark.parametrize("readers", [1, 3])
def test_who_writes_again_and_again_lets_others_write_in_between(tmp_path, readers) -> None:
    """With an ordinary lock the second writer waits until the first is done with everything."""
    with Book(tmp_path / "book.db") as book:
        with book.transaction() as tx:
            tx.execute("CREATE TABLE t (who TEXT)")
        begun, ended, waits = threading.Barrier(readers + 1), threading.Event(), []

        def greedy() -> None:
            begun.wait()
            while not ended.is_set():
                with book.transaction() as tx:
                    tx.execute("INSERT INTO t VALUES ('greedy')")
                    time.sleep(0.02)

        threads = [threading.Thread(target=greedy) for _ in range(readers)]
        for thread in threads:
            thread.start()
        begun.wait()
        for _ in range(10):
            before = time.monotonic()
            with book.transaction() as tx:
                tx.execute("INSERT INTO t VALUES ('other')")
            waits.append(time.monotonic() - before)
        between = book.rows("SELECT count(*) FROM t WHERE who = 'greedy'")[0][0]
        ended.set()
        for thread in threads:
            thread.join(10)
        assert between <= 12 * readers + readers  # each other write waited for one turn of each, about
