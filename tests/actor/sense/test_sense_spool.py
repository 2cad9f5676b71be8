"""What was received is there after any death, in order, once; what has no room is said."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.sense.spool import Item, Spool, SpoolMark, sender_bytes, sender_text

HERE = sender_bytes("192.0.2.1")


def item(n, payload=b"x"):
    return Item(n, HERE, 514, 1, payload)


def all_of(spool):
    return [found for taken in spool.read() for found in taken.items]


def test_what_is_put_is_read_once_and_in_order(tmp_path) -> None:
    spool = Spool(tmp_path, None, bytes_max=1 << 20, segment_bytes=200)
    assert spool.put([item(n) for n in range(3)]) == 3
    assert spool.put([item(3)]) == 1
    assert [found.us for found in all_of(spool)] == [0, 1, 2, 3]
    assert all_of(spool) == []
    spool.put([item(4)])
    assert [found.us for found in all_of(spool)] == [4]


def test_a_reader_that_died_before_it_kept_reads_again_from_its_mark(tmp_path) -> None:
    spool = Spool(tmp_path, None, bytes_max=1 << 20, segment_bytes=100)
    marks = []
    for n in range(5):
        spool.put([item(n)])
        marks += [taken.mark.text() for taken in spool.read()]
    spool.close()
    again = Spool(tmp_path, marks[1], bytes_max=1 << 20, segment_bytes=100)
    again.put([item(9)])
    assert [found.us for found in all_of(again)] == [2, 3, 4, 9]
    again.forget(again.place())
    assert len(list(tmp_path.iterdir())) == 1


def test_no_room_is_told_and_comes_back_with_reading(tmp_path) -> None:
    spool = Spool(tmp_path, None, bytes_max=3 * 60)
    assert spool.put([item(n, b"y" * 21) for n in range(5)]) == 3
    assert spool.put([item(9, b"y" * 21)]) == 0
    assert len(all_of(spool)) == 3
    assert spool.put([item(9, b"y" * 21)]) == 1


def test_a_torn_last_frame_is_cut_off_and_what_follows_is_whole(tmp_path) -> None:
    spool = Spool(tmp_path, None, bytes_max=1 << 20)
    spool.put([item(1), item(2)])
    spool.close()
    (file,) = tmp_path.iterdir()
    os.truncate(file, file.stat().st_size - 1)
    again = Spool(tmp_path, None, bytes_max=1 << 20)
    again.put([item(3)])
    assert [found.us for found in all_of(again)] == [1, 3]


def test_a_damaged_frame_costs_the_rest_of_its_file_and_is_counted(tmp_path) -> None:
    spool = Spool(tmp_path, None, bytes_max=1 << 20, segment_bytes=90)
    for n in range(4):
        spool.put([item(n)])
    first = min(tmp_path.iterdir())
    held = bytearray(first.read_bytes())
    held[-1] ^= 1
    first.write_bytes(held)
    assert [found.us for found in all_of(spool)] == [0, 2, 3]
    assert spool.damaged_bytes == len(held) // 2


def test_a_mark_beyond_what_lies_there_is_never_used_again_and_addresses_survive(tmp_path) -> None:
    spool = Spool(tmp_path, "7:100", bytes_max=1 << 20)
    spool.put([item(1)])
    assert [found.us for found in all_of(spool)] == [1]
    assert SpoolMark.parse(spool.place()).segment > 7
    for text in ("192.0.2.1", "2001:db8::1"):
        assert sender_text(sender_bytes(text)) == text
    assert sender_text(sender_bytes("fe80::1%lo")) == "fe80::1"


@given(st.lists(st.binary(max_size=300), max_size=30), st.integers(60, 2000))
@settings(max_examples=30)
def test_any_bytes_come_back_as_they_were(tmp_path_factory, payloads, segment) -> None:
    spool = Spool(tmp_path_factory.mktemp("s"), None, bytes_max=1 << 20, segment_bytes=segment)
    for payload in payloads:
        assert spool.put([item(1, payload)]) == 1
    assert [found.payload for found in all_of(spool)] == payloads
    spool.close()


def test_kill_9_loses_nothing_that_was_put(tmp_path) -> None:
    code = (
        "import sys, pathlib\nfrom bavn.actor.sense.spool import *\n"
        "s = Spool(pathlib.Path(sys.argv[1]), None, bytes_max=1 << 24, segment_bytes=500)\n"
        "for n in range(10**6):\n s.put([Item(n, bytes(16), 0, 0, b'z')])\n print(n, flush=True)\n"
    )
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as writer:
        for _ in range(200):
            said = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        said = max([said, *map(int, writer.stdout.read().split())])
    found = [one.us for one in all_of(Spool(tmp_path, None, bytes_max=1 << 24))]
    assert found == list(range(len(found)))
    assert len(found) > said
