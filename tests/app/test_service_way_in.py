"""A way in as a service of this machine: what root writes, whose it is then, and what systemd is told."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bavn.app.cli.node import way_in as commands
from bavn.app.cli.node.main import app
from bavn.app.config.load import read_node
from bavn.app.fit import service_user
from bavn.app.fit.service import Machine, needs
from bavn.app.fit.way_in import WayIn, configured
from bavn.app.process.exits import Exit, Stop

ROOT = os.geteuid() == 0


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose systemctl only writes down what it is told, and fails where a file says so."""
    (tmp_path / "drop-in").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n[ ! -e {tmp_path}/broken ] || {{ echo it is masked >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return Machine(
        config=tmp_path / "etc" / "node.toml",
        folder=tmp_path / "var",
        units=tmp_path / "units",
        drop_ins=tmp_path / "drop-in",
        user=pwd.getpwuid(os.getuid()).pw_name,
    )


def way(folder="/var/lib/bavn/node", **more):
    return WayIn(
        actor="klinik",
        listen=["127.0.0.1@5353"],
        upstreams=["192.0.2.53@53"],
        lists="127.0.0.1:8480",
        folder=folder,
        **more,
    )


def test_a_services_data_and_what_its_commands_write_lies_in_its_own_folder(tmp_path) -> None:
    given = configured(tmp_path / "node.toml", way())
    assert str(given.folder) == "/var/lib/bavn/node"
    for place in (given.node.policy_file, given.enforce.list_folder):
        assert str(given.path(place)).startswith("/var/lib/bavn/node/")
    assert str(configured(tmp_path / "other.toml", way("")).folder) == str(tmp_path / "data")
    given = configured(tmp_path / "watch.toml", way(way="watch", sense={"suricata_interface": "eth1"}))
    for place in (given.hunt.folder, given.rules.tuning_file):
        assert str(given.path(place)).startswith("/var/lib/bavn/node/")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ('[enforce]\nresolver_listen = ["10.1.2.3@5353"]\nresolver_upstreams = ["192.0.2.53@53"]', []),
        ('[enforce]\nresolver_listen = ["10.1.2.3@53"]\nresolver_upstreams = ["192.0.2.53@53"]', ["low-ports.conf"]),
        ('[sense]\nsyslog_udp_listen = "0.0.0.0:514"', ["low-ports.conf"]),
        ('[sense]\nsyslog_udp_listen = "[::]:5514"\nlog_files = ["/var/log/squid/access.log"]', ["logs.conf"]),
        ('[sense]\nsuricata_interface = "eth1"', ["sensor.conf"]),
    ],
)
def test_each_need_of_a_configuration_has_its_drop_in(tmp_path, settings, wanted) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[node]\nactor = "klinik"\n{settings}\n')
    assert needs(read_node(file)) == wanted


def test_systemd_is_told_once_all_is_in_its_place_and_its_refusal_is_said(machine, tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "klinik"\n[sense]\nsyslog_udp_listen = "0.0.0.0:514"\n')
    for _ in range(2):  # the same command again
        machine.start(read_node(file))
        assert (machine.units / "low-ports.conf").readlink() == machine.drop_ins / "low-ports.conf"
    assert (tmp_path / "told").read_text().splitlines() == [
        "daemon-reload",
        "enable bavn-node",
        "restart bavn-node",
    ] * 2
    (tmp_path / "broken").touch()
    with pytest.raises(Stop, match="systemctl daemon-reload failed: it is masked"):
        machine.start(read_node(file))


def test_what_cannot_have_a_service_is_told_before_anything_is_written(machine, tmp_path, monkeypatch) -> None:
    assert machine.checked().pw_name == machine.user
    no_user = Machine(drop_ins=machine.drop_ins, user="nobody-here")
    with pytest.raises(Stop, match="the Debian package, which is not installed here"):
        no_user.checked()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(Stop, match="useradd failed: No such file"):
        Machine(drop_ins=machine.drop_ins, user="nobody-here", of="klinik").checked()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(Stop, match="systemctl is missing"):
        machine.checked()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Stop, match="as root"):
        machine.checked()
    assert not machine.config.exists()


@pytest.mark.skipif(not ROOT, reason="only root gives a file to root")
def test_a_service_is_set_up_by_one_command_and_its_file_is_its_own(machine, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bavn.app.fit.service.Machine", lambda: machine)
    done = []
    monkeypatch.setattr(service_user, "as_user", lambda user, act: done.append((user.pw_name, act())))
    words = ["guard", "--service", "--actor", "klinik", "--upstream", "192.0.2.53@53"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "klinik runs as the service bavn-node" in result.output
    assert [name for name, _ in done] == [machine.user]
    assert stat.S_IMODE(machine.config.stat().st_mode) == 0o640
    assert f'folder = "{machine.folder}"' in machine.config.read_text()
    assert (tmp_path / "told").read_text().splitlines()[-1] == "restart bavn-node"
    elsewhere = CliRunner().invoke(app, [*words, "--config", str(tmp_path / "other.toml")])
    assert isinstance(elsewhere.exception, Stop)
    assert elsewhere.exception.code == Exit.USAGE
    assert not (tmp_path / "other.toml").exists()
    assert commands.OWN_TOML.name == "node.toml"


@pytest.mark.skipif(not ROOT, reason="only root becomes somebody else")
def test_root_is_the_services_user_for_good_and_a_failure_there_is_the_commands(tmp_path) -> None:
    script = """
import os, pwd, sys
from bavn.app.fit.service_user import as_user, become

user = pwd.getpwnam("nobody")
as_user(user, lambda: os._exit(0 if (os.getuid(), os.getgid()) == (user.pw_uid, user.pw_gid) else 9))
try:
    as_user(user, lambda: os._exit(7))
except SystemExit as ended:
    assert ended.code == 7
assert os.getuid() == 0
become(user)
assert os.getgroups() == os.getgrouplist("nobody", user.pw_gid)
try:
    os.setuid(0)
except PermissionError:
    sys.exit(42)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 42


def test_the_file_beside_you_comes_before_the_services_and_root_is_its_user_only_for_that(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    etc, became = tmp_path / "etc", []
    etc.mkdir()
    monkeypatch.setattr(service_user, "FOLDER", etc)
    monkeypatch.setattr(service_user, "user_of", lambda name: name)
    monkeypatch.setattr(service_user, "become", became.append)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert service_user.service_config("centre.toml") == Path("centre.toml")
    (etc / "centre.toml").touch()
    assert service_user.service_config("centre.toml") == etc / "centre.toml"
    (tmp_path / "centre.toml").touch()
    assert service_user.service_config("centre.toml") == Path("centre.toml")
    for config in (tmp_path / "centre.toml", etc / "node.toml", etc / "centre.toml"):
        assert service_user.as_its_user(config) == config
    assert became == ["bavn-centre"]
    monkeypatch.chdir(etc)
    service_user.as_its_user(service_user.service_config("centre.toml"))
    assert became == ["bavn-centre"] * 2, "who stands in the services' folder means them, too"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    service_user.as_its_user(etc / "centre.toml")
    assert became == ["bavn-centre"] * 2
