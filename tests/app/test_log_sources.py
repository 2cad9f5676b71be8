"""Log sources by configuration: none listens unless set; what cannot be is one line; what is sent becomes rows."""

import contextlib
import socket
import time

import pytest

from bavn.actor.sense.syslog.sockets import UDP
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.app.config.load import read_node
from bavn.app.node.sources import sources_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock

LINE = b"<30>dnsmasq[1]: query[A] www.x.dk from 10.0.0.5"


@pytest.fixture
def sources(tmp_path):
    """Lines of [sense] -> the node's sources."""
    with contextlib.ExitStack() as closing:
        store = closing.enter_context(ColumnStore.open(tmp_path / "store", StoreLimits(threads=1)))

        def made(sense):
            (tmp_path / "node.toml").write_text(f'[node]\nactor = "east"\n[sense]\n{sense}\n')
            return sources_of(read_node(tmp_path / "node.toml"), store, SystemClock(), closing)

        yield made


def test_without_a_setting_nobody_listens(sources) -> None:
    assert sources("") == []


def test_what_is_sent_is_a_row_and_loopback_alone_is_bound(sources) -> None:
    (syslog,) = sources('syslog_udp_listen = "127.0.0.1:0"\nsyslog_senders = ["192.0.2.0/24"]')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(LINE, ("127.0.0.1", syslog.ports[UDP]))
    end = time.monotonic() + 20
    while not syslog.lag_bytes():
        assert time.monotonic() < end
        time.sleep(0.01)
    (batch,) = syslog.poll()
    assert batch.tables["dns"]["rrname"].to_pylist() == ["www.x.dk"]


def test_log_files_are_followed_each_under_its_own_name(sources, tmp_path) -> None:
    (tmp_path / "a.log").write_text("Nov 25 00:34:19 dnsmasq[1]: query[A] a.dk from 10.0.0.5\n")
    (tmp_path / "b.log").write_text(
        "1795566859.123 4 10.0.0.5 TCP_MISS/200 1 GET http://b.dk/ - HIER_DIRECT/192.0.2.1 -\n"
    )
    first, second = sources('log_files = ["a.log", "squid:b.log"]')
    assert (first.name, second.name) == ("log a.log", "log b.log")
    assert [set(batch.tables) for source in (first, second) for batch in source.poll()] == [{"dns"}, {"flow", "http"}]


@pytest.mark.parametrize(
    ("sense", "said"),
    [
        ('log_files = ["a"]\nlog_time_zone = "Nowhere/City"', "log_time_zone: 'Nowhere/City' is no zone"),
        ('syslog_udp_listen = "here"', "cannot listen on 'here'"),
        ('syslog_udp_listen = "127.0.0.1:0"\nsyslog_senders = ["all"]', "syslog_senders: 'all' is no network"),
        ('syslog_tls_listen = "127.0.0.1:0"', "needs syslog_certificate_file and syslog_key_file"),
    ],
)
def test_what_cannot_be_is_one_line_that_names_the_setting(sources, sense, said) -> None:
    with pytest.raises(Stop, match=said) as stopped:
        sources(sense)
    assert stopped.value.code is Exit.CONFIGURATION
