"""Debian's profile for unbound lets the resolver that Bavn runs into Bavn's folders, and into no other."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ROOT / "packaging/apparmor/unbound"
PROFILES = Path("/etc/apparmor.d")


@pytest.fixture
def machine(tmp_path):
    """A machine's folders with the package's file in it, and programs that write down how they were called."""
    there = tmp_path / "root/usr/share/bavn/apparmor/unbound"
    there.parent.mkdir(parents=True)
    shutil.copy(ALLOWED, there)
    (tmp_path / "bin").mkdir()
    for name in ("systemd-sysusers", "systemd-tmpfiles", "aa-enabled", "apparmor_parser"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n')
        program.chmod(0o755)
    return tmp_path


def run(machine, script, act):
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "packaging/debian" / script), act],
        env={"DPKG_ROOT": str(machine / "root"), "PATH": f"{machine}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    local = machine / "root/etc/apparmor.d/local/usr.sbin.unbound"
    return local.read_text() if local.exists() else None


def test_the_package_says_it_once_and_takes_it_back(machine) -> None:
    allowed = ALLOWED.read_text()
    assert run(machine, "postinst", "configure") == allowed
    assert "apparmor_parser" not in (machine / "called").read_text(), "there is no unbound yet, whose package loads it"
    own = machine / "root/etc/apparmor.d/local/usr.sbin.unbound"
    own.write_text("/srv/own/** r,\n" + allowed)
    (own.parent.parent / "usr.sbin.unbound").touch()
    assert run(machine, "postinst", "configure") == "/srv/own/** r,\n" + allowed
    assert f"apparmor_parser -r -T -W {own.parent.parent}/usr.sbin.unbound" in (machine / "called").read_text()
    assert run(machine, "postrm", "remove") == "/srv/own/** r,\n" + allowed
    assert run(machine, "postrm", "purge") == "/srv/own/** r,\n"


def test_what_was_made_for_it_alone_goes(machine) -> None:
    run(machine, "postinst", "configure")
    assert run(machine, "postrm", "purge") is None


def parsed(folder, *more):
    """Debian's own profile with what is in ``folder``'s local file, as the parser reads it; nothing is loaded."""
    words = [
        "apparmor_parser",
        "--skip-kernel-load",
        "--skip-cache",
        "--base",
        folder,
        *more,
        f"{folder}/usr.sbin.unbound",
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(
    shutil.which("apparmor_parser") is None or not (PROFILES / "usr.sbin.unbound").exists(),
    reason="no apparmor_parser (script/bootstrap --tests installs it)",
)
def test_debians_parser_takes_it(tmp_path) -> None:
    folder = tmp_path / "apparmor.d"
    shutil.copytree(PROFILES, folder)
    local = folder / "local/usr.sbin.unbound"
    local.write_text("")
    without = parsed(folder, "--debug")
    local.write_text(ALLOWED.read_text())
    done = parsed(folder, "--debug")
    assert (without.returncode, done.returncode) == (0, 0), done.stderr
    for path in ("/var/lib/bavn/", "/tmp/bavn-demo-"):
        assert path not in without.stdout
        assert path in done.stdout
    local.write_text(ALLOWED.read_text().replace("rwk,", "rwk", 1))
    assert parsed(folder).returncode != 0, "the parser would have said so"
