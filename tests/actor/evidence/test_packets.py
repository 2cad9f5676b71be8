"""Captures are read whatever their form and damage; cutting takes just the suspicion's packets, within its bounds."""

import os
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.evidence import keep
from bavn.actor.evidence.cut import Wanted, cut, headers_only, needle
from bavn.actor.evidence.ends import Ends
from bavn.actor.evidence.keep import TRIES_MAX, Keeper, path_of, wanted_of
from bavn.actor.evidence.ring import bound, captures_in, keep_capture
from bavn.actor.evidence.settings import EvidenceSettings
from bavn.actor.formats.headers import heads_of
from bavn.actor.formats.pcap import Packet, packets, pcap_bytes
from bavn.model.moment import DAY_US, MINUTE_US
from bavn.rehearsal.clock import SimClock

from .conftest import AT_US, HOST, OTHER, PEER, RESOLVER, SECRET, frame, pcap, pcapng, suspicion

FORMS = {
    "pcap": pcap,
    "big endian": lambda *f: pcap(*f, order=">"),
    "nanoseconds": lambda *f: pcap(*f, nano=True),
    "pcapng": pcapng,
    "pcapng big endian, nanoseconds": lambda *f: pcapng(*f, order=">", tsresol=9),
}


def read(tmp_path, raw):
    file = tmp_path / "one"
    file.write_bytes(raw)
    return list(packets(file))


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_gives_the_same_packets(tmp_path, form) -> None:
    frames = [(AT_US + n, frame(payload=bytes([n]) * n)) for n in range(5)]
    assert [(p.at_us, p.data, p.linktype, p.wire_bytes) for p in read(tmp_path, FORMS[form](*frames))] == [
        (us, data, 1, len(data)) for us, data in frames
    ]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_file_that_breaks_off_anywhere_gives_what_stands_before(tmp_path, form) -> None:
    frames = [(AT_US + n, frame(payload=b"x" * 3)) for n in range(3)]
    raw = FORMS[form](*frames)
    counts = [len(read(tmp_path, raw[:size])) for size in range(len(raw) + 1)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-2], counts[-1]) == (0, 2, 3)


@given(st.binary(max_size=400), st.sampled_from(sorted(FORMS)), st.integers(0, 400), st.integers(0, 255))
def test_whatever_stands_in_it_reading_ends(tmp_path_factory, junk, form, place, byte) -> None:
    raw = bytearray(FORMS[form]((AT_US, frame()), (AT_US, frame())))
    raw[place % len(raw)] = byte
    for given_ in (junk, bytes(raw), bytes(raw) + junk, raw[:24] + junk):
        folder = tmp_path_factory.getbasetemp()
        for packet in read(folder, bytes(given_)):
            assert len(headers_only(packet).data) <= len(packet.data)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_only_packets_with_an_address_in_them_are_read(tmp_path, form) -> None:
    two, six = bytes([10, 0, 0, 7]), bytes.fromhex("20010db8" + "00" * 11 + "01")
    frames = [
        (AT_US, frame()),
        (AT_US + 1, frame(src="10.0.0.6")),
        (AT_US + 2, frame(OTHER, "10.0.0.7")),
        (AT_US + 3, frame("2001:db8::1", "2001:db8::2")),
        (AT_US + 4, frame(src="10.0.0.6")),
        (AT_US + 5, frame()),
    ]
    file = tmp_path / "one"
    file.write_bytes(FORMS[form](*frames))

    def having(*needles):
        return [packet.at_us - AT_US for packet in packets(file, needles)]

    assert having(bytes([10, 0, 0, 5])) == [0, 5]
    assert having(two, six) == [2, 3]
    assert having(two, bytes([10, 0, 0, 5])) == [0, 2, 5]
    assert having(bytes([10, 9, 9, 9])) == having() == []


@given(
    st.lists(st.binary(max_size=12), max_size=12),
    st.lists(st.binary(min_size=1, max_size=2), max_size=3),
    st.sampled_from(sorted(FORMS)),
)
def test_whatever_is_looked_for_the_same_packets_have_it(tmp_path_factory, payloads, needles, form) -> None:
    file = tmp_path_factory.getbasetemp() / "needles"
    file.write_bytes(FORMS[form](*[(AT_US + n, payload) for n, payload in enumerate(payloads)]))
    found = {packet.at_us - AT_US for packet in packets(file, needles)}
    those = {n for n, payload in enumerate(payloads) if any(needle in payload for needle in needles)}
    assert found >= those
    assert "ng" in form or found == those, "a block of pcapng has more in it than the packet"


@given(st.sampled_from([0, 1, 9, 12, 101, 113, 228, 229, 276, 147]), st.binary(max_size=120))
def test_whatever_a_frame_is_there_is_an_answer(linktype, data) -> None:
    heads = heads_of(linktype, data)
    assert 0 <= heads.bytes <= len(data)
    assert (heads.src is None) == (heads.dst is None)


@pytest.mark.parametrize("ends", [(HOST, PEER), ("2001:db8::1", "2001:db8::2")])
@pytest.mark.parametrize("proto", ["tcp", "udp"])
@pytest.mark.parametrize("tags", [0, 1, 2])
def test_without_payload_the_headers_stand_as_they_were(ends, proto, tags) -> None:
    data = frame(*ends, proto=proto, tags=tags)
    cut_ = headers_only(Packet(0, 1, data, len(data)))
    assert cut_.data + SECRET == data
    assert cut_.wire_bytes == len(data)
    heads = heads_of(1, data)
    assert (heads.src_port, heads.dst_port) == (40000, 443)


@given(st.binary(min_size=1, max_size=60), st.sampled_from([6, 17, 1, 58, 132, 47, 50, 99]), st.booleans())
def test_no_payload_survives_behind_the_headers(payload, proto, later) -> None:
    """Also of a later fragment and of a protocol nobody knows: then all behind the network's header goes."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 1, 100 if later else 0, 64, proto, 0) + bytes(8)
    data = bytes(12) + b"\x08\x00" + head + payload
    kept = headers_only(Packet(0, 1, data, len(data))).data
    assert len(kept) <= 34 + (0 if later else {6: 60, 17: 8, 1: 8, 58: 8, 132: 12}.get(proto, 0))


def files(tmp_path, *frames_of_files):
    """Capture files, the last one the newest."""
    made = []
    for number, frames in enumerate(frames_of_files):
        file = tmp_path / f"live.pcap.{number}"
        file.write_bytes(pcap(*frames))
        os.utime(file, ns=((AT_US + number * 1_000_000) * 1000,) * 2)
        made.append(file)
    return made


def test_only_the_pair_within_the_span_is_cut_in_order_of_time(tmp_path) -> None:
    mine = [(AT_US + n * 1000, frame(payload=b"%d" % n)) for n in range(4)]
    back = (AT_US + 1500, frame(PEER, HOST, 443, 40000))
    noise = [
        (AT_US + 1, frame(dst=OTHER)),
        (AT_US + 2, frame(src="10.0.0.6")),
        (AT_US - DAY_US, frame()),
        (AT_US + DAY_US, frame()),
        (AT_US + 3, bytes(60)),
    ]
    one = wanted_of(suspicion(), Ends(host=HOST, peers=(PEER,)), 100_000)
    cut(files(tmp_path, [mine[0], *noise, mine[1]], [mine[2], back, mine[3]]), [one])
    assert [(p.at_us, p.data) for p in one.found] == sorted([*mine, back])
    assert not one.more


def test_the_newest_that_fit_are_kept_and_the_largest_put_off(tmp_path) -> None:
    frames = [(AT_US + n, frame(payload=b"%02d" % n)) for n in range(40)]
    size = len(frames[0][1]) + 16
    one = Wanted(Ends(host=HOST, peers=(PEER,)), AT_US, AT_US + 100, 10 * size)
    cut(files(tmp_path, frames[:20], frames[20:35], frames[35:]), [one])
    assert [p.data for p in one.found] == [data for _, data in frames[30:]]
    assert one.more
    size = len(frame(payload=b"00")) + 16
    made = [(AT_US + n, frame(src=f"10.0.0.{1 + n % 4}", payload=b"%02d" % n)) for n in range(20)]
    more = [(AT_US + 20 + n, frame(src="10.0.0.1", payload=b"%02d" % n)) for n in range(4)]
    of = [Wanted(Ends(host=f"10.0.0.{n}", peers=(PEER,)), AT_US, AT_US + 100, 100 * size) for n in (1, 2, 3, 4)]
    cut(files(tmp_path, made, more), of, bytes_max=16 * size)
    assert [one.put_off for one in of] == [True, False, False, False]
    assert [len(one.found) for one in of] == [0, 5, 5, 5]
    alone = Wanted(Ends(host="10.0.0.1", peers=(PEER,)), AT_US, AT_US + 100, 100 * size)
    cut(files(tmp_path, made, more), [alone], bytes_max=size)
    assert (len(alone.found), alone.put_off) == (9, False), "one is never put off: it has a bound of its own"


def test_of_a_name_server_only_what_names_the_peer(tmp_path) -> None:
    asked, other = (b"\0" * 12 + needle(name) + b"\0\0\1\0\1" for name in ("a.Evil.Example", "good.example"))
    frames = [(AT_US, frame(dst=RESOLVER, dport=53, proto="udp", payload=p)) for p in (asked, other, asked.upper())]
    one = Wanted(Ends(host=HOST, peers=(), resolvers=(RESOLVER,), names=("evil.example",)), AT_US, AT_US, 100_000)
    cut(files(tmp_path, frames), [one])
    assert [p.data for p in one.found] == [frames[0][1], frames[2][1]]


def test_what_is_gone_no_capture_or_of_another_link_is_passed_over_or_counted(tmp_path) -> None:
    (good,) = files(tmp_path, [(AT_US, frame())])
    (tmp_path / "notes.txt").write_text("no capture")
    one = wanted_of(suspicion(), Ends(host=HOST, peers=()), 100_000)
    cut([tmp_path / "gone", tmp_path / "notes.txt", good], [one])
    assert len(one.found) == 1, "with no peer known, all of the host's"
    made = files(tmp_path, [], [(AT_US, frame())])
    made[0].write_bytes(pcap((AT_US, frame()[14:]), linktype=101))
    os.utime(made[0], ns=(AT_US * 1000,) * 2)
    one = wanted_of(suspicion(), Ends(host=HOST, peers=(PEER,)), 100_000)
    cut(made, [one])
    assert (len(one.found), one.other_link) == (1, 1)
    frames = [Packet(AT_US + n, 1, frame(), 2000) for n in range(3)]
    (tmp_path / "x").write_bytes(b"".join(pcap_bytes(frames, 1)))
    assert list(packets(tmp_path / "x")) == frames


@pytest.fixture
def keeper(tmp_path):
    ring = tmp_path / "ring"
    ring.mkdir()
    settings = EvidenceSettings(keep_packets_of=("beacon",), keep_packets_nats_min=3.0, evidence_days_max=2)
    return Keeper(
        folder=tmp_path / "evidence",
        settings=settings,
        clock=SimClock(AT_US + MINUTE_US),
        files=lambda: captures_in([ring]),
        ends=lambda s: Ends(host=s.host, peers=(s.peer,)),
    )


def test_what_triggers_is_kept_once_and_outlives_the_ring(keeper, tmp_path) -> None:
    (file,) = files(tmp_path / "ring", [(AT_US, frame())])
    plain = suspicion()
    quiet = suspicion(id="cd" * 16, detector="rarity")
    loud = suspicion(id="ef" * 16, detector="rarity", evidence_nats=3.5)
    assert keeper.turn([plain, quiet, loud]) == [plain.id, loud.id]
    file.unlink()
    keeper.clock.advance(MINUTE_US)
    assert keeper.turn([plain, quiet, loud]) == []
    kept = path_of(keeper.folder, plain.id)
    assert [p.data for p in packets(kept)] == [frame()]
    assert kept.stat().st_mode & 0o077 == 0
    assert {path.name for path in keeper.folder.iterdir()} == {f"{plain.id}.pcap", f"{loud.id}.pcap"}


def test_what_was_put_off_is_kept_at_the_next_turn(keeper, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(keep, "_MEMORY_BYTES_MAX", 1)
    keeper.settings = replace(keeper.settings, packets_bytes_max=10_000)
    frames = [(AT_US, frame(src=f"10.0.0.{n}", payload=bytes(1200 * n))) for n in (1, 2, 3, 4)]
    files(tmp_path / "ring", frames)
    all_of = [suspicion(id=f"{n}a" * 16, host=f"10.0.0.{n}") for n in (1, 2, 3, 4)]
    assert keeper.turn(all_of) == [one.id for one in all_of[:3]]
    assert keeper.turn(all_of) == [all_of[3].id]
    assert [p.data for p in packets(path_of(keeper.folder, all_of[3].id))] == [frames[3][1]]


def test_what_is_not_there_yet_is_tried_again_and_then_given_up(keeper, tmp_path) -> None:
    asked = []
    keeper.ends = lambda s: asked.append(s.id) or Ends(host=s.host, peers=(s.peer,))
    for _ in range(100):
        assert keeper.turn([suspicion()]) == []
        keeper.clock.advance(MINUTE_US)
    assert len(asked) == TRIES_MAX
    again = suspicion(id="12" * 16)
    assert keeper.turn([again]) == []
    files(tmp_path / "ring", [(AT_US, frame())])
    keeper.clock.advance(2 * MINUTE_US)
    assert keeper.turn([again]) == [again.id]


def test_it_forgets_by_age_and_by_size(keeper, tmp_path) -> None:
    files(tmp_path / "ring", [(AT_US, frame())])
    keeper.turn([suspicion()])
    keeper.clock.advance(2 * DAY_US + MINUTE_US)
    keeper.turn([])
    assert list(keeper.folder.iterdir()) == []
    for number in range(4):
        file = keeper.folder / f"{number}.pcap"
        file.write_bytes(bytes(100))
        os.utime(file, (number, number))
    assert bound(keeper.folder, 250) == 2
    assert sorted(path.name for path in keeper.folder.iterdir()) == ["2.pcap", "3.pcap"]
    assert bound(tmp_path / "nowhere", 0) == 0


def test_a_capture_that_was_read_is_kept_within_its_bound(tmp_path) -> None:
    given_, kept = tmp_path / "given", tmp_path / "kept"
    given_.mkdir()
    for number in range(3):
        file = given_ / f"{number}.pcap"
        file.write_bytes(bytes(100))
        os.utime(file, (number, number))
        assert keep_capture(file, kept, 250)
        file.unlink()
    assert sorted(path.name for path in kept.iterdir()) == ["1.pcap", "2.pcap"]
    (given_ / "large").write_bytes(bytes(300))
    assert not keep_capture(given_ / "large", kept, 250)
    assert not keep_capture(given_ / "gone", kept, 250)
    assert len(captures_in([kept])) == 2
