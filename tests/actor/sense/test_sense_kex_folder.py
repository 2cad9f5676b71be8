"""A ring of captures that somebody else writes: each key exchange once, over files, growth, restart and deletion."""

import os
import struct

import pytest

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.handshakes.folder import KexFolder
from bavn.traffic.hello import client_hello, record, server_hello
from bavn.traffic.stacks import STACKS

STACK = next(iter(STACKS.values()))
HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)


def packet(second, port, payload, *, by_client=True, seq=100):
    a, b = bytes([10, 0, 0, 5]), bytes([192, 0, 2, 7])
    src, dst, ports = (a, b, (port, 443)) if by_client else (b, a, (443, port))
    mine, other = (seq, 500) if by_client else (500, seq + 2000)
    tcp = struct.pack(">HHIIBBHHH", *ports, mine, other, 0x50, 0x18, 1000, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst + tcp
    return struct.pack("<IIII", second, 0, len(ip), len(ip)) + ip


def hello(second, port, name):
    return packet(second, port, client_hello(STACK, name))


def answer(second, port):
    return packet(second, port, server_hello((0x0304, "TLS 1.3"), 0x1301) + record(20, b"\x01"), by_client=False)


@pytest.fixture
def ring(tmp_path):
    def write(name, raw, at):
        (tmp_path / name).write_bytes(raw)
        os.utime(tmp_path / name, (at, at))

    return tmp_path, write


def names(batches):
    return [name for batch in batches for t in batch.tables.values() for name in t["name"].to_pylist()]


def look(source):
    """Two looks: what has not changed in between is read; each batch is kept."""
    made = []
    for _ in range(2):
        for batch in source.poll():
            source.acknowledge(batch.mark)
            made.append(batch)
    return made


def made(folder, mark=None):
    return KexFolder(name="kex", sensor="s", folder=folder, mark=mark)


def test_files_are_read_once_in_the_order_they_were_written(ring):
    folder, write = ring
    write("z.pcap", HEAD + hello(1000, 1, "a.dk") + answer(1000, 1), 10)
    write("a.pcap", HEAD + hello(1001, 2, "b.dk") + answer(1001, 2), 20)
    write("notes.txt", b"no capture", 15)
    source = made(folder)
    assert list(source.poll()) == []
    assert source.lag_bytes() > 0
    assert names(look(source)) == ["a.dk", "b.dk"]
    assert (look(source), source.lag_bytes()) == ([], 0)


def test_a_conversation_over_two_files_is_one_row(ring):
    folder, write = ring
    write("1.pcap", HEAD + hello(1000, 1, "a.dk"), 10)
    write("2.pcap", HEAD + answer(1001, 1), 20)
    batches = look(made(folder))
    assert names(batches) == ["a.dk"]
    assert batches[-1].tables["kex"]["version"].to_pylist() == ["TLS 1.3"]


def test_a_file_that_grew_after_it_was_read_is_read_on_also_after_a_restart(ring):
    folder, write = ring
    first = HEAD + hello(1000, 1, "a.dk") + answer(1000, 1)
    write("1.pcap", first, 10)
    source = made(folder)
    batches = look(source)
    write("1.pcap", first + hello(1002, 2, "b.dk") + answer(1002, 2), 20)
    again = made(folder, batches[-1].mark)
    assert names(look(source)) == ["b.dk"]
    assert names(look(again)) == ["b.dk"]
    write("1.pcap", HEAD + hello(2000, 3, "c.dk") + answer(2000, 3), 30)
    assert names(look(source)) == ["c.dk"]


def test_a_hello_that_gets_no_answer_is_given_after_a_while(ring):
    folder, write = ring
    write("1.pcap", HEAD + hello(1000, 1, "a.dk"), 10)
    write("2.pcap", HEAD + hello(1200, 2, "b.dk"), 20)
    batches = look(made(folder))
    assert names(batches) == ["a.dk"]
    assert batches[-1].tables["kex"]["version"].to_pylist() == [None]


def test_damage_is_one_refusal_and_a_foreign_mark_is_an_error(ring):
    folder, write = ring
    write("1.pcap", HEAD + hello(1000, 1, "a.dk") + answer(1000, 1) + b"\1" * 30, 10)
    (batch,) = look(made(folder))
    assert (batch.rows, batch.refused, batch.refusals[0].line) == (1, 1, 0)
    for mark in ("7", "[]", "{", '["a", 0, 0, ""]'):
        with pytest.raises(SourceBroken, match="new name"):
            made(folder, mark)
    with pytest.raises(SourceBroken, match="cannot be listed"):
        list(made(folder / "nowhere").poll())
