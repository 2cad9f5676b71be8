"""A node on a folder of the test's own, and what a check makes of it."""

import json
import os

import pytest

from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.app.accept.check import AcceptanceTerms, Site
from bavn.app.accept.run import part_of
from bavn.app.accept.throwaway import Events
from bavn.app.config.load import read_node
from bavn.app.node.health.files import HEALTH_FILE
from bavn.rehearsal.clock import SimClock
from bavn.traffic.dice import SeededDice
from tests.app.conftest import RealClock, stand, stand_up  # noqa: F401  a real centre behind real TLS

SOURCE = {
    "name": "suricata",
    "broken": None,
    "lag_s": 0,
    "lag_bytes": 0,
    "rows": 90,
    "clock_offset_s": 1,
}
HEALTH = {
    "stopped": False,
    "problems": [],
    "sources": [SOURCE],
    "memory_mb": 90,
    "disk_free_mb": 9000,
    "capture_loss_known": True,
    "capture_loss_permille": 2,
    "rules": {"loaded": 40, "failed": 0},
}


class Bench:
    """``site`` of a node whose node.toml has these lines."""

    def __init__(self, folder, lines="", clock=None, **asked):
        self.folder = folder
        (folder / "node.toml").write_text(lines if "[node]" in lines else f'[node]\nactor = "region-a"\n{lines}')
        self.clock = clock or SimClock(1_800_000_000_000_000)
        (folder / "scratch").mkdir(exist_ok=True)
        self.site = Site(
            config=read_node(folder / "node.toml"),
            terms=AcceptanceTerms(**asked),
            clock=self.clock,
            dice=SeededDice(1),
            scratch=folder / "scratch",
            by="Anna Berg",
        )

    def says(self, **other):
        """What its running node wrote of itself."""
        made = HEALTH | {"pid": os.getpid(), "at_us": self.clock.now_us()} | other
        self.site.config.folder.mkdir(exist_ok=True)
        (self.site.config.folder / HEALTH_FILE).write_text(json.dumps(made))

    def run(self, check):
        """The part, and its figures by key."""
        part = part_of(check, self.site)
        return part, {one.key: one for one in part.figures}


@pytest.fixture
def bench(tmp_path):
    return lambda *given, **more: Bench(tmp_path, *given, **more)


@pytest.fixture
def enrolled(stand, tmp_path):  # noqa: F811
    """A bench whose node is enrolled at the centre of ``stand``; its clock may be moved."""
    clock = RealClock()
    lines = f'[node]\nactor = "region-a"\ncentre_url = "{stand.url}"\n'
    made = Bench(tmp_path, lines, clock)
    made.site.config.folder.mkdir()
    stand.enrol("region-a").folder.rename(made.site.config.folder / "keys")
    return made


@pytest.fixture
def rows_in_store(tmp_path):
    """Makes a store with flows of these numbers."""
    made = []

    def store(numbers):
        folder = tmp_path / f"store-{len(made)}"
        made.append(folder)
        events = Events(tmp_path / f"eve-{len(made)}.json", 0x0A000000)
        events.file.touch()
        for number in numbers:
            events.written = number - 1
            events.write(1, 1_800_000_000_000_000)
        source = EveFile(name="eve", sensor="a", path=events.file)
        with ColumnStore.open(folder, StoreLimits(age_days_max=None), homes=("10.0.0.0/8",)) as opened:
            for batch in source.poll():
                opened.append(batch.source, batch.mark, batch.tables)
        source.close()
        return folder

    return store
