"""A real node whose clock is set wrong while it runs (libfaketime): it says so, keeps every row, and goes on.

Forward by hours and days, back by hours, and to 1970: what a flat battery, a wrong hand and a bad time server do.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app import records

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
UP_S_MAX = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.faketime]


class FakedNode:
    """`bavn node run` whose wall clock is what ``offset`` says; its monotonic clock is the machine's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, 0
        (folder / "eve.json").touch()
        (folder / "node.toml").write_text('[node]\nactor = "lonely"\n[sense]\neve_file = "eve.json"\n')
        self.offset("+0")
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bavn.app.cli", "node", "run", "--config", str(folder / "node.toml")],
                env={
                    **os.environ,
                    "LD_PRELOAD": str(LIBRARY),
                    "FAKETIME_TIMESTAMP_FILE": str(folder / "offset"),
                    "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME_DONT_RESET": "1",
                },
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def offset(self, by: str) -> None:
        """In one step: the node never reads half of it."""
        fresh = self.folder / "offset.new"
        fresh.write_text(by + "\n")
        fresh.replace(self.folder / "offset")

    def write(self, count: int, at_s: float) -> None:
        """So many flows, as a sensor whose clock says ``at_s`` tells of them."""
        with (self.folder / "eve.json").open("a") as out:
            out.write(records.lines(records.flow(at_s, number=n) for n in range(self.rows, self.rows + count)))
        self.rows += count

    def health(self) -> dict:
        try:
            return json.loads((self.folder / "data" / "health.json").read_text())
        except (OSError, ValueError):
            return {"sources": [], "problems": []}

    def until(self, holds, what: str) -> dict:
        end = time.monotonic() + UP_S_MAX
        while not holds(told := self.health()):
            assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
            assert time.monotonic() < end, f"not within {UP_S_MAX:.0f} s: {what}; {told['problems']}"
            time.sleep(0.1)
        return told

    def taken(self) -> dict:
        """Until every line that was written has an outcome: a row, or a refusal."""
        return self.until(lambda told: outcomes(told) == self.rows, f"{self.rows} lines have an outcome")

    def close(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


def outcomes(told: dict) -> int:
    """Of the file, rows and refusals since the start; what the store itself would not have counts as neither."""
    return sum(source["rows"] + source["refused"] for source in told["sources"] if source["name"] == "eve")


def codes(told: dict) -> set[str]:
    return {problem["code"] for problem in told["problems"]}


@pytest.fixture
def node(tmp_path):
    running = FakedNode(tmp_path)
    yield running
    if running.process.poll() is None:
        running.close()


@pytest.mark.parametrize("jump", ["-7200", "+40d", "@1970-01-02 00:00:00"])
def test_a_clock_set_wrong_is_said_and_no_row_is_lost(node, jump) -> None:
    now_s = time.time()
    node.write(50, now_s)
    node.taken()
    node.offset(jump)
    node.until(lambda told: "clock_jump" in codes(told), "the jump is said")
    node.write(50, now_s)
    node.taken()
    node.offset("+0")
    node.write(50, time.time())
    node.taken()
    node.until(lambda told: outcomes(told) == 150, "every line has an outcome")
    assert node.close() == 0
    words = ["node", "store", "stats", "--json", "-c", str(node.folder / "node.toml")]
    command = [sys.executable, "-m", "bavn.app.cli", *words]
    stats = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert (stats["rows"], stats["refused"], stats["forgotten_rows"]) == ({"flow": 150}, {}, 0)
