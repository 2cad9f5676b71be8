"""One writer at a time, questions of one moment, and one centre for a database; on both kinds of it."""

import threading

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from bavn.centre.store import schema
from bavn.centre.store.engine import JOURNAL_BYTES_MAX, open_engine, reading, writing
from bavn.centre.store.lease import CentreRuns, Lease, LeaseLost, OtherBook
from bavn.centre.store.tables import RUN

BOOK = "a" * 32


@pytest.fixture
def two(databases, tmp_path):
    """Two engines on one database, as two processes have them."""
    engines = [databases.at(tmp_path) for _ in range(2)]
    schema.upgrade(engines[0])
    yield engines
    for engine in engines:
        databases.free(engine)


def counted(connection):
    return connection.execute(select(RUN.c.run_no)).scalar_one()


def test_what_a_writer_read_is_still_so_when_it_writes(two) -> None:
    """Read, add one, write back: with two at once no step is lost."""
    with writing(two[0]) as connection:
        connection.execute(insert(RUN).values(id=1, book_id=BOOK, run_no=0))

    def go(engine):
        for _ in range(25):
            with writing(engine) as connection:
                found = counted(connection)
                connection.execute(update(RUN).values(run_no=found + 1))

    threads = [threading.Thread(target=go, args=(engine,)) for engine in two * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(two[0]) as connection:
        assert counted(connection) == 100


def test_a_question_sees_one_moment_and_holds_nobody_up(two) -> None:
    with writing(two[0]) as connection:
        connection.execute(insert(RUN).values(id=1, book_id=BOOK, run_no=0))
    with reading(two[0]) as asking:
        assert counted(asking) == 0
        with writing(two[1]) as connection:
            connection.execute(update(RUN).values(run_no=5))
        assert counted(asking) == 0
    with reading(two[0]) as asking:
        assert counted(asking) == 5


def test_what_failed_half_way_was_never_there(two) -> None:
    def half_way():
        with writing(two[0]) as connection:
            connection.execute(insert(RUN).values(id=1, book_id=BOOK, run_no=0))
            connection.execute(insert(RUN).values(id=1, book_id=BOOK, run_no=0))

    with pytest.raises(DBAPIError):
        half_way()
    with reading(two[1]) as connection:
        assert connection.execute(select(RUN)).all() == []


def test_one_centre_runs_and_the_next_when_it_has_let_go(two) -> None:
    with Lease(two[0]) as first:
        assert first.start(BOOK) == 1
        with pytest.raises(CentreRuns):
            Lease(two[1])
    with Lease(two[1]) as second:
        assert second.start(BOOK) == 2


def test_a_database_keeps_to_its_book(two) -> None:
    with Lease(two[0]) as lease:
        lease.start(BOOK)
    with Lease(two[0]) as lease, pytest.raises(OtherBook):
        lease.start("b" * 32)


def test_a_centre_whose_number_has_passed_writes_no_more(two) -> None:
    """As after a cut between it and PostgreSQL, where the lock was let go of without its knowing."""
    with Lease(two[0]) as first:
        first.start(BOOK)
        with writing(two[1]) as connection:
            connection.execute(update(RUN).values(run_no=2))
        with pytest.raises(LeaseLost), writing(two[0]) as connection:
            connection.execute(update(RUN).values(run_no=9))
        with reading(two[0]) as connection:
            assert counted(connection) == 2


@pytest.mark.postgresql
def test_a_writer_waits_for_its_turn_only_so_long(postgres) -> None:
    name = postgres.make()
    first, second = (open_engine(postgres.url(name), wait_s=0.3) for _ in range(2))
    try:
        with writing(first), pytest.raises(OperationalError, match="lock timeout"), writing(second):
            pytest.fail("it had no turn")
    finally:
        first.dispose()
        second.dispose()
        postgres.drop(name)


@pytest.mark.postgresql
def test_a_question_cannot_write_and_the_next_writer_on_its_connection_can(postgres) -> None:
    name = postgres.make()
    engine = open_engine(postgres.url(name), connections_max=1)
    try:
        with reading(engine) as connection, pytest.raises(DBAPIError, match="read-only"):
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        with writing(engine) as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    finally:
        engine.dispose()
        postgres.drop(name)


def test_the_log_of_a_large_transaction_does_not_stay_on_the_disk(tmp_path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    with writing(engine) as tx:
        tx.exec_driver_sql("CREATE TABLE large (id INTEGER PRIMARY KEY, body BLOB)")
    for _ in range(3):
        with writing(engine) as tx:
            for number in range(30):
                tx.exec_driver_sql("REPLACE INTO large VALUES (?, randomblob(1000000))", (number,))
    for number in range(3):  # the log is begun anew by a writer after it was taken over whole
        with writing(engine) as tx:
            tx.exec_driver_sql("REPLACE INTO large VALUES (?, x'00')", (number,))
    size = (tmp_path / "a.db-wal").stat().st_size
    engine.dispose()
    assert size <= JOURNAL_BYTES_MAX
