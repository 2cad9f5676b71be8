"""What can be said of a managed Suricata without starting one: its configuration and its command socket."""

import json
import re
import socket
import threading
from pathlib import Path

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.actor.sense.suricata.config import SuricataConfig, live_yaml, offline_yaml
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.sense.suricata.process import program


def tree(text):
    head, _, body = text.partition("---\n")
    assert head == "%YAML 1.1\n"
    return json.loads(body)


def test_the_configuration_has_what_records_need_offline_and_live():
    made = tree(offline_yaml(SuricataConfig()))
    tls = made["app-layer"]["protocols"]["tls"]
    assert (tls["ja3-fingerprints"], tls["ja4-fingerprints"]) == ("yes", "yes")
    eve = made["outputs"][0]["eve-log"]
    types = {
        name: options
        for kind in eve["types"]
        for name, options in (kind.items() if isinstance(kind, dict) else [(kind, {})])
    }
    assert types["tls"]["ja4"] == "on"
    assert set(types) >= {"alert", "http", "dns", "tls", "files", "dhcp", "rdp", "smb", "dcerpc", "krb5", "ssh", "flow"}
    assert (eve["filetype"], eve["community-id"], made["stream"]["midstream"]) == ("regular", "yes", "true")
    assert (made["unix-command"]["enabled"], made["stats"]["enabled"], "stats" in types) == ("no", "no", False)
    made = tree(live_yaml(SuricataConfig(threads=2), "eth7", Path("/run/bavn")))
    assert made["af-packet"][0]["interface"] == "eth7"
    assert made["af-packet"][0]["threads"] == 2
    assert made["unix-command"] == {"enabled": "yes", "filename": "/run/bavn/command.socket"}
    assert any("stats" in kind for kind in made["outputs"][0]["eve-log"]["types"] if isinstance(kind, dict))
    groups = tree(offline_yaml(SuricataConfig(homes=("0.0.0.0/0",))))["vars"]["address-groups"]
    assert (groups["HOME_NET"], groups["EXTERNAL_NET"]) == ("[0.0.0.0/0]", "any")
    groups = tree(offline_yaml(SuricataConfig(homes=("10.0.0.0/8", "2001:db8::/32"))))["vars"]["address-groups"]
    assert (groups["HOME_NET"], groups["EXTERNAL_NET"]) == ("[10.0.0.0/8,2001:db8::/32]", "!$HOME_NET")


@pytest.mark.parametrize("memory_mb", [64, 512, 4096])
def test_the_tables_share_the_memory_they_may_take(memory_mb):
    made = tree(offline_yaml(SuricataConfig(memory_mb=memory_mb)))
    caps = [made["stream"]["memcap"], made["stream"]["reassembly"]["memcap"], made["flow"]["memcap"]]
    caps += [made["defrag"]["memcap"], made["host"]["memcap"], made["app-layer"]["protocols"]["http"]["memcap"]]
    caps.append(made["datasets"]["defaults"]["memcap"])
    sizes = [int(cap.removesuffix("mb")) for cap in caps]
    assert all(size > 0 for size in sizes)
    assert sum(sizes) <= 1.2 * memory_mb


@pytest.mark.parametrize(
    "wrong",
    [
        {"homes": ("10.0.0.0/33",)},
        {"homes": ('10.0.0.0/8"]\nunix-command:',)},
        {"homes": ()},
        {"rule_files": (Path("x.rules"),)},
        {"memory_mb": 1},
        {"threads": -1},
    ],
)
def test_what_suricata_would_misread_is_refused(wrong):
    with pytest.raises(ValueError):
        SuricataConfig(**wrong)


class Answering:
    """A Suricata's end of the socket: answers each line by a function, hangs up when told."""

    def __init__(self, path, answer):
        self.asked = []
        self.connections = 0
        self.answer = answer
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rwb") as file:
                for line in file:
                    asked = json.loads(line)
                    self.asked.append(asked)
                    said = b'{"return":"OK"}' if "version" in asked else self.answer(asked)
                    if said is None:
                        break
                    file.write(said + b"\n")
                    file.flush()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()


@pytest.fixture
def answering(tmp_path):
    made = []

    def start(answer):
        made.append(Answering(tmp_path / "s", answer))
        commands = CommandSocket(tmp_path / "s", timeout_s=5)
        made.append(commands)
        return made[-2], commands

    yield start
    for one in reversed(made):
        one.close()


def test_commands_are_lines_of_json(answering):
    server, commands = answering(lambda asked: json.dumps({"return": "OK", "message": asked["command"]}).encode())
    assert commands.ask("uptime") == "uptime"
    assert commands.ask("pcap-file", filename="/a.pcap", tenant=1) == "pcap-file"
    commands.reopen_logs()
    assert server.connections == 1
    assert [asked.get("command") for asked in server.asked] == [None, "uptime", "pcap-file", "reopen-log-files"]
    assert "arguments" not in server.asked[1]
    assert server.asked[2]["arguments"] == {"filename": "/a.pcap", "tenant": 1}


def test_no_is_an_answer(answering):
    _, commands = answering(lambda _: b'{"return":"NOK","message":"no such set"}')
    with pytest.raises(SuricataRefused, match="dataset-lookup: no such set"):
        commands.ask("dataset-lookup", setname="none")


def test_a_restarted_suricata_is_asked_again(answering):
    answers = iter([b'{"return":"OK","message":1}', None, b'{"return":"OK","message":2}'])
    server, commands = answering(lambda _: next(answers))
    assert commands.ask("a") == 1
    assert commands.ask("b") == 2
    assert server.connections == 2


@pytest.mark.parametrize("said", [b"no json", b"[]", b'"x"', b"{}", None])
def test_nonsense_is_an_error_and_not_a_loop(answering, said):
    _, commands = answering(lambda _: said)
    with pytest.raises((SourceBroken, SuricataRefused)):
        commands.ask("a")


def test_what_is_not_there_says_so(tmp_path, engine):
    commands = CommandSocket(tmp_path / "none")
    with pytest.raises(SourceBroken, match="does not answer"):
        commands.reopen_logs()
    commands.close()
    source = SuricataLive(name="s", sensor="s", interface="nonesuch0", folder=tmp_path, engine=engine)
    with pytest.raises(SourceBroken, match="ip link"):
        list(source.poll())
    source.close()
    with pytest.raises(SourceBroken, match="apt-get install nonesuch"):
        program("nonesuch")
    with pytest.raises(ValueError, match="shorter path"):
        live_yaml(SuricataConfig(), "eth0", Path("/" + "x" * 100))


def test_every_group_of_debians_configuration_is_defined() -> None:
    """Rules of the field name them; a missing one costs every rule that does."""
    debian = Path("/etc/suricata/suricata.yaml")
    if not debian.exists():
        pytest.skip("Debian's suricata is not installed")
    names = set(re.findall(r"^    ([A-Z0-9_]+): ", debian.read_text(), re.MULTILINE))
    assert {"HOME_NET", "DNP3_CLIENT", "TEREDO_PORTS"} <= names
    groups = tree(offline_yaml(SuricataConfig()))["vars"]
    assert names <= set(groups["address-groups"]) | set(groups["port-groups"])
    protocols = tree(offline_yaml(SuricataConfig()))["app-layer"]["protocols"]
    assert {"modbus", "dnp3", "enip"} <= set(protocols), "off unless switched on: every rule over them would fail"
