"""Who runs which slow test: whole files go to one process, what takes long goes first, browsers to two processes, the
SAC's console to one.

xdist by itself hands tests out in ever smaller pieces: a file's fixtures are made in each process that gets a piece of
it, and a test of two minutes may begin when all others are done. Tests are told apart by their number, not by their
name: schemathesis gives a hundred of them the same one.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from xdist.scheduler.load import LoadScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).resolve().parent.parent
TOGETHER_MAX = 32
"""More tests of one file than these are handed out in parts."""
BROWSERS = 2
"""How many processes serve the consoles to a browser: each draws a sector, two nodes and a page of all parts first."""
ONE_SECTOR = ("tests/app/web/sac/", "tests/app/web/test_drawn_sector.py")
"""What looks at the drawn sector, which each process draws for itself: all of it goes to one."""
LONG = (
    "tests/app/accept/test_accept_whole.py",
    "tests/sector/test_ideal.py",
    "tests/app/test_pilot.py",
    "tests/sector/test_poisoning.py",
    "tests/sector/test_sector_threshold.py",
    "tests/sector/test_sector_faults.py",
    "tests/packaging/test_deb.py",
    "tests/packaging/test_image.py",
    "tests/centre/node/test_echo.py",
    "tests/sector/test_sector_commons.py",
    "tests/actor/sense/test_sense_data.py",
    "tests/app/live/test_live_beacon.py",
    "tests/centre/store/test_kill.py",
    "tests/centre/node/test_centre_crash.py",
    "tests/sector/test_repeatable.py",
    "tests/sector/test_sector_same.py",
    "tests/sector/test_held_still.py",
    "tests/sector/test_kill_minus_nine.py",
    "tests/sector/test_egress.py",
    "tests/sector/test_sector_behaviour.py",
    "tests/sector/test_sector_whole.py",
    "tests/app/live/test_live_rules.py",
    "tests/app/test_keyholder_operations.py",
    "tests/app/test_log_operations.py",
    "tests/app/live/test_live_faults.py",
    "tests/psi/test_psi_planted.py",
    "tests/actor/store/test_store_machine.py",
    "tests/actor/store/test_store_kill.py",
    "tests/actor/store/test_store_plan.py",
    "tests/centre/correlate/test_join.py",
    "tests/wire/test_outbox_kill.py",
    "tests/app/test_demo_run.py",
    "tests/app/test_way_in.py",
    "tests/peers/test_prometheus.py",
)
"""Files that take more than a minute, or one of whose tests takes more than fifteen seconds: the longest first."""


def drives_a_browser(file: str) -> bool:
    return "mark.chromium" in (ROOT / file).read_text(encoding="utf-8")


def parts_of(collection: Sequence[str]) -> list[list[int]]:
    """The numbers of all tests, in the parts in which they are handed out: each of them once."""
    files: dict[str, list[int]] = {}
    for number, name in enumerate(collection):
        files.setdefault(name.partition("::")[0], []).append(number)
    browsing = [file for file in files if drives_a_browser(file)]
    first: list[list[int]] = [[] for _ in range(BROWSERS)]
    for file in sorted(browsing, key=lambda file: len(files[file]), reverse=True):
        min(first, key=len).extend(files[file])
    long = [files[file] for file in LONG if file in files and file not in browsing]
    drawn = [number for file in files if file.startswith(ONE_SECTOR) and file not in browsing for number in files[file]]
    rest = [of for file, of in files.items() if file not in browsing and not file.startswith((*LONG, *ONE_SECTOR))]
    cut = [of[at : at + TOGETHER_MAX] for of in rest for at in range(0, len(of), TOGETHER_MAX)]
    return [part for part in [*first, *long, drawn, *sorted(cut, key=len, reverse=True)] if part]


class ByFile(LoadScheduling):
    """A process that has but one test left gets the next part."""

    def __init__(self, config, log) -> None:
        super().__init__(config, log)
        self.sizes: deque[int] = deque()

    def schedule(self) -> None:
        if self.collection is None and self._check_nodes_have_same_collection():
            self.collection = next(iter(self.node2collection.values()))
            parts = parts_of(self.collection)
            self.sizes.extend(map(len, parts))
            self.pending[:] = [number for part in parts for number in part]
        for node in self.nodes:
            self.check_schedule(node)

    def check_schedule(self, node: WorkerController, duration: float = 0) -> None:
        while not node.shutting_down and self.pending and len(self.node2pending[node]) < 2:
            # what a process that died has left is added at the end, beyond the parts
            self._send_tests(node, self.sizes.popleft() if self.sizes else 1)
        if not self.pending and not node.shutting_down:
            node.shutdown()
