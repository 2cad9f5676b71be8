"""A road of docs/roads walked with a stop-watch, on a machine that has nothing: the page's own commands as they stand.

    PYTHONPATH=. .venv/bin/python bench/roads.py [municipality] [centre] [operator] [--deb FILE] [--folder DIR] [--show]

As root, with debootstrap; the role's package is built by `script/deb` unless one is given. The machine is a fresh
Debian minbase (bench/clean_machine.py); the centre of whoever joins one is a stand-in behind real TLS in this process,
which has released one name. Each block of `sh` is run as it stands; only what a reader fills in (the lines of `export`)
is filled in here; ``--show`` prints what each said. A block that fails is asked again for two minutes, as a person
would. What a step promises is looked at from outside. There is no systemd in a root of this kind: a stand-in for
`systemctl` starts what the unit says, as its user, outside its fence. Bars: what the page's heading says. Baseline: apt
alone, in the same run.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import ended
from clean_machine import NAME, base_root, centre, fresh_root, inside, listed, refused, run
from figures import tell

from tests.app.conftest import StandInCentre
from tests.app.test_way_in import indicator

ROADS = Path(__file__).resolve().parents[1] / "docs/roads"
BARS_S = {"municipality": 1800, "centre": 3600, "operator": 3600}
ROLES = {"municipality": "guard", "centre": "centre", "operator": "guard"}
AGAIN_S, BESIDE = 120, "127.0.0.2"  # a container of this machine may have the first address for itself
ACTOR, TWENTY = "klinik", {f"klinik-{number:02}": f"127.0.1.{number}" for number in range(1, 21)}
RESOLVER, LISTS, MEMBERS, PEOPLE = 5353, 8480, 8443, 8450
STEP = re.compile(r"^## ([^\n]+)$|^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SYSTEMCTL = r"""#!/bin/bash
# What a service manager would do: start what a unit says as its user, and stop it.
set -eu
field() {
  local unit="/systemd/system/${1%.service}.service"
  if [ -e "/etc$unit" ]; then unit="/etc$unit"; else unit="/usr/lib$unit"; fi
  sed -n "s/^$2=//p" "$unit" | tail -n1
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
  setsid env $(field "$1" Environment) setpriv --reuid="$user" --regid="$user" --init-groups $(field "$1" ExecStart) \
    >"/var/log/$1" 2>&1 </dev/null &
  echo $! > "/run/$1.pid"
}
case "$1 ${2:-}" in
  "daemon-reload "|"--system daemon-reload") ;;
  "enable --now") for unit in "${@:3}"; do start "$unit"; done ;;
  "disable --now") for unit in "${@:3}"; do stop "$unit"; done ;;
  "enable "*) [ -n "$(field "$2" ExecStart)" ] ;;
  "restart "*) stop "$2"; start "$2" ;;
  "stop "*) stop "$2" ;;
  *) echo "systemctl $* is not stood in for" >&2; exit 1 ;;
esac
"""


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
            ["chroot", str(root), "bash", "-euc", f"cd /srv\n{text}"],
            env=os.environ | known | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if show:
            print(f"{text}\n[{done.returncode}]\n{done.stdout}{done.stderr}", flush=True)
        if done.returncode == 0:
            break
        if time.monotonic() - began > AGAIN_S:
            raise SystemExit(f"{text}\nended with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        time.sleep(2)
    return tries


def gone(root: Path) -> bool:
    """Nothing runs there any more, and nothing of Bavn lies there."""
    places = ("etc/bavn", "var/lib/bavn", "opt/bavn", "usr/bin/bavn")
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


PROMISED: dict[str, dict[str, Callable[[Path], bool]]] = {
    "municipality": {
        "The first block": lambda _: refused(RESOLVER) and listed(LISTS),
        "Undo": lambda _: not refused(RESOLVER) and not listed(LISTS),
        "Leave": gone,
    },
    "centre": {
        "Start it": lambda _: answers(MEMBERS, BESIDE) and answers(PEOPLE),
        "A backup": lambda root: (root / "var/lib/bavn/centre/first.backup").stat().st_size > 0,
        "Leave": gone,
    },
    "operator": {
        "The first block": lambda _: all(refused(RESOLVER, at) and listed(LISTS, at) for at in TWENTY.values()),
        "Undo at one": lambda _: unprotected() == ["klinik-01"],
        "Hand one on": lambda root: (
            unprotected() == ["klinik-01", "klinik-20"] and (root / "srv/klinik-20.bavn").stat().st_size > 0
        ),
        "Leave": gone,
    },
}
"""What must be so after the step whose heading ends with this."""


def invited(stand: StandInCentre, road: str, root: Path) -> dict[str, str]:
    """What the reader of a road is told by the centre: each actor is invited, and the one name waits for it."""
    names = list(TWENTY) if road == "operator" else [ACTOR]
    for name in names:
        stand.registry.add(name, "clinic", group="it-syd" if road == "operator" else "")
        stand.say(name, indicator(NAME, 1)[1])
    tokens = {name: stand.enrolment.invite(name) for name in names}
    lines = [f"{name} {at} {tokens[name]}\n" for name, at in TWENTY.items() if name in tokens]
    (root / "srv/actors").write_text("".join(lines))
    return {"PIN": stand.authority.fingerprint, "BAVN_TOKEN": tokens[names[0]], "ACTORS": "actors"}


def measured(road: str, base: Path, deb: Path, *, show: bool) -> dict[str, object]:
    """Seconds of each step."""
    facts: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    steps = steps_of((ROADS / f"{road}.md").read_text(encoding="utf-8"))
    with ExitStack() as undo:
        root = undo.enter_context(fresh_root(base))
        stand, url = undo.enter_context(centre(Path(undo.enter_context(tempfile.TemporaryDirectory()))))
        shutil.copy(deb, root / "srv")
        control = root / "usr/local/bin/systemctl"
        control.write_text(SYSTEMCTL)
        control.chmod(0o755)
        known = {"CENTRE": url, "UPSTREAM": "127.0.0.1", "NAME": NAME, "ADDRESS": "127.0.0.1"}
        known |= invited(stand, road, root)
        began = time.monotonic()
        for heading, blocks in steps:
            step = time.monotonic()
            tries = [walked(root, block, known, show=show) for block in blocks]
            for ending, promised in PROMISED[road].items():
                while heading.endswith(ending) and not promised(root):
                    if time.monotonic() - step > AGAIN_S:
                        raise SystemExit(f"{heading}: what it promises is not so")
                    time.sleep(0.2)
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
        facts = measured(road, base_root(said.folder), deb, show=said.show)
        within = within and bool(facts["within"])
        tell({road: facts}, as_json=said.json)
    sys.exit(not within)


if __name__ == "__main__":
    main()
