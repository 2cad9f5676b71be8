"""The zone by transfer: a library's client, and real BIND and unbound as secondaries, hold exactly the wanted names."""

import contextlib
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.xfr
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.rpz import ZONE
from bavn.actor.protect.enforcers.rpz_primary import STEP_NAMES_MAX, STEPS_MAX, RpzPrimary
from bavn.actor.protect.enforcers.zone_answers import Asker, answers, key_of
from bavn.app.config.load import read_node
from bavn.app.node import zone_service
from bavn.app.node.service import NodeService
from bavn.app.node.zone_service import ZoneService
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from tests.app.waiting import free_port, until

WAIT_S = 60
SECRET = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="
KEY = key_of(f"bavn:hmac-sha256:{SECRET}")
ORIGIN = dns.name.from_text(ZONE)


def blocks(*names):
    return [Block(Observable.of("domain", name), "indicator--x", 1) for name in names]


@contextlib.contextmanager
def served(folder, secondaries=(("127.0.0.1", 9),), key=None, failures=None):
    service = ZoneService(("127.0.0.1", 0), secondaries, key, failures)
    service.primary = RpzPrimary(folder / "rpz.zone", service.changed)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def fetch(service, zone, key=None):
    query, _ = dns.xfr.make_query(zone, keyring=key and {key.name: key}, keyname=key and key.name)
    dns.query.inbound_xfr("127.0.0.1", zone, query, service.port, timeout=WAIT_S, lifetime=WAIT_S)
    return zone


def names_of(zone):
    found = {name.to_text() for name, _ in zone.iterate_rdatasets(dns.rdatatype.CNAME)}
    plain = {name for name in found if not name.startswith("*.")}
    assert found - plain == {f"*.{name}" for name in plain}
    return plain


@pytest.mark.slow
def test_a_query_that_nobody_foresaw_costs_itself_and_the_next_is_answered(tmp_path, monkeypatch) -> None:
    failures = FailureFolder(None, SystemClock())
    asked = dns.message.make_query(ORIGIN, dns.rdatatype.SOA)

    def ask(way):
        return way(asked, "127.0.0.1", port=service.port, timeout=1).rcode()

    def fails(*_):
        raise ZeroDivisionError

    with served(tmp_path, key=KEY, failures=failures) as service:
        with monkeypatch.context() as broken:
            for name in ("answers", "notify"):
                broken.setattr(zone_service, name, fails)
            with pytest.raises(dns.exception.Timeout):
                ask(dns.query.udp)
            with pytest.raises(EOFError):
                ask(dns.query.tcp)
            service.changed()
            until(lambda: len(failures.failing()) == 3)
        names = [part.part for part in failures.failing()]
        assert names == ["zone service connections", "zone service datagrams", "zone service notices"]
        assert {ask(dns.query.udp), ask(dns.query.tcp)} == {dns.rcode.REFUSED}
        until(lambda: "zone service datagrams" not in [part.part for part in failures.failing()])


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, KEY])
def test_a_secondary_follows_every_change_and_a_restart(tmp_path, key) -> None:
    zone = dns.zone.Zone(ORIGIN)
    with served(tmp_path, key=key) as service:
        service.primary.enforce(blocks("evil.example.com", "_x.evil.example.org"))
        assert names_of(fetch(service, zone, key=key)) == {"evil.example.com", "_x.evil.example.org"}
        service.primary.enforce(blocks("evil.example.com", "worse.example.com"))
        service.primary.enforce(blocks("worse.example.com"))
        assert names_of(fetch(service, zone, key=key)) == {"worse.example.com"}
        before = zone.get_soa().serial
    with served(tmp_path, key=key) as service:
        assert service.primary.zone().serial == before
        service.primary.enforce(blocks())
        assert names_of(fetch(service, zone, key=key)) == set()
        assert zone.get_soa().serial == before + 1


@pytest.mark.slow
def test_many_names_are_many_messages_and_all_of_them_come(tmp_path) -> None:
    many = {f"{'x' * 50}-{n}.{'y' * 60}.example.com" for n in range(3000)}
    with served(tmp_path, key=KEY) as service:
        service.primary.enforce(blocks(*many))
        assert names_of(fetch(service, dns.zone.Zone(ORIGIN), key=KEY)) == many


def test_changes_that_are_not_known_any_more_are_the_whole_zone(tmp_path) -> None:
    primary = RpzPrimary(tmp_path / "rpz.zone")
    first = primary.zone().serial
    for n in range(STEPS_MAX + 1):
        primary.enforce(blocks(f"n{n}.example.com"))
    assert primary.zone().since(first) is None
    assert primary.zone().since(first + 1) is not None
    primary.enforce(blocks(*(f"m{n}.example.com" for n in range(STEP_NAMES_MAX + 1))))
    assert primary.zone().steps == ()
    assert primary.zone().since(primary.zone().serial) == ()


def one(wire, zone, key=None, may=True, over_tcp=True):
    (answer,) = answers(wire, zone, key, Asker(may, over_tcp))
    return dns.message.from_wire(answer)


def test_nobody_else_learns_a_name(tmp_path) -> None:
    primary = RpzPrimary(tmp_path / "rpz.zone")
    primary.enforce(blocks("evil.example.com"))
    zone = primary.zone()
    plain = dns.message.make_query(ORIGIN, "AXFR")
    assert one(plain.to_wire(), zone, may=False).rcode() == dns.rcode.REFUSED
    assert one(plain.to_wire(), zone, KEY).rcode() == dns.rcode.REFUSED
    for secret in ("b3RoZXI=" * 4,):
        forged = dns.message.make_query(ORIGIN, "AXFR")
        forged.use_tsig(dns.tsig.Key("bavn", secret, "hmac-sha256."))
        assert one(forged.to_wire(), zone, KEY).rcode() == dns.rcode.NOTAUTH
    for name, kind in (("evil.example.com.bavn.", "CNAME"), (ORIGIN, "ANY"), ("example.com.", "SOA")):
        assert one(dns.message.make_query(name, kind).to_wire(), zone).rcode() == dns.rcode.REFUSED
    assert one(plain.to_wire(), zone, over_tcp=False).rcode() == dns.rcode.FORMERR
    update = dns.message.make_query(ORIGIN, "SOA")
    update.set_opcode(dns.opcode.UPDATE)
    assert one(update.to_wire(), zone).rcode() == dns.rcode.NOTIMP


@given(
    wire=st.binary(max_size=200)
    | st.builds(
        lambda at, byte: dns.message.make_query(ORIGIN, "IXFR", id=7).to_wire()[:at] + byte,
        st.integers(0, 40),
        st.binary(max_size=9),
    )
)
def test_whatever_comes_is_answered_by_a_refusal_or_not_at_all(zone_of_one, wire) -> None:
    for answer in answers(wire, zone_of_one, KEY, Asker(may=True, over_tcp=True)):
        assert dns.message.from_wire(answer).rcode() != dns.rcode.NOERROR
        assert b"evil" not in answer


@pytest.fixture(scope="module")
def zone_of_one(tmp_path_factory):
    primary = RpzPrimary(tmp_path_factory.mktemp("zone") / "rpz.zone")
    primary.enforce(blocks("evil.example.com"))
    return primary.zone()


@pytest.mark.parametrize(
    "text", ["bavn", "bavn:hmac-md5:eA==", "bavn:hmac-sha256:!", "bavn:hmac-sha999:eA==", "a:b:c:d"]
)
def test_a_key_that_is_none_is_refused(text) -> None:
    with pytest.raises(ValueError, match="key"):
        key_of(text)


@contextlib.contextmanager
def running(*command):
    command = (shutil.which(command[0], path="/usr/sbin:/usr/bin"), *map(str, command[1:]))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        print(process.communicate(timeout=WAIT_S)[0].decode(errors="replace")[-3000:])


@pytest.fixture
def folder():
    """Where a resolver that drops its rights may still write."""
    with tempfile.TemporaryDirectory(prefix="bavn-zone-") as made:
        Path(made).chmod(0o777)
        yield Path(made)


def rcode(port, name):
    try:
        return dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=2).rcode()
    except (OSError, dns.exception.Timeout):
        return None


def follows(service, port):
    """A resolver that is told takes a name up and lets it go, and what is below it."""
    primary = service.primary
    primary.enforce(blocks("evil.example.com"))
    until(lambda: rcode(port, "evil.example.com.") == dns.rcode.NXDOMAIN)
    until(lambda: rcode(port, "c2.evil.example.com.") == dns.rcode.NXDOMAIN)
    assert rcode(port, "good.lan.") == dns.rcode.NOERROR
    primary.enforce(blocks("good.lan"))
    until(lambda: rcode(port, "good.lan.") == dns.rcode.NXDOMAIN)
    primary.enforce(blocks())
    until(lambda: rcode(port, "good.lan.") == dns.rcode.NOERROR)


@pytest.mark.named
@pytest.mark.slow
def test_bind_takes_the_zone_by_transfer_and_is_told_of_changes(folder) -> None:
    port = free_port()
    with served(folder, (("127.0.0.1", port),), KEY) as service:
        (folder / "good.zone").write_text(
            "$TTL 60\n@ SOA ns nobody 1 60 60 60 60\n@ NS ns\nns A 192.0.2.1\n@ A 192.0.2.1\n"
        )
        (folder / "named.conf").write_text(f"""
options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }}; recursion yes; dnssec-validation no; forwarders {{ }}; allow-query {{ any; }};
  response-policy {{ zone "bavn"; }} qname-wait-recurse no min-update-interval 0; }};
controls {{ }};
key "bavn" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "bavn" {{ type secondary; primaries port {service.port} {{ 127.0.0.1 key "bavn"; }};
  file "bavn.db"; allow-notify {{ 127.0.0.1; }}; allow-query {{ none; }}; }};
zone "good.lan" {{ type primary; file "good.zone"; }};
""")
        with running("named", "-g", "-c", folder / "named.conf"):
            until(lambda: rcode(port, "good.lan.") == dns.rcode.NOERROR)
            follows(service, port)


@pytest.mark.unbound
@pytest.mark.slow
def test_unbound_takes_the_zone_by_transfer_and_is_told_of_changes(folder) -> None:
    port = free_port()
    with served(folder, (("127.0.0.1", port),)) as service:
        (folder / "unbound.conf").write_text(f"""
server:
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1
  port: {port}
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "respip iterator"
  local-data: "good.lan. A 192.0.2.1"
rpz:
  name: bavn
  primary: 127.0.0.1@{service.port}
  allow-notify: 127.0.0.1
remote-control:
  control-enable: no
""")
        with running("unbound", "-d", "-c", folder / "unbound.conf"):
            until(lambda: rcode(port, "good.lan.") == dns.rcode.NOERROR)
            primary = service.primary
            primary.enforce(blocks("evil.example.com"))
            until(lambda: rcode(port, "c2.evil.example.com.") == dns.rcode.NXDOMAIN)
            primary.enforce(blocks())
            until(lambda: rcode(port, "c2.evil.example.com.") != dns.rcode.NXDOMAIN)


@pytest.mark.slow
def test_a_node_serves_the_zone_while_it_runs_and_ends_in_time(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(
        '[node]\nactor = "region-nord"\n[enforce]\nzone_listen = "127.0.0.1@0"\nzone_secondaries = ["127.0.0.1@9"]\n'
    )
    service = NodeService(read_node(file))
    ready = threading.Event()
    thread = threading.Thread(target=service.run, args=(ready.set,))
    thread.start()
    assert ready.wait(WAIT_S)
    assert names_of(fetch(service.parts.zone, dns.zone.Zone(ORIGIN))) == set()
    service.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert service.stuck == ()
