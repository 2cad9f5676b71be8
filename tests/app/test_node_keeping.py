"""Keeping the packets of suspicions leaves the machine to what protects."""

from types import SimpleNamespace

from bavn.app.node import service as node_service
from bavn.app.node.service import KEEP_REST, KEEP_S, NodeService
from bavn.model.failure import NoContainment


class Ended:
    """Ends after so many waits and notes how long each was."""

    def __init__(self, waits: int) -> None:
        self.left, self.waited = waits, []

    def wait(self, seconds):
        self.waited.append(seconds)
        self.left -= 1
        return self.left < 0

    def is_set(self):
        return self.left < 0


class Slow:
    """A keeper whose turns take so long each; one that takes None cannot write."""

    def __init__(self, took_s, clock) -> None:
        self.took_s, self.clock = list(took_s), clock

    def turn(self, suspicions):
        took_s = self.took_s.pop(0)
        if took_s is None:
            raise OSError("the disk is full")
        self.clock[0] += took_s


def test_it_rests_longer_than_it_works(monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(node_service, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    service = object.__new__(NodeService)
    service._ended = Ended(4)
    known = SimpleNamespace(all=tuple)
    service.parts = SimpleNamespace(keeper=Slow([0.1, 20.0, None, 1.0], clock), known=known, failures=NoContainment())
    service._keep()
    assert service._ended.waited == [KEEP_S, KEEP_S, KEEP_REST * 20.0, KEEP_S, KEEP_S]
    assert service.parts.keeper.stop() is True
