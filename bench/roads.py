"""A road of docs/roads walked with a stop-watch, on a machine that has nothing: the page's own commands as they stand.

    PYTHONPATH=. .venv/bin/python bench/roads.py [ROAD ...] [--booted] [--deb FILE] [--folder DIR] [--show]

As root, with debootstrap; the role's package is built by `script/deb` unless one is given. The machine is a fresh
Debian minbase (bench/clean_machine.py); the centre of whoever joins one is a stand-in behind real TLS in this process,
which has released one name. Each block of `sh` is run as it stands; only what a reader fills in (the lines of `export`)
is filled in here; ``--show`` prints what each said. A block that fails is asked again for two minutes, as a person
would. What a step promises is looked at from outside. With ``--booted`` (systemd-container) a systemd runs in it, with
the units' whole fence and what Debian starts by itself. Without, there is none: a stand-in for `systemctl` starts what
the unit says, as its user, with no more capabilities than the unit and its drop-ins give, but else outside its fence. A
region's key holders are three real ones, its mirror port one end of a cable, at whose other end a made sector's capture
is played (tcpreplay), and each second somebody's question for the trial's name. Bars: what the page's heading says.
Baseline: apt alone, in the same run.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import ended
from clean_machine import (
    CABLE,
    NAME,
    base_root,
    booted_root,
    cable,
    centre,
    entering,
    fresh_root,
    inside,
    listed,
    played,
    refused,
    run,
)
from figures import tell
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from tests.app.conftest import StandInCentre
from tests.app.test_cli_keyholder import command
from tests.app.test_keyholder_threshold import Three
from tests.app.test_way_in import indicator

ROADS = Path(__file__).resolve().parents[1] / "docs/roads"
BARS_S = {"municipality": 1800, "centre": 3600, "operator": 3600, "region": 4 * 3600}
ROLES = {"municipality": "guard", "centre": "centre", "operator": "guard", "region": "node"}
AGAIN_S, AGAIN_MIN = 120, 10  # a machine that stands still for minutes is no refusal
BESIDE = "127.0.0.2"  # a container of this machine may have the first address for itself
ACTOR, TWENTY = "klinik", {f"klinik-{number:02}": f"127.0.1.{number}" for number in range(1, 21)}
RESOLVER, LISTS, MEMBERS, PEOPLE = 5353, 8480, 8443, 8450
REGION, HOME_NET, TRIAL = "region", "10.11.0.0/16", b"bavn-trial"
NODE, CAP_NET_RAW = "var/lib/bavn/node", 1 << 13
STEP = re.compile(r"^## ([^\n]+)$|^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SYSTEMCTL = r"""#!/bin/bash
# What a service manager would do: start what a unit says as its user, and stop it.
set -eu
lines() {
  local of="${1%.service}" unit="/systemd/system/${1%.service}.service" kind
  case "$of" in *@*) kind="/systemd/system/${of%%@*}@.service";; *) kind="$unit";; esac
  { if [ -e "/etc$kind" ]; then cat "/etc$kind"; else cat "/usr/lib$kind"; fi
    if [ -d "/etc$unit.d" ]; then cat "/etc$unit.d"/*.conf; fi; } | sed "s/%i/${of#*@}/g"
}
running() {
  local file
  for file in /run/$1.pid; do [ ! -f "$file" ] || basename "$file" .pid; done
}
field() { lines "$1" | sed -n "s/^$2=//p" | tail -n1; }
fence() {
  lines "$1" | grep -q ^CapabilityBoundingSet= || return 0
  local may=-all right
  for right in $(lines "$1" | sed -n "s/^CapabilityBoundingSet=//p"); do
    right="${right,,}"; may+=",+${right#cap_}"
  done
  echo "--no-new-privs --bounding-set=$may --inh-caps=$may --ambient-caps=$may"
}
stop() {
  local pid=/run/$1.pid
  [ -f "$pid" ] || return 0
  kill "$(cat "$pid")" 2>/dev/null || true
  tail --pid="$(cat "$pid")" -f /dev/null
  rm -f "$pid"
}
start() {
  [ ! -f "/run/$1.pid" ] || ! kill -0 "$(cat "/run/$1.pid")" 2>/dev/null || return 0
  local user folder; user="$(field "$1" User)"; user="${user:-root}"; folder="$(field "$1" RuntimeDirectory)"
  if [ -n "$folder" ]; then mkdir -p "/run/$folder" && chown "$user" "/run/$folder"; fi
  folder="$(field "$1" WorkingDirectory)"; cd "${folder:-/}"
  setsid env $(field "$1" Environment) setpriv --reuid="$user" --regid="$user" --init-groups \
    $(fence "$1") $(field "$1" ExecStart) \
    >"/var/log/$1" 2>&1 </dev/null &
  echo $! > "/run/$1.pid"
}
case "$1 ${2:-}" in
  "daemon-reload "|"--system daemon-reload") ;;
  "enable --now") for unit in "${@:3}"; do start "$unit"; done ;;
  "disable --now") for unit in "${@:3}"; do stop "$unit"; done ;;
  "enable "*) [ -n "$(field "$2" ExecStart)" ] ;;
  "restart "*) stop "$2"; start "$2" ;;
  "start "*) start "$2" ;;
  "stop "*) for unit in $(running "${2%.service}"); do stop "$unit"; done ;;
  *) echo "systemctl $* is not stood in for" >&2; exit 1 ;;
esac
"""


class Holders(Three):
    """Three key holders, each a process of its own, on a machine that others use too."""

    slots = "every_s = 30\nround_s = 5.0\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a road is walked. ``holders``: the key holders, of a road that has some."""

    root: Path
    stand: StandInCentre
    received: Path
    holders: Holders | None = None


def steps_of(page: str) -> list[tuple[str, list[str]]]:
    """Each heading of a page with its blocks of commands."""
    found: list[tuple[str, list[str]]] = []
    for heading, block in STEP.findall(page):
        if heading:
            found.append((heading, []))
        elif found:
            found[-1][1].append(block)
    return [(heading, blocks) for heading, blocks in found if blocks]


def filled(block: str, known: dict[str, str]) -> str:
    """The block without the lines that say what somebody was told; SystemExit for one that is not known here."""
    lines = block.splitlines()
    wanted = [match[1] for line in lines if (match := re.match(r"export (\w+)=", line))]
    if missing := set(wanted) - set(known):
        raise SystemExit(f"the page has its reader told {', '.join(sorted(missing))}, which this bench does not know")
    return "\n".join(line for line in lines if not line.startswith("export "))


def walked(root: Path, block: str, known: dict[str, str], *, show: bool) -> int:
    """How often a block was asked until it went well. SystemExit with its words where it never did."""
    text = filled(block, known)
    began, tries = time.monotonic(), 0
    while text.strip():
        tries += 1
        done = subprocess.run(
            [*entering(root), "bash", "-euc", f"cd /srv\n{text}"],
            env=os.environ | known | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if show:
            print(f"{text}\n[{done.returncode}]\n{done.stdout}{done.stderr}", flush=True)
        if done.returncode == 0:
            break
        if time.monotonic() - began > AGAIN_S and tries >= AGAIN_MIN:
            raise SystemExit(f"{text}\nended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        time.sleep(2)
    return tries


def gone(root: Path) -> bool:
    """Nothing runs there any more, and nothing of Bavn lies there."""
    places = ("etc/bavn", "var/lib/bavn", "opt/bavn", "usr/bin/bavn", "usr/share/bavn")
    places += ("etc/systemd/system/bavn-node.service.d",)
    return not inside(root) and not any((root / place).exists() for place in places)


def answers(port: int, at: str = "127.0.0.1") -> bool:
    """Somebody listens there."""
    try:
        with socket.create_connection((at, port), timeout=2):
            return True
    except OSError:
        return False


def unprotected() -> list[str]:
    """Those of the twenty whose resolver does not refuse the name."""
    return [name for name, at in TWENTY.items() if not refused(RESOLVER, at)]


def sensor(root: Path) -> dict[str, int]:
    """What came of the sensor's records, as the node's file of its health has it."""
    try:
        told = json.loads((root / NODE / "health.json").read_text())
    except (OSError, ValueError):
        return {}
    return next(({"rows": one["rows"]} | one["counts"] for one in told["sources"] if one["name"] == "suricata"), {})


def may(root: Path, program: str) -> list[tuple[int, int]]:
    """User and capabilities of each process of this name in the root."""
    found = []
    for pid in inside(root):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        said = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if said["Name"].startswith(program):
            found.append((int(said["Uid"].split()[0]), int(said["CapEff"], 16)))
    return found


def sniffs(root: Path) -> bool:
    """One Suricata runs, as no root, with the one right that it needs."""
    return [(bool(user), rights) for user, rights in may(root, "Suricata")] == [(True, CAP_NET_RAW)]


def is_member(at: Place) -> bool:
    """The centre and each key holder say that it has enrolled."""
    assert at.holders is not None
    there = [at.stand.registry.actor(REGION).state.value]
    for config in at.holders.configs.values():
        known = (json.loads(line) for line in command(config, "members", "--json").stdout.splitlines())
        there += [one["state"] for one in known if one["actor"] == REGION]
    return there == ["active"] * (1 + len(at.holders.configs))


def keeps(root: Path) -> bool:
    """The packets of the trial lie with its suspicion, as a file of their own."""
    return any(TRIAL in file.read_bytes() for file in (root / NODE / "evidence").glob("*.pcap"))


def stays_home(at: Place) -> bool:
    """The centre heard from the node, and nothing of what it keeps of that has the trial's name."""
    kept = b"".join(file.read_bytes() for file in at.received.glob("inbox.db*"))
    return b"Health" in kept and TRIAL not in kept


PROMISED: dict[str, dict[str, Callable[[Place], bool]]] = {
    "municipality": {
        "The first block": lambda _: refused(RESOLVER) and listed(LISTS),
        "Undo": lambda _: not refused(RESOLVER) and not listed(LISTS),
        "Put it back": lambda _: refused(RESOLVER) and listed(LISTS),
        "Leave": lambda at: gone(at.root),
    },
    "centre": {
        "Start it": lambda _: answers(MEMBERS, BESIDE) and answers(PEOPLE),
        "A backup": lambda at: (at.root / "var/lib/bavn/centre/first.backup").stat().st_size > 0,
        "Leave": lambda at: gone(at.root),
    },
    "operator": {
        "The first block": lambda _: all(refused(RESOLVER, at) and listed(LISTS, at) for at in TWENTY.values()),
        "Undo at one": lambda _: unprotected() == ["klinik-01"],
        "Hand one on": lambda at: (
            unprotected() == ["klinik-01", "klinik-20"] and (at.root / "srv/klinik-20.tar.gz").stat().st_size > 0
        ),
        "Leave": lambda at: gone(at.root),
    },
    "region": {
        "Become a member, as a service": lambda at: is_member(at) and sniffs(at.root),
        "Say what is kept": lambda at: sniffs(at.root) and any((at.root / NODE / "packets/live").iterdir()),
        "See that it is well": lambda at: sensor(at.root).get("rows", 0) > 0,
        "The first suspicion": lambda at: keeps(at.root),
        "See what leaves": stays_home,
        "The first block": lambda _: refused(RESOLVER) and listed(LISTS),
        "Undo": lambda _: not refused(RESOLVER) and not listed(LISTS),
        "Put it back": lambda _: refused(RESOLVER) and listed(LISTS),
        "A backup": lambda at: (at.root / "var/backups/region.tar.gz").stat().st_size > 0 and sniffs(at.root),
        "Leave": lambda at: gone(at.root),
    },
}
"""What must be so after the step whose heading ends with this."""


def comes_true(promised: Callable[[Place], bool], at: Place) -> bool:
    """It is so, or becomes so while one waits for it."""
    began, looks = time.monotonic(), 0
    while not (there := promised(at)) and (time.monotonic() - began < AGAIN_S or looks < AGAIN_MIN):
        looks += 1
        time.sleep(0.2)
    return there


@contextmanager
def mirrored(folder: Path) -> Iterator[str]:
    """A mirror port at which a made sector's traffic comes by, and each second a question for the trial's name."""
    asked, name = folder / "trial.pcap", f"{TRIAL.decode()}.dk"
    way = {"src": "10.11.0.9", "dst": "10.11.0.1"}
    question = DNS(id=7, rd=1, qd=DNSQR(qname=name))
    answer = DNS(id=7, qr=1, rd=1, ra=1, qd=DNSQR(qname=name), an=DNSRR(rrname=name, rdata="203.0.113.9", ttl=60))
    ether = Ether(src="02:00:00:00:00:09", dst="02:00:00:00:00:01")
    back = IP(src=way["dst"], dst=way["src"]) / UDP(sport=53, dport=40009) / answer
    wrpcap(str(asked), [ether / IP(**way) / UDP(sport=40009, dport=53) / question, ether / back])
    with ExitStack() as undo:
        watched = undo.enter_context(cable())
        for file, rate in ((played(folder), "300"), (asked, "2")):
            play = ["tcpreplay", "-q", "--loop", "0", "-p", rate, "-i", CABLE[1], str(file)]
            playing = subprocess.Popen(play, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            undo.callback(playing.wait, 20)
            undo.callback(playing.terminate)
        yield watched


@contextmanager
def key_holders(folder: Path) -> Iterator[Holders]:
    """Three that run, are enrolled at each other, and let a region in."""
    holders = Holders(folder)
    try:
        for number in holders.configs:
            holders.start(number)
        holders.enrol()
        yield holders
    finally:
        holders.close()


def told_by(holders: Holders) -> dict[str, str]:
    """What the reader of the region's road is told by the key holders."""
    said = {number: holders.invited(number, REGION) for number in holders.configs}
    known = {f"HOLDER_{number}": url for number, url in enumerate(holders.urls, 1)}
    known |= {f"PIN_{number}": pin for number, (pin, _) in said.items()}
    return known | {"BAVN_KEYHOLDER_TOKEN": " ".join(token for _, token in said.values())}


def invited(stand: StandInCentre, road: str, root: Path) -> dict[str, str]:
    """What the reader of a road is told by the centre: each actor is invited, and the one name waits for it."""
    names = list(TWENTY) if road == "operator" else [REGION if road == "region" else ACTOR]
    for name in names:
        stand.registry.add(name, "clinic", group="it-syd" if road == "operator" else "")
        stand.say(name, indicator(NAME, 1)[1])
    tokens = {name: stand.enrolment.invite(name) for name in names}
    lines = [f"{name} {at} 127.0.0.0/8 {tokens[name]}\n" for name, at in TWENTY.items() if name in tokens]
    (root / "srv/actors").write_text("".join(lines))
    return {"PIN": stand.authority.fingerprint, "BAVN_TOKEN": tokens[names[0]], "ACTORS": "actors"}


def read_off(root: Path, block: str) -> dict[str, str]:
    """What a reader takes from what the step before printed."""
    if "export SUSPICION=" not in block:
        return {}
    line = next(
        one
        for one in run("bavn", "node", "suspicions", "--detector", "ioc", root=root).splitlines()
        if TRIAL.decode() in one
    )
    return {"SUSPICION": line.split()[1]}


def measured(road: str, base: Path, deb: Path, *, show: bool, booted: bool) -> dict[str, object]:
    """Seconds of each step."""
    facts: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    steps = steps_of((ROADS / f"{road}.md").read_text(encoding="utf-8"))
    with ExitStack() as undo:
        root = undo.enter_context(booted_root(base) if booted else fresh_root(base))
        beside = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        (received := beside / "centre").mkdir()
        stand, url = undo.enter_context(centre(received))
        shutil.copy(deb, root / "srv")
        if not booted:
            control = root / "usr/local/bin/systemctl"
            control.write_text(SYSTEMCTL)
            control.chmod(0o755)
        known = {"CENTRE": url, "UPSTREAM": "127.0.0.1", "NAME": NAME, "ADDRESS": "127.0.0.1"}
        known |= {"HOME_NET": HOME_NET, "CLIENTS": "127.0.0.0/8"}
        known |= invited(stand, road, root)
        at = Place(root, stand, received)
        if road == "region":
            holders = undo.enter_context(key_holders(beside))
            known |= told_by(holders) | {"MIRROR": undo.enter_context(mirrored(base.parent))}
            at = Place(root, stand, received, holders)
        began = time.monotonic()
        for heading, blocks in steps:
            step, tries = time.monotonic(), []
            for block in blocks:
                known |= read_off(root, block)
                tries.append(walked(root, block, known, show=show))
            for ending, promised in PROMISED[road].items():
                if heading.endswith(ending) and not comes_true(promised, at):
                    raise SystemExit(f"{heading}: what it promises is not so")
            facts[heading] = round(time.monotonic() - step, 1)
            if max(tries) > 1:
                facts[f"{heading}: asked again"] = max(tries)
        total = time.monotonic() - began
        facts["in all s"] = round(total, 1)
        install = next(float(str(facts[heading])) for heading, _ in steps if heading.endswith("Install"))
        facts["baseline: apt s"] = install
        facts["ratio"] = round(total / install, 2)
        facts["within"] = total <= BARS_S[road]
    return facts


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = sorted(path.stem for path in ROADS.glob("*.md"))
    parser.add_argument("roads", nargs="*", default=every, metavar="|".join(every))
    parser.add_argument("--deb", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-clean")
    parser.add_argument("--show", action="store_true", help="print each block and what it said")
    parser.add_argument("--booted", action="store_true", help="under a running systemd (systemd-nspawn)")
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args(words)
    ended.in_order()
    if not set(said.roads) <= set(every):
        parser.error(f"a road is one of {', '.join(every)}")
    if os.geteuid() or shutil.which("debootstrap") is None:
        raise SystemExit("a root of its own needs root, and debootstrap (apt-get install debootstrap)")
    said.folder.mkdir(parents=True, exist_ok=True)
    within = True
    for road in said.roads:
        deb = said.deb or Path(run("script/deb", "--role", ROLES[road], str(said.folder)).splitlines()[-1])
        facts = measured(road, base_root(said.folder), deb, show=said.show, booted=said.booted)
        within = within and bool(facts["within"])
        tell({road: facts}, as_json=said.json)
    sys.exit(not within)


if __name__ == "__main__":
    main()
