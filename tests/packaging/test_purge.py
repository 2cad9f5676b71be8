"""What a purge of the package leaves: keys, ledgers and configuration, and no link to a unit that is gone."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted(file.name for file in (ROOT / "packaging/systemd").glob("*.service"))


@pytest.fixture
def machine(tmp_path):
    """A machine's folders, with every unit enabled and one of somebody else's."""
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for name in (*UNITS, "ssh.service"):
        (wants / name).symlink_to(f"/usr/lib/systemd/system/{name}")
    (tmp_path / "etc/systemd/system/bavn-node.service").symlink_to("/dev/null")
    (tmp_path / "etc/bavn").mkdir()
    (tmp_path / "etc/bavn/node.toml").write_text("")
    (tmp_path / "etc/systemd/system/bavn-node.service.d").mkdir()
    (tmp_path / "etc/systemd/system/bavn-node.service.d/own.conf").write_text("")
    for unit in ("bavn-node", "bavn-centre"):
        laid = tmp_path / f"etc/systemd/system/{unit}.service.d/low-ports.conf"
        laid.parent.mkdir(exist_ok=True)
        laid.symlink_to("/usr/share/bavn/drop-in/low-ports.conf")
    instance = tmp_path / "etc/systemd/system/bavn-node@klinik.service.d/paths.conf"
    instance.parent.mkdir()
    instance.write_text("[Service]\n")
    (wants / "bavn-node@klinik.service").symlink_to("/usr/lib/systemd/system/bavn-node@.service")
    return tmp_path


def postrm(machine, act):
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "packaging/debian/postrm"), act],
        env={"DPKG_ROOT": str(machine), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    return {file.name for file in (machine / "etc/systemd/system/multi-user.target.wants").iterdir()}


def test_a_purge_leaves_no_link_to_a_unit_and_nothing_else_is_touched(machine) -> None:
    assert postrm(machine, "purge") == {"ssh.service"}
    assert not (machine / "etc/systemd/system/bavn-node.service").is_symlink()
    assert (machine / "etc/bavn/node.toml").exists()
    assert (machine / "etc/systemd/system/bavn-node.service.d/own.conf").exists()
    assert not (machine / "etc/systemd/system/bavn-node.service.d/low-ports.conf").is_symlink()
    assert not (machine / "etc/systemd/system/bavn-centre.service.d").exists(), "a folder of the package's links alone"
    assert not (machine / "etc/systemd/system/bavn-node@klinik.service.d").exists(), (
        "what the command wrote, and no more"
    )
    assert postrm(machine, "purge") == {"ssh.service"}, "twice is no harm"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
@pytest.mark.parametrize("act", ["purge", "remove"])
def test_a_purge_leaves_no_user_and_nothing_that_is_nobodys(machine, act) -> None:
    users = re.findall(r"^u (\S+)", (ROOT / "packaging/sysusers.d/bavn.conf").read_text(), re.MULTILINE)
    lines = [f"{name}:x:{number}:{number}::/:/bin/false" for number, name in enumerate(users, 54001)]
    users.append("bavn-klinik")
    lines.append("bavn-klinik:x:54999:54999::/var/lib/bavn/nodes/klinik:/usr/sbin/nologin")
    (machine / "etc/passwd").write_text("\n".join(["root:x:0:0:root:/root:/bin/sh", *lines, ""]))
    (machine / "etc/group").write_text(
        "".join(f"{n}:x:{line.split(':')[3]}:\n" for n, line in zip(users, lines, strict=True))
    )
    (machine / "etc/shadow").write_text("".join(f"{name}:!:1::::::\n" for name in users))
    key = machine / "var/lib/bavn/node/key"
    key.parent.mkdir(parents=True)
    key.write_text("")
    key.chmod(0o600)
    os.chown(key, 54001, 54001)
    postrm(machine, act)
    left = [name for name in users if f"{name}:" in (machine / "etc/passwd").read_text()]
    stands = key.stat()
    assert (left, stands.st_uid, stands.st_gid) == (([], 0, 0) if act == "purge" else (users, 54001, 54001))
    assert stands.st_mode & 0o777 == 0o600


@pytest.mark.parametrize("act", ["remove", "upgrade"])
def test_what_is_only_removed_is_enabled_again_when_it_is_back(machine, act) -> None:
    assert postrm(machine, act) == {*UNITS, "bavn-node@klinik.service", "ssh.service"}


@pytest.mark.parametrize(
    ("script", "act", "said"), [("prerm", "remove", "stop"), ("postinst", "configure", "try-restart")]
)
def test_a_role_asks_systemd_for_its_own_units_alone(tmp_path, script, act, said) -> None:
    root, programs = tmp_path / "root", tmp_path / "bin"
    for folder in ("run/systemd/system", "usr/lib/systemd/system", "usr/share/bavn/apparmor"):
        (root / folder).mkdir(parents=True)
    for unit in ("bavn-node", "bavn-node@"):
        (root / f"usr/lib/systemd/system/{unit}.service").touch()
    (root / "usr/share/bavn/apparmor/unbound").touch()
    programs.mkdir()
    for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles"):
        (programs / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n')
        (programs / name).chmod(0o755)
    environment = {"DPKG_ROOT": str(root), "PATH": f"{programs}:/usr/bin:/bin"}
    subprocess.run(["/bin/sh", str(ROOT / "packaging/debian" / script), act], env=environment, check=True, timeout=20)
    called = (tmp_path / "called").read_text().splitlines()
    assert [line for line in called if line.startswith(said)] == [
        f"{said} bavn-node.service",
        f"{said} bavn-node@*.service",
    ]
