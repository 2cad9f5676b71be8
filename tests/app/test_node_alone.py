"""A node without a sector: it watches for its own actor, keeps nothing for a centre, and needs no key from anybody."""

import json

import pytest

from bavn.app.config.load import read_node
from bavn.app.node.parts import build
from bavn.app.process.exits import Exit, Stop


@pytest.fixture
def config(tmp_path):
    flow = {
        "timestamp": "2026-11-24T10:00:00.000000+0000",
        "event_type": "flow",
        "src_ip": "10.0.0.5",
        "src_port": 40000,
        "dest_ip": "192.0.2.7",
        "dest_port": 443,
        "proto": "TCP",
        "flow_id": 1,
        "flow": {
            "start": "2026-11-24T10:00:00.000000+0000",
            "end": "2026-11-24T10:00:01.000000+0000",
            "state": "closed",
            "pkts_toserver": 3,
            "pkts_toclient": 3,
            "bytes_toserver": 300,
            "bytes_toclient": 300,
        },
    }
    (tmp_path / "eve.json").write_text(json.dumps(flow) + "\n")
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "lonely"\n[sense]\neve_file = "eve.json"\n')
    return file


@pytest.mark.slow
def test_it_reads_and_concludes_and_tells_nobody(config) -> None:
    parts = build(read_node(config))
    try:
        for _ in range(3):
            parts.monitor.look()
            parts.talker.serve()
            assert parts.talker.send() == 0
        assert parts.store.stats().rows == {"flow": 1}
        assert not parts.door.queued(10)
        assert [line for line in parts.ledger.every() if line.way == "out"] == []
    finally:
        parts.close()


def test_it_starts_again(config) -> None:
    for _ in range(2):
        build(read_node(config)).close()


def test_with_a_centre_it_must_be_enrolled(config) -> None:
    config.write_text(config.read_text().replace("[sense]", 'centre_url = "https://127.0.0.1:1"\n[sense]'))
    with pytest.raises(Stop, match="bavn node enrol") as stopped:
        build(read_node(config))
    assert stopped.value.code is Exit.CONFIGURATION
