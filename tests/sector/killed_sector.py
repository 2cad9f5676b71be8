"""A sector of real processes that are killed (kill -9) or held still (SIGSTOP) at random moments: centre, PostgreSQL,
nodes, resolvers.

People release and withdraw meanwhile. After each kill everything is started again and must come to what the people
left: the same names in every list and every resolver, each once and with an end, every receipt at the centre, all
chains whole. For test_kill_minus_nine.py (a few) and bench/kill9.py (a hundred). Refuses to know how the product does
it: it looks at files, answers of the resolvers, and what the commands would show.
"""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bavn.app.centre.parts import init, open_desk, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, read_centre
from bavn.app.process.exits import Exit
from bavn.app.process.real import SystemDice
from bavn.centre.cases.indicators.indicators import UnknownLife
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.canary import day_of
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.wire.ledger import look_on
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

NAMES = tuple(f"evil-{n}.com" for n in range(12))
ANSWERS = json.dumps([f"{name}=192.0.2.7" for name in NAMES])
INSTRUCTIONS = ("IndicatorReleased", "IndicatorWithdrawn", "SectorSwitched")
KINDS = ("centre", "node", "resolver", "database")
SETTLE_S_MAX = 120.0
STOPPED_SHARE, STOPPED_S_MAX = 0.4, 6.0
"""So often a process is held still for a while (SIGSTOP) in place of being killed: its locks and connections stay."""
TRIED_AGAIN_S = 2.0
POLICY = "[protect]\nblocks_per_hour_max = 100000\n"
AWAY = (DBAPIError, PoolTimeout)


PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to connections that go out: nobody takes one while its owner is away."""
TRIED_AGAIN = frozenset({Exit.UNREACHABLE, Exit.NOT_NOW})
"""What ends with these is started again, as systemd does; nothing else may end by itself."""


def free_port(kind=socket.SOCK_STREAM) -> int:
    for port in random.SystemRandom().sample(PORTS, 50):
        with socket.socket(socket.AF_INET, kind) as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@dataclass
class KilledRun:
    """What a run did and found. ``killed``: what was killed, in order; ``wrong``: what must not be."""

    seed: int
    killed: list[str] = field(default_factory=list)
    acts: int = 0
    settled_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


class KilledSector:
    """``cluster``: a PostgreSQL that may be killed (tests/conftest.py's Cluster), None for SQLite."""

    centre_more, policy = "", POLICY
    dying: frozenset[str] = frozenset()
    """Who is to be killed, and is started again by whoever killed it."""

    def __init__(self, folder: Path, cluster, nodes: int = 2) -> None:
        self.folder, self.cluster = folder, cluster
        self.names = [f"actor-{n}" for n in range(nodes)]
        self.resolvers = {name: free_port(socket.SOCK_DGRAM) for name in self.names}
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen] = {}
        self.expected: set[str] = set()
        self._doubtful: set[str] = set()
        config = self.config = folder / "centre.toml"
        database = f'database_url = "{cluster.url(cluster.make())}"\n' if cluster else ""
        config.write_text(f"[place]\nport = {self.port}\nstep_s = 0.2\n{database}{self.centre_more}")
        self.file = read_centre(config)
        init(self.file)
        self.registry = open_registry(self.file)
        self.desk = open_desk(self.file, self.registry)
        self.desk.indicator_book.bounds.listed(Observable.of("domain", NAMES[0]))  # the warning lists are read once
        self._start("centre")
        self.until(lambda: self._listens(self.port), "the centre listens")
        self._beside_centre()
        for name in self.names:
            self._admit(name)
            self._start(name)

    def _beside_centre(self) -> None:
        """What else there is before there are members."""

    def _node_toml(self, name: str) -> str:
        return (
            f'[node]\nactor = "{name}"\ncentre_url = "https://127.0.0.1:{self.port}"\n\n[enforce]\n'
            f'list_folder = "lists"\nresolver_listen = ["127.0.0.1@{self.resolvers[name]}"]\n'
            f"resolver_answers = {ANSWERS}\n"
        )

    def _admit(self, name: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        url = f"https://127.0.0.1:{self.port}"
        (folder / "node.toml").write_text(self._node_toml(name))
        (folder / "policy.toml").write_text(self.policy)
        self.registry.add(name, "other")
        enrolment = open_enrolment(self.file, self.registry)
        safe = Safe(folder / "data" / CENTRE_KEYS)
        enrol(url, enrolment.authority.fingerprint, name, enrolment.invite(name), safe, SystemDice())

    def _start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._command(name), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def _command(self, name: str) -> list[str]:
        role, config = ("centre", self.config) if name == "centre" else ("node", self.folder / name / "node.toml")
        return [sys.executable, "-m", "bavn.app.cli", role, "run", "--config", str(config)]

    @staticmethod
    def _listens(port: int) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def ended(self) -> list[str]:
        """What ended by itself, with its last words. What systemd would start again is started again."""
        gone = {
            name: process.poll()
            for name, process in self.processes.items()
            if process.poll() is not None and name not in self.dying
        }
        for name in [name for name, code in gone.items() if code in TRIED_AGAIN]:
            time.sleep(TRIED_AGAIN_S)
            self._start(name)
            del gone[name]
        words = {name: (self.folder / f"{name}.log").read_text(errors="replace")[-600:] for name in gone}
        return [f"{name} ended by itself with {code}: {words[name]}" for name, code in gone.items()]

    def until(self, said, what: str, limit_s: float = SETTLE_S_MAX) -> None:
        ends = time.monotonic() + limit_s
        while not said():
            assert self.ended() == []
            assert time.monotonic() < ends, f"after {limit_s} s not yet: {what}; last said: {self.last_words()}"
            time.sleep(0.05)

    def last_words(self) -> dict[str, str]:
        return {name: (self.folder / f"{name}.log").read_text(errors="replace")[-300:] for name in self.processes}

    # --- a run -----------------------------------------------------------------------------------------------------

    def run(self, seed: int) -> KilledRun:
        """People act while one to three things are killed at random moments; then all is looked at."""
        dice, told = random.Random(seed), KilledRun(seed)
        people = threading.Thread(target=self._people, args=(random.Random(f"people {seed}"), told))
        people.start()
        for _ in range(dice.randint(1, 3)):
            time.sleep(dice.uniform(0.0, 1.2))
            self._kill(dice, told)
        people.join(SETTLE_S_MAX)
        assert not people.is_alive(), "the people did not come to an end"
        lost = self._look_at_what_is_there()
        began = time.monotonic()
        while not (ended := self.ended()) and self._unsettled() and time.monotonic() - began < SETTLE_S_MAX:
            time.sleep(0.1)
        told.settled_s = round(time.monotonic() - began, 1)
        told.wrong = lost + (ended or self._unsettled() + self._wrong())
        return told

    def _kill(self, dice: random.Random, told: KilledRun) -> None:
        kind = dice.choice(KINDS if self.cluster else KINDS[:-1])
        name = dice.choice(self.names)
        if kind == "database":
            self.cluster.kill()
            time.sleep(dice.uniform(0.0, 0.5))
            self.cluster.start()
        elif kind == "resolver":
            if not self._kill_resolver(name):
                return  # its node is not up yet
        else:
            who = "centre" if kind == "centre" else name
            process = self.processes[who]
            if dice.random() < STOPPED_SHARE:
                process.send_signal(signal.SIGSTOP)
                time.sleep(dice.uniform(0.5, STOPPED_S_MAX))
                process.send_signal(signal.SIGCONT)
                told.killed.append(f"{kind} stopped")
                return
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(dice.uniform(0.0, 0.5))
            self._start(who)
        told.killed.append(kind)

    def _kill_resolver(self, name: str) -> bool:
        """False where none runs."""
        try:
            pid = int((self.folder / name / "data" / "unbound" / "unbound.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return False
        if str(self.folder / name).encode() not in command:
            return False  # the number is somebody else's by now
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    # --- people ----------------------------------------------------------------------------------------------------

    def _people(self, dice: random.Random, told: KilledRun) -> None:
        for _ in range(dice.randint(3, 6)):
            name = dice.choice(NAMES)
            try:
                self._act(name)
                told.acts += 1
            except AWAY:
                self._doubtful.add(name)  # it was done, or it was not: whoever acts looks afterwards
            time.sleep(dice.uniform(0.0, 0.4))

    def _act(self, name: str) -> None:
        """The next step of an indicator, as people see it stand: withdrawn where it is released, else on its way up."""
        lives, observable = self.desk.indicator_book, Observable.of("domain", name)
        try:
            life = lives.of(observable)
        except UnknownLife:
            life = lives.draft(observable, account("anna"), "a partner named it", technique="T1071")
        if life.state is LifeState.RELEASED:
            lives.act(life.id, LifeAct.WITHDRAW, account("anna"), "over")
            self.expected.discard(name)
            return
        if life.state is not LifeState.REVIEW:
            lives.act(life.id, LifeAct.REVIEW, account("anna"), "look")
        lives.act(life.id, LifeAct.RELEASE, account("bo"), "go")
        self.expected.add(name)

    def _look_at_what_is_there(self) -> list[str]:
        """What was acknowledged to a person stands; an act that was cut off was done or was not. The names that are not
        as they were acknowledged."""
        self.until(self._answers, "the database answers")
        done = {life.observable.value for life in self.desk.indicator_book.every(LifeState.RELEASED)}
        lost = [f"{name}: what a person was told is not so" for name in (done ^ self.expected) - self._doubtful]
        self.expected = done
        self._doubtful.clear()
        return lost

    def _answers(self) -> bool:
        try:
            self.desk.indicator_book.every(LifeState.RELEASED)
        except AWAY:
            return False
        return True

    # --- what must be ----------------------------------------------------------------------------------------------

    def _unsettled(self) -> list[str]:
        """What is not yet as the people left it."""
        found = [f"{name}: its list is not what was released" for name in self.names if not self._lists(name)]
        found += [f"{name}: its resolver refuses something else" for name in self.names if not self._resolves(name)]
        try:
            found += [
                f"an order is not carried out: {order.observable.value}" for order in self.desk.indicator_book.orders()
            ]
            found += self._unreceipted()
        except AWAY:
            found.append("the database does not answer")
        return found

    def _lists(self, name: str) -> bool:
        with suppress(OSError):
            every = (self.folder / name / "lists" / "domain.txt").read_text().splitlines()
            # The day's canary stands there, too, for some minutes.
            lines = [line for line in every if day_of(Observable.of("domain", line)) is None]
            return len(lines) == len(set(lines)) and set(lines) == self.expected
        return False

    def _resolves(self, name: str) -> bool:
        """Whether it refuses what was released, and answers all else that it knows."""
        return all(
            self._asked(name, one) == (dns.rcode.NXDOMAIN if one in self.expected else dns.rcode.NOERROR)
            for one in NAMES
        )

    def _asked(self, name: str, domain: str) -> dns.rcode.Rcode | None:
        asked = dns.message.make_query(f"{domain}.", "A")
        try:
            return dns.query.udp(asked, "127.0.0.1", port=self.resolvers[name], timeout=1).rcode()
        except (OSError, dns.exception.DNSException):
            return None

    def _unreceipted(self) -> list[str]:
        found = []
        for life in self.desk.indicator_book.every():
            if life.state not in (LifeState.RELEASED, LifeState.WITHDRAWN):
                continue  # an act that was cut off
            wanted = "enforced" if life.observable.value in self.expected else "lifted"
            never = "" if wanted == "enforced" else wanted  # withdrawn before it had been sent to anybody
            stand = {at.actor: at.state for at in self.desk.deliveries.at_actors(life.id)}
            found += [
                f"{name}: the centre takes {life.observable.value} for {stand.get(name)}, not {wanted}"
                for name in self.names
                if stand.get(name, never) != wanted
            ]
        return found

    def _wrong(self) -> list[str]:
        """What may never be, however long one waits."""
        found = [f"{name}: {said}" for name in self.names for said in self._wrong_at(name)]
        if (bad := self.desk.audit_verify()) is not None:
            found.append(f"the audit chain does not hold: {bad}")
        with look_on(self.file.folder / "centre-book.db") as ledger:
            if (bad := ledger.verify()) is not None:
                found.append(f"the centre's ledger does not hold: {bad}")
        return found

    def _wrong_at(self, name: str) -> list[str]:
        file, now_us = self.folder / name / "data" / "node.db", time.time_ns() // 1000
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as book:
            rows = book.execute("SELECT type, value, until_us FROM protect_item WHERE standing = 'wanted'").fetchall()
        found = [f"{value} has no end" for _, value, until_us in rows if not now_us < until_us <= now_us + 91 * DAY_US]
        if len({row[:2] for row in rows}) != len(rows) or {row[1] for row in rows} != self.expected:
            found.append("the book is not what was released, each once")
        with look_on(file) as ledger:
            if (bad := ledger.verify()) is not None:
                found.append(f"its ledger does not hold: {bad}")
            lines = map(json.loads, ledger.export())
            came = Counter(
                line["item_id"] for line in lines if line["kind"] in INSTRUCTIONS and line["verdict"] == "passed"
            )
        found += [f"an instruction came {times} times" for times in came.values() if times > 1]
        return found

    def close(self) -> None:
        """Everything ends, resolvers too."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        for name in self.names:
            self._kill_resolver(name)
        self.registry.engine.dispose()
