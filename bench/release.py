"""From release to enforced: real node processes over HTTPS, and many simulated nodes; a fifth away; everybody killed.

    .venv/bin/python bench/release.py [--json] [--nodes 12] [--simulated 100] [--releases 20] [--kills 100]

Real: one centre and so many ``bavn node run``, each a process with certificates of its own, on loopback; a block is
enforced when it stands in the node's text list on the disk, looked for every 5 ms. Away: the way of a fifth of the
nodes to the centre goes over a relay that cuts it; something is released and something delisted, the relay lets them
through again; counted from then. Two of them are killed (kill -9) and started besides. Simulated: doors, gates and
books of so many nodes in this process opposite a real centre on files, on the real clock. Kills: the story of
tests/sector, so many runs. SIGTERM and Ctrl-C end its processes and take its folders away.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import ended

from bavn.app.centre.parts import init, open_desk, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, read_centre
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.indicator_life import LifeAct
from bavn.rehearsal.party import SimCentre, SimNode
from bavn.rehearsal.script import key_of
from bavn.wire.ledger import look_on
from bavn.wire.links.enrolment import enrol
from bavn.wire.links.memory import MemoryLink
from bavn.wire.safe import Safe

POLL_S = 0.005
POLICY = "[protect]\nblocks_per_hour_max = 100000\n"


def p(values, share) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values) -> dict:
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "median_s": round(statistics.median(values), 3),
        "p95_s": round(p(values, 0.95), 3),
        "max_s": round(max(values), 3),
    }


class Relay:
    """A port that passes bytes on to another, or nothing at all while ``cut``."""

    def __init__(self, to: int) -> None:
        self._to, self._open, self._cut = to, [], False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, *, on: bool) -> None:
        self._cut = on
        while on and self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            near, _ = self._server.accept()
            if self._cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one, other) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class RealSector:
    """A centre and nodes as processes in one folder. ``begin`` starts the centre; ``stop`` ends what was begun."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.names = folder, [f"actor-{n:03}" for n in range(count)]
        self.far = self.names[: max(1, count // 5)]
        self.processes: dict[str, subprocess.Popen] = {}
        self.registry = None

    def begin(self) -> None:
        config = self.folder / "centre.toml"
        config.write_text(
            "[place]\nport = 0\nstep_s = 0.2\n\n[tiers.A]\nt = 2\nm = 20\nr = 4\nevery_s = 86400.0\n"
            "upload_s = 4.0\nwave_s = 3.0\nreveal_s = 20.0\n"
        )
        file = self.file = read_centre(config)
        init(file)
        self.registry = open_registry(file)
        centre = self.processes["centre"] = self._start("centre", "centre", config, subprocess.PIPE)
        port = json.loads(centre.stdout.readline())["port"]
        self.url, self.relay = f"https://127.0.0.1:{port}", Relay(port)
        for name in self.names:
            self._admit(name)
        self.desk = open_desk(file, self.registry)

    def _admit(self, name: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        url = f"https://127.0.0.1:{self.relay.port}" if name in self.far else self.url
        (folder / "node.toml").write_text(
            f'[node]\nactor = "{name}"\ncentre_url = "{url}"\n\n[enforce]\nlist_folder = "lists"\n'
        )
        (folder / "policy.toml").write_text(POLICY)
        self.registry.add(name, "other")
        enrolment = open_enrolment(self.file, self.registry)
        safe = Safe(folder / "data" / CENTRE_KEYS)
        enrol(self.url, enrolment.authority.fingerprint, name, enrolment.invite(name), safe, SystemDice())

    def _start(self, name, role, config, out=None) -> subprocess.Popen:
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            return subprocess.Popen(
                ended.tied(sys.executable, "-m", "bavn.app.cli", role, "run", "--config", str(config)),
                stdout=out or log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self, names) -> None:
        for name in names:
            self.processes[name] = self._start(name, "node", self.folder / name / "node.toml")

    def kill(self, name) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def list_of(self, name) -> set[str]:
        with suppress(OSError):
            return set((self.folder / name / "lists" / "domain.txt").read_text().split())
        return set()

    def until(self, names, there, gone=frozenset(), limit_s=120.0) -> dict[str, float]:
        """When each node's list held all of ``there`` and nothing of ``gone``, in seconds from now."""
        began, found = time.monotonic(), {}
        while len(found) < len(names) and time.monotonic() - began < limit_s:
            for name in names:
                if name not in found:
                    held = self.list_of(name)
                    if there <= held and not gone & held:
                        found[name] = time.monotonic() - began
            time.sleep(POLL_S)
        return found

    def stop(self) -> None:
        ended.end_all(self.processes.values())
        if self.registry is not None:
            self.registry.engine.dispose()


PEOPLE = (account("anna"), account("bo"))


def release(desk, name, by=PEOPLE) -> str:
    observable = Observable.of("domain", name)
    life = desk.indicator_book.draft(observable, by[0], "bench", technique="T1071")
    desk.indicator_book.act(life.id, LifeAct.REVIEW, by[0], "bench")
    desk.indicator_book.act(life.id, LifeAct.RELEASE, by[1], "bench")
    return life.id


def withdraw(desk, name) -> None:
    desk.indicator_book.act(
        desk.indicator_book.of(Observable.of("domain", name)).id, LifeAct.WITHDRAW, account("anna"), "bench"
    )


def real(count: int, releases: int) -> dict:
    folder = Path(tempfile.mkdtemp(prefix="bavn-release-"))
    sector = RealSector(folder, count)
    try:
        sector.begin()
        sector.desk.indicator_book.bounds.listed(Observable.of("domain", "warm-up.com"))  # the lists are read once
        sector.start(sector.names)
        release(sector.desk, "warm-up.com")
        up = sector.until(sector.names, {"warm-up.com"}, limit_s=180)
        if len(up) < count:
            raise SystemExit(f"only {len(up)} of {count} nodes came up; see {folder}")
        times, lifts, ids = [], [], []
        for n in range(releases):
            ids.append(release(sector.desk, f"evil-{n}.com"))
            times += sector.until(sector.names, {f"evil-{n}.com"}).values()
        for n in range(0, releases, 2):
            withdraw(sector.desk, f"evil-{n}.com")
            lifts += sector.until(sector.names, set(), {f"evil-{n}.com"}).values()
        time.sleep(2)
        clocks = [sector.desk.times.clock(wanted) for wanted in ids]
        told = [(at - dict(c.steps)["released"]) / 1e6 for c in clocks for _, at in c.enforced]
        switch = kill_switch(sector)
        back = away(sector)
        return {
            "nodes": count,
            "release_to_list": summary(times),
            "release_to_receipt": summary(told),
            "delist_to_list": summary(lifts),
            **switch,
            **back,
            "slowest": sorted({c.slowest[0] for c in clocks if c.slowest}),
        }
    finally:
        sector.stop()
        shutil.rmtree(folder, ignore_errors=True)


def kill_switch(sector) -> dict:
    held = {"warm-up.com", "evil-1.com"}
    sector.desk.switch.turn(on=True, user=account("anna"), why="bench")
    off = sector.until(sector.names, set(), held).values()
    sector.desk.switch.turn(on=False, user=account("bo"), why="bench")
    return {"kill_on": summary(list(off)), "kill_off": summary(list(sector.until(sector.names, held).values()))}


def away(sector) -> dict:
    """A fifth cut off; a release and a delist meanwhile; then back. Then two killed and started again."""
    far, near = sector.far, [name for name in sector.names if name not in sector.far]
    sector.relay.cut(on=True)
    release(sector.desk, "while-away.com")
    withdraw(sector.desk, "evil-1.com")
    sector.until(near, {"while-away.com"}, {"evil-1.com"})
    time.sleep(20)  # long enough for their waits between two tries to grow
    assert not [name for name in far if "while-away.com" in sector.list_of(name)]
    sector.relay.cut(on=False)
    back = sector.until(far, {"while-away.com"}, {"evil-1.com"})
    for name in far[:2]:
        sector.kill(name)
    release(sector.desk, "while-dead.com")
    withdraw(sector.desk, "evil-3.com")
    sector.start(far[:2])
    again = sector.until(far[:2], {"while-dead.com"}, {"evil-3.com"})
    time.sleep(3)
    lines = {}
    for name in sector.names:
        with look_on(sector.folder / name / "data" / "node.db") as ledger:
            lines[name] = [line for line in ledger.lines(limit=1000) if line.gate == "protect"]
    counted = {(len(own), len({line.item_id for line in own})) for own in lines.values()}
    return {
        "away": len(far),
        "back_online_to_list": summary(list(back.values())),
        "killed_from_process_start": summary(list(again.values())),
        "instructions_at_each_and_distinct": sorted(counted),
        "refused": sum(line.verdict == "refused" for own in lines.values() for line in own),
    }


def simulated(count: int, releases: int) -> dict:
    """``count`` nodes in this process, four threads of talk, opposite a centre that steps in a thread of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bavn-release-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    clock = SystemClock()
    from bavn.centre.node.config import CentreConfig, CentreLimits

    over, undo = threading.Event(), ExitStack()
    undo.callback(shutil.rmtree, folder, ignore_errors=True)
    nodes = []

    def stepping() -> None:
        while not over.is_set():
            centre.step()
            over.wait(0.2)

    def talking(mine) -> None:
        while not over.is_set():
            for node in mine:
                node.step()
            over.wait(0.05)

    with undo:
        centre = SimCentre(folder / "centre", 1, clock, CentreConfig(limits=CentreLimits(), tiers=()))
        undo.callback(centre.close)
        for n in range(count):
            name = f"actor-{n:03}"
            centre.enrol(name, "other", key_of(1, name))
            nodes.append(
                SimNode(
                    ask=lambda *_: None,
                    name=name,
                    homes=(f"10.{n}.0.0/16",),
                    folder=folder / name,
                    seed=1,
                    clock=clock,
                    link=MemoryLink(name, centre),
                    centre_key=centre.key,
                )
            )
            undo.callback(nodes[-1].close)
        for target, mine in ((stepping, ()), *((talking, (nodes[n::4],)) for n in range(4))):
            one = threading.Thread(target=target, args=mine)
            undo.callback(one.join)
            undo.callback(over.set)
            one.start()
        desk, ids = centre.centre.desk, []
        time.sleep(1)
        for n in range(releases):
            ids.append(release(desk, f"evil-{n}.com"))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                held = sum(any(b.observable.value == f"evil-{n}.com" for b in node.enforcer.blocks) for node in nodes)
                if held == count:
                    break
                time.sleep(0.02)
        time.sleep(3)
        clocks = [desk.times.clock(wanted) for wanted in ids]
        lags = [(at - dict(c.steps)["released"]) / 1e6 for c in clocks for _, at in c.enforced]
        return {"nodes": count, "release_to_receipt": summary(lags), "missing": sum(len(c.missing) for c in clocks)}


def kills(count: int) -> dict:
    """The story of tests/sector/test_sector_protection.py, so many seeds; any loss is an AssertionError."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sector"))
    import test_sector_protection as story

    from bavn.rehearsal.script import Script
    from bavn.rehearsal.world import World

    deaths = 0
    for seed in range(1000, 1000 + count):
        folder = Path(tempfile.mkdtemp(prefix="bavn-kills-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        script = Script(seed=seed, actors=story.FOUR, steps=0, step_s=1, tiers=(), releases=False)
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            world = World(script, folder)
            undo.callback(world.close)
            story.killed_at_random(world, seed)
            deaths += world.centre.deaths + sum(node.deaths for node in world.nodes.values())
    return {"runs": count, "deaths": deaths, "lost_doubled_or_endless": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    for name, default in (("nodes", 12), ("simulated", 100), ("releases", 20), ("kills", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    ended.in_order()
    found = {"load": os.getloadavg()[0]}
    if given.nodes:
        found["real"] = real(given.nodes, given.releases)
    if given.simulated:
        found["simulated"] = simulated(given.simulated, max(1, given.releases // 4))
    if given.kills:
        found["kills"] = kills(given.kills)
    print(json.dumps(found, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
