"""What a command does not need it does not load: counted in modules, not in seconds (those: bench/house.py --timed)."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from typer.main import get_group

from bavn.app.cli.centre import main as centre
from bavn.app.cli.centre.rollout import main as rollout
from bavn.app.cli.later import said_in
from bavn.app.cli.node import main as node
from bavn.app.fit.roles import MODULES
from bavn.app.node.health.files import HEALTH_FILE
from bavn.app.process.exits import Exit

from . import lean

HEAVY = (
    "aiooui",
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
HEALTH = {"healthy": True, "stopped": False, "problems": [], "promises": [], "sources": [], "sensor": "none"}
HEALTH |= {"up_s": 10, "memory_mb": 300, "disk_free_mb": 1000, "queue_messages": 0}
HEALTH |= dict.fromkeys(("rules", "store", "detect"))


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
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_nodes_health_and_the_version_load_nothing_heavy(config, more) -> None:
    done, heavy = loaded("node", "health", "--config", str(config), *more)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "healthy" in done.stdout or "The node is well." in done.stdout
    assert heavy == []
    done, heavy = loaded("version", heavy=(*HEAVY, "bavn.app.config.load"))
    assert (done.returncode, heavy) == (0, [])


@pytest.mark.slow
def test_a_group_lists_its_commands_and_more_those_of_other_packages() -> None:
    done, heavy = loaded("node", "--help")
    assert done.returncode == 0
    assert all(f" {name} " in done.stdout for name in ("enrol", "health", "hunt", "account", "kill-switch"))
    whole = subprocess.run([sys.executable, "-m", "bavn.app.cli", "more"], capture_output=True, text=True, check=True)
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
    for name, path in (main.COMMANDS | getattr(main, "GROUPS", {})).items():
        said = said_in(path)
        read += said is not None
        assert said in (None, group.commands[name].help), path
    assert read >= len(main.COMMANDS) - 4


ROOT = Path(__file__).resolve().parents[2]
GUARD = (
    *("health", "blocks", "hits", "ledger", "canary", "left", "counts", "never-block list", "gates", "failures"),
    *("warnings", "questions", "reveals", "remind --sent", "kill-switch on", "kill-switch off"),
    "rules --help",
)
"""What somebody at a guard asks or does, each beside the node that ran."""
LIFE = """
import json, sys
from pathlib import Path
from bavn.app.cli.main import app
from bavn.app.config.load import read_node
from bavn.app.node.service import NodeService
service = NodeService(read_node(Path("node.toml")))
parts = service.parts
parts.talker.start(); parts.talker.serve(); parts.check(); parts.recorder.step(); parts.door.commons.prepare()
from bavn.actor.door.round_elements import share_of
from bavn.psi.round import PROTOCOL_VERSION, RoundParams
from bavn.app.process.real import SystemDice
params = RoundParams(
    version=PROTOCOL_VERSION, epoch=1, round_id=bytes(16), registry_version=1, tier="A", t=3, m=200, r=4
)
assert len(share_of(params, bytes(32), (), 1, SystemDice()).to_bytes()) == params.upload_bytes
failing = [part.part for part in parts.failures.failing()]
parts.close(); service._listening.close()
codes = {}
for words in COMMANDS:
    try:
        codes[words] = int(app(["node", *words.split()], prog_name="bavn", standalone_mode=False) or 0)
    except ModuleNotFoundError as error:
        codes[words] = str(error)
    except Exception as error:
        codes[words] = f"{type(error).__name__}: {error}"
left = [name for name in sys.modules if name.partition(".")[0] in LEFT_OUT]
print(json.dumps([failing, codes, left]), file=sys.stderr)
"""


@pytest.fixture
def guard(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "klinik"\n[enforce]\nlist_folder = "lists"\nlist_listen = "127.0.0.1:0"\n')
    return tmp_path


@pytest.mark.slow
def test_a_guard_lives_where_a_nodes_libraries_are_not_installed(guard) -> None:
    """What it takes from a centre, enforces, lifts and reports: tests/app/test_way_in.py, in the same installation."""
    code = f"COMMANDS = {GUARD!r}\n{LIFE}"
    done = subprocess.run(lean.command(code, "node", "centre"), cwd=guard, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    failing, codes, left = json.loads(done.stderr.splitlines()[-1])
    assert (failing, left) == ([], [])
    assert {words: code for words, code in codes.items() if code not in (0, Exit.NOT_NOW, Exit.UNHEALTHY)} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "roles", "language", "said"),
    [
        (("node", "today"), ("node", "centre"), "en", "apt-get install bavn-node, or pip install 'bavn[node]'"),
        (("analyse", "x.pcap"), ("node", "centre"), "da", "bavn-node"),
        (("centre", "leads"), ("node", "centre"), "en", "bavn-centre"),
        (("centre", "init"), ("centre",), "da", "bavn-centre"),
        (("keyholder", "init"), ("node", "centre"), "en", "pip install 'bavn[centre]'"),
        (("node", "run"), ("node", "centre"), "en", "bavn-node"),
    ],
)
def test_a_command_of_a_role_that_is_not_installed_says_what_to_install(guard, words, roles, language, said) -> None:
    (guard / "node.toml").write_text('[node]\nactor = "klinik"\n[sense]\neve_file = "eve.json"\n')
    for name in ("centre", "keyholder"):
        (guard / f"{name}.toml").write_text("")
    run = "from bavn.app.cli.main import main; main()"
    done = subprocess.run(
        [*lean.command(run, *roles), "--language", language, *words],
        cwd=guard,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.MISSING, done.stderr
    (line,) = done.stderr.splitlines()
    assert said in line
    assert ("is not installed" in line) == (language == "en")


def test_what_a_role_brings_is_what_its_extra_names() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    brings = packages_distributions()
    for role, modules in MODULES.items():
        named = {re.split(r"[\[<>=]", line)[0].lower() for line in extras[role] if not line.startswith("bavn[")}
        of_modules = {name.lower() for module in modules for name in brings[module]}
        spared = {"psycopg", "pysigma-backend-sqlite"}
        """Reached by another of the same role, or a program."""
        assert named - spared <= of_modules | {"psycopg"}, role
        assert of_modules <= named | {"psycopg-binary"}, role
