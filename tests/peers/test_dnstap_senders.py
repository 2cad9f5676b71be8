"""Other people's resolvers send dnstap: Knot Resolver and dnsdist; each question and answer of a client is a row."""

import time
from contextlib import contextmanager

import dns.message
import dns.query
import dns.rcode
import pytest

from bavn.actor.sense.dnstap.receiver import DnstapReceiver
from bavn.actor.sense.flows.spool import SLOT_US
from bavn.model.record import address_text
from tests.app.test_zone_service import free_port
from tests.peers import program

pytestmark = pytest.mark.slow
WAIT_S = 60


class Ahead:
    """The real clock, moved on by hand: nobody waits for a slot to pass."""

    def __init__(self):
        self.ahead_us = 0

    def now_us(self):
        return time.time_ns() // 1000 + self.ahead_us


@contextmanager
def tapped(folder):
    clock = Ahead()
    source = DnstapReceiver(
        name="dnstap",
        sensor="s",
        listen=str(folder / "tap.sock"),
        senders=("127.0.0.0/8",),
        folder=folder / "spool",
        clock=clock,
        mark=None,
    )
    batches = list(source.poll())

    def rows(wanted):
        end = time.monotonic() + WAIT_S
        while True:
            made = [row for batch in batches if "dns" in batch.tables for row in batch.tables["dns"].to_pylist()]
            if len(made) >= wanted:
                assert sum(batch.refused for batch in batches) == 0
                return made
            assert time.monotonic() < end, (made, source.counts())
            time.sleep(0.2)
            clock.ahead_us += SLOT_US
            batches.extend(source.poll())

    try:
        yield source, rows
    finally:
        source.close()


def ask(port, name):
    try:
        return dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=1).rcode()
    except (OSError, dns.exception.Timeout):
        return None


def look_up(port, source, rows):
    """One name that is there and one that is not, once the sender is connected."""
    end = time.monotonic() + WAIT_S
    while ask(port, "first.lan.") != dns.rcode.NOERROR or not source.counts()["connections"]:
        assert time.monotonic() < end, source.counts()
        time.sleep(0.2)
    assert ask(port, "www.x.lan.") == dns.rcode.NOERROR
    assert ask(port, "www.gone.test.") == dns.rcode.NXDOMAIN
    found, wanted = rows(1), {(name, answered) for name in ("www.x.lan", "www.gone.test") for answered in (False, True)}
    while not wanted <= {(row["rrname"], row["answered"]) for row in found}:
        found = rows(len(found) + 1)
    of = {(row["rrname"], row["answered"]): row for row in found}
    assert of["www.x.lan", True]["answers"] == ["192.0.2.1"]
    assert of["www.x.lan", True]["rcode"] == "NOERROR"
    assert of["www.gone.test", True]["rcode"] == "NXDOMAIN"
    assert {address_text(row["src"]) for row in found} == {"127.0.0.1"}


@pytest.mark.kresd
def test_knot_resolver_is_heard(tmp_path) -> None:
    port = free_port()
    (tmp_path / "kresd.conf").write_text(f"""
net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
cache.size = 10 * MB
modules.unload('ta_update')
modules.unload('priming')
modules.load('dnstap')
dnstap.config({{ socket_path = '{tmp_path}/tap.sock', client = {{ log_queries = true, log_responses = true }} }})
policy.add(policy.suffix(policy.ANSWER({{ [kres.type.A] = {{ rdata=kres.str2ip('192.0.2.1'), ttl=60 }} }}),
  policy.todnames({{'lan.'}})))
""")
    with (
        tapped(tmp_path) as (source, rows),
        program.running("kresd", "-n", "-c", tmp_path / "kresd.conf", tmp_path, cwd=tmp_path),
    ):
        look_up(port, source, rows)


@pytest.mark.dnsdist
def test_dnsdist_is_heard(tmp_path) -> None:
    port = free_port()
    (tmp_path / "dnsdist.conf").write_text(f"""
setLocal('127.0.0.1:{port}')
tap = newFrameStreamUnixLogger('{tmp_path}/tap.sock')
addAction(AllRule(), DnstapLogAction('edge', tap))
addSelfAnsweredResponseAction(AllRule(), DnstapLogResponseAction('edge', tap))
addAction('lan.', SpoofAction('192.0.2.1'))
addAction(AllRule(), RCodeAction(DNSRCode.NXDOMAIN))
""")
    with (
        tapped(tmp_path) as (source, rows),
        program.running("dnsdist", "--supervised", "--disable-syslog", "-C", tmp_path / "dnsdist.conf"),
    ):
        look_up(port, source, rows)
