"""Three actors under one operator, for real: what is one's is nobody else's, whoever of them is broken."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from bavn.app.config.operator import read_operator
from bavn.app.operator import confined
from bavn.app.operator.home import fence_of, home_of
from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.wire.ledger import look_on
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root runs nodes as users of their own"),
]
IDENTITY = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
PROBE = """
import json, os, signal, sys
from bavn.app.operator.confined import prepare
prepare(sys.argv[1])
found = {}
def tries(name, call):
    try:
        call(); found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
for path in json.loads(sys.argv[2]):
    tries("read " + path, lambda: open(path, "rb").read(1))
    tries("write " + path, lambda: open(path, "ab").close())
    tries("list " + os.path.dirname(path), lambda: os.listdir(os.path.dirname(path)))
for pid in json.loads(sys.argv[3]):
    tries(f"memory {pid}", lambda: open(f"/proc/{pid}/mem", "rb").read(1))
    tries(f"environ {pid}", lambda: open(f"/proc/{pid}/environ", "rb").read(1))
    tries(f"root {pid}", lambda: os.listdir(f"/proc/{pid}/root/"))
    tries(f"signal {pid}", lambda: os.kill(pid, 0))
tries("own", lambda: open(sys.argv[4], "rb").read(1))
print(json.dumps(found))
"""


def indicator(value):
    now_us = time.time_ns() // 1000
    made = Indicator(
        id=f"indicator--{uuid.UUID(int=7, version=4)}",
        version=now_us,
        observable=Observable.of("domain", value),
        tlp=Tlp.AMBER,
        pap=Pap.GREEN,
        confidence=80,
        valid_from_us=now_us,
        valid_until_us=now_us + DAY_US,
        case_id="case-1",
        technique="T1071.001",
    )
    return IndicatorReleased(bundle=bundle_of(made, created_by=IDENTITY, created_us=now_us))


def probed(one, actor, pids):
    """What a process in this actor's place can do with the others' files and processes."""
    operator = read_operator(one.file)
    fence = fence_of(operator, home_of(operator, actor))
    others = [
        one.home(other) / name
        for other in one.ACTORS
        if other != actor
        for name in ("node.toml", "data/node.db", "data/keys/tls.key.pem", "eve.json")
    ]
    others += [one.folder / "actors/register.json", one.folder / "actors/state.json", one.file]
    user = int(one.USERS[actor]) if one.USERS[actor] else None
    as_user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROBE,
            confined.plan(fence, os.getpid()),
            json.dumps([str(o) for o in others]),
            json.dumps(pids),
            str(one.home(actor) / "node.toml"),
        ],
        cwd=one.home(actor),
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sent(sector, actor):
    """Every body that the centre got from an actor."""
    rows = sector.centre.inbox_book.rows("SELECT body, attachment FROM inbox WHERE actor = ?", (actor,))
    return b"\n".join(part for row in rows for part in row if part)


def test_nothing_of_one_is_anothers(three, sector) -> None:
    one = three().start()
    one.until(lambda: all(one.pid(actor) for actor in one.ACTORS), lambda: one.lines)
    one.until(lambda: len(one.said("is up, in the sector of")) == 3, lambda: one.lines)
    sector.centre.say("region-a", indicator("evil-alfa.example"))
    one.until(lambda: b"Health" in kinds(sector) and b"Receipt" in kinds(sector), lambda: (kinds(sector), one.lines))
    one.until(
        lambda: {a for (a,) in sector.centre.inbox_book.rows("SELECT DISTINCT actor FROM inbox")} == set(one.ACTORS)
    )
    pids = {actor: one.pid(actor) for actor in one.ACTORS}

    for actor in one.ACTORS:  # from the process
        others = [pid for other, pid in pids.items() if other != actor]
        found = probed(one, actor, others)
        assert found.pop("own") == "done"
        assert not {what: how for what, how in found.items() if how != "PermissionError"}, actor
        status = Path(f"/proc/{pids[actor]}/status").read_text()
        assert f"Uid:\t{one.USERS[actor] or 0}\t" in status
        assert "NoNewPrivs:\t1" in status
        opened = [str(fd.readlink()) for fd in Path(f"/proc/{pids[actor]}/fd").iterdir()]
        foreign = [str(one.home(other)) for other in one.ACTORS if other != actor]
        assert not [path for path in opened if path.startswith(tuple(foreign))]

    one.until(lambda: all((one.home(actor) / "data/health.json").exists() for actor in one.ACTORS))
    assert one.stop() < 20
    assert one.process.returncode == 0
    assert not [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()]

    for actor in one.ACTORS:  # in the folder
        home = one.home(actor)
        assert home.stat().st_mode & 0o777 == 0o700
        assert home.stat().st_uid == int(one.USERS[actor] or 0)
        mine = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
        assert len({path.name for path in mine} & {"node.db", "tls.key.pem", "message.key.pem", "health.json"}) == 4
        for other in one.ACTORS:
            if other != actor:
                for secret in one.SECRETS[other]:
                    assert not [path for path, raw in mine.items() if secret.encode() in raw], (actor, other)
                key = (one.home(other) / "data/keys/message.key.pem").read_bytes()
                assert key not in mine.values()

    for actor in one.ACTORS:  # in what goes out
        raw = sent(sector, actor)
        assert raw
        for secrets in one.SECRETS.values():
            assert not [secret for secret in secrets if secret.encode() in raw]
        for other in one.ACTORS:
            if other != actor:
                assert other.encode() not in raw
        with look_on(one.home(actor) / "data/node.db") as ledger:
            assert ledger.verify() is None
            heard = [line for line in ledger.every() if line.kind == "IndicatorReleased"]
        assert bool(heard) == (actor == "region-a")


def kinds(sector):
    return {kind.encode() for (kind,) in sector.centre.inbox_book.rows("SELECT DISTINCT kind FROM inbox")}


def test_a_broken_actor_never_stops_the_others(three) -> None:
    one = three()
    broken = one.home("region-b") / "node.toml"
    good = broken.read_text()
    broken.write_text("[node]\nactor = 'region-b'\nnonsense = 1\n")
    one.start()
    one.until(lambda: len(one.said("is up, in the sector of")) == 2, lambda: one.lines)
    assert one.said("[region-b] cannot be started")
    before = {actor: one.pid(actor) for actor in one.ACTORS}
    assert before["region-b"] is None
    os.kill(before["region-a"], 9)
    one.until(lambda: one.pid("region-a") not in (None, before["region-a"]), lambda: one.lines)
    assert one.said("[region-a] ended (signal 9")
    assert one.pid("klinik-c") == before["klinik-c"]
    rows = [json.loads(line) for line in one.command("status", "--json", code=10).splitlines()]
    assert {row["actor"]: row["running"] for row in rows} == {"region-a": True, "region-b": False, "klinik-c": True}
    assert "nonsense" in next(row["why"] for row in rows if row["actor"] == "region-b")
    broken.write_text(good)
    one.until(lambda: one.pid("region-b"), lambda: one.lines)
    assert one.pid("klinik-c") == before["klinik-c"]


def test_the_operator_killed_takes_its_nodes_with_it_and_starts_again(three) -> None:
    one = three().start()
    one.until(lambda: len(one.said("is up, in the sector of")) == 3, lambda: one.lines)
    pids = [one.pid(actor) for actor in one.ACTORS]
    one.stop(9)
    one.until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()])
    one.start()
    one.until(lambda: len(one.said("is up, in the sector of")) == 6, lambda: one.lines)
    said = one.command("run", code=9)
    assert "still runs" in said


def test_a_node_that_takes_too_much_is_ended_and_comes_again(three) -> None:
    one = three()
    register = one.folder / "actors/register.json"
    said = json.loads(register.read_text())
    said["actors"]["region-a"]["memory_mb_max"] = 40
    register.write_text(json.dumps(said))
    one.start()
    one.until(lambda: one.said("[region-a] ended (it took"), lambda: one.lines)
    one.until(lambda: one.state()["region-a"]["starts"] >= 2, lambda: one.lines)
    assert one.pid("region-b") is not None
    assert one.state()["region-b"]["starts"] == 1
