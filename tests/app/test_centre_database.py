"""The centre's database from its configuration: what is refused, what is never shown, and the way up; and what could
not be worked off is listed, tried again, or given up."""

import json

import pytest
from typer.testing import CliRunner

from bavn.app.centre.database import open_database, shown, url_of
from bavn.app.centre.parts import BOOK_FILE
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.centre.inbox.aside import TRIES_MAX, SetAside
from bavn.centre.inbox.inbox import SCHEMA
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine, writing
from bavn.centre.store.lease import Lease
from bavn.model.settings import SettingsError
from bavn.wire.book import Book

SECRET = "rosebud-7"


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    return file


def placed(config, **settings):
    config.write_text("[place]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    return read_centre(config)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bavn:{SECRET}@db.example.org/bavn",
        f"postgresql://bavn@db.example.org/bavn?password={SECRET}",
        f"mysql://bavn:{SECRET}@db.example.org/bavn",
        f"postgresql://bavn:{SECRET}@db.example.org:port/bavn",
        f"sqlite:///{SECRET}.db",
        f"postgresql://bavn:{SECRET}@db.example.org",
        SECRET,
    ],
)
def test_an_address_that_cannot_be_is_refused_and_not_repeated(config, url) -> None:
    with pytest.raises(SettingsError, match="database_url") as refused:
        url_of(placed(config, database_url=url))
    assert SECRET not in str(refused.value)


def test_the_password_comes_from_a_file_of_its_own_and_is_shown_nowhere(config) -> None:
    secret = config.parent / "password"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o644)
    file = placed(config, database_url="postgresql://bavn@127.0.0.1:1/bavn", database_password_file="password")
    with pytest.raises(SettingsError, match="chmod 600"):
        url_of(file)
    secret.chmod(0o600)
    assert url_of(file).password == SECRET
    for text in ("", "one\ntwo\n", "x" * 5000):
        secret.write_text(text)
        with pytest.raises(SettingsError, match="one line"):
            url_of(file)
    secret.write_text(SECRET + "\n")
    assert SECRET not in shown(url_of(file)) + repr(url_of(file)) + repr(open_engine(url_of(file)))
    with pytest.raises(Stop) as refused:
        open_database(file)
    assert refused.value.code is Exit.UNREACHABLE
    chain = [refused.value, refused.value.__cause__, getattr(refused.value.__cause__, "orig", None)]
    assert SECRET not in " ".join(map(str, chain))


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://bavn@db.example.org/bavn", "verify-full"),
        ("postgresql://bavn@10.1.2.3/bavn", "verify-full"),
        ("postgresql://bavn@db.example.org/bavn?sslmode=require", "require"),
        ("postgresql://bavn@127.0.0.1/bavn", None),
        ("postgresql:///bavn?host=/run/postgresql", None),
        ("postgresql:///bavn?host=db.example.org", "verify-full"),
    ],
)
def test_what_crosses_a_network_is_encrypted_and_its_server_proved(config, url, mode) -> None:
    assert url_of(placed(config, database_url=url)).query.get("sslmode") == mode


def test_a_file_of_the_centre_is_its_owners_alone_and_only_one_centre_runs_on_it(config) -> None:
    run(config, "init")
    assert (config.parent / "data" / "centre.db").stat().st_mode & 0o077 == 0
    engine = open_database(read_centre(config))
    with Lease(engine):
        assert "a centre runs" in str(run(config, "run", code=Exit.NOT_NOW).exception)
    engine.dispose()


def test_a_database_behind_is_refused_until_it_is_upgraded(config, next_revision) -> None:
    run(config, "init")
    database = config.parent / "data" / "centre.db"
    database.unlink()
    engine = open_engine(f"sqlite:///{database}")
    schema.upgrade(engine, schema.first())
    for words in (("members",), ("run",), ("invite", "north")):
        assert "bavn centre upgrade" in str(run(config, *words, code=Exit.CONFIGURATION).exception)
    with Lease(engine):
        assert "stop it first" in str(run(config, "upgrade", code=Exit.NOT_NOW).exception)
    assert schema.head() in run(config, "upgrade").stdout
    assert "har allerede" in run(config, "upgrade", "--language", "da").stdout
    run(config, "members")
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for words in (("members",), ("run",), ("upgrade",)):
        assert "has revision 9999, which this Bavn does not know" in str(
            run(config, *words, code=Exit.CONFIGURATION).exception
        )


@pytest.mark.slow
@pytest.mark.postgresql
def test_postgresql_is_used_where_it_is_named_and_looked_at_first(config, postgres) -> None:
    name = postgres.make()
    placed(config, database_url=postgres.url(name))
    run(config, "init")
    assert not (config.parent / "data" / "centre.db").exists()
    run(config, "invite", "north", "--kind", "region")
    assert "north" in run(config, "members", "--json").stdout
    engine = open_engine(postgres.url(name))
    with Lease(engine):
        assert "a centre runs" in str(run(config, "run", code=Exit.NOT_NOW).exception)
    engine.dispose()
    postgres.drop(name)


@pytest.mark.postgresql
def test_a_database_that_cannot_keep_every_letter_is_refused(config, postgres) -> None:
    name = f"t{next(postgres.numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    placed(config, database_url=postgres.url(name))
    with pytest.raises(Stop, match=r"SQL_ASCII.*--locale=C"):
        open_database(read_centre(config))
    postgres.drop(name)


@pytest.fixture
def asked(tmp_path):
    config = tmp_path / "centre.toml"
    config.write_text('[place]\nfolder = "."\n')

    def ask(*arguments):
        return CliRunner().invoke(app, ["set-aside", "--config", str(config), *arguments])

    ask.book = tmp_path / BOOK_FILE
    return ask


def test_what_is_set_aside_is_listed_tried_again_and_given_up(asked) -> None:
    assert asked().exception.code is Exit.NOT_FOUND
    with Book(asked.book) as book:
        book.part("inbox", 1, SCHEMA)
        with book.transaction() as tx:
            for number in (1, 2, 3):
                row = (number, "north", "north", number, "x", "Report", "A", 1_000_000, 3, b"abc")
                tx.execute(f"INSERT INTO inbox VALUES ({', '.join('?' * 10)}, NULL, NULL)", row)
        aside = SetAside(book, SystemClock())
        for number in (1, 2):
            for _ in range(TRIES_MAX):
                aside.failed(number, RuntimeError("x"))
    assert "1  Report from north" in asked().output
    assert "1  Report fra north" in asked("--language", "da").output
    (first, second) = [json.loads(line) for line in asked("--json").output.splitlines()]
    assert (first["number"], first["error"], second["number"]) == (1, "RuntimeError", 2)
    assert asked("--retry", "1", "--drop", "2").output.startswith("No message is set aside")
    with Book(asked.book) as book:
        assert SetAside(book, SystemClock()).waiting(9) == [(1, "Report"), (3, "Report")]
        assert book.rows("SELECT body FROM inbox ORDER BY number") == [(b"abc",), (None,), (b"abc",)]
    wrong = asked("--retry", "3").exception
    assert isinstance(wrong, Stop)
    assert wrong.code is Exit.NOT_FOUND
