"""The demonstration's sector as processes: writes configurations, starts centre and nodes, stops them again.

Everything lies in one folder that is gone afterwards; ports are free ones on loopback. Each actor is a member of the
centre and, apart from it, of each key holder. Refuses to know what there is to see: demo.py looks.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bavn.app.centre.parts import init, open_desk, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, read_centre
from bavn.app.node.known_lists import Kept
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemDice
from bavn.centre.desk.desk import Desk
from bavn.centre.members.registry import Registry
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from bavn_lab.demo.ending import MARK, end_marked, marked, undisturbed, waited
from bavn_lab.demo.holders import K, KeyHolders, N
from bavn_lab.demo.suricata import OwnSuricata

STRONG_EVERY_S, WEAK_EVERY_S, UPLOAD_S, SEEN_EVERY_S = 12, 15, 4, 15
COMMONS_UPLOAD_S = 180
"""Shares are begun in its second quarter, when packets are read, and leave at its third."""
CHECK_NAME = "bavn-check.net"
SILENT_S = 30
"""After how long a node says that a key holder is silent: at once, as seconds count here."""
# Many rounds and many releases within minutes: what would make a node wary in life is wanted here.
POLICY = f"""[door]
rounds_per_hour_max = 3600

[protect]
blocks_per_hour_max = 10000
budget_share_permille_max = 1000
seen_every_s = {SEEN_EVERY_S}
"""


@dataclass(frozen=True, slots=True)
class ActorPlan:
    """An actor of the demonstration: ``captures`` None for one without a sensor."""

    name: str
    kind: str
    homes: tuple[str, ...]
    captures: Path | None


@dataclass(slots=True)
class Member:
    """A running actor. ``suricata``: the one that takes its sets; None without a sensor."""

    plan: ActorPlan
    folder: Path
    resolver_port: int
    suricata: OwnSuricata | None
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "node.toml"

    @property
    def book(self) -> Path:
        return self.folder / "data" / "node.db"

    @property
    def lists(self) -> Path:
        return self.folder / "lists"


@dataclass(slots=True)
class DemoSector:
    """``folder`` is the demonstration's own. ``known``: names that resolve before they are blocked. ``register``: the
    sector's own services."""

    folder: Path
    known: dict[str, str]
    register: tuple[str, ...] = ()
    members: list[Member] = field(default_factory=list)
    holders: KeyHolders = field(init=False)
    _centre: subprocess.Popen[bytes] | None = None
    _consoles: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    _registry: Registry | None = None
    _logs: list[IO[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.holders = KeyHolders(self.folder)

    @property
    def centre_config(self) -> Path:
        return self.folder / "centre" / "centre.toml"

    def start_centre(self) -> str:
        """Sets the centre up and starts it; returns its address."""
        self.centre_config.parent.mkdir(parents=True)
        self.centre_config.write_text(_centre_toml(self.register))
        file = read_centre(self.centre_config)
        init(file)
        self._registry = open_registry(file)
        self._centre = self._start("centre", "run", self.centre_config, pipe=True)
        return self._address("centre", self._centre)

    def start_keyholders(self) -> None:
        """Sets the key holders up and starts them, known to each other; from there on they make keys by themselves."""
        ports: set[int] = set()
        while len(ports) < N:
            ports.add(free_port())
        self.holders.set_up(sorted(ports))
        for holder in self.holders.every:
            words = ["keyholder", "run", "--config", str(self.holders.config(holder.number))]
            holder.process = self._launch(holder.name, words)
        for holder in self.holders.every:
            if holder.process is not None:
                self._address(holder.name, holder.process)
        self.holders.know_each_other()

    def _address(self, name: str, process: subprocess.Popen[bytes]) -> str:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise Stop(Exit.BROKEN, f"the {name} did not start: {self.last_words(name)}")
        return f"https://127.0.0.1:{json.loads(line)['port']}"

    def admit(self, plan: ActorPlan, centre_url: str) -> Member:
        """Invites an actor and enrols its node: at the centre, and at each key holder."""
        folder = self.folder / plan.name
        folder.mkdir()
        suricata = OwnSuricata(folder / "suricata", plan.homes) if plan.captures else None
        member = Member(plan, folder, free_port(), suricata)
        urls = [holder.url for holder in self.holders.every]
        (folder / "node.toml").write_text(_node_toml(plan, centre_url, urls, member.resolver_port, self.known))
        (folder / "policy.toml").write_text(POLICY)
        file = read_centre(self.centre_config)
        registry = self._registry or open_registry(file)
        registry.add(plan.name, plan.kind)
        enrolment, safe = open_enrolment(file, registry), Safe(folder / "data" / CENTRE_KEYS)
        enrol(centre_url, enrolment.authority.fingerprint, plan.name, enrolment.invite(plan.name), safe, SystemDice())
        self.holders.admit_actor(plan.name, folder / "data")
        self.members.append(member)
        return member

    def start_nodes(self) -> None:
        """Each actor's own Suricata first, which nobody waits for: it is up long before its node wants it."""
        self._make_lists()
        for member in self.members:
            if member.suricata is not None:
                member.suricata.start()
            member.process = self._start(member.plan.name, "run", member.config)

    def _make_lists(self) -> None:
        """The same for all who watch, as it is in life: here they lie on one machine, so they are made once."""
        lists = Kept(self.folder, whole=True)
        lists.make()
        for member in self.members:
            if member.suricata is not None:
                shutil.copy(lists.file, member.folder / "data")

    def desk(self) -> Desk:
        """The centre's desk, as an analyst's command line has it."""
        return open_desk(read_centre(self.centre_config), self._registry)

    def check(self) -> None:
        """Stop if any process has ended by itself."""
        running = [
            ("centre", self._centre),
            *((holder.name, holder.process) for holder in self.holders.every if not holder.killed),
            *((m.plan.name, m.process) for m in self.members),
            *self._consoles,
        ]
        for name, process in running:
            if process is not None and process.poll() is not None:
                raise Stop(Exit.BROKEN, f"{name} ended with {process.returncode}: {self.last_words(name)}")
        for member in self.members:
            if member.suricata is not None and (why := member.suricata.why_ended()):
                raise Stop(Exit.BROKEN, f"{member.plan.name}'s Suricata {why}")

    def memory_mb(self) -> int:
        """Resident memory of all processes of the demonstration, resolvers and Suricatas included."""
        total = sum(m.suricata.memory_mb() for m in self.members if m.suricata is not None) * 1_000_000
        for pid in {os.getpid(), *marked(str(self.folder))}:
            with suppress(OSError):
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total // 1_000_000

    def stop(self) -> None:
        """Ends every process, resolvers included, and removes the folder. Harmless when repeated."""
        with undisturbed():
            nodes = [*(process for _, process in self._consoles), *(member.process for member in self.members)]
            others = (self._centre, *self.holders.processes())
            for process in (*nodes, *others):
                if process is not None and process.poll() is None:
                    process.terminate()
            for process in (*nodes, *others):
                waited(process)
            for member in self.members:
                if member.suricata is not None:
                    member.suricata.stop()
            end_marked(str(self.folder))
            if self._registry is not None:
                self._registry.engine.dispose()
            piped = (*others, *(process for _, process in self._consoles))
            pipes = [process.stdout for process in piped if process and process.stdout]
            for file in (*self._logs, *pipes):
                file.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, name: str, verb: str, config: Path, *, pipe: bool = False) -> subprocess.Popen[bytes]:
        role = "centre" if name == "centre" else "node"
        return self._launch(name, [role, verb, "--config", str(config)], pipe=pipe)

    def _launch(self, name: str, words: list[str], *, pipe: bool = True) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "bavn.app.cli", *words],
            stdout=subprocess.PIPE if pipe else log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, MARK: str(self.folder)},
        )

    def start_console(self, name: str, role: str, configs: list[Path]) -> subprocess.Popen[bytes]:
        """A console (role: centre or node) over these configurations; its first line says where it is."""
        process = self._launch(name, [role, "console", *(word for c in configs for word in ("--config", str(c)))])
        self._consoles.append((name, process))
        return process

    def last_words(self, name: str) -> str:
        """The end of a process's log."""
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace")[-2000:] if file.exists() else "it said nothing"


def free_port() -> int:
    """A free UDP and TCP port on loopback."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Stop(Exit.MISSING, "no free port on loopback")


def _centre_toml(register: tuple[str, ...]) -> str:
    def tier(name: str, t: int, m: int, every_s: int) -> str:
        return (
            f"[tiers.{name}]\nt = {t}\nm = {m}\nr = 10\nevery_s = {every_s}.0\nupload_s = {UPLOAD_S}.0\n"
            "wave_s = 3.0\nreveal_s = 20.0\n"
        )

    return (
        '[place]\nfolder = "data"\nhost = "127.0.0.1"\nport = 0\nnames = ["127.0.0.1", "localhost"]\n\n'
        f"[centre]\nrank_every_s = 5.0\nregister = {json.dumps(list(register))}\n\n"
        + tier("A", 2, 1000, STRONG_EVERY_S)
        + tier("B", 3, 2000, WEAK_EVERY_S)
        + f"[commons]\nupload_s = {COMMONS_UPLOAD_S}.0\n"
    )


def _node_toml(plan: ActorPlan, url: str, holders: list[str], port: int, known: dict[str, str]) -> str:
    homes = ", ".join(json.dumps(home) for home in plan.homes)
    answers = ", ".join(json.dumps(f"{name}={address}") for name, address in {CHECK_NAME: "9.9.9.9", **known}.items())
    captures = suricata = ""
    if plan.captures:
        captures = f'captures_folder = {json.dumps(str(plan.captures))}\neve_file = "suricata/eve.json"\n'
        suricata = 'suricata_socket = "suricata/command.socket"\nsuricata_folder = "suricata/sets"\n'
    return (
        f'[node]\nactor = "{plan.name}"\nfolder = "data"\nhomes = [{homes}]\ncentre_url = "{url}"\n'
        f"keyholder_urls = {json.dumps(holders)}\nkeyholders_k = {K}\n"
        f"detect_s = 10\nhealth_s = 30\n\n[sense]\n{captures}\n[store]\nthreads = 1\nmemory_mb_max = 512\n\n"
        f'[enforce]\nlist_folder = "lists"\nresolver_listen = ["127.0.0.1@{port}"]\nresolver_answers = [{answers}]\n'
        + suricata
        + f"\n[health]\ncentre_silent_s_max = {SILENT_S}\n"
    )
