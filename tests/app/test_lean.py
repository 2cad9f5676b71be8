"""What a command does not need it does not load: counted in modules, not in seconds (those: bench/house.py --timed)."""

import json
import os
import subprocess
import sys
import time

import pytest
from typer.main import get_group

from bavn.app.cli.centre import main as centre
from bavn.app.cli.centre.rollout import main as rollout
from bavn.app.cli.later import said_in
from bavn.app.cli.node import main as node
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.process.exits import Exit

HEAVY = (
    "alembic",
    "asyncio",
    "authlib",
    "cryptography",
    "duckdb",
    "fastapi",
    "httpx",
    "numba",
    "numpy",
    "pyarrow",
    "rich",
    "scapy",
    "sqlalchemy",
    "stix2",
    "uvicorn",
    "yaml",
    "bavn.actor.detect.base",
    "bavn.app.node.parts",
    "bavn.wire.codec",
)
LOADED = """
import json, sys
from bavn.app.cli.main import main
try:
    main()
finally:
    print(json.dumps([name for name in {heavy!r} if name in sys.modules]), file=sys.stderr)
"""
HEALTH = {
    "healthy": True,
    "stopped": False,
    "problems": [],
    "promises": [],
    "up_s": 10,
    "memory_mb": 300,
    "disk_free_mb": 1000,
    "sensor": "none",
    "queue_messages": 0,
    "sources": [],
    "rules": None,
    "store": None,
    "detect": None,
}


def loaded(*words, heavy=HEAVY):
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(heavy=heavy), *words], capture_output=True, text=True, check=False
    )
    return done, json.loads(done.stderr.splitlines()[-1])


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "region-a"\n')
    (tmp_path / "data").mkdir()
    said = HEALTH | {"at_us": time.time_ns() // 1000, "at": "2026-11-28T12:00:00", "pid": os.getpid()}
    (tmp_path / "data" / HEALTH_FILE).write_text(json.dumps(said))
    return file


@pytest.mark.slow
def test_the_version_loads_nothing_heavy() -> None:
    done, heavy = loaded("version", heavy=(*HEAVY, "bavn.app.config.load"))
    assert done.returncode == 0, done.stderr
    assert heavy == []


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_nodes_health_loads_nothing_heavy(config, more) -> None:
    done, heavy = loaded("node", "health", "--config", str(config), *more)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "healthy" in done.stdout or "The node is well." in done.stdout
    assert heavy == []


@pytest.mark.slow
def test_a_group_lists_its_commands_and_the_first_level_those_of_other_packages() -> None:
    done, heavy = loaded("node", "--help")
    assert done.returncode == 0
    assert all(f" {name} " in done.stdout for name in ("enrol", "health", "hunt", "account", "kill-switch"))
    whole = subprocess.run([sys.executable, "-m", "bavn.app.cli", "--help"], capture_output=True, text=True, check=True)
    assert all(f" {name} " in whole.stdout for name in ("analyse", "node", "centre", "version", "bench", "demo", "sim"))
    assert "bavn.app.node.parts" not in heavy


@pytest.mark.slow
@pytest.mark.parametrize("words", [("nothing",), ("node", "nothing"), ("node", "hunt", "nothing")])
def test_a_command_that_is_not_there_is_one_line(words) -> None:
    done = subprocess.run([sys.executable, "-m", "bavn.app.cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == Exit.USAGE
    group = " ".join(["bavn", *words[:-1]])
    assert done.stderr.splitlines() == [f"bavn: No such command 'nothing'. ({group} --help says how)"]


@pytest.mark.slow
@pytest.mark.parametrize("group", [("centre",), ("centre", "rollout"), ("node",)])
def test_the_help_of_a_group_loads_no_act_and_no_room(group) -> None:
    rooms = (
        "bavn.app.acts.centre.refusals",
        "bavn.centre.cases.case.rows",
        "bavn.centre.desk.desk",
        "bavn.actor.door.door",
    )
    done, heavy = loaded(*group, "--help", heavy=(*HEAVY, *rooms))
    assert (done.returncode, heavy) == (0, [])


@pytest.mark.slow
def test_what_the_centres_commands_are_made_of_is_light() -> None:
    modules = {path.partition(":")[0] for path in (*centre.COMMANDS.values(), *centre.GROUPS.values())}
    rooms = ("bavn.app.centre.parts", "bavn.app.reports.page", "bavn.centre.desk.desk", "bavn.centre.node.intelligence")
    heavy = (*rooms, "fastapi", "numpy", "uvicorn")
    ask = f"import sys, {', '.join(modules)}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("main", [centre, node, rollout], ids=lambda main: main.__name__)
def test_a_command_is_listed_with_what_it_says_of_itself(main) -> None:
    group, read = get_group(main.app), 0
    for name, path in (main.COMMANDS | main.GROUPS).items():
        said = said_in(path)
        read += said is not None
        assert said in (None, group.commands[name].help), path
    assert read >= len(main.COMMANDS) - 4
