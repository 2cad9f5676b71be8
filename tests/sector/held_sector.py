"""A sector of real processes of which one, or several, stand still or die at a named step of release, round or ingest.

The centre, a key holder and two nodes, each begun by held_process.py. What must be is killed_sector.py's, and beside
it: every round has an end, each upload and each answer came once, what two suspect is named once by each, and each row
that was logged is kept once. Refuses to know how long the product waits: it holds for as long as it is told to.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import select

from bavn.actor.store.history import History
from bavn.app.centre.health import CENTRE_HEALTH_FILE
from bavn.app.cli.node.health import told_of
from bavn.app.config.load import KEYHOLDER_KEYS, read_keyholder
from bavn.app.keyholder import parts as keyholder_parts
from bavn.app.keyholder.health import KEYHOLDER_HEALTH_FILE
from bavn.app.process.real import SystemDice
from bavn.centre.books import tables as t
from bavn.model.moment import DAY_US
from bavn.wire.ledger import look_on
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe
from tests.sector import held_process
from tests.sector.killed_sector import AWAY, POLICY, KilledSector, free_port

ROUND_S = 3
TIER = f"""[tiers.A]
t = 2
m = 50
r = 4
every_s = {ROUND_S}.0
upload_s = 2.0
wave_s = 1.0
reveal_s = 4.0
"""
UP = ("ShareUpload", "Receipts", "Report", "Declined", "Receipt")
ROWS = 20


class HeldSector(KilledSector):
    """``links``: when they give up, see held_process.py; empty: as in the product."""

    centre_more = TIER
    policy = POLICY + "[door]\nmembers_min = 2\nrounds_per_hour_max = 3600\njoin_weak = false\ntell_canaries = false\n"

    def __init__(self, folder: Path, cluster=None, *, links: str = "hurried") -> None:
        self.key_port, self.key_config = free_port(), folder / "keyholder.toml"
        self.links, self.suspects, self.logged = links, [], 0
        self.person: threading.Thread | None = None
        super().__init__(folder, cluster, nodes=2)

    # --- processes -------------------------------------------------------------------------------------------------

    def _beside_centre(self) -> None:
        self.key_config.write_text(
            f'[place]\nfolder = "keys"\nport = {self.key_port}\n'
            "[limits]\nrounds_per_epoch_max = 20000\npoints_per_epoch_max = 10000000\n"
        )
        keyholder_parts.init(read_keyholder(self.key_config))
        self._start("keyholder")
        self.until(lambda: self._listens(self.key_port), "the key holder listens")

    def _node_toml(self, name: str) -> str:
        more = f'keyholder_urls = ["https://127.0.0.1:{self.key_port}"]\nhealth_s = 5\n'
        sense = '[sense]\neve_file = "eve.json"\nkey_exchanges = false\n\n[store]\nthreads = 1\nage_days_max = 3650\n\n'
        (self.folder / name / "eve.json").touch()
        return super()._node_toml(name).replace("\n[enforce]", f"{more}\n{sense}[enforce]")

    def _admit(self, name: str) -> None:
        super()._admit(name)
        file = read_keyholder(self.key_config)
        with keyholder_parts.opened_registry(file) as registry:
            registry.add(name, "other")
            enrolment = keyholder_parts.open_enrolment(file, registry)
            safe = Safe(self.folder / name / "data" / f"{KEYHOLDER_KEYS}-1")
            url, pin = f"https://127.0.0.1:{self.key_port}", enrolment.authority.fingerprint
            enrol(url, pin, name, enrolment.invite(name), safe, SystemDice())

    def role(self, name: str) -> str:
        return name if name in ("centre", "keyholder") else "node"

    def place(self, name: str) -> Path:
        """Where a process looks for what it is to do."""
        made = self.folder / f"{name}.steps"
        made.mkdir(exist_ok=True)
        return made

    def _command(self, name: str) -> list[str]:
        config = {"centre": self.config, "keyholder": self.key_config}.get(name, self.folder / name / "node.toml")
        words = [self.role(name), "run", "--config", str(config)]
        return [
            "env",
            f"HELD_LINKS={self.links}",
            sys.executable,
            "-m",
            held_process.__name__,
            str(self.place(name)),
            *words,
        ]

    # --- steps -----------------------------------------------------------------------------------------------------

    def stand(self, steps: dict[str, str], number: signal.Signals = signal.SIGSTOP) -> None:
        """From now on each of these processes does so when it comes to its step."""
        self.dying = frozenset(steps) if number is signal.SIGKILL else frozenset()
        for name, step in steps.items():
            (self.place(name) / "held").unlink(missing_ok=True)
            (self.place(name) / "hold").write_text(f"{step}\n{int(number)}")

    def stands(self, steps: dict[str, str]) -> None:
        """Returns when they all do."""
        for name, step in steps.items():
            self.until(lambda name=name: (self.place(name) / "held").exists(), f"{name}: {step}", 40)
            self.until(lambda name=name: self._still(name), f"{name} stands still", 10)

    def _still(self, name: str) -> bool:
        process = self.processes[name]
        return process.poll() is not None or self._state(process.pid) == "T"

    @staticmethod
    def _state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    def go_on(self, steps: dict[str, str]) -> None:
        for name in steps:
            self.processes[name].send_signal(signal.SIGCONT)

    def bury(self, steps: dict[str, str]) -> None:
        """Those that died at their step are started again."""
        for name in steps:
            self.processes[name].wait(20)
            self._start(name)
        self.dying = frozenset()

    def told(self, name: str) -> dict[str, object]:
        """What `bavn ... health` says of a process."""
        files = {
            "centre": self.file.folder / CENTRE_HEALTH_FILE,
            "keyholder": self.folder / "keys" / KEYHOLDER_HEALTH_FILE,
        }
        return told_of(files.get(name, self.folder / name / "data" / "health.json"))

    # --- what is done ----------------------------------------------------------------------------------------------

    def release(self, name: str) -> None:
        """A person releases a name, or withdraws it where it is released; refused while a centre stands in a
        transaction, they try again. ``settle`` waits for them."""
        self.person = threading.Thread(target=self._persist, args=(name,))
        self.person.start()

    def _persist(self, name: str) -> None:
        for _ in range(3):
            with suppress(*AWAY):
                self._act(name)
                return

    def suspect(self) -> str:
        """Both nodes suspect the next name."""
        name = f"suspect-{len(self.suspects)}.org"
        self.suspects.append(name)
        for node in self.names:
            fresh = self.place(node) / "suspected.new"
            fresh.write_text("\n".join(self.suspects[-5:]))
            fresh.replace(self.place(node) / "suspected")
        return name

    def log(self) -> None:
        """Both nodes' sensors log some flows."""
        now = time.time()
        lines = []
        for number in range(self.logged, self.logged + ROWS):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{number % 1_000_000:06}+0000"
            lines.append(
                {
                    "timestamp": stamp,
                    "event_type": "flow",
                    "src_ip": "10.0.0.5",
                    "src_port": 1024 + number,
                    "dest_ip": "192.0.2.7",
                    "dest_port": 443,
                    "proto": "TCP",
                    "flow_id": number,
                    "flow": {
                        "start": stamp,
                        "end": stamp,
                        "state": "closed",
                        "pkts_toserver": 3,
                        "pkts_toclient": 3,
                        "bytes_toserver": 300,
                        "bytes_toclient": 300,
                    },
                }
            )
        self.logged += ROWS
        for node in self.names:
            with (self.folder / node / "eve.json").open("a") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines))

    # --- what must be ----------------------------------------------------------------------------------------------

    def settle(self, *, rounds: bool = True, limit_s: float = 60.0) -> list[str]:
        """Waits until all is as it must be; what is not by then, and what may never be. ``rounds``: also that a whole
        one has begun and ended since."""
        if self.person is not None:
            self.person.join(limit_s)
            assert not self.person.is_alive(), "the person did not come to an end"
        began_us, ends = time.time_ns() // 1000, time.monotonic() + limit_s

        def unsettled() -> list[str]:
            return self._unsettled() or self._rows() or (self._rounds(began_us) if rounds else [])

        while not (ended := self.ended()) and (left := unsettled()) and time.monotonic() < ends:
            time.sleep(0.1)
        return ended or left + self._wrong()

    def in_force(self, name: str) -> bool:
        """Whether this node blocks what people released, and nothing else."""
        return self._lists(name) and self._resolves(name)

    def _rounds(self, began_us: int) -> list[str]:
        """A round that began since then has ended with both in it, none before it is open, and what both suspect is
        named by both."""
        with t.reading(self.desk.indicator_book.engine) as connection:
            rounds = connection.execute(select(t.ROUNDS.c.opened_us, t.ROUNDS.c.phase, t.ROUNDS.c.body)).all()
            named = connection.execute(select(t.SIGNS.c.value, t.SIGNS.c.actor)).all()
        whole = [
            one.opened_us
            for one in rounds
            if one.phase == "closed" and one.opened_us >= began_us and json.loads(one.body)["uploads"] == 2
        ]
        if not whole:
            return ["no round has come to its end with both in it"]
        wrong = [one.phase for one in rounds if one.opened_us < min(whole) and one.phase in ("uploads", "reveal")]
        wanted = {(name, node) for name in self.suspects for node in self.names}
        return [f"a round stands in {phase}" for phase in wrong] + [
            f"{node} has not named {name}" for name, node in sorted(wanted - {tuple(one) for one in named})
        ]

    def _rows(self) -> list[str]:
        """What was logged is kept, each once."""
        found = []
        for node in self.names:
            kept = Counter(self._flows(self.folder / node / "data" / "store")) if self.logged else Counter()
            if kept != Counter(range(self.logged)):
                twice = sum(times > 1 for times in kept.values())
                found.append(f"{node} has {len(kept)} flows of {self.logged}, {twice} of them more than once")
        return found

    @staticmethod
    def _flows(store: Path) -> list[int]:
        with History.read(store) as history, closing(history.window(0, time.time_ns() // 1000 + DAY_US)) as window:
            return [flow_id for (flow_id,) in window.rows("SELECT flow_id FROM flow")]

    def _wrong(self) -> list[str]:
        found = super()._wrong()
        with look_on(self.file.folder / "centre-book.db") as ledger:
            lines = list(map(json.loads, ledger.export()))
        up = [line for line in lines if line["kind"] in UP and line["verdict"] == "passed"]
        came = Counter((line["peer"], line["item_id"]) for line in up)
        found += [f"a message came {times} times" for times in came.values() if times > 1]
        with look_on(self.folder / "keys" / keyholder_parts.BOOK_FILE) as ledger:
            if (bad := ledger.verify()) is not None:
                found.append(f"the key holder's ledger does not hold: {bad}")
        return found

    def close(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
        super().close()
