"""What changed, as pages hear of it: of a centre's database in SQLite and PostgreSQL, and of a node's book."""

import time

import pytest

from bavn.app.web.watch import BookWatch, CentreWatch, Watches
from bavn.centre.books import tables as t
from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.store.engine import open_engine, writing
from bavn.centre.store.schema import upgrade
from bavn.wire.book import Book


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engines(request, tmp_path):
    """The watching process' engine and a writing one's, on one database."""
    url = f"sqlite:///{tmp_path / 'centre.db'}"
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres")
        url = cluster.url(cluster.make())
    here, there = open_engine(url), open_engine(url)
    upgrade(there)
    make_tables(there)
    yield here, there
    here.dispose()
    there.dispose()


def moved(watch):
    """What it says within a second."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        found = watch.moved()
        if found:
            return found
        time.sleep(0.05)
    return frozenset()


def test_a_change_by_another_process_names_its_topics_and_nothing_else_does(engines) -> None:
    here, there = engines
    watch = CentreWatch(here)
    assert watch.moved() == frozenset()
    assert watch.moved() == frozenset()
    for number in (1, 2):
        with writing(there) as tx:
            audit.note(tx, number, "Anna Berg", "comment", "case-1", {})
        assert {"cases", "audit"} <= moved(watch)
        assert watch.moved() == frozenset()
    with writing(there) as tx:
        tx.execute(t.HEALTH.insert().values(actor="region-a", received_us=5, body="{}"))
    assert moved(watch) == {"members"}
    watch.close()


@pytest.mark.slow
def test_a_nodes_book_is_watched_from_when_it_is_there(tmp_path) -> None:
    watch = Watches({"region-a": BookWatch(tmp_path / "node.db", {"door_": "door", "door_case": "cases"})})
    assert watch.moved() == frozenset()
    with Book(tmp_path / "node.db") as book:
        book.part(
            "door",
            1,
            (
                "CREATE TABLE door_wish (a TEXT) STRICT",
                "CREATE TABLE door_case (a TEXT) STRICT",
                "CREATE TABLE other (a TEXT) STRICT",
            ),
        )
        assert watch.moved() == frozenset()
        for statement, topics in (
            ("INSERT INTO door_wish VALUES ('x')", {"region-a/door"}),
            ("UPDATE door_wish SET a = 'y'", {"region-a/door"}),
            ("INSERT INTO door_case VALUES ('x')", {"region-a/cases"}),
            ("INSERT INTO other VALUES ('x')", set()),
        ):
            with book.transaction() as tx:
                tx.execute(statement)
            assert moved(watch) == topics, statement
    watch.close()
