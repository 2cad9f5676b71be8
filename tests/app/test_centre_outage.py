"""PostgreSQL dies under a running centre: it waits, goes on when it answers, and nobody else got in between."""

import json
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from bavn.app.centre.database import open_database
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit
from bavn.centre.store.engine import reading
from bavn.centre.store.tables import RUN

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


def runs_of(file):
    engine = open_database(file)
    try:
        with reading(engine) as connection:
            return connection.execute(RUN.select()).one().run_no
    finally:
        engine.dispose()


def test_a_centre_outlives_its_database(durable_postgres, tmp_path) -> None:
    cluster, config = durable_postgres, tmp_path / "centre.toml"
    config.write_text(f'[place]\nport = 0\ndatabase_url = "{cluster.url(cluster.make())}"\nstep_s = 0.1\n')
    assert CliRunner().invoke(app, ["init", "--config", str(config)]).exit_code == 0
    said = (tmp_path / "said").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "bavn.app.cli", "centre", "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
    )
    try:
        assert json.loads(process.stdout.readline())["port"] > 0
        for at in (1, 2):
            assert runs_of(read_centre(config)) == at
            cluster.kill()
            until = time.monotonic() + 60
            while (tmp_path / "said").read_text().count("the centre waits for it") < at:
                assert process.poll() is None, (tmp_path / "said").read_text()
                assert time.monotonic() < until, (tmp_path / "said").read_text()
                time.sleep(0.1)
            cluster.start()
            assert json.loads(process.stdout.readline())["port"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        said.close()
    assert runs_of(read_centre(config)) == 3


def test_a_centre_that_starts_before_its_database_waits_for_it_and_not_for_ever(durable_postgres, tmp_path) -> None:
    cluster, config = durable_postgres, tmp_path / "centre.toml"
    place = f'[place]\nport = 0\ndatabase_url = "{cluster.url(cluster.make())}"\nstep_s = 0.1\n'
    config.write_text(place + "database_wait_s = 60\n")
    assert CliRunner().invoke(app, ["init", "--config", str(config)]).exit_code == 0
    cluster.kill()
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "bavn.app.cli", "centre", "run", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            until = time.monotonic() + 60
            while "it is tried again" not in (tmp_path / "said").read_text():
                assert process.poll() is None, (tmp_path / "said").read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
            cluster.start()
            assert json.loads(process.stdout.readline())["port"] > 0
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    cluster.kill()
    config.write_text(place + "database_wait_s = 1\n")
    ended = subprocess.run(
        [sys.executable, "-m", "bavn.app.cli", "centre", "run", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, "does not answer" in ended.stderr) == (Exit.UNREACHABLE, True)
    cluster.start()
