"""Each setting of [sense] gives a node its eyes, where it is told and from whom may send; none listens unless set."""

import contextlib
import socket

import pytest

from bavn.actor.sense.account import Account
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.syslog.sockets import UDP
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.node.sources import _key_exchanges, sources_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.settings import SettingsError
from tests.app.waiting import free_port, until

LINE = b"<30>dnsmasq[1]: query[A] www.x.dk from 10.0.0.5"


def configured(folder, sense, node=""):
    file = folder / "node.toml"
    file.write_text(f'[node]\nactor = "east"\nhomes = ["10.0.0.0/8"]\n{node}\n[sense]\n{sense}\n')
    return read_node(file)


@pytest.fixture
def sources(tmp_path):
    """Lines of [sense] -> the node's sources."""
    with contextlib.ExitStack() as closing:
        store = closing.enter_context(ColumnStore.open(tmp_path / "store", StoreLimits(threads=1)))
        yield lambda *lines: sources_of(configured(tmp_path, *lines), store, SystemClock(), closing)


def test_a_node_with_one_source_looks_and_one_that_reads_nothing_has_no_store(sources, tmp_path) -> None:
    assert sources("") == []
    with contextlib.closing(build(configured(tmp_path, ""))) as parts:
        assert parts.monitor is None
    (tmp_path / "seen").mkdir()
    for setting in ("captures_folder", "zeek_folder", "key_exchange_folder"):
        assert len(sources(f'{setting} = "seen"')) == 1


@pytest.mark.slow
def test_each_collector_listens_where_it_is_told_and_takes_from_loopback_and_homes_alone(sources) -> None:
    ports = {"netflow": free_port(), "sflow": free_port()}
    made = sources("".join(f'{name}_listen = "127.0.0.1:{port}"\n' for name, port in ports.items()))
    assert [source.name for source in made] == ["netflow", "sflow"]
    for source in made:
        assert list(source.poll()) == []
        assert source.port == ports[source.name]
        assert source._allowed.stored("127.0.0.1")
        assert source._allowed.stored("10.1.2.3")
        assert source._allowed.stored("203.0.113.9") is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"nonsense", ("127.0.0.1", source.port))
        until(lambda source=source: source.counts()["received_datagrams"], 20)
    (source,) = sources(f'netflow_listen = "127.0.0.1:{free_port()}"\nflow_exporters = ["192.0.2.1/32"]')
    allowed = [source._allowed.stored(address) for address in ("192.0.2.1", "127.0.0.1", "10.1.2.3")]
    assert [one is None for one in allowed] == [False, True, True], "who is named is the only one"


def test_what_is_sent_is_a_row_and_log_files_are_followed_each_under_its_own_name(sources, tmp_path) -> None:
    (syslog,) = sources('syslog_udp_listen = "127.0.0.1:0"\nsyslog_senders = ["192.0.2.0/24"]')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(LINE, ("127.0.0.1", syslog.ports[UDP]))
    until(syslog.lag_bytes, 20)
    (batch,) = syslog.poll()
    assert batch.tables["dns"]["rrname"].to_pylist() == ["www.x.dk"]
    (tmp_path / "a.log").write_text("Nov 25 00:34:19 dnsmasq[1]: query[A] a.dk from 10.0.0.5\n")
    (tmp_path / "b.log").write_text(
        "1795566859.123 4 10.0.0.5 TCP_MISS/200 1 GET http://b.dk/ - HIER_DIRECT/192.0.2.1 -\n"
    )
    first, second = sources('log_files = ["a.log", "squid:b.log"]')
    assert (first.name, second.name) == ("log a.log", "log b.log")
    assert [set(batch.tables) for source in (first, second) for batch in source.poll()] == [{"dns"}, {"flow", "http"}]


def test_the_ring_of_the_nodes_own_suricata_is_read_for_key_exchanges(tmp_path) -> None:
    def rings(more):
        return _key_exchanges(configured(tmp_path, f'suricata_interface = "none0"\n{more}'))

    ring = "[evidence]\nring_bytes_max = 10000000\n"
    assert rings("") == []
    assert rings("key_exchanges = false\n" + ring) == []
    assert rings(ring) == [("kex-ring", tmp_path / "data" / "packets" / "live")]
    assert [name for name, _ in rings('key_exchange_folder = "x"\n' + ring)] == ["kex", "kex-ring"]


@pytest.mark.parametrize(
    ("sense", "said"),
    [
        ('netflow_listen = "2055"', "netflow_listen"),
        ('sflow_listen = "x:1"', "sflow_listen"),
        ('netflow_listen = "127.0.0.1:2055"\nflow_exporters = ["all"]', "flow_exporters"),
        ('log_files = ["foo:/var/log/x"]', "no format is called 'foo'"),
        ('suricata_interface = "eth9"', "too long a name"),
        ('log_files = ["a"]\nlog_time_zone = "Nowhere/City"', "log_time_zone: 'Nowhere/City' is no zone"),
        ('syslog_udp_listen = "here"', "cannot listen on 'here'"),
        ('syslog_udp_listen = "127.0.0.1:0"\nsyslog_senders = ["all"]', "syslog_senders: 'all' is no network"),
        ('syslog_tls_listen = "127.0.0.1:0"', "needs syslog_certificate_file and syslog_key_file"),
    ],
)
def test_what_cannot_be_is_the_operators_to_mend_and_names_the_setting(sources, sense, said) -> None:
    with pytest.raises((SettingsError, Stop), match=said) as stopped:
        sources(sense, f'folder = "{"d" * 120}"' if "interface" in sense else "")
    assert getattr(stopped.value, "code", Exit.CONFIGURATION) is Exit.CONFIGURATION


def test_a_log_that_is_none_is_a_broken_source_and_no_folder_of_captures_ends_no_node(sources) -> None:
    for name, said in (("nothing.log", "is not there"), (".", "is a folder")):
        (source,) = sources(f'log_files = ["{name}"]')
        with pytest.raises(SourceBroken, match=said):
            list(source.poll())
    (source,) = sources('captures_folder = "nowhere"')
    assert Account(source, 0).figures().lag_bytes == 0
