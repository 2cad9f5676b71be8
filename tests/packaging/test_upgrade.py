"""Who has a release comes to this version with all that lies on the disk, with his settings and his commands."""

import json
import sqlite3
from contextlib import closing

import pytest

from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine
from bavn.wire.book import Book

from . import released

RELEASES = {file.stem: json.loads(file.read_text()) for file in sorted(released.RELEASED.glob("*.json"))}
PARTS = released.parts()


def tables(path):
    """What a database's tables are, in whatever words they were made."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {
            name: (
                sorted(row[1:] for row in connection.execute(f"PRAGMA table_xinfo({name})")),
                sorted(row[2:] for row in connection.execute(f"PRAGMA index_list({name})")),
            )
            for (name,) in names
        }


def made(path, of):
    """One book with all these parts, (name, version, statements, steps) each; one that needs another's tables is made
    after it."""
    waiting = list(of)
    with closing(Book(path)) as book:
        while waiting:
            later = []
            for part in waiting:
                try:
                    book.part(*part)
                except sqlite3.OperationalError as error:
                    assert "no such table" in str(error)
                    later.append(part)
            assert len(later) < len(waiting), later
            waiting = later
    return tables(path)


def apart(keys):
    """In books of their own, where two modules have a part of one name."""
    books = []
    for key in keys:
        book = next((book for book in books if all(PARTS[key].name != PARTS[other].name for other in book)), None)
        books.append([key]) if book is None else book.append(key)
    return books


@pytest.mark.parametrize("release", RELEASES)
def test_each_part_of_a_book_is_opened(tmp_path, release) -> None:
    was = RELEASES[release]["books"]
    assert len(was) > 40
    assert set(was) <= set(PARTS), "move what was written there, or say in the changelog where it went"
    for number, keys in enumerate(apart(was)):
        now = [(part.name, part.version, part.statements, part.steps) for part in map(PARTS.get, keys)]
        old = tmp_path / f"old-{number}.db"
        made(old, [(PARTS[key].name, was[key]["version"], was[key]["statements"]) for key in keys])
        up, fresh = made(old, now), made(tmp_path / f"fresh-{number}.db", now)
        assert up == fresh, "a step is missing, or a version was not counted up"


@pytest.mark.parametrize("release", RELEASES)
def test_the_centres_database_comes_up(tmp_path, release) -> None:
    was, now = RELEASES[release]["revisions"], released.revisions()
    assert was
    assert {name: now.get(name) for name in was} == was, "a revision that was released is never changed"
    engines = [open_engine(f"sqlite:///{tmp_path}/{name}.db") for name in ("old", "fresh")]
    schema.upgrade(engines[0], max(was)[1:5])
    for engine in engines:
        schema.upgrade(engine)
        engine.dispose()
    assert tables(tmp_path / "old.db") == tables(tmp_path / "fresh.db")


@pytest.mark.parametrize("release", RELEASES)
def test_settings_and_commands_are_still_there(release) -> None:
    was, now = RELEASES[release]["settings"], released.settings()
    assert set(was) == {"node.toml", "centre.toml", "keyholder.toml", "hub.toml"} & set(was)
    assert {"node.toml", "centre.toml"} <= set(was)
    gone = {file: sorted(set(names) - set(now.get(file, ()))) for file, names in was.items()}
    assert not any(gone.values()), f"a file that {release} read is refused: {gone}"
    assert len(RELEASES[release]["commands"]) > 100
    assert set(RELEASES[release]["commands"]) <= set(released.commands())


def test_this_version_is_written_down() -> None:
    assert released.__version__ in RELEASES, "python -m tests.packaging.released"
