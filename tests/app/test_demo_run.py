"""The demonstration as processes, over captures in which there is nothing to find: it ends, and leaves nothing."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from rich.console import Console

from bavn.app.process.exits import Stop
from bavn.traffic.sector import demo_sector
from bavn_lab.demo import run as demo
from bavn_lab.demo.again import next_call
from bavn_lab.demo.captures import deal_out
from bavn_lab.demo.ending import marked
from bavn_lab.demo.run import Demo, work_folder
from bavn_lab.demo.sector import ActorPlan, DemoSector

pytestmark = [pytest.mark.slow, pytest.mark.suricata, pytest.mark.unbound]


@pytest.fixture
def captures(tmp_path) -> Path:
    """One machine's one call at two actors: nothing that anybody would suspect."""
    folder = tmp_path / "captures"
    for number, name in enumerate(("fjordnyt-bdf.dk", "klitforum-ghj.dk")):
        address = int(IPv4Address(f"25.1.2.{number + 3}"))
        next_call(demo_sector(1).actors[0], name, address, time.time_ns() // 1000, folder / f"{number}.pcap")
    return folder


@pytest.fixture
def work():
    """A folder with a path short enough for sockets."""
    folder = work_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def about(folder: Path) -> list[str]:
    """Command lines of all processes that name the folder, or were started for it."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found + [str(pid) for pid in marked(str(folder))]


def test_no_lead_is_an_ordinary_end_and_nothing_is_left(captures, work, monkeypatch) -> None:
    monkeypatch.setattr(demo, "LEAD_S_MAX", 1.0)
    console = Console(record=True, width=160)
    played = deal_out(captures, work, 1, console)
    running = []
    monkeypatch.setattr(
        DemoSector, "desk", lambda self, desk=DemoSector.desk: running.extend(about(work)) or desk(self)
    )
    figures = Demo(console, work, played, 3).run()
    assert figures == {"lead": None, "suspicions": {"region-nord": 0, "region-syd": 0}}
    assert "no lead within 1 s" in console.export_text()
    assert sum("--unix-socket" in words for words in running) == 2
    assert about(work) == []
    assert not work.exists()


def test_ctrl_c_twice_stops_everything_and_cleans_up(captures, interruptible) -> None:
    place = Path(tempfile.mkdtemp(prefix="bavn-t-", dir="/tmp"))
    process = subprocess.Popen(
        [sys.executable, "-m", "bavn.app.cli", "demo", "--headless", "--captures", str(captures)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
        start_new_session=True,
    )
    guard = threading.Timer(180, process.kill)
    guard.start()
    try:
        said = ""
        while "Rounds are shortened" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        before = about(place)
        assert any("--unix-socket" in words for words in before)
        process.send_signal(signal.SIGINT)
        while len(about(place)) >= len(before):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
        assert process.wait() == 130, said
        assert about(place) == []
        assert list(place.iterdir()) == []
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
        shutil.rmtree(place)


def test_a_suricata_that_dies_is_said_and_everything_else_ends(captures, work) -> None:
    sector = DemoSector(work, {})
    try:
        sector.start_keyholders()
        member = sector.admit(ActorPlan("region-nord", "region", ("10.10.0.0/16",), captures), sector.start_centre())
        assert sector.holders.wait_for_keys(sector.check) == 24
        sector.start_nodes()
        sector.holders.kill(2)
        sector.check()
        member.suricata._process._process.kill()
        member.suricata._process._process.wait()
        with pytest.raises(Stop, match="region-nord's Suricata ended with -9"):
            sector.check()
    finally:
        sector.stop()
        sector.stop()
    assert about(work) == []
    assert not work.exists()
