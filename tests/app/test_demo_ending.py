"""A demonstration ends what it started, and nothing else; a second Ctrl-C does not break that off."""

import os
import signal
import subprocess
import sys

import pytest

from bavn_lab.demo.ending import FOLDER_PREFIX, MARK, claim, end_leftovers, end_marked, marked, undisturbed, waited

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
ORPHAN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(
    [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
    start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
)
child.stdout.readline()
print(child.pid, flush=True)
child.stdout.close()
"""


def test_what_was_left_by_what_we_started_ends_and_nothing_else(tmp_path) -> None:
    ours = {**os.environ, MARK: str(tmp_path)}
    left = subprocess.run([sys.executable, "-c", ORPHAN], env=ours, capture_output=True, text=True, check=True)
    orphan = int(left.stdout)
    # Somebody who only looks at our folder, and another demonstration.
    others = [
        subprocess.Popen([*SLEEP, str(tmp_path)], stdout=subprocess.PIPE),
        subprocess.Popen(SLEEP, stdout=subprocess.PIPE, env={**os.environ, MARK: f"{tmp_path}2"}),
    ]
    try:
        for other in others:
            other.stdout.readline()
        assert marked(str(tmp_path)) == {orphan}
        # It was started with SIGTERM ignored, so that only the second signal ends it.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bavn_lab.demo.ending.LEFT_S_MAX", 0.3)
            end_marked(str(tmp_path))
        assert marked(str(tmp_path)) == set()
        assert [other.poll() for other in others] == [None, None]
    finally:
        for other in others:
            other.kill()
            other.wait()
            other.stdout.close()


def test_signals_wait_for_the_cleaning_up(interruptible) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with undisturbed():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_one_that_does_not_listen_is_not_waited_for_long(monkeypatch) -> None:
    monkeypatch.setattr("bavn_lab.demo.ending.STOP_S_MAX", 0.1)
    process = subprocess.Popen(SLEEP, stdout=subprocess.PIPE)
    waited(process)
    assert process.returncode == -signal.SIGKILL
    process.stdout.close()
    waited(None)


def test_the_next_demonstration_ends_what_a_killed_one_left_and_no_other(tmp_path) -> None:
    killed, running, strange = (tmp_path / f"{FOLDER_PREFIX}{name}" for name in ("killed", "running", "strange"))
    for folder in (killed, running, strange):
        folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "keep").touch()
    (tmp_path / f"{FOLDER_PREFIX}link").symlink_to(tmp_path / "elsewhere")
    sleepers = {
        folder: subprocess.Popen(SLEEP, stdout=subprocess.PIPE, env={**os.environ, MARK: str(folder)})
        for folder in (killed, running, strange)
    }
    os.close(claim(killed))  # as the kernel does at kill -9
    held = claim(running)
    try:
        for process in sleepers.values():
            process.stdout.readline()
        assert end_leftovers(tmp_path) == [killed]
        assert sleepers[killed].wait() == -signal.SIGTERM
        assert [sleepers[folder].poll() for folder in (running, strange)] == [None, None]
        assert not killed.exists()
        assert running.exists()
        assert strange.exists(), "without a claim nobody knows if its demonstration runs"
        assert (tmp_path / "elsewhere" / "keep").exists()
        assert end_leftovers(tmp_path) == []
    finally:
        os.close(held)
        for process in sleepers.values():
            process.kill()
            process.wait()
            process.stdout.close()


def test_a_claim_ends_with_its_process_and_no_child_keeps_it(tmp_path) -> None:
    folder = tmp_path / f"{FOLDER_PREFIX}1"
    folder.mkdir()
    code = (
        "import subprocess, sys, time; from pathlib import Path; from bavn_lab.demo.ending import claim\n"
        f"held = claim(Path({str(folder)!r}))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        try:
            assert end_leftovers(tmp_path) == []
            process.kill()
            process.wait()
            assert end_leftovers(tmp_path) == [folder]
        finally:
            os.kill(child, signal.SIGKILL)
