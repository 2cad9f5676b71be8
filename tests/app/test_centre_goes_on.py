"""A database that goes away between a centre's first word and its first step costs a wait, and no port."""

import socket
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError

from bavn.app.centre import run as centre_run
from bavn.app.centre.parts import init
from bavn.app.config.load import read_centre

pytestmark = pytest.mark.postgresql
WAIT_S = 30


@contextmanager
def away_once(begun, *_: object):
    """What stands beside a centre, which finds no database the first time that it is begun."""
    begun.append(1)
    if len(begun) == 1:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
    yield


@pytest.mark.slow
@pytest.mark.parametrize("beside", ["keeping_intelligence", "_metrics", "_fanout"])
def test_a_database_that_dies_again_while_the_centre_begins_is_waited_for(
    postgres, tmp_path, monkeypatch, beside
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
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
