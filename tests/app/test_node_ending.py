"""A node says when it is up, and ends on SIGTERM whatever it is doing; what it has kept is there afterwards."""

import os
import signal
import subprocess
import sys

import pytest

from bavn.actor.store.history import History
from tests.app import records

ENDLESS = "SELECT count(*) FROM range(100000000000) a WHERE hash(a.range) = 1"
HEAD = f"""
import sys, time
from bavn.app.node import detecting as node_detecting, parts as node_parts, service as node_service
from bavn.actor.node.talker import Talker
from bavn.actor.protect.protect import Protect
from bavn.actor.store.segments.write import SegmentWriter
def endless(window):
    print("inside", flush=True)
    window.rows("{ENDLESS}")
def asleep(*_, **__):
    print("inside", flush=True)
    time.sleep(300)
"""
TAIL = """
from bavn.app.cli.main import main
sys.argv = ["bavn", "node", "run", "-c", "node.toml"]
main()
"""
MIDST = {
    "a detection": "node_detecting.survey = lambda window, **_: endless(window)",
    "a merge": f"""
def hours(writer, engine, *_):
    print("inside", flush=True)
    engine.cursor().execute("{ENDLESS}").fetchall()
SegmentWriter.hours = hours
node_detecting.survey = lambda window, **_: time.sleep(300)
node_service.IDLE_S = 0.01
from bavn.actor.node.monitor import Monitor
Monitor.conclude = lambda monitor: None
""",
    "a hunt": """
made = []
build = node_parts.protection
def protect(config, ledger, clock, store, *more):
    Protect.look_back = lambda _: endless(store.window(0, 10**15))
    return build(config, ledger, clock, store, *more)
node_parts.protection = protect
""",
    "thought that no query interrupts": "node_detecting.survey = asleep",
    "a call to a centre that does not answer": "Talker.send = asleep",
}
STUCK = {"thought that no query interrupts": "look", "a call to a centre that does not answer": "talk"}


@pytest.fixture
def folder(tmp_path):
    flows = [records.flow(1_795_255_200 + n % 4 * 86_400, number=n) for n in range(200)]
    (tmp_path / "eve.json").write_text(records.lines(flows))
    (tmp_path / "node.toml").write_text(
        '[node]\nactor = "lonely"\n[sense]\neve_file = "eve.json"\n[store]\nage_days_max = 3650\n'
    )
    return tmp_path


def started(folder, patch: str = ""):
    """A node's process, and its lines up to the one that was waited for."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + patch + TAIL],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"BAVN_LOG": "ERROR"},
    )


@pytest.mark.slow
def test_it_says_that_it_is_up_and_ends_at_once(folder) -> None:
    with started(folder) as process:
        assert process.stdout.readline() == f"lonely is up, without a sector; data in {folder / 'data'}\n"
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)
    assert (process.returncode, *said) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("what", sorted(MIDST))
def test_it_ends_in_the_middle_of(folder, what) -> None:
    with started(folder, MIDST[what]) as process:
        while process.stdout.readline() not in ("inside\n", ""):
            pass
        process.send_signal(signal.SIGTERM)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert (f"left without waiting for: {STUCK[what]}" in errors) if what in STUCK else errors == "", errors
    with History.read(folder / "data/store") as history:
        assert history.stats().rows.get("flow") in (200, None if "centre" in what or "hunt" in what else 200)
