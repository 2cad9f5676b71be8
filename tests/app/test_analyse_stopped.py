"""Ctrl-C during `bavn analyse`: 130 and "stopped", at whatever moment it comes, and never a result that looks whole."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from bavn.actor.sense.engine import Engine
from bavn.app.analyst import analyse
from bavn.app.process.ctrl_c import ctrl_c
from bavn.app.process.exits import Exit
from tests.app.test_cli_analyse import eve, flow, run

pytestmark = pytest.mark.usefixtures("interruptible")
SLOW_SQL = "SELECT sum(sqrt(a.i) * sin(b.j)) FROM range(300000) a(i), range(300000) b(j)"


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_in_a_query_is_no_error_that_somebody_contains() -> None:
    engine = Engine()
    waiting = threading.Timer(0.1, press)
    waiting.start()
    with pytest.raises(KeyboardInterrupt):
        engine.arrow(SLOW_SQL)
    waiting.join()


@pytest.mark.slow
@pytest.mark.parametrize("ends", [True, False])
def test_ctrl_c_that_somebody_swallowed_ends_the_command_without_a_result(tmp_path, monkeypatch, ends) -> None:
    made = eve(tmp_path / "eve.json", [flow(60 + 300 * n, "10.1.0.7", "45.9.148.20", 443) for n in range(60)])
    survey = analyse.survey

    def swallowing(*given: object, **named: object) -> object:
        with suppress(KeyboardInterrupt):
            press()
        if not ends:
            raise RuntimeError("an error that is only a consequence")
        return survey(*given, **named)

    monkeypatch.setattr(analyse, "survey", swallowing)
    code, found, text, _ = run(made, "--json")
    assert (code, found, text) == (Exit.INTERRUPTED, [], "")


def test_ctrl_c_where_nothing_can_be_raised_is_no_fault_on_the_screen(capsys) -> None:
    class Ending:
        def __del__(self) -> None:
            press()

    with pytest.raises(KeyboardInterrupt), ctrl_c():
        [Ending()].clear()
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.0, 2.0])
def test_ctrl_c_at_any_moment_is_130_and_stopped(tmp_path, seconds) -> None:
    count = 60_000 + round(80_000 * seconds)  # so many that the command is still at work then, however fast the machine
    rows = [flow(60 + n // 4, f"10.1.{n % 7}.{n % 200}", f"45.9.{n % 250}.20", 443) for n in range(count)]
    command = [sys.executable, "-m", "bavn.app.cli", "analyse", str(eve(tmp_path / "eve.json", rows)), "--json"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    given = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given) as process:
        while process.poll() is None and not any(scratch.iterdir()):
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate()
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert error.splitlines()[-1] == "bavn: stopped"
    assert "Traceback" not in error
    assert not list(scratch.iterdir()), "nothing of what was read is left on the disk"
