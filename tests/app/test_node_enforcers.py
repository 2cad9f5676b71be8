"""From configuration to enforcers: what is written in [enforce] is what a node enforces with; half of it is refused."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
UPDATE = 'update_server = "127.0.0.1@9"\nupdate_zone = "rpz.bavn.example"\nupdate_key = "bavn:hmac-sha256:{}"\n'.format(
    base64.b64encode(b"k" * 32).decode()
)
HOOK = f'webhook_url = "http://127.0.0.1:9/bavn"\nwebhook_secret = "{SECRET}"\n'


def configured(folder, enforce):
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "north"\n[enforce]\n{enforce}\n')
    return read_node(file)


@pytest.mark.parametrize(
    ("enforce", "names"),
    [
        (UPDATE, ["bind_update"]),
        (UPDATE.replace("rpz.bavn.example", "bavn"), ["bind_update"]),
        ('squid_folder = "squid"', ["squid_acl"]),
        (HOOK, ["webhook"]),
        (
            'list_folder = "lists"\nsquid_folder = "squid"\n' + UPDATE + HOOK,
            ["textlist", "squid_acl", "bind_update", "webhook"],
        ),
        ('suricata_socket = "s"\nsuricata_folder = "d"\nsuricata_inline = true', ["suricata_dataset"]),
    ],
)
def test_what_is_configured_is_what_enforces(tmp_path, enforce, names) -> None:
    parts = build(configured(tmp_path, enforce))
    try:
        assert [hand.name for hand in parts.protect.enforcers.blocking] == names
        assert list(parts.protect.enforcers.watchers) == []
    finally:
        parts.close()
    if "inline" in enforce:
        rules = (tmp_path / "d" / "bavn.rules").read_text().splitlines()[1:]
        assert {line.split()[0] for line in rules} == {"drop"}


@pytest.mark.parametrize(
    ("enforce", "said"),
    [
        ('update_server = "127.0.0.1@9"', "all three"),
        (UPDATE.replace("127.0.0.1@9", "ns.example@53"), "update_server"),
        (UPDATE.replace("rpz.bavn.example", "rpz zone"), "update_zone"),
        (UPDATE.replace("hmac-sha256", "hmac-md5"), "update_key"),
        ('squid_folder = "squid"\nsquid_command = []', "squid_command"),
        ('webhook_url = "https://soar.example/x"', "webhook_secret"),
        (HOOK.replace("http://127.0.0.1:9", "http://soar.example"), "https"),
        (HOOK + 'webhook_body = "xml"', "webhook_body"),
        (HOOK + 'webhook_ca_file = "nowhere.pem"', "webhook_ca_file"),
        ('suricata_interface = "eth9"', None),
        ('suricata_folder = "d"\nsuricata_inline = true', "suricata_inline"),
    ],
)
def test_half_an_enforcer_is_one_clear_configuration_error(tmp_path, enforce, said) -> None:
    if said is None:
        with pytest.raises(ValueError, match="suricata_interface"):
            configured(tmp_path, enforce)
        return
    with pytest.raises(Stop, match=said) as stopped:
        build(configured(tmp_path, enforce))
    assert stopped.value.code is Exit.CONFIGURATION
    assert "\n" not in str(stopped.value)


@pytest.mark.slow
def test_a_receiver_hears_of_a_block_through_a_node_s_own_enforcer(tmp_path) -> None:
    heard = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    parts = build(
        configured(tmp_path, HOOK.replace(":9/", f":{server.server_address[1]}/") + 'webhook_body = "openc2"')
    )
    try:
        [hook] = parts.protect.enforcers.blocking
        hook.enforce([Block(Observable.of("domain", "evil-c2.com"), "indicator--x", 2**50)])
    finally:
        parts.close()
        server.shutdown()
        server.server_close()
        thread.join()
    assert len(heard) == 1
    assert b'"domain_name":"evil-c2.com"' in heard[0]


def test_one_that_is_down_is_told_with_its_reason(tmp_path) -> None:
    parts = build(configured(tmp_path, UPDATE))
    try:
        with pytest.raises(EnforcerDown, match=r"127\.0\.0\.1@9"):
            parts.protect.enforcers.blocking[0].enforce([])
    finally:
        parts.close()


@pytest.mark.parametrize(
    ("folder", "lines", "said"),
    [
        ("x" * 120, 'resolver_listen = ["127.0.0.1@5353"]\n', "allows 92: choose a shorter path"),
        ("data", 'resolver_listen = ["127.0.0.1@53"]\n', "the port must lie in 1024..65535"),
        ("data", 'resolver_listen = ["127.0.0.1"]\n', "must be written address@port"),
        ("data", 'resolver_listen = ["127.0.0.1@5353"]\nresolver_clients = ["10.0.0.300"]\n', "10.0.0.300"),
        ("data", 'resolver_listen = ["127.0.0.1@5353"]\nresolver_answers = ["a.example"]\n', "name=address"),
    ],
)
def test_a_resolver_written_wrongly_is_one_line_for_the_operator(tmp_path, capsys, folder, lines, said) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[node]\nactor = "klinik"\nfolder = "{folder}"\n[enforce]\n{lines}')
    with pytest.raises(Stop) as stopped:
        build(read_node(file))
    assert stopped.value.code is Exit.CONFIGURATION
    assert said in str(stopped.value)
    assert "\n" not in str(stopped.value)
