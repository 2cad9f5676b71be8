"""The role for Ansible: what ansible-lint says of it, and what it does to a machine, twice, from a signed repository.

The machine is this one, written to through a copy that is thrown away: an overlay over all of it, entered in a name
space of mounts of its own. Nothing is started there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import new_key
from tests.peers.environment import environment, peer_python

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = ROOT / "packaging/ansible"
pytestmark = pytest.mark.slow


ENTER = """
set -e
mkdir -p "$1"
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for folder in /proc /dev "$2"; do mkdir -p "$1/root$folder"; mount --rbind "$folder" "$1/root$folder"; done
rm -rf "$1/root/run/systemd" "$1"/root/etc/apt/sources.list "$1"/root/etc/apt/sources.list.d/*
echo 'APT::Sandbox::User "root";' > "$1/root/etc/apt/apt.conf.d/90here"
exec chroot "$1/root" /bin/bash -ec "$3"
"""
"""Arguments: where the copy lies, what of this machine it sees as it is, what is done in it."""

PLAY = """
- hosts: all
  connection: local
  gather_facts: true
  roles: [bavn]
  vars:
    ansible_python_interpreter: /usr/bin/python3
    bavn_sources: {sources}
    bavn_drop_ins: [sensor]
    bavn_console: true
    bavn_configuration: |
      [node]
      actor = "klinik"
      folder = "/var/lib/bavn/node"
"""


@pytest.fixture(scope="module")
def ansible():
    peer_python("ansible")
    return environment("ansible") / "bin"


def test_ansible_lint_has_nothing_to_say(ansible, tmp_path) -> None:
    words = [
        ansible / "ansible-lint",
        "--offline",
        "--profile",
        "production",
        "-q",
        "--nocolor",
        "site.yml",
        "roles/bavn",
    ]
    env = {
        **os.environ,
        "PATH": f"{ansible}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ANSIBLE_HOME": str(tmp_path),
    }
    done = subprocess.run(words, cwd=ANSIBLE, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.netns
@pytest.mark.gpg
@pytest.mark.apt
@pytest.mark.python_apt
def test_it_makes_a_node_of_a_machine_and_the_second_time_changes_nothing(ansible, tmp_path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    key = new_key(home)
    env = {**os.environ, "GNUPGHOME": str(home)}

    def script(*words):
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    deb = script("script/deb", "--role", "node", "--thin", tmp_path / "deb")
    script("script/apt", "--key", key.fingerprint, "--uri", f"file:{tmp_path}/apt", tmp_path / "apt", deb)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    (tmp_path / "play.yml").write_text(PLAY.format(sources=tmp_path / "apt/bavn.sources"))
    play = f"{ansible}/ansible-playbook -i localhost, {tmp_path}/play.yml"
    within = (
        f"export ANSIBLE_ROLES_PATH={ANSIBLE}/roles ANSIBLE_HOME=/root/.ansible ANSIBLE_NOCOLOR=1 HOME=/root\n"
        "export TMPDIR=/tmp\n"
        f"cd /; {play}; {play}\n"
        "stat -c '%U:%G %a' /etc/bavn/node.toml; dpkg-query -W -f '${db:Status-Status}\\n' bavn-node\n"
        "ls /etc/systemd/system/multi-user.target.wants | grep bavn\n"
        "readlink /etc/systemd/system/bavn-node.service.d/*\n"
    )
    machine = Path("/tmp") / f"bavn-machine-{os.getpid()}"
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", ENTER, "enter", machine, tmp_path, within],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    machine.rmdir()
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = re.findall(r"ok=\d+ +changed=(\d+) +unreachable=0 +failed=0", done.stdout)
    assert (int(first) >= 5, int(second)) == (True, 0), done.stdout
    assert done.stdout.splitlines()[-5:] == [
        "root:bavn-node 640",
        "installed",
        "bavn-node-console.service",
        "bavn-node.service",
        "/usr/share/bavn/drop-in/sensor.conf",
    ]
    assert not Path("/etc/apt/sources.list.d/bavn.sources").exists(), "nothing of it stays on this machine"
