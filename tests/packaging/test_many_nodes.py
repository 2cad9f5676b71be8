"""Several actors' nodes on one machine, as systemd runs them: what is one's is no other's."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.packaging.booted import Booted, lacks
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(lacks()), reason=lacks() or "systemd boots here")]
ACTORS = ("klinik-a", "klinik-b")
PROBE = """
import json, os, signal, sys
found = {}
def tries(name, call):
    try:
        call(); found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
for path in sys.argv[2:]:
    tries("read " + path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1))
    tries("write " + path, lambda: open(path + "/new" if os.path.isdir(path) else path, "ab").close())
tries("process", lambda: os.kill(int(sys.argv[1]), 0))
tries("memory", lambda: open(f"/proc/{sys.argv[1]}/environ", "rb").read(1))
print(json.dumps(found))
"""


def log_of(actor) -> str:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    dns = {"type": "query", "id": 1, "rrname": f"{actor}.internal", "rrtype": "A", "tx_id": 0}
    way = {"src_ip": "10.9.1.7", "src_port": 50000, "dest_ip": "10.9.9.9", "dest_port": 53, "proto": "UDP"}
    line = {"timestamp": at, "event_type": "dns", "flow_id": 1, "dns": dns} | way
    return json.dumps(line) + "\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine on which the package's files lie, and two actors' logs, which everybody there may read."""
    made = Booted(tmp_path_factory.mktemp("booted"))
    try:
        for file in (ROOT / "packaging/systemd").glob("bavn-node*.service"):
            made.write(f"/usr/lib/systemd/system/{file.name}", file.read_text())
        for file in (ROOT / "packaging/systemd/drop-in").glob("*.conf"):
            made.write(f"/usr/share/bavn/drop-in/{file.name}", file.read_text())
        for kind in ("sysusers", "tmpfiles"):
            made.write(f"/usr/lib/{kind}.d/bavn.conf", (ROOT / f"packaging/{kind}.d/bavn.conf").read_text())
            made.run(f"systemd-{kind}", *["--create"] * (kind == "tmpfiles"), "bavn.conf")
        # No package is installed here: the program is the checkout's, which each may read as it may read /opt/bavn.
        program = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -m bavn.app.cli "$@"\n'
        made.write("/usr/bin/bavn", program, 0o755)
        made.write(
            "/etc/systemd/system/bavn-node@.service.d/checkout.conf",
            f"[Service]\nBindReadOnlyPaths={ROOT} {sys.prefix}\nEnvironment=PYTHONDONTWRITEBYTECODE=1\n",
        )
        for actor in ACTORS:
            made.write(f"/srv/logs/{actor}/eve.json", log_of(actor))
        yield made
    finally:
        made.close()


def added(machine, actor, log, code=0):
    words = ("--service", "--instance", "--actor", actor, "--eve", log, "--lists", "")
    return machine.run("bavn", "node", "watch", *words, code=code)


def main_pid(machine, actor) -> str:
    return machine.run("systemctl", "show", "-P", "MainPID", f"bavn-node@{actor}").stdout.strip()


def rows_of(machine, actor) -> int:
    told = machine.run("bavn", "node", "health", "--json", "-c", f"/etc/bavn/nodes/{actor}/node.toml", code=None)
    return sum(source["rows"] for source in json.loads(told.stdout or '{"sources": []}')["sources"])


def test_what_is_one_actors_is_no_others_and_one_that_dies_comes_back_alone(machine) -> None:
    for actor in ACTORS:
        assert f"the service bavn-node@{actor}" in added(machine, actor, f"/srv/logs/{actor}/eve.json").stdout
    one, other = (main_pid(machine, actor) for actor in ACTORS)
    own = ["/etc/bavn/nodes/klinik-a/node.toml", "/srv/logs/klinik-a/eve.json"]
    others = [
        *("/srv/logs/klinik-b/eve.json", "/srv/logs", "/etc/bavn/nodes/klinik-b/node.toml", "/etc/bavn/nodes"),
        *("/var/lib/bavn/nodes/klinik-b", "/var/lib/bavn", "/run/bavn-node-klinik-b"),
        *("/etc/shadow", "/etc/ssh", "/root", "/home", "/srv", "/var/log"),
    ]
    folder = "/var/lib/bavn/nodes/klinik-a"
    inside = ["nsenter", "-t", one, "-m", "-r", "--wdns=/", "setpriv", "--reuid=bavn-klinik-a", "--regid=bavn-klinik-a"]
    inside += ["--clear-groups", "/usr/bin/python3", "-c", PROBE, other, folder, *own, *others]
    found = json.loads(machine.run(*inside).stdout)
    assert found.pop(f"write {folder}") == found.pop(f"read {folder}") == "done"
    assert [found.pop(f"read {path}") for path in own] == ["done", "done"]
    # Of the folders above its own a way through is seen, with nothing of another's in it.
    for way in ("/srv", "/srv/logs", "/etc/bavn/nodes", "/var/lib/bavn"):
        assert found.pop(f"read {way}") == "done"
        seen = machine.run("nsenter", "-t", one, "-m", "-r", "--wdns=/", "ls", way).stdout
        assert "klinik-b" not in seen
    assert {name: how for name, how in found.items() if how == "done"} == {}
    assert until(lambda: rows_of(machine, "klinik-a")) == 1, "it reads its own log"

    machine.run("kill", "-9", one)
    assert until(lambda: (now := main_pid(machine, "klinik-a")) not in ("0", one) and now)
    assert main_pid(machine, "klinik-b") == other


def test_a_log_that_another_actor_reads_is_not_opened_to_the_next(machine) -> None:
    for log in ("/srv/logs/klinik-b/eve.json", "/srv/eve.json", "/var/lib/bavn/nodes/klinik-b/eve.json"):
        machine.run("touch", "/srv/eve.json")
        said = added(machine, "klinik-c", log, code=4)
        assert "is not this actor's alone" in said.stderr
        assert machine.run("systemctl", "is-active", "bavn-node@klinik-c", code=None).stdout.strip() == "inactive"
        machine.run("rm", "-r", "/etc/bavn/nodes/klinik-c")
