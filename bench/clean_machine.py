"""From token to protected on a machine that has nothing: the three ways in, each in a fresh Debian root.

    PYTHONPATH=. .venv/bin/python bench/clean_machine.py [guard] [listen] [watch] [--deb FILE] [--folder DIR] [--json]

As root, with debootstrap, and tcpreplay for `watch`; the package is built by `script/deb` unless one is given. The
root is made by debootstrap (kept in the folder), and holds what Debian calls minbase. Timed from there: apt brings
the package and what it needs, and the one command of docs/ways-in.md runs until the name that the centre released is
refused by the resolver, or stands in the list that a firewall fetches. The centre is a stand-in behind real TLS in
this process. Beside it: the resident memory of everything that runs in the root, a minute later, for `watch` while a
made capture is played to its interface. Bars: guard 300 s and 300 MB, the others 900 s, watch 2,048 MB. Baseline: apt
alone, in the same run.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import dns.exception
import dns.message
import dns.query
import dns.rcode
import ended
from figures import tell

from bavn.app.centre.server import CentreServer
from tests.app.conftest import StandInCentre, settings_for
from tests.app.key_holding import known_to_a_key_holder
from tests.app.test_way_in import free_port, indicator

WAYS = ("guard", "listen", "watch")
NEEDS = {"guard": ["unbound"], "listen": ["unbound"], "watch": ["unbound", "suricata", "suricata-update"]}
BARS_S = {"guard": 300, "listen": 900, "watch": 900}
BARS_MB = {"guard": 300, "listen": 1024, "watch": 2048}
NAME = "evil-c2.com"
WAIT_S = 600
CABLE = ("bavn-mirror", "bavn-played")


BOOTED: dict[Path, int] = {}
"""Roots in which a systemd runs, with its process number here."""


def entering(root: Path) -> list[str]:
    """What a command in the root begins with."""
    if root in BOOTED:
        return ["nsenter", "-t", str(BOOTED[root]), "-m", "-p", "-u", "-i", "-C"]
    return ["chroot", str(root)]


def run(*command: str, root: Path | None = None, **more: str) -> str:
    """What it said; SystemExit with its last words where it failed."""
    inside = [] if root is None else entering(root)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"} | more
    done = subprocess.run([*inside, *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)[:120]} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}"
        )
    return done.stdout


def base_root(folder: Path) -> Path:
    """A Debian minbase with this machine's own sources of packages; made once."""
    root = folder / "base"
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        lines = run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages").splitlines()
        mirror, release = next(line.split() for line in lines if line.startswith("http"))
        run("debootstrap", "--variant=minbase", release, str(root), mirror)
        for name in ("apt.conf.d", "auth.conf.d"):
            shutil.copytree(Path("/etc/apt") / name, root / "etc/apt" / name, dirs_exist_ok=True)
        for hook in (root / "etc/apt/apt.conf.d").glob("*docker*"):
            hook.unlink()
        if Path("/etc/resolv.conf").exists():
            shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        # No service of the root's own is started: what runs there is the one command.
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        (root / "made").touch()
    return root


@contextmanager
def fresh_root(base: Path) -> Iterator[Path]:
    """A copy of the base with /proc, /dev and /sys, taken away with everything that still runs in it."""
    root = Path(tempfile.mkdtemp(prefix="bavn-root-", dir=base.parent))
    run("cp", "-a", f"{base}/.", str(root))
    with ExitStack() as undo:
        undo.callback(run, "rm", "-rf", "--one-file-system", str(root))  # never what is still mounted there
        for name in ("proc", "dev", "sys"):
            run("mount", "--rbind", f"/{name}", str(root / name))
            run("mount", "--make-rslave", str(root / name))
            undo.callback(run, "umount", "-R", "-l", str(root / name))
        undo.callback(end_inside, root)
        yield root


BOOT = """
mount --make-rprivate /
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup
exec systemd-nspawn -q -b -D "$1" --register=no --keep-unit --console=pipe --kill-signal=SIGRTMIN+3
"""


def bootable(base: Path) -> Path:
    """The same Debian with a systemd in it, which starts what Debian starts; made once."""
    root = base.with_name("base-booted")
    if not (root / "made-bootable").exists():
        run("rm", "-rf", "--one-file-system", str(root))
        run("cp", "-a", str(base), str(root))
        run("apt-get", "update", root=root)
        run("apt-get", "install", "-y", "--no-install-recommends", "systemd", "systemd-sysv", "dbus", root=root)
        (root / "usr/sbin/policy-rc.d").unlink()
        (root / "made-bootable").touch()
    return root


@contextmanager
def booted_root(base: Path) -> Iterator[Path]:
    """A copy of it that runs, with this machine's network; ended and taken away."""
    root = Path(tempfile.mkdtemp(prefix="bavn-root-", dir=base.parent))
    run("cp", "-a", f"{bootable(base)}/.", str(root))
    booting = subprocess.Popen(
        ["unshare", "-m", "bash", "-euc", BOOT, "boot", str(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        children = Path(f"/proc/{booting.pid}/task/{booting.pid}/children")
        until(lambda: booting.poll() is not None or children.read_text().split(), 30)
        BOOTED[root] = int(children.read_text().split()[0])
        states = ("running", "degraded")
        ask = [*entering(root), "systemctl", "is-system-running"]
        until(lambda: subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() in states, 60)
        yield root
    finally:
        subprocess.run([*entering(root), "systemctl", "poweroff"], capture_output=True, check=False)
        try:
            booting.wait(60)
        except subprocess.TimeoutExpired:
            booting.kill()
            booting.wait()
        BOOTED.pop(root, None)
        run("rm", "-rf", "--one-file-system", str(root))


def inside(root: Path) -> list[int]:
    """Processes whose root this is; where a systemd runs in it, those of Bavn's units."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if root in BOOTED:
                same = (one / "ns/pid").readlink() == Path(f"/proc/{BOOTED[root]}/ns/pid").readlink()
                if same and "/bavn-" in (one / "cgroup").read_text():
                    found.append(int(one.name))
            elif (one / "root").readlink() == root:
                found.append(int(one.name))
        except OSError:
            continue
    return found


def end_inside(root: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in inside(root):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        end = time.monotonic() + 15
        while inside(root) and time.monotonic() < end:
            time.sleep(0.2)


def resident_mb(root: Path) -> dict[str, float]:
    """By program, and all together, shared pages by their share."""
    found: dict[str, float] = {}
    for pid in inside(root):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        except OSError:
            continue
        share = int(dict(line.split(":") for line in lines)["Pss"].split()[0]) / 1024
        found[name] = found.get(name, 0.0) + share
    return {name: round(share, 1) for name, share in sorted(found.items())}


@contextmanager
def centre(folder: Path) -> Iterator[tuple[StandInCentre, str]]:
    """A centre with one member to be, and where it is."""
    made = StandInCentre(folder)
    server = CentreServer(made, settings_for(made, folder))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield made, f"https://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(20)
        made.close()


@contextmanager
def cable() -> Iterator[str]:
    """Two joined interfaces: one to watch, one to play to."""
    watched, played = CABLE
    run("ip", "link", "add", watched, "type", "veth", "peer", "name", played)
    try:
        for name in CABLE:
            run("ip", "link", "set", name, "up")
        yield watched
    finally:
        run("ip", "link", "del", watched)


def refused(port: int, at: str = "127.0.0.1") -> bool:
    try:
        said = dns.query.udp(dns.message.make_query(f"{NAME}.", "A"), at, port=port, timeout=2)
    except (OSError, dns.exception.Timeout):
        return False
    return bool(said.rcode() == dns.rcode.NXDOMAIN)


def listed(port: int, at: str = "127.0.0.1") -> bool:
    try:
        with urllib.request.urlopen(f"http://{at}:{port}/domain.txt", timeout=5) as got:
            return NAME in got.read().decode()
    except urllib.error.URLError:
        return False


def sensor(root: Path) -> dict[str, Any]:
    """What the node said of its Suricata last."""
    told = json.loads((root / "srv/data/health.json").read_text())
    return next(dict(one) for one in told["sources"] if one["name"] == "suricata")


def until(there: Callable[[], bool], limit_s: float) -> float:
    """Seconds until it is so, or until the limit."""
    began = time.monotonic()
    while not there() and time.monotonic() - began < limit_s:
        time.sleep(0.5)
    return time.monotonic() - began


def command_of(way: str, resolver: int, lists: int, interface: str) -> list[str]:
    """The one command's own words, beside actor, centre and pin."""
    words = ["--lists", f"127.0.0.1:{lists}"]
    if way == "guard":
        return [*words, "--listen", f"127.0.0.1@{resolver}", "--upstream", "127.0.0.1@9"]
    words += ["--home", "10.0.0.0/8", "--keyholder", "https://127.0.0.1:1"]
    if way == "listen":
        return [*words, "--syslog", f"127.0.0.1:{free_port()}"]
    return [*words, "--interface", interface]


def played(folder: Path) -> Path:
    """A quarter of an hour of a small made sector's first captures."""
    out = folder / "made"
    if not (out / "manifest.json").exists():
        run(
            sys.executable,
            "-m",
            "bavn.app.cli",
            "sim",
            "generate",
            "--out",
            str(out),
            "--days",
            "0.02",
            "--scale",
            "0.1",
        )
    return max(out.rglob("*.pcap*"), key=lambda file: file.stat().st_size)


def packaged(role: str, folder: Path) -> Path:
    """The package of a role, built once; a last line of script/deb is the file."""
    return next(folder.glob(f"bavn-{role}_*.deb"), None) or Path(
        run("script/deb", "--role", role, str(folder)).splitlines()[-1]
    )


def measured(way: str, base: Path, deb: Path, seconds: float) -> dict[str, object]:
    """One way in, from nothing."""
    facts: dict[str, object] = {"load": round(os.getloadavg()[0], 1)}
    with ExitStack() as undo:
        root = undo.enter_context(fresh_root(base))
        places = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        stand, url = undo.enter_context(centre(places))
        interface = undo.enter_context(cable()) if way == "watch" else ""
        shutil.copy(deb, root / "srv/bavn.deb")
        token = stand.enrolment.invite("region-a")
        if way != "guard":
            known_to_a_key_holder(root / "srv/data", "region-a")
        began = time.monotonic()
        run("apt-get", "update", root=root)
        run("apt-get", "install", "-y", "--no-install-recommends", "/srv/bavn.deb", *NEEDS[way], root=root)
        facts["apt s"] = round(time.monotonic() - began, 1)
        resolver, lists = free_port(), free_port()
        words = command_of(way, resolver, lists, interface)
        pin = ["--actor", "region-a", "--centre", url, "--pin", stand.authority.fingerprint]
        log: IO[str] = undo.enter_context((places / "said").open("w+"))
        running = subprocess.Popen(
            ["chroot", str(root), "sh", "-c", 'cd /srv && exec bavn node "$@"', "sh", way, *pin, *words],
            env=os.environ | {"BAVN_TOKEN": token, "LC_ALL": "C.UTF-8"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        stand.say("region-a", indicator(NAME, 1)[1])
        there = (lambda: refused(resolver)) if way == "guard" else (lambda: listed(lists))
        while not there():
            if running.poll() is not None or time.monotonic() > began + WAIT_S:
                raise SystemExit(f"{way} did not protect: {(places / 'said').read_text()[-1500:]}")
            time.sleep(0.1)
        total = time.monotonic() - began
        facts["command until protected s"] = round(total - float(str(facts["apt s"])), 1)
        facts["from nothing to protected s"] = round(total, 1)
        if way == "watch":
            facts["sensor up s"] = round(until(lambda: sensor(root)["counts"].get("running", 0) == 1, 120), 1)
            play = ["tcpreplay", "-q", "--loop", "0", "--duration", str(int(seconds)), "-p", "500", "-i", CABLE[1]]
            run(*play, str(played(base.parent)))
            until(lambda: sensor(root)["rows"] > 0, 90)
        else:
            time.sleep(seconds)
        memory = resident_mb(root)
        facts |= {"memory MB": memory, "memory MB in all": round(sum(memory.values()), 1)}
        if way == "watch":
            told = sensor(root)
            facts |= {"packets seen": told["counts"].get("capture_packets", 0), "records taken": told["rows"]}
        facts["ratio to apt alone"] = round(total / float(str(facts["apt s"])), 2)
        facts["within"] = total <= BARS_S[way] and sum(memory.values()) <= BARS_MB[way]
        if way == "watch" and not facts["records taken"]:
            raise SystemExit(f"watch saw nothing of what was played: {(places / 'said').read_text()[-1500:]}")
    return facts


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", default=list(WAYS), metavar="guard|listen|watch")
    parser.add_argument("--deb", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bavn-clean")
    parser.add_argument("--seconds", type=float, default=60, help="how long after it the memory is looked at")
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args(words)
    ended.in_order()
    if not set(said.ways) <= set(WAYS):
        parser.error("a way is guard, listen or watch")
    for program in ("debootstrap", "chroot", *(["tcpreplay", "ip"] if "watch" in said.ways else [])):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing (apt-get install debootstrap tcpreplay iproute2)")
    if os.geteuid():
        raise SystemExit("a root of its own needs root")
    said.folder.mkdir(parents=True, exist_ok=True)
    base, within = base_root(said.folder), True
    for way in said.ways:
        deb = said.deb or packaged("guard" if way == "guard" else "node", said.folder)
        facts = measured(way, base, deb, said.seconds)
        within = within and bool(facts["within"])
        tell({way: facts}, as_json=said.json)
    sys.exit(not within)


if __name__ == "__main__":
    main()
