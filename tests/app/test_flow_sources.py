"""Collectors by configuration: none listens unless set, only where it is set, and only to whom may send."""

import contextlib
import socket
import time

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.app.config.load import read_node
from bavn.app.node.sources import sources_of
from bavn.app.process.real import SystemClock
from bavn.model.settings import SettingsError


@pytest.fixture
def sources(tmp_path):
    """Lines of [sense] -> the node's sources."""
    with contextlib.ExitStack() as closing:
        store = closing.enter_context(ColumnStore.open(tmp_path / "store", StoreLimits(threads=1)))

        def made(sense):
            (tmp_path / "node.toml").write_text(f'[node]\nactor = "east"\nhomes = ["10.0.0.0/8"]\n[sense]\n{sense}\n')
            return sources_of(read_node(tmp_path / "node.toml"), store, SystemClock(), closing)

        yield made


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_without_a_setting_nobody_listens(sources) -> None:
    assert sources("") == []


@pytest.mark.slow
def test_each_listens_where_it_is_told_and_takes_from_loopback_and_homes_alone(sources) -> None:
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
        end = time.monotonic() + 20
        while source.counts()["received_datagrams"] == 0:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_who_is_named_is_the_only_one(sources) -> None:
    (source,) = sources(f'netflow_listen = "127.0.0.1:{free_port()}"\nflow_exporters = ["192.0.2.1/32"]')
    assert source._allowed.stored("192.0.2.1")
    assert source._allowed.stored("127.0.0.1") is None
    assert source._allowed.stored("10.1.2.3") is None


@pytest.mark.parametrize(
    "sense",
    ['netflow_listen = "2055"', 'sflow_listen = "x:1"', 'netflow_listen = "127.0.0.1:2055"\nflow_exporters = ["all"]'],
)
def test_what_cannot_be_is_the_operators_to_mend(sources, sense) -> None:
    with pytest.raises(SettingsError, match=r"netflow_listen|sflow_listen|flow_exporters"):
        sources(sense)
