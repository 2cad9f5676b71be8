"""What services tell systemd: up, alive only while each loop makes progress, stopping. A centre steps as soon as
another process has written, and rests where nobody does."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from bavn.actor.node.monitor import Monitor
from bavn.app.centre.parts import build, init, open_registry
from bavn.app.config.load import read_centre, read_node
from bavn.app.node.service import NodeService
from bavn.app.process.manager.heart import ALIVE, READY, STOPPING, Heart
from bavn.centre.node.centre import Centre
from tests.app.waiting import until


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """systemd's side: the address as it stands in the environment, and the socket."""
    address = f"@bavn-{tmp_path.name}-{id(request)}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address.replace("@", "\0", 1) if request.param == "abstract" else address)
        heard.settimeout(20)
        yield address, heard


def test_messages_arrive_and_children_are_not_asked(manager) -> None:
    address, heard = manager
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1", "HOME": "/"}
    heart = Heart.of(environment)
    assert environment == {"HOME": "/"}
    heart.ready()
    assert heard.recv(100) == READY.encode()
    with heart.beating():
        assert heard.recv(100) == ALIVE.encode()
    words = {heard.recv(100).decode()}
    while STOPPING not in words:
        words.add(heard.recv(100).decode())
    assert words <= {ALIVE, STOPPING}


def test_nothing_is_told_without_a_manager() -> None:
    before = set(threading.enumerate())
    heart = Heart.of({})
    with heart.beating():
        heart.ready()
        assert not {thread.name for thread in set(threading.enumerate()) - before}


def test_one_part_that_hangs_or_an_event_loop_that_is_blocked_silences_all_until_it_turns_again() -> None:
    said, now = [], [0.0]
    heart = Heart(said.append, 10.0, lambda: now[0])
    heart.beat("look")
    heart.beat("talk")
    now[0] = 10.0
    heart.look()
    assert said == [ALIVE]
    heart.beat("talk")
    now[0] = 10.1
    heart.look()
    assert (said, heart.late()) == ([ALIVE], ["look"])
    heart.beat("look")
    heart.look()
    assert said == [ALIVE] * 2
    now[0] = 30.0
    heart.rest("look")
    heart.rest("talk")
    heart.look()
    assert said == [ALIVE] * 3
    now = [0.0]
    heart = Heart(lambda _: None, 10.0, lambda: now[0])

    async def served() -> list[str]:
        with heart.loop("server"):
            await asyncio.sleep(0)
            now[0] = 11.0
            return heart.late()

    assert asyncio.run(served()) == ["server"]
    assert heart.late() == []


@pytest.fixture
def planted(monkeypatch):
    """``planted(of, name)``: a method that hangs each time until the test is over; an event when it does."""
    let_go = threading.Event()

    def plant(of, name):
        hangs, real = threading.Event(), getattr(of, name)

        def and_hang(self, *words, **more):
            given = real(self, *words, **more)
            hangs.set()
            let_go.wait(60)
            return given

        monkeypatch.setattr(of, name, and_hang)
        return hangs

    plant.let_go = let_go
    yield plant
    let_go.set()


def silent(server, hangs, let_go, tell):
    """What is late when ``server`` hangs for an hour, and whether anything was told since."""
    said, now = [], [0.0]
    heart = Heart(said.append, 600.0, lambda: now[0])
    tell(heart)
    running = threading.Thread(target=server.run)
    running.start()
    try:
        assert hangs.wait(30)
        heart.look()
        assert said == [ALIVE]
        now[0] = 3600.0
        until(lambda: len(heart.late()) == 1, 30.0)
        heart.look()
        return heart.late(), len(said) > 1
    finally:
        let_go.set()
        server.stop()
        running.join(30)


def test_a_node_whose_look_hangs_is_not_called_alive(tmp_path, planted) -> None:
    (tmp_path / "eve.json").touch()
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n[sense]\neve_file = "eve.json"\n')
    service = NodeService(read_node(tmp_path / "node.toml"))
    hangs = planted(Monitor, "look")
    assert silent(service, hangs, planted.let_go, lambda heart: setattr(service, "_heart", heart)) == (["look"], False)


def test_a_centre_whose_step_hangs_is_not_called_alive(tmp_path, planted) -> None:
    (tmp_path / "centre.toml").write_text(CENTRE)
    file = read_centre(tmp_path / "centre.toml")
    init(file)
    hangs = planted(Centre, "step")
    with build(file) as parts:
        assert silent(parts.server, hangs, planted.let_go, parts.server.tells) == (["step"], False)


CENTRE = """
[place]
folder = "data"
host = "127.0.0.1"
port = 0
names = ["127.0.0.1"]
step_s = 60.0
"""


@contextmanager
def closing_registry(file):
    registry = open_registry(file)
    yield registry
    registry.engine.dispose()


@pytest.fixture
def steps(monkeypatch):
    """A list that grows by one with each step of any centre."""
    made, step = [], Centre.step

    def counted(self, **how):
        step(self, **how)
        made.append(1)

    monkeypatch.setattr(Centre, "step", counted)
    return made


def test_an_order_of_another_process_is_carried_out_at_once_and_then_it_rests(tmp_path, steps) -> None:
    config = tmp_path / "centre.toml"
    config.write_text(CENTRE)
    file = read_centre(config)
    init(file)
    with build(file) as parts:
        running = threading.Thread(target=parts.server.run)
        running.start()
        try:
            until(lambda: len(steps) >= 2, 20, lambda: "its own first writes bring a second step")
            time.sleep(1.0)
            rested = len(steps)
            time.sleep(1.0)
            assert len(steps) == rested, "nobody wrote"
            with closing_registry(file) as registry:
                registry.add("north", "region")
            until(lambda: len(steps) > rested, 20, lambda: "the next step was due in a minute")
        finally:
            parts.server.stop()
            running.join(20)
    assert not running.is_alive()
