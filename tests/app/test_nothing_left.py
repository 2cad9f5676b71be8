"""SIGTERM, SIGINT or SIGKILL of whoever runs: nothing of what it started is left a few seconds later.

Every process is found by a word in its environment, whoever's child it has become.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.actor.protect.test_unbound_live import ask, free_port
from tests.app.test_cli_analyse import eve, flow

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGKILL]
UP_S, ENDS_S, LEFT_S = 60.0, 30.0, 8.0
HANGS = """\
import json, os, sys, time
def hang(*_):
    open(os.environ["HANGS"], "w").close()
    time.sleep(600)
if "hunt_child" in " ".join(sys.orig_argv):
    json.loads = hang
elif "-m bavn.app." in " ".join(sys.orig_argv):
    hang()
"""
"""What a process of Bavn's own does when it starts, so that it is there when its parent goes."""
HELPERS = {
    "documents": "from bavn.app.reports.apart import _drawn as drawn\ndrawn('document_file')",
    "popularity lists": "from bavn.app.node.known_lists import Kept\nKept(Path(sys.argv[1])).name_grade('a.dk')",
    "suricata-update": "from bavn.actor.sense.rules.update import _run\n"
    "_run(['sh', '-c', 'touch $HANGS; exec sleep 600'])",
    "squid's word": "from bavn.actor.protect.enforcers.squid_acl import SquidAcl\n"
    "SquidAcl(Path(sys.argv[1]), ('sh', '-c', 'touch $HANGS; exec sleep 600')).enforce([])",
    "a question": "from bavn.app.process.real import SystemClock\nfrom bavn.app.web.soc.asking import Askings\n"
    "Askings(SystemClock()).start(Path('node.toml'), 'n', 'me', 'sql', {})\ntime.sleep(600)",
}


def left(word: str) -> dict[int, str]:
    """Command lines of all processes that were given this word."""
    there = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if word.encode() in (folder / "environ").read_bytes():
                there[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return there


@contextmanager
def marked(*command: str, **given: str):
    """A process and the word by which all that it starts is known."""
    word = uuid.uuid4().hex
    environment = {**os.environ, **given, "BAVN_TEST_WORD": word}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process, word
    finally:
        for pid in left(word):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def until(done, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while not done():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def node_toml(folder: Path, port: int, *lines: str) -> Path:
    (folder / "eve.json").touch()
    file = folder / "node.toml"
    file.write_text(
        '[node]\nactor = "klinik"\nhomes = ["10.0.0.0/8"]\n[sense]\neve_file = "eve.json"\n[enforce]\n'
        f'resolver_listen = ["127.0.0.1@{port}"]\nresolver_answers = ["good.example=192.0.2.7"]\n' + "\n".join(lines)
    )
    return file


def node_run(file: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "bavn.app.cli", "node", "run", "--config", str(file)]


@pytest.mark.slow
@pytest.mark.unbound
@pytest.mark.parametrize("number", SIGNALS)
def test_a_node_that_ends_leaves_no_resolver(tmp_path, number) -> None:
    port = free_port()
    with marked(*node_run(node_toml(tmp_path, port, "resolver_outlives = false"))) as (process, word):
        assert until(lambda: any(line.startswith("unbound -d") for line in found(word)), UP_S), found(word)
        process.send_signal(number)
        process.wait(ENDS_S)
        assert until(lambda: not left(word), LEFT_S), left(word)


def found(word: str) -> list[str]:
    return [line.rpartition("/sbin/")[2] for line in left(word).values()]


@pytest.mark.slow
@pytest.mark.unbound
def test_the_resolver_of_a_killed_node_answers_until_the_next_one_is_told_to_end(tmp_path) -> None:
    port = free_port()
    file = node_toml(tmp_path, port)
    with marked(*node_run(file)) as (killed, first):
        assert until(lambda: any(line.startswith("unbound -d") for line in found(first)), UP_S)
        killed.kill()
        killed.wait()
        time.sleep(1.0)
        assert ask(port, "good.example") == "192.0.2.7"
        taken_over = left(first)
        assert len(taken_over) == 1
        health = tmp_path / "data" / "health.json"
        health.unlink(missing_ok=True)  # the next one writes its own once it runs
        with marked(*node_run(file)) as (told, second):
            assert until(health.exists, UP_S)
            time.sleep(3.0)
            assert left(first) == taken_over
            told.terminate()
            assert told.wait(ENDS_S) == 0
            assert until(lambda: not left(first) and not left(second), LEFT_S), (left(first), left(second))


@pytest.mark.slow
@pytest.mark.suricata
@pytest.mark.netns
@pytest.mark.parametrize("number", SIGNALS)
def test_a_node_that_ends_leaves_no_sensor(tmp_path_factory, number) -> None:
    file = tmp_path_factory.mktemp("n") / "node.toml"  # a command socket's path is short
    file.write_text('[node]\nactor = "klinik"\nhomes = ["10.0.0.0/8"]\n[sense]\nsuricata_interface = "lo"\n')
    with marked(*node_run(file)) as (process, word):
        assert until(lambda: any("suricata -c" in line for line in left(word).values()), UP_S)
        process.send_signal(number)
        process.wait(ENDS_S)
        assert until(lambda: not left(word), LEFT_S), left(word)


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_an_analysis_that_ends_leaves_no_worker_and_no_copy_of_traffic(tmp_path, number) -> None:
    rows = [flow(60 + n, f"10.1.{n % 7}.{n % 200}", f"45.9.{n % 250}.20", 443) for n in range(30_000)]
    files = [str(eve(tmp_path / f"{n}.json", rows)) for n in range(6)]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-P", "-m", "bavn.app.cli", "analyse", *files]
    with marked(*command, TMPDIR=str(scratch)) as (process, word):
        assert until(lambda: sum("spawn_main" in line for line in left(word).values()) > 1, UP_S)
        time.sleep(2.0)
        process.send_signal(number)
        process.wait(ENDS_S)
        assert until(lambda: not left(word), LEFT_S), left(word)
        if number is not signal.SIGKILL:
            assert (process.returncode, list(scratch.iterdir())) == (130, [])


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("what", HELPERS)
def test_what_helps_and_hangs_ends_with_whoever_began_it(tmp_path, what, number) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS)
    there = tmp_path / "there"
    script = f"import sys, time\nfrom pathlib import Path\n{HELPERS[what]}\n"
    command = [sys.executable, "-c", script, str(tmp_path)]
    with marked(*command, HANGS=str(there), PYTHONPATH=f"{tmp_path}:{Path.cwd()}") as (process, word):
        assert until(there.exists, UP_S)
        process.send_signal(number)
        process.wait(ENDS_S)
        assert until(lambda: not left(word), LEFT_S), left(word)
