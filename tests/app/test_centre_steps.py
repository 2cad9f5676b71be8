"""A centre steps as soon as somebody in another process has written, and rests where nobody does."""

import threading
import time
from contextlib import contextmanager

import pytest

from bavn.app.centre.parts import build, init, open_registry
from bavn.app.config.load import read_centre
from bavn.centre.node.centre import Centre

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


def until(holds, seconds=20.0):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


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
            assert until(lambda: len(steps) >= 2), "its own first writes bring a second step"
            time.sleep(1.0)
            rested = len(steps)
            time.sleep(1.0)
            assert len(steps) == rested, "nobody wrote"
            with closing_registry(file) as registry:
                registry.add("north", "region")
            assert until(lambda: len(steps) > rested), "the next step was due in a minute"
        finally:
            parts.server.stop()
            running.join(20)
    assert not running.is_alive()
