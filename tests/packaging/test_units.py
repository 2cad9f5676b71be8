"""The systemd units: systemd understands each, also with each drop-in, and gives it no more than its role needs."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "packaging" / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
DROP_INS = sorted(path.stem for path in (SYSTEMD / "drop-in").glob("*.conf"))
DEBIAN_UNITS = Path("/usr/lib/systemd/system")
EXPOSURE_MAX = {None: 1.2, "sensor": 1.9, "packet-filter": 1.7, "low-ports": 1.6, "logs": 1.3}
"""By `systemd-analyze security`: 0 is none, 10 all. Under 2 is what it calls OK."""

CAPABILITIES = {
    None: "",
    "sensor": "CAP_NET_RAW",
    "packet-filter": "CAP_NET_ADMIN",
    "logs": "",
    "low-ports": "CAP_NET_BIND_SERVICE",
}
analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed (systemd)")


def lines_of(path):
    """(name, value) of [Service], in order."""
    made, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line == "[Service]"
        elif inside and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            made.append((name, value))
    return made


@pytest.fixture
def root(tmp_path):
    """A machine's root with Debian's targets, our units and a program `bavn`."""
    units = tmp_path / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for target in ("sysinit", "basic", "multi-user", "shutdown", "network-online", "time-sync", "network"):
        if (DEBIAN_UNITS / f"{target}.target").exists():
            shutil.copy(DEBIAN_UNITS / f"{target}.target", units)
    for name in UNITS:
        shutil.copy(SYSTEMD / name, units)
    program = tmp_path / "usr/bin/bavn"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def said(root, *words):
    done = subprocess.run(
        ["systemd-analyze", f"--root={root}", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"},
    )
    return done.returncode, done.stdout + done.stderr


def put(root, unit, drop_in):
    folder = root / "etc/systemd/system" / f"{unit}.d"
    folder.mkdir(parents=True)
    shutil.copy(SYSTEMD / "drop-in" / f"{drop_in}.conf", folder)


def exposure(root, unit):
    code, words = said(root, "--offline=yes", "security", unit, "--no-pager")
    assert code == 0, words
    return float(words.split("Overall exposure level")[1].split(":")[1].split()[0])


@analyze
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit_and_finds_it_closed(root, unit) -> None:
    code, words = said(root, "verify", unit)
    assert (code, words) == (0, "")
    # An instance sees an empty root with what its unit names (test_many_nodes.py), which the figure knows nothing of.
    assert exposure(root, unit) <= EXPOSURE_MAX[None] + 0.1 * (unit == "bavn-node@.service")


@analyze
@pytest.mark.parametrize("drop_in", DROP_INS)
def test_each_drop_in_fits_and_opens_no_more_than_it_says(root, drop_in) -> None:
    put(root, "bavn-node.service", drop_in)
    code, words = said(root, "verify", "bavn-node.service")
    assert (code, words) == (0, "")
    assert exposure(root, "bavn-node.service") <= EXPOSURE_MAX[drop_in]


@analyze
def test_a_word_that_systemd_does_not_know_is_seen(root) -> None:
    file = root / "usr/lib/systemd/system/bavn-node.service"
    file.write_text(file.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    assert "Unknown key" in said(root, "verify", "bavn-node.service")[1]
    assert exposure(root, "bavn-node.service") > EXPOSURE_MAX[None]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_as_its_roles_own_user_and_writes_in_its_own_folder_only(unit) -> None:
    given = dict(lines_of(SYSTEMD / unit))
    role = unit.removesuffix(".service").removesuffix("-console").removeprefix("bavn-")
    user, folder = ("bavn-%i", "bavn/nodes/%i") if role == "node@" else (f"bavn-{role}", f"bavn/{role}")
    assert (given["User"], given["Group"]) == (user, user)
    assert (given["StateDirectory"], given["StateDirectoryMode"]) == (folder, "0700")
    assert (given["NoNewPrivileges"], given["ProtectHome"]) == ("yes", "yes")
    assert given["TemporaryFileSystem"] == "/:ro" if role == "node@" else given["ProtectSystem"] == "strict"
    assert (given["CapabilityBoundingSet"], given["AmbientCapabilities"]) == ("", "")
    assert "ReadWritePaths" not in given
    assert (given["Type"], given["WatchdogSec"], given["Restart"]) == ("notify", "600", "on-failure")
    assert [value for name, value in lines_of(SYSTEMD / unit) if name == "SystemCallFilter"] == [
        "@system-service",
        "~@privileged @resources",
    ]
    assert set(given["RestartPreventExitStatus"].split()) == {"2", "3", "4"}, "a person mends these"
    people = (ROOT / "packaging/sysusers.d/bavn.conf").read_text()
    assert role == "node@" or f"u {user} - " in people
    for script in ("postinst", "prerm"):
        text = (ROOT / "packaging/debian" / script).read_text()
        asked = shlex.split(text.split("for unit in")[1].split(";")[0])
        assert unit.removesuffix(".service").replace("@", "@*") in asked, script


def test_instances_and_configurations_have_their_roles_fences_and_rights() -> None:
    alone, instance = (lines_of(SYSTEMD / f"bavn-node{at}.service") for at in ("", "@"))
    instance = [(name, value.replace("bavn/nodes/%i", "bavn/node")) for name, value in instance]
    own = {"User", "Group", "RuntimeDirectory", "ExecStart", "ProtectSystem"}
    assert [line for line in alone if line not in instance and line[0] not in own] == []
    more = [name for name, _ in instance if name not in dict(alone)]
    assert set(more) == {"TemporaryFileSystem", "BindReadOnlyPaths", "MemoryMax", "MemorySwapMax", "OOMScoreAdjust"}
    rows = [
        line.split()
        for line in (ROOT / "packaging/tmpfiles.d/bavn.conf").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    given = {row[1]: tuple(row[2:5]) for row in rows}
    for role in ("node", "centre", "keyholder"):
        assert given[f"/etc/bavn/{role}.toml"] == ("0640", "root", f"bavn-{role}")
        assert given[f"/var/lib/bavn/{role}"] == ("0700", f"bavn-{role}", f"bavn-{role}")


@pytest.mark.parametrize("drop_in", DROP_INS)
def test_a_drop_in_gives_the_one_capability_that_it_is_for(drop_in) -> None:
    given = dict(lines_of(SYSTEMD / "drop-in" / f"{drop_in}.conf"))
    assert given.get("AmbientCapabilities", "") == CAPABILITIES[drop_in]
    assert given.get("CapabilityBoundingSet", "") == CAPABILITIES[drop_in]
