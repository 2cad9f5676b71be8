"""An hour of a whole sector: does its memory stay flat, and how fast do ledgers, logs and disks grow?

    .venv/bin/python bench/soak.py [--minutes 60] [--nodes 100] [--people 50] [--hosts 100] [--json FILE]

Real processes on loopback: a centre, a key holder, the SAC console, and one `bavn node run` that reads EVE lines of
so many simulated hosts as they come. Beside them so many nodes in four processes: each is the node that `bavn node run`
builds, with its own book, certificate, outbox and link, and is told of suspicions (some shared with others) as its
detectors would. People ask the console one thing after another and hear live events.
Prints, for each process, its memory between a third of the time and the end and how it changed (bar: 5 %), growth of
ledger, log and disk a day, and what was answered wrongly. Baseline: the same figures in the first third.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ended
from console_load import Analyst, paths, sign_in, wait_up

from bavn.app.centre.parts import init, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS, read_centre, read_keyholder, read_node
from bavn.app.keyholder import parts as keyholder_parts
from bavn.app.process.real import SystemDice
from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown
from bavn.rehearsal.script import suspicion
from bavn.traffic.dice import SeededDice
from bavn.traffic.names import invented_name
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

WORKERS = 4
SAMPLE_S = 10.0
SUSPICIONS = 30
"""That a node has at a time: a new one takes the place of the oldest."""
CHANGE_MAX = 0.05
PAGES = ("page_count", "freelist_count", "page_size")
POLICY = "[door]\nrounds_per_hour_max = 3600\n"
CENTRE = """[place]
folder = "data"
port = 0
[tiers.A]
t = 2
m = 1000
r = 10
every_s = 300.0
upload_s = 60.0
wave_s = 10.0
reveal_s = 120.0
[tiers.B]
t = 3
m = 2000
r = 10
every_s = 1200.0
upload_s = 120.0
wave_s = 20.0
reveal_s = 600.0
[console]
listen = "127.0.0.1:0"
"""
KEYHOLDER = "[place]\nport = 0\n[limits]\nrounds_per_epoch_max = 20000\npoints_per_epoch_max = 100000000\n"


@dataclass
class Process:
    """One process and what it took: (seconds since the start, bytes resident)."""

    name: str
    popen: subprocess.Popen
    folder: Path
    log: Path
    samples: list[tuple[float, int]] = field(default_factory=list)

    def look(self, at_s: float) -> None:
        with suppress(OSError):
            pages = int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1])
            self.samples.append((at_s, pages * os.sysconf("SC_PAGE_SIZE")))

    def memory(self, first_s: float, last_s: float) -> float:
        """Median of a span, MB."""
        seen = [size for at_s, size in self.samples if first_s <= at_s < last_s]
        return statistics.median(seen) / 1e6 if seen else 0.0


class Soak:
    def __init__(self, folder: Path, given: argparse.Namespace, undo: ExitStack) -> None:
        self.folder, self.given, self.undo = folder, given, undo
        self.processes: list[Process] = []

    def start(self, name: str, *words: str, wait: bool = True) -> dict:
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "bavn.app.cli", *words] if words[0] != "worker" else worker_command(words),
                stdout=subprocess.PIPE,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        self.undo.callback(end, popen)
        self.processes.append(Process(name, popen, self.folder / name, log))
        line = popen.stdout.readline() if wait else b"{}"
        if not line:
            raise SystemExit(f"{name} did not start: {log.read_text()[-2000:]}")
        threading.Thread(target=popen.stdout.read, daemon=True).start()
        with suppress(ValueError):
            return json.loads(line)
        return {}

    def services(self) -> None:
        for name, toml in (("centre", CENTRE), ("keyholder", KEYHOLDER)):
            (self.folder / name).mkdir()
            (self.folder / name / f"{name}.toml").write_text(toml)
        self.centre = read_centre(self.folder / "centre" / "centre.toml")
        self.keyholder = read_keyholder(self.folder / "keyholder" / "keyholder.toml")
        init(self.centre)
        keyholder_parts.init(self.keyholder)
        self.centre_url, self.keyholder_url = self.served("centre"), self.served("keyholder")

    def served(self, name: str) -> str:
        toml = self.folder / name / f"{name}.toml"
        return f"https://127.0.0.1:{self.start(name, name, 'run', '--config', str(toml))['port']}"

    def admit(self, names: list[str]) -> None:
        registry = open_registry(self.centre)
        members = keyholder_parts.open_registry(self.keyholder)
        enrolment = open_enrolment(self.centre, registry)
        holder = keyholder_parts.open_enrolment(self.keyholder, members)

        def admitted(name: str) -> None:
            folder = self.folder / "nodes" / name
            folder.mkdir(parents=True)
            eve = f'[sense]\neve_file = "{self.folder / "eve.json"}"\n' if name == "watcher" else ""
            (folder / "node.toml").write_text(
                f'[node]\nactor = "{name}"\nhomes = ["10.0.0.0/8"]\ncentre_url = "{self.centre_url}"\n'
                f'keyholder_urls = ["{self.keyholder_url}"]\n'
                f'[enforce]\nlist_folder = "lists"\n[store]\nthreads = 1\n{eve}'
            )
            (folder / "policy.toml").write_text(POLICY)
            for url, office, keys in (
                (self.centre_url, enrolment, CENTRE_KEYS),
                (self.keyholder_url, holder, f"{KEYHOLDER_KEYS}-1"),
            ):
                safe = Safe(folder / "data" / keys)
                admit(url, office, name, safe)

        for name in names:
            registry.add(name, "other")
            members.add(name, "other")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(admitted, names))
        registry.engine.dispose()
        members.engine.dispose()

    def look(self, at_s: float) -> None:
        for process in self.processes:
            process.look(at_s)
            if process.popen.poll() is not None:
                raise SystemExit(f"{process.name} ended: {process.log.read_text()[-3000:]}")


def admit(url: str, office, name: str, safe: Safe) -> None:
    """Enrols; an office that has too many at once is asked again."""
    token, until = office.invite(name), time.monotonic() + 120
    while True:
        try:
            return enrol(url, office.authority.fingerprint, name, token, safe, SystemDice())
        except LinkDown:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def end(popen: subprocess.Popen) -> None:
    popen.terminate()
    with suppress(subprocess.TimeoutExpired):
        popen.wait(30)
    if popen.poll() is None:
        popen.kill()


def worker_command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), *words]


def worker(folder: Path, names: list[str], seed: int) -> None:
    """So many nodes in this process, a thread each, until SIGTERM."""
    from bavn.app.node.parts import build
    from bavn.app.process.memory import few_arenas, keep_small

    few_arenas()  # as the command does
    keep_small()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    nodes = [build(read_node(folder / "nodes" / name / "node.toml")) for name in names]
    print("{}", flush=True)

    def live(place: int) -> None:
        parts = nodes[place]
        dice = SeededDice(seed, names[place])
        told = [drawn(dice, seed, place, parts.clock.now_us()) for _ in range(SUSPICIONS)]
        next_us = 0
        parts.talker.start()
        while not stop.is_set():
            now_us = parts.clock.now_us()
            if now_us >= next_us:
                told = [*told[1:], drawn(dice, seed, place, now_us)]
                parts.known.replace(told, now_us)
                next_us = now_us + int(60 + 240 * dice.unit()) * SECOND_US
            began = time.monotonic()
            try:
                parts.talker.talk(wait_s=20.0)
            except Exception as error:  # noqa: BLE001  whatever it is, it is counted and shown at the end
                print(f"{names[place]}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            stop.wait(max(0.5, 2.0 - (time.monotonic() - began)))
        parts.close()

    threads = [threading.Thread(target=live, args=(place,), daemon=True) for place in range(len(nodes))]
    for thread in threads:
        thread.start()
    while not stop.wait(1):
        pass
    for thread in threads:
        thread.join(25)


def drawn(dice: SeededDice, seed: int, place: int, now_us: int):
    """A suspicion of a name that nobody else has, or, one in eight, of one that others have too at this time."""
    if dice.unit() < 0.125:
        shared = SeededDice(seed, f"shared {now_us // (900 * SECOND_US)}")
        return suspicion((Observable.of("domain", invented_name(shared, "com")),), 0.002, f"10.1.{place}.7", now_us)
    name = invented_name(dice, "net")
    return suspicion((Observable.of("domain", name),), 0.001 + 0.05 * dice.unit(), f"10.1.{place}.9", now_us)


def eve_lines(file: Path, hosts: int, stop: threading.Event) -> int:
    """What so many hosts do, as Suricata tells of it: a flow each half minute with its name, log-on and answer."""
    lines, flow_id = 0, 0
    with file.open("a") as out:
        while not stop.wait(1):
            now = time.time()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".000000+0000"
            for _ in range(max(1, round(hosts / 30))):
                flow_id += 1
                host, site = random.randrange(hosts), int(random.paretovariate(1.1)) % 5000
                common = {
                    "timestamp": stamp,
                    "flow_id": flow_id,
                    "src_ip": f"10.2.{host // 250}.{1 + host % 250}",
                    "src_port": 1024 + flow_id % 60000,
                    "dest_ip": f"198.51.{site // 250}.{1 + site % 250}",
                    "dest_port": 443,
                    "proto": "TCP",
                }
                sni = f"site-{site}.example.net"
                flow = {
                    "pkts_toserver": 9,
                    "pkts_toclient": 11,
                    "bytes_toserver": 1500 + site,
                    "bytes_toclient": 9000,
                    "start": stamp,
                    "end": stamp,
                    "state": "closed",
                    "reason": "timeout",
                    "age": 1,
                    "alerted": False,
                }
                dns = {"version": 2, "type": "answer", "rrname": sni, "rrtype": "A", "rcode": "NOERROR"}
                for event in (
                    {"event_type": "dns", "dns": dns},
                    {"event_type": "tls", "tls": {"sni": sni, "version": "TLS 1.3"}},
                    {"event_type": "flow", "flow": flow},
                ):
                    out.write(json.dumps({**common, **event}) + "\n")
                    lines += 1
            out.flush()
    return lines


def size(folder: Path) -> int:
    """Bytes that are used: of a database its pages without the free ones (a round's tables come and go in the same
    file), of any other file its length. Write-ahead logs are turned round, and do not count."""
    total = 0
    for file in folder.rglob("*"):
        if file.name.endswith(("-wal", "-shm")):
            continue
        with suppress(OSError, sqlite3.Error):
            if file.suffix == ".db":
                total += pages(file)
            elif file.is_file():
                total += file.stat().st_size
    return total


def pages(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as book:
        count, free, each = (book.execute(f"PRAGMA {name}").fetchone()[0] for name in PAGES)
    return (count - free) * each


def ledger(file: Path) -> int:
    """Bytes of the words of a ledger's lines; 0 where there is none yet."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as book:
            columns = ", ".join(row[1] for row in book.execute("PRAGMA table_info(ledger)"))
            return book.execute(f"SELECT sum(length(concat({columns}))) FROM ledger").fetchone()[0] or 0
    except sqlite3.Error:
        return 0


def people_of(address: str, secrets: list[str], seconds: float) -> list[Analyst]:
    cookie = f"bavn-sac-{address.rpartition(':')[2]}"
    until = time.monotonic() + seconds
    analysts = [Analyst(address, {cookie: secret}, paths(), until) for secret in secrets]
    for analyst in analysts:
        analyst.start()
    return analysts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="Keep everything here.")
    given = parser.parse_args()
    ended.in_order()
    with ExitStack() as undo:
        folder = given.folder or Path(tempfile.mkdtemp(prefix="bavn-soak-"))
        folder.mkdir(parents=True, exist_ok=True)
        if given.folder is None:
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
        facts = run(Soak(folder.resolve(), given, undo))
    print(json.dumps(facts, indent=1))
    if given.json:
        given.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def run(soak: Soak) -> dict:
    given, folder = soak.given, soak.folder
    soak.services()
    names = [f"actor-{number:03d}" for number in range(given.nodes)]
    (folder / "eve.json").touch()
    began = time.monotonic()
    soak.admit([*names, "watcher"])
    print(f"{given.nodes + 1} nodes enrolled in {time.monotonic() - began:.0f} s", flush=True)
    secrets = sign_in(soak.centre.folder, given.people)
    console = soak.start("console", "centre", "console", "--config", str(folder / "centre" / "centre.toml"))
    address = console["console"].replace("localhost", "127.0.0.1")
    wait_up(address)
    for number in range(WORKERS):
        mine = names[number::WORKERS]
        if mine:
            soak.start(f"nodes-{number}", "worker", str(folder), str(given.seed), *mine)
    soak.start("watcher", "node", "run", "--config", str(folder / "nodes" / "watcher" / "node.toml"))
    stop = threading.Event()
    threading.Thread(target=eve_lines, args=(folder / "eve.json", given.hosts, stop), daemon=True).start()
    analysts = people_of(address, secrets, given.minutes * 60)
    seconds, began, sizes = given.minutes * 60, time.monotonic(), []
    third_s = seconds / 3
    while (at_s := time.monotonic() - began) < seconds:
        soak.look(at_s)
        sizes.append((at_s, measure(soak, names)))
        time.sleep(SAMPLE_S)
    stop.set()
    for analyst in analysts:
        analyst.join(60)
    return told(soak, names, sizes, third_s, seconds, analysts)


def measure(soak: Soak, names: list[str]) -> dict[str, int]:
    """Bytes of a middling node's book and of the ledger in it, the centre's and key holder's folders, logs, and the
    watcher's store."""
    sampled = names[:: max(1, len(names) // 10)]
    books = [size(soak.folder / "nodes" / name / "data") for name in sampled]
    return {
        "a node's book": middle(books),
        "a node's ledger": middle([ledger(soak.folder / "nodes" / name / "data" / "node.db") for name in sampled]),
        "the centre's folder": size(soak.centre.folder),
        "the key holder's folder": size(soak.keyholder.folder),
        "logs": sum(process.log.stat().st_size for process in soak.processes),
        "the watching node's folder": size(soak.folder / "nodes" / "watcher" / "data"),
    }


def middle(sizes: list[int]) -> int:
    return sorted(sizes)[len(sizes) // 2]


def told(soak: Soak, names: list[str], sizes: list, third_s: float, seconds: float, analysts: list[Analyst]) -> dict:
    memory, worst = {}, 0.0
    for process in soak.processes:
        first, last = (
            process.memory(third_s, third_s + seconds / 6),
            process.memory(seconds - seconds / 6, seconds + 99),
        )
        change = (last - first) / first if first else 0.0
        worst = max(worst, change)
        memory[process.name] = {
            "MB after the first sixth": round(process.memory(seconds / 6 - 60, seconds / 6 + 60), 1),
            "MB after a third": round(first, 1),
            "MB at the end": round(last, 1),
            "change": f"{change:+.1%}",
        }
    days = 86_400 / max(1.0, sizes[-1][0] - next(at for at, _ in sizes if at >= third_s))
    start = next(seen for at, seen in sizes if at >= third_s)
    growth = {what: round((sizes[-1][1][what] - start[what]) * days / 1e6, 2) for what in start}
    answers = sum(len(spent) for analyst in analysts for spent in analyst.times.values())
    errors = sorted({str(error) for analyst in analysts for error in analyst.errors})
    every = sorted(spent for analyst in analysts for some in analyst.times.values() for spent in some)
    wrong = [
        line
        for process in soak.processes
        for line in process.log.read_text(errors="replace").splitlines()
        if "Traceback" in line or "CRITICAL" in line
    ]
    return {
        "minutes": seconds / 60,
        "nodes": len(names),
        "people": len(analysts),
        "load average": os.getloadavg()[0],
        "memory": memory,
        "worst change": f"{worst:+.1%}",
        "bar": f"{CHANGE_MAX:+.0%}",
        "MB a day": growth,
        "disk MB a day per 1,000 hosts": round(growth["the watching node's folder"] * 1000 / soak.given.hosts, 1),
        "answers": answers,
        "answered wrongly": errors[:20],
        "p50 ms": round(1000 * statistics.median(every)) if every else None,
        "p95 ms": round(1000 * every[int(len(every) * 0.95)]) if every else None,
        "tracebacks and critical lines": len(wrong),
        "rounds": rounds(soak),
    }


def rounds(soak: Soak) -> dict[str, int]:
    """How many rounds there were, by their end."""
    from bavn.app.centre.parts import open_desk

    registry = open_registry(soak.centre)
    found: dict[str, int] = {}
    for summary in open_desk(soak.centre, registry).rounds(1000):
        phase = str(summary.round.phase.value)
        found[phase] = found.get(phase, 0) + 1
    registry.engine.dispose()
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "worker":
        worker(Path(sys.argv[2]), sys.argv[4:], int(sys.argv[3]))
    else:
        main()
