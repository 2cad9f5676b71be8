"""PostgreSQL dies under a running centre: it waits, goes on when it answers, and nobody else got in between."""

import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from bavn.app.centre import run as centre_run
from bavn.app.centre.database import open_database
from bavn.app.centre.parts import init
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.centre.store.engine import reading
from bavn.centre.store.tables import RUN
from tests.app.waiting import free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


def runs_of(file):
    engine = open_database(file)
    try:
        with reading(engine) as connection:
            return connection.execute(RUN.select()).one().run_no
    finally:
        engine.dispose()


class Running:
    """A centre's process on a database of ``cluster``; what it says."""

    def __init__(self, cluster, folder):
        self.cluster, self.config, self.log = cluster, folder / "centre.toml", folder / "said"
        self.place = f'[place]\nport = 0\ndatabase_url = "{cluster.url(cluster.make())}"\nstep_s = 0.1\n'
        self.config.write_text(self.place + "database_wait_s = 60\n")
        assert CliRunner().invoke(app, ["init", "--config", str(self.config)]).exit_code == 0
        self.command = [sys.executable, "-m", "bavn.app.cli", "centre", "run", "--config", str(self.config)]

    @contextmanager
    def started(self):
        with self.log.open("w") as said:
            process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=said, text=True)
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
            finally:
                process.kill()
                process.wait()
                process.stdout.close()

    def waits(self, process, words, times=1):
        until(
            lambda: self.log.read_text().count(words) >= times or process.poll() is not None, shown=self.log.read_text
        )
        assert process.poll() is None, self.log.read_text()

    def is_up(self, process):
        assert json.loads(process.stdout.readline())["port"] > 0


@pytest.fixture
def centre(durable_postgres, tmp_path):
    return Running(durable_postgres, tmp_path)


def test_a_centre_outlives_its_database(centre) -> None:
    with centre.started() as process:
        centre.is_up(process)
        for at in (1, 2):
            assert runs_of(read_centre(centre.config)) == at
            centre.cluster.kill()
            centre.waits(process, "the centre waits for it", at)
            centre.cluster.start()
            centre.is_up(process)
    assert runs_of(read_centre(centre.config)) == 3


def test_a_centre_that_starts_before_its_database_waits_for_it_and_not_for_ever(centre) -> None:
    centre.cluster.kill()
    with centre.started() as process:
        centre.waits(process, "it is tried again")
        centre.cluster.start()
        centre.is_up(process)
    centre.cluster.kill()
    centre.config.write_text(centre.place + "database_wait_s = 1\n")
    ended = subprocess.run(centre.command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, "does not answer" in ended.stderr) == (Exit.UNREACHABLE, True)
    centre.cluster.start()


WAIT_S = 30


@contextmanager
def away_once(begun, *_: object):
    """What stands beside a centre, which finds no database the first time that it is begun."""
    begun.append(1)
    if len(begun) == 1:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
    yield


@pytest.mark.slow
@pytest.mark.parametrize("beside", ["keeping_intelligence", "_metrics"])
def test_a_database_that_dies_again_while_the_centre_begins_is_waited_for(
    postgres, tmp_path, monkeypatch, beside
) -> None:
    port = free_port()
    config = tmp_path / "centre.toml"
    config.write_text(f'[place]\nport = {port}\ndatabase_url = "{postgres.url(postgres.make())}"\nstep_s = 0.1\n')
    init(file := read_centre(config))
    begun: list[int] = []
    monkeypatch.setattr(centre_run, beside, lambda *given: away_once(begun, *given))
    ports: list[int] = []
    failed: list[BaseException] = []

    def listens(server) -> None:
        ports.append(server.port)
        if len(begun) > 1:
            server.stop()

    def runs() -> None:
        try:
            centre_run.run(file, listens)
        except BaseException as error:  # noqa: BLE001  what ended it is what this is about
            failed.append(error)

    running = threading.Thread(target=runs, daemon=True)  # one that waits for ever keeps no process
    running.start()
    running.join(WAIT_S)
    assert failed == []
    assert not running.is_alive()
    assert len(begun) == 2
    assert set(ports) == {port}
