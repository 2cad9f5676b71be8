"""Other people's resolvers with Bavn's policy zone: PowerDNS Recursor fetches it with its key and asks for
changes, Knot DNS follows it by NOTIFY and IXFR, Knot Resolver reads the file that Bavn or Knot DNS writes."""

import contextlib

import dns.rcode
import pytest

from bavn.actor.protect.enforcers.rpz_primary import RpzPrimary
from tests.app.test_zone_service import KEY, SECRET, blocks, folder, free_port, rcode, served
from tests.peers.program import running
from tests.waiting import until

__all__ = ["folder"]
pytestmark = pytest.mark.slow

RECURSOR = """
recursor:
  config_dir: '{folder}'
  socket_dir: '{folder}'
  threads: 1
  hint_file: 'no'
  security_poll_suffix: ''
  auth_zones: [{{zone: lan, file: '{folder}/lan.zone'}}]
  rpzs:
    - {{name: bavn, addresses: ['127.0.0.1:{primary}'], refresh: 1,
       tsig: {{name: bavn, algo: hmac-sha256, secret: '{secret}'}}}}
incoming:
  listen: ['127.0.0.1:{port}']
packetcache: {{disable: true}}
dnssec: {{validation: 'off'}}
logging: {{loglevel: 5, disable_syslog: true}}
webservice: {{webserver: false}}
"""

KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stdout
    any: info
database:
  storage: {folder}
key:
  - id: bavn
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: node
    address: 127.0.0.1@{node}
    key: bavn
acl:
  - id: told
    address: 127.0.0.1
    key: bavn
    action: notify
zone:
  - domain: bavn
    master: node
    acl: told
    storage: {folder}
    file: rpz.zone
    zonefile-sync: 0
    semantic-checks: off
"""


def lan_zone(folder):
    (folder / "lan.zone").write_text(
        "$ORIGIN lan.\n$TTL 1\n@ SOA ns nobody 1 60 60 60 1\n@ NS ns\nns A 192.0.2.1\n* A 192.0.2.1\n"
    )


def refused(port, name):
    return rcode(port, name) == dns.rcode.NXDOMAIN


def there(port, name):
    return rcode(port, name) == dns.rcode.NOERROR


def follows(enforce, port):
    """A resolver takes up a name and what is below it, and lets it go; the one beside it stays."""
    until(lambda: there(port, "good.lan."))
    enforce(blocks("evil.lan"))
    until(lambda: refused(port, "evil.lan.") and refused(port, "c2.a.evil.lan."))
    assert there(port, "good.lan.")
    assert there(port, "notevil.lan.")
    enforce(blocks("good.lan", "evil.lan"))
    until(lambda: refused(port, "good.lan."))
    enforce(blocks("good.lan"))
    until(lambda: there(port, "evil.lan."))
    assert there(port, "c2.a.evil.lan.")
    assert refused(port, "www.good.lan.")
    enforce(blocks())
    until(lambda: there(port, "good.lan.") and there(port, "www.good.lan."))


@pytest.mark.pdns_recursor
def test_powerdns_recursor_takes_the_zone_with_its_key_and_asks_for_changes(folder) -> None:
    port = free_port()
    with served(folder, (("127.0.0.1", 9),), KEY) as service:
        lan_zone(folder)
        text = RECURSOR.format(folder=folder, port=port, primary=service.port, secret=SECRET)
        (folder / "recursor.conf").write_text(text)
        with running("pdns_recursor", f"--config-dir={folder}", "--daemon=no"):
            follows(service.primary.enforce, port)


@pytest.mark.pdns_recursor
def test_powerdns_recursor_with_another_key_gets_no_name(folder) -> None:
    port = free_port()
    with served(folder, (("127.0.0.1", port),), KEY) as service:
        lan_zone(folder)
        service.primary.enforce(blocks("evil.lan"))
        text = RECURSOR.format(folder=folder, port=port, primary=service.port, secret=SECRET[::-1].strip("=") + "=")
        (folder / "recursor.conf").write_text(text)
        with running("pdns_recursor", f"--config-dir={folder}", "--daemon=no") as program:
            until(lambda: there(port, "evil.lan.") and "RPZ" in program.said().upper())
            assert there(port, "evil.lan.")


@contextlib.contextmanager
def knot_resolver(folder, zone):
    """Knot Resolver with the policy zone of this file; its port. Below lan every name has an address, to be seen."""
    port = free_port()
    (folder / "kresd.conf").write_text(f"""
net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
cache.size = 10 * MB
modules.unload('ta_update')
modules.unload('priming')
policy.add(policy.rpz(policy.DENY, '{zone}', true))
policy.add(policy.suffix(policy.ANSWER({{ [kres.type.A] = {{ rdata=kres.str2ip('192.0.2.1'), ttl=60 }} }}),
  policy.todnames({{'lan.'}})))
""")
    with running("kresd", "-n", "-c", folder / "kresd.conf", folder, cwd=folder):
        yield port


@pytest.mark.kresd
def test_knot_resolver_follows_the_file_that_bavn_writes(folder) -> None:
    rpz = RpzPrimary(folder / "rpz.zone")
    rpz.enforce(blocks())
    with knot_resolver(folder, folder / "rpz.zone") as port:
        follows(rpz.enforce, port)


@pytest.mark.knotd
@pytest.mark.kresd
def test_knot_follows_the_transfer_and_hands_its_file_to_knot_resolver(folder) -> None:
    """NOTIFY, IXFR and TSIG with Knot DNS 3, for a machine that is not the node's; the node's zone file never moves."""
    port = free_port()
    with served(folder, (("127.0.0.1", port),), KEY) as service:
        (folder / "knot").mkdir(mode=0o777)
        (folder / "knot.conf").write_text(
            KNOT.format(folder=folder / "knot", port=port, node=service.port, secret=SECRET)
        )
        service.primary.enforce(blocks("first.lan"))
        with running("knotd", "-c", folder / "knot.conf") as knot:
            until((folder / "knot/rpz.zone").exists)
            with knot_resolver(folder, folder / "knot/rpz.zone") as resolver:
                until(lambda: refused(resolver, "first.lan."))
                follows(service.primary.enforce, resolver)
            assert knot.said().count("AXFR, incoming")
            assert "IXFR, incoming" in knot.said()
