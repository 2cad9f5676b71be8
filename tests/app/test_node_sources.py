"""Each setting that names a source gives a node its eyes, also alone."""

import contextlib

import pytest

from bavn.actor.sense.account import Account
from bavn.actor.sense.base import SourceBroken
from bavn.app.config.load import read_node
from bavn.app.node.parts import _senses
from bavn.app.node.sources import _key_exchanges
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock

PLACES = ("captures_folder", "zeek_folder", "key_exchange_folder")


@pytest.mark.parametrize("setting", PLACES)
def test_a_node_with_one_source_looks(tmp_path, setting) -> None:
    (tmp_path / "seen").mkdir()
    (tmp_path / "node.toml").write_text(f'[node]\nactor = "klinik"\n\n[sense]\n{setting} = "seen"\n')
    with contextlib.ExitStack() as closing:
        store, sources = _senses(read_node(tmp_path / "node.toml"), SystemClock(), closing)
        assert store is not None
        assert len(sources) == 1


def test_a_node_that_reads_nothing_has_no_store(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "klinik"\n')
    with contextlib.ExitStack() as closing:
        assert _senses(read_node(tmp_path / "node.toml"), SystemClock(), closing) == (None, [])


def test_the_ring_of_the_nodes_own_suricata_is_read_for_key_exchanges(tmp_path) -> None:
    def rings(more):
        (tmp_path / "node.toml").write_text(
            '[node]\nactor = "klinik"\n\n[sense]\nsuricata_interface = "none0"\n' + more
        )
        return _key_exchanges(read_node(tmp_path / "node.toml"))

    ring = "[evidence]\nring_bytes_max = 10000000\n"
    assert rings("") == []
    assert rings("key_exchanges = false\n" + ring) == []
    assert rings(ring) == [("kex-ring", tmp_path / "data" / "packets" / "live")]
    assert [name for name, _ in rings('key_exchange_folder = "x"\n' + ring)] == ["kex", "kex-ring"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('log_files = ["foo:/var/log/x"]', "no format is called 'foo'"),
        ('suricata_interface = "eth9"', "too long a name"),
    ],
)
def test_what_cannot_be_is_said_before_the_node_is_up(tmp_path, setting, said) -> None:
    folder = "d" * 120
    (tmp_path / "node.toml").write_text(f'[node]\nactor = "klinik"\nfolder = "{folder}"\n[sense]\n{setting}\n')
    with contextlib.ExitStack() as closing, pytest.raises(Stop, match=said) as stopped:
        _senses(read_node(tmp_path / "node.toml"), SystemClock(), closing)
    assert stopped.value.code == Exit.CONFIGURATION


@pytest.mark.parametrize(("name", "said"), [("nothing.log", "is not there"), (".", "is a folder")])
def test_a_log_that_is_none_is_a_broken_source(tmp_path, name, said) -> None:
    (tmp_path / "node.toml").write_text(f'[node]\nactor = "klinik"\n[sense]\nlog_files = ["{name}"]\n')
    with contextlib.ExitStack() as closing:
        _, (source,) = _senses(read_node(tmp_path / "node.toml"), SystemClock(), closing)
        with pytest.raises(SourceBroken, match=said):
            list(source.poll())


def test_a_folder_of_captures_that_is_not_there_does_not_end_the_node(tmp_path) -> None:
    (tmp_path / "node.toml").write_text('[node]\nactor = "klinik"\n[sense]\ncaptures_folder = "nowhere"\n')
    with contextlib.ExitStack() as closing:
        _, (source,) = _senses(read_node(tmp_path / "node.toml"), SystemClock(), closing)
        assert Account(source, 0).figures().lag_bytes == 0
