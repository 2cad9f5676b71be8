"""Each alarm once for real, and the daily canary through a real chain: from the cause to the alarm and its word.

    .venv/bin/python bench/alarms.py [--json]

Real processes over HTTPS on loopback: `bavn centre run` with a webhook of this script, and four nodes (`bavn node
run`) that each read an EVE log which this script writes on. First each node sends a canary. Then, each at a node of
its own: the log is written no more; the node is killed (kill -9); its certificate is exchanged for one that ends in
five days; its folder, a tmpfs of 64 MB, is filled. Needs root for the tmpfs (without: that one is left out, and said).
Ends with 1 where an alarm took more than five minutes or did not come.
"""

import argparse
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import ended

from bavn.app.centre.parts import init, open_desk, open_enrolment, open_registry
from bavn.app.config.load import CENTRE_KEYS, read_centre
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemDice
from bavn.model.moment import DAY_US
from bavn.model.sector.member import member_peer
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.app.key_holding import known_to_a_key_holder
from tests.sector.killed_sector import KilledSector, free_port

NODES = ("north", "south", "west", "east")
ALARM_S_MAX = 300.0
LEFT_MB = 10
CENTRE = """[place]
port = {port}
step_s = 0.2
[tiers.A]
m = 20
r = 4
every_s = 30.0
upload_s = 10.0
wave_s = 2.0
reveal_s = 60.0
[remind]
webhook_url = "http://127.0.0.1:{hook}/"
webhook_secret_file = "hook.key"
every_s = 10
"""
NODE = """[node]
actor = "{name}"
centre_url = "https://127.0.0.1:{port}"
keyholder_urls = ["https://127.0.0.1:1"]
detect_s = 5
[sense]
eve_file = "eve.json"
[enforce]
list_folder = "data/lists"
[health]
silent_s_max = 60
disk_free_mb_min = 16
"""
"""A sensor that is always heard may be asked sooner by silent_s_max; without it half an hour must be heard first."""


class House:
    """The processes, and what the webhook was told: (alarm, stage) -> when."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, dict[tuple[str, str], float]()
        self.port, self.hook = free_port(), self._hook()
        (folder / "hook.key").write_bytes(b"sixteen bytes or more of a secret")
        (folder / "hook.key").chmod(0o600)
        self.config = folder / "centre.toml"
        self.config.write_text(CENTRE.format(port=self.port, hook=self.hook.server_port))
        self.file = read_centre(self.config)
        init(self.file)
        self.registry = open_registry(self.file)
        self.desk = open_desk(self.file, self.registry)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.fed = set(NODES)
        self.ended = threading.Event()
        self.mounted = False

    def begin(self) -> None:
        """Starts all; ``close`` ends what was started."""
        self.start("centre", "centre", self.config)
        self.until(lambda: KilledSector._listens(self.port), 60)
        for name in NODES:
            self.admit(name)
        threading.Thread(target=self.feed, daemon=True).start()

    def _hook(self) -> http.server.ThreadingHTTPServer:
        told = self.told

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.setdefault((body["case"], body["stage"]), time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def start(self, name: str, role: str, config: Path) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ended.tied(sys.executable, "-m", "bavn.app.cli", role, "run", "--config", str(config)),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def admit(self, name: str) -> None:
        folder = self.folder / name
        data = folder / "data"
        data.mkdir(parents=True)
        if name == "east" and os.geteuid() == 0:
            mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(data)]
            self.mounted = subprocess.run(mount, check=False).returncode == 0
        known_to_a_key_holder(data, name)
        (folder / "eve.json").touch()
        (folder / "node.toml").write_text(NODE.format(name=name, port=self.port))
        (folder / "policy.toml").touch()
        self.registry.add(name, "other")
        enrolment = open_enrolment(self.file, self.registry)
        url = f"https://127.0.0.1:{self.port}"
        safe = Safe(data / CENTRE_KEYS)
        enrol(url, enrolment.authority.fingerprint, name, enrolment.invite(name), safe, SystemDice())
        self.start(name, "node", folder / "node.toml")

    def feed(self) -> None:
        """A flow a second into each log that is still fed."""
        number = 0
        while not self.ended.wait(1.0):
            number += 1
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
            flow = {
                "timestamp": now,
                "event_type": "flow",
                "src_ip": "10.0.0.5",
                "src_port": 40000,
                "dest_ip": "192.0.2.7",
                "dest_port": 443,
                "proto": "TCP",
                "flow_id": number,
                "flow": {
                    "start": now,
                    "end": now,
                    "state": "closed",
                    "pkts_toserver": 3,
                    "pkts_toclient": 3,
                    "bytes_toserver": 300,
                    "bytes_toclient": 300,
                },
            }
            for name in self.fed:
                with (self.folder / name / "eve.json").open("a") as log:
                    log.write(json.dumps(flow) + "\n")

    def until(self, said, limit_s: float) -> float | None:
        """Seconds until it is so; None where it never was."""
        began = time.monotonic()
        while time.monotonic() - began < limit_s:
            if said():
                return time.monotonic() - began
            time.sleep(0.2)
        return None

    def standing(self) -> dict[tuple[str, str], int]:
        return {(one.actor, one.kind): one.number for one in self.desk.alarms.every(standing=True)}

    def close(self) -> None:
        self.ended.set()
        ended.end_all(self.processes.values())
        self.hook.shutdown()
        self.desk.engine.dispose()
        if self.mounted:
            subprocess.run(["umount", str(self.folder / "east" / "data")], check=False)


def canaries(house: House) -> dict[str, object]:
    """Each node's canary on command: how long until every link of every chain has passed."""
    for name in NODES:
        asked = [sys.executable, "-m", "bavn.app.cli", "node", "canary", "--now", "--by", "bench"]
        subprocess.run([*asked, "--config", str(house.folder / name / "node.toml")], check=True, capture_output=True)

    def through() -> bool:
        chains = house.desk.chains()
        return len(chains) == len(NODES) and all(
            at.link.state == "passed" for chain in chains.values() for at in chain.links
        )

    took_s = house.until(through, 180)
    links = {actor: {at.link.link: at.link.state for at in c.links} for actor, c in house.desk.chains().items()}
    return {
        "canaries_s": took_s,
        "named": sum(c.named_us is not None for c in house.desk.chains().values()),
        "leads": len(house.desk.lead_book.leads()),
        "links": links if took_s is None else "all passed",
    }


def silence(house: House) -> None:
    house.fed.discard("north")


def death(house: House) -> None:
    house.processes["south"].send_signal(signal.SIGKILL)


def certificate(house: House) -> None:
    """One that its authority made 85 days ago."""
    safe = Safe(house.folder / "west" / "data" / CENTRE_KEYS)
    authority = PartyKeys(house.file.folder, "centre").authority()
    key = safe.keys().tls.public_key()
    made = authority.certify(member_peer("west"), key, time.time_ns() // 1000 - 85 * DAY_US, SystemDice())
    from cryptography.hazmat.primitives.serialization import Encoding

    safe.certificate.write_bytes(made.public_bytes(Encoding.PEM))


def fullness(house: House) -> None:
    """Down to LEFT_MB: a disk on which nothing can be written any more is told of as a silent node."""
    data = house.folder / "east" / "data"
    with (data / "filler").open("wb") as out:
        while shutil.disk_usage(data).free >> 20 > LEFT_MB:
            out.write(bytes(1 << 20))
            out.flush()


CAUSES = (
    ("silent sensor", silence, ("north", "source-silent")),
    ("dead node", death, ("south", "node-silent")),
    ("certificate near its end", certificate, ("west", "certificate")),
    ("full disk", fullness, ("east", "disk")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ended.in_order()
    with tempfile.TemporaryDirectory(prefix="bavn-alarms-") as name:
        house = House(Path(name))
        try:
            house.begin()
            told = measured(house)
        finally:
            house.close()
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    slow = [key for key, value in told["alarms"].items() if value["told_s"] is None or value["told_s"] > ALARM_S_MAX]
    raise SystemExit(1 if slow or told["canaries_s"] is None else 0)


def measured(house: House) -> dict[str, object]:
    ready = house.until(lambda: sum(m.health is not None for m in house.desk.members()) == len(NODES), 120)
    told: dict[str, object] = {"cores": os.cpu_count(), "nodes_heard_s": ready, **canaries(house)}
    began, left = {}, {}
    alarms: dict[str, dict[str, float | None]] = {}
    for what, cause, key in CAUSES:
        if key[0] == "east" and not house.mounted:
            told["left out"] = f"{what}: no tmpfs without root"
            continue
        cause(house)
        began[key], left[key] = time.monotonic(), what
    while left and time.monotonic() - min(began.values()) < ALARM_S_MAX + 60:
        for key, number in house.standing().items():
            if key in left:
                said = alarms.setdefault(left[key], {"raised_s": None, "told_s": None})
                said["raised_s"] = said["raised_s"] or round(time.monotonic() - began[key], 1)
                sent = house.told.get((f"alarm-{number}", "alarm"))
                if sent is not None:
                    said["told_s"] = round(sent - began[key], 1)
                    del left[key]
        time.sleep(0.2)
    for what in left.values():
        alarms.setdefault(what, {"raised_s": None, "told_s": None})
    return told | {"alarms": alarms, "others": [key for key in house.standing() if key not in began]}


if __name__ == "__main__":
    main()
