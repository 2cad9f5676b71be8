"""What two machines said to each other is read out of packets: in order, within bounds, and never more than letters."""

import itertools
import os
import random
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.evidence.cut import Ports, Wanted, cut
from bavn.actor.evidence.ends import Ends
from bavn.actor.formats.fragments import put_together
from bavn.actor.formats.pcap import Packet, packets
from bavn.app.analyst.packets.conversation import conversations
from bavn.app.analyst.packets.kept import READ_BYTES_MAX, Cut, Span, read_out
from bavn.app.analyst.packets.said import HEX_BYTES_MAX, LINE_CHARS_MAX, said_in
from tests.conftest import data_folder

from ..actor.evidence.conftest import AT_US, HOST, PEER, frame, pcap  # noqa: TID252  the same packets

ENDS6 = ("2001:db8::1", "2001:db8::2")


def segment(payload, seq, *, back=False, flags=0x18, ends=(HOST, PEER), ports=(40000, 80), tags=0):
    """A frame of TCP from the host, or back to it."""
    (src, dst), (sport, dport) = (ends[::-1], ports[::-1]) if back else (ends, ports)
    raw = bytearray(frame(src, dst, sport, dport, payload, tags=tags))
    at = len(raw) - len(payload) - 32
    struct.pack_into("!IIBB", raw, at + 4, seq, 0, 0x80, flags)
    return bytes(raw)


def talk_of(*frames, ports=(40000, 80), **more):
    """The one conversation of frames, a millisecond apart."""
    found = [Packet(AT_US + n * 1000, 1, data, len(data)) for n, data in enumerate(frames)]
    (talk,), others = conversations(found)
    assert not others
    return talk


def http(**more):
    ask = b"GET /a?<script>alert(1)</script> HTTP/1.1\r\nHost: c2.example\r\n\r\n"
    body = b"<img src=x onerror=alert(1)>\x1b[31mred\xe2\x80\xaeetar\n" * 3
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    return [
        segment(b"", 99, flags=0x02, **more),
        segment(b"", 499, flags=0x12, back=True, **more),
        segment(ask[20:], 120, **more),  # before its first part
        segment(ask[:20], 100, **more),
        segment(ask[:20], 100, **more),  # and that again
        segment(answer, 500, back=True, **more),
    ]


@pytest.mark.parametrize("more", [{}, {"tags": 1}, {"tags": 2}, {"ends": ENDS6}, {"ends": ENDS6, "tags": 1}])
def test_a_request_and_its_answer_in_order_whatever_carries_them(more) -> None:
    talk = talk_of(*http(**more))
    assert (talk.client, talk.server, talk.cut) == (*more.get("ends", (HOST, PEER)), False)
    name, turns, others = said_in(talk)
    assert (name, others, [turn.client for turn in turns]) == ("http", False, [True, False])
    assert turns[0].head == "GET /a?<script>alert(1)</script> HTTP/1.1"
    assert turns[0].lines == ("Host: c2.example",)
    assert [turn.at_us - AT_US for turn in turns] == [3000, 5000]
    shown = "\n".join(turns[1].lines)
    assert r"\x1b[31mred\x202eetar" in shown, "what turns or colours a screen is written out"
    assert turns[1].hidden == 0


def test_a_capture_that_begins_and_ends_in_midst_gives_what_is_there_and_bytes_are_hex() -> None:
    frames = http()
    assert said_in(talk_of(*frames[2:]))[1], "without its beginning"
    name, turns, _ = said_in(talk_of(*frames[:5]))
    assert (name, len(turns)) == ("http", 1)
    missing = talk_of(frames[0], frames[1], segment(b"x" * 10, 500), segment(b"y", 900, back=True))
    assert missing.cut, "what came without what stands before it is said to be missing"
    junk = random.Random(1).randbytes(3000)
    name, (turn,), _ = said_in(talk_of(segment(junk[:1400], 100), segment(junk[1400:], 1500)))
    assert name == "text"
    assert (turn.hidden, len(turn.lines)) == (3000 - HEX_BYTES_MAX, HEX_BYTES_MAX // 16)
    assert turn.lines[0].startswith(f"000000  {junk[:16].hex(' ')}")
    (long,) = said_in(talk_of(segment(b"a" * 1400, 100)))[1]
    assert (len(long.lines[0]), long.hidden) == (LINE_CHARS_MAX, 1400 - LINE_CHARS_MAX - 1)


def test_names_asked_for_are_read_and_hostile_ones_are_letters() -> None:
    import dns.message

    asked = dns.message.make_query(r"evil\027[2J\<b\>.example.com", "A")
    back = dns.message.make_response(asked)
    junk = b"\x00\x01nonsense"
    talk = talk_of(
        *(
            frame(*ends, proto="udp", payload=data)
            for *ends, data in (
                (HOST, PEER, 40000, 53, asked.to_wire()),
                (PEER, HOST, 53, 40000, back.to_wire()),
                (HOST, PEER, 40000, 53, junk),
            )
        )
    )
    name, turns, _ = said_in(talk)
    assert (name, [turn.client for turn in turns]) == ("dns", [True, False, True])
    assert turns[0].head == r"evil\027[2J<b>.example.com. IN A"
    assert turns[2].head == f"{len(junk)} bytes"


@pytest.mark.parametrize("six", [False, True])
def test_what_came_in_fragments_is_put_together(six) -> None:
    from scapy.layers.inet import IP, UDP, fragment
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
    from scapy.layers.l2 import Dot1Q, Ether

    said = b"a long thing to say, " * 120
    inside = UDP(sport=40000, dport=9999) / said
    if six:
        parts = fragment6(IPv6(src=ENDS6[0], dst=ENDS6[1]) / IPv6ExtHdrFragment(id=7) / inside, 900)
    else:
        parts = fragment(IP(src=HOST, dst=PEER, id=7) / inside, 800)
    frames = [bytes(Ether() / Dot1Q(vlan=3) / part) for part in parts]
    assert len(frames) > 2
    talk = talk_of(frames[1], frames[0], *frames[2:])
    assert b"".join(piece.data for piece in talk.pieces) == said
    with pytest.raises(ValueError, match="unpack"):
        talk_of(*frames[1:])  # without the first there is nothing to read, and nothing breaks


def parts(*pieces, number=7):
    """Fragments of one packet of IPv4: offset, more to come, what it carries."""
    for offset, more, data in pieces:
        head = struct.pack("!BxHHHBBxx8s", 0x45, 20 + len(data), number, offset // 8 | more << 13, 64, 17, bytes(8))
        yield Packet(AT_US + offset, 101, head + data, 20 + len(data))


@pytest.mark.parametrize(
    ("pieces", "carried"),
    [
        ([(0, True, b"a" * 16), (8, True, b"b" * 16), (24, False, b"c")], b"a" * 16 + b"b" * 8 + b"c"),  # sent twice
        ([(0, True, b"a" * 8), (16, False, b"c" * 16)], None),  # a hole
        ([(0, True, b"a" * 8), (8, True, b"b" * 8)], None),  # no end
        ([(n * 8, n < 8190, b"a" * 8) for n in range(8191)], None),  # more than a packet may carry
    ],
)
def test_fragments_make_a_packet_only_where_every_part_is_there(pieces, carried) -> None:
    whole = put_together(parts(*pieces))
    assert [packet.data[20:] for packet in whole] == ([] if carried is None else [carried])
    assert [packet.data[20:] for packet in put_together([*parts(*pieces), *parts(*pieces)])] == (
        [] if carried is None else [carried] * 2
    ), "a number is used again"


def smb(command, *, status=0, answer=False, named=""):
    """A message of SMB 2, from its specification, with its length before it."""
    name = named.encode("utf-16-le")
    body = struct.pack("<4sHHIHHIIQQQ16x", b"\xfeSMB", 64, 0, status, command, 0, int(answer), 0, 0, 0, 0)
    body += {3: struct.pack("<HHHH", 9, 0, 72, len(name)), 5: struct.pack("<44xHH8x", 120, len(name))}.get(command, b"")
    return struct.pack("!I", len(body + name)) + body + name


def test_shares_and_files_that_are_asked_for_are_named_and_answers_have_their_status() -> None:
    asked = [smb(3, named="\\\\srv\\C$"), smb(5, named="évil\x1b[2J.exe"), smb(0x7F)]
    answers = [smb(3, answer=True, status=0xC0000022), smb(5, answer=True), smb(0x7F, answer=True, status=0xC0FFEE00)]
    frames, seq = [], [100, 500]
    for both in zip(asked, answers, strict=True):
        for back, data in enumerate(both):
            frames.append(segment(data, seq[back], back=bool(back), ports=(40000, 445)))
            seq[back] += len(data)
    name, turns, _ = said_in(talk_of(*frames, ports=(40000, 445)))
    assert (name, [(turn.head, *turn.lines) for turn in turns]) == (
        "smb",
        [
            (r"tree connect \\srv\C$",),
            ("tree connect (answer)", "status: STATUS_ACCESS_DENIED"),
            (r"create évil\x1b[2J.exe",),
            ("create (answer)", "status: STATUS_SUCCESS"),
            ("command 127",),
            ("command 127 (answer)", "status: 0xc0ffee00"),
        ],
    )


@given(st.data())
def test_whatever_is_changed_in_it_there_are_only_letters(data) -> None:
    frames = http()
    at = data.draw(st.integers(0, len(frames) - 1))
    place = data.draw(st.integers(0, len(frames[at]) - 1))
    frames[at] = frames[at][:place] + data.draw(st.binary(max_size=30)) + frames[at][place + 1 :]
    found = [Packet(AT_US + n, 1, raw, len(raw)) for n, raw in enumerate(frames)]
    for talk in conversations(found)[0]:
        for turn in said_in(talk)[1]:
            assert all(line.isprintable() and len(line) <= LINE_CHARS_MAX for line in (turn.head, *turn.lines))


def test_only_the_packets_of_the_flow_and_its_time_are_cut(tmp_path) -> None:
    of_flow = [segment(b"one", 1), segment(b"two", 1, back=True)]
    others = [
        segment(b"no", 1, ports=(40001, 80)),
        segment(b"no", 1, ends=("10.0.0.6", PEER)),
        frame(HOST, PEER, 40000, 80, proto="udp"),
        frame(HOST, "192.0.2.9", 40000, 80),
    ]
    file = tmp_path / "one.pcap"
    file.write_bytes(
        pcap(*[(AT_US + n, data) for n, data in enumerate([*of_flow, *others])], (AT_US + 10**10, of_flow[0]))
    )
    os.utime(file, (AT_US // 10**6 + 60, AT_US // 10**6 + 60))
    span = Span(host=HOST, peer=PEER, host_port=40000, peer_port=80, proto="tcp", first_us=AT_US, last_us=AT_US + 10**6)
    wanted = span.wanted(10_000, from_first=True)
    cut([file], [wanted])
    assert [packet.data for packet in wanted.found] == of_flow
    turned = Span(host=PEER, peer=HOST, host_port=80, peer_port=40000, proto="tcp", first_us=AT_US).wanted(
        10_000, from_first=False
    )
    cut([file], [turned])
    assert [packet.data for packet in turned.found] == of_flow
    host = Span(host=HOST, first_us=AT_US).wanted(10_000, from_first=False)
    cut([file], [host])
    assert len(host.found) == 5


def test_of_more_than_may_be_held_a_reader_gets_the_first_and_a_download_the_last(tmp_path) -> None:
    for name, begin in (("old", 0), ("new", 100)):
        (tmp_path / name).write_bytes(
            pcap(*[(AT_US + begin + n, segment(b"%03d" % (begin + n), n)) for n in range(100)])
        )
    for at, name in enumerate(("old", "new")):
        os.utime(tmp_path / name, (AT_US // 10**6 + at, AT_US // 10**6 + at))
    files = [tmp_path / "new", tmp_path / "old"]
    for first, expected in ((True, [b"000", b"001"]), (False, [b"198", b"199"])):
        wanted = Wanted(
            Ends(host=HOST, peers=(PEER,)), AT_US, AT_US + 10**6, 200, ports=Ports(40000, 80, 6), from_first=first
        )
        cut(files, [wanted])
        assert wanted.more
        assert [packet.data[-3:] for packet in wanted.found] == expected


@pytest.mark.slow
def test_a_flow_of_a_million_packets_is_read_in_bounded_time_and_memory(tmp_path) -> None:
    file = tmp_path / "big.pcap"
    raw = bytearray(segment(b"x" * 40, 0))
    seq_at = len(raw) - 40 - 28
    with file.open("wb") as out:
        out.write(pcap())
        for n in range(1_000_000):
            struct.pack_into("!I", raw, seq_at, n * 40)
            out.write(struct.pack("<IIII", AT_US // 10**6 + n // 10_000, n % 10_000, len(raw), len(raw)) + raw)
    span = Span(
        host=HOST, peer=PEER, host_port=40000, peer_port=80, proto="tcp", first_us=AT_US, last_us=AT_US + 2 * 10**8
    )
    os.utime(file, (AT_US // 10**6 + 200, AT_US // 10**6 + 200))
    wanted = span.wanted(READ_BYTES_MAX, from_first=True)
    began = time.process_time()
    cut([file], [wanted])
    said = read_out(Cut(wanted.found, wanted.more))
    assert time.process_time() - began < 10
    assert sum(len(packet.data) for packet in wanted.found) <= READ_BYTES_MAX
    (talk,) = said["conversations"]
    assert said["more"]
    assert talk["more"]
    assert sum(len(line) for turn in talk["turns"] for line in turn["lines"]) < 1_000_000


@pytest.mark.data
@pytest.mark.slow
def test_real_captures_are_read_by_their_protocols() -> None:
    seen: dict[str, int] = {}
    folder = data_folder() / "captures/pcap"
    for path in sorted((folder / "protocol-mix").rglob("*.pcap*")) + sorted(
        (folder / "technique/lateral-psexec").rglob("*.pcap*")
    ):
        for talk in conversations(list(itertools.islice(packets(path), 5000)))[0]:
            name, turns, _ = said_in(talk)
            seen[name] = seen.get(name, 0) + 1
            assert all(line.isprintable() for turn in turns for line in (turn.head, *turn.lines))
    assert min(seen.get(name, 0) for name in ("http", "dns", "tls", "smb")) > 3, seen
