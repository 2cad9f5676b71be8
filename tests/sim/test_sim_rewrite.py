"""Rewritten captures are read back by scapy, which computes every checksum anew."""

import contextlib
import struct
from ipaddress import IPv4Address, ip_address, ip_network

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, TCPerror, UDPerror
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import wrpcap, wrpcapng

from bavn.model.moment import DAY_US, SECOND_US
from bavn.traffic.sector import demo_sector
from bavn_lab.sim.readdress import AddressBook, NoRoom, readdressed
from bavn_lab.sim.reading import CaptureBroken, CutShort, ethernet, frames
from bavn_lab.sim.rewrite import assign, moved, rewrite

END_US = 1_795_532_400_000_000
ACTOR = demo_sector(1).actors[0]
HOME = [ip_network(home) for home in ACTOR.homes]


def book():
    return AddressBook(ACTOR.base, ACTOR.v6_prefix)


def at_home(text) -> bool:
    return any(ip_address(text) in home for home in HOME if home.version == ip_address(text).version)


def anew(raw: bytes) -> bytes:
    """The frame with every checksum computed again by scapy, quoted packets included."""
    frame = Ether(raw)
    for layer in (IP, TCP, UDP, ICMP, IPerror, UDPerror, ICMPv6EchoRequest, ICMPv6DestUnreach):
        if layer in frame:
            delattr(frame[layer], "chksum" if "chksum" in frame[layer].fields else "cksum")
    return bytes(frame)


INSIDE4 = st.one_of(
    st.integers(0x0A000001, 0x0AFFFFFE), st.integers(0xC0A80001, 0xC0A8FFFE), st.integers(0xAC100001, 0xAC1FFFFE)
).map(lambda n: str(IPv4Address(n)))
OUTSIDE4 = st.sampled_from(["25.1.2.3", "8.8.8.8", "224.0.0.251", "255.255.255.255", "169.254.1.1"])


@settings(max_examples=150)
@given(
    inside=INSIDE4,
    other=st.one_of(INSIDE4, OUTSIDE4),
    payload=st.binary(min_size=1, max_size=80),
    kind=st.sampled_from(["tcp", "udp", "icmp", "unreach"]),
    outward=st.booleans(),
    vlan=st.booleans(),
)
def test_checksums_stay_right_payloads_the_same_and_the_inside_comes_home(inside, other, payload, kind, outward, vlan):
    src, dst = (inside, other) if outward else (other, inside)
    l4 = {
        "tcp": TCP(sport=1, dport=2) / Raw(payload),
        "udp": UDP(sport=1, dport=2) / Raw(payload),
        "icmp": ICMP() / Raw(payload),
        "unreach": ICMP(type=3, code=3)
        / IPerror(src=dst, dst=src)
        / UDPerror(sport=9, dport=7, chksum=0x1234)
        / Raw(payload),
    }[kind]
    link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    before = bytes((link / Dot1Q(vlan=7) if vlan else link) / IP(src=src, dst=dst) / l4)
    after = readdressed(before, book(), "w")
    frame = Ether(after)
    new_inside = frame[IP].src if outward else frame[IP].dst
    new_other = frame[IP].dst if outward else frame[IP].src
    assert at_home(new_inside)
    assert new_other == other or (at_home(new_other) and other not in ("25.1.2.3", "8.8.8.8"))
    if kind == "unreach":
        assert {frame[IPerror].src, frame[IPerror].dst} == {new_inside, new_other}
        outer = Ether(after)
        del outer[ICMP].chksum
        assert Ether(bytes(outer))[ICMP].chksum == frame[ICMP].chksum
    else:
        assert anew(after) == after
        assert bytes(Ether(before)[IP].payload)[-len(payload) :] == bytes(frame[IP].payload)[-len(payload) :]


@settings(max_examples=60)
@given(payload=st.binary(max_size=60), kind=st.sampled_from(["tcp", "udp", "icmp6", "unreach"]))
def test_ipv6_too(payload, kind) -> None:
    inside, outside = "fd12:3456::7", "2a05:d018::5"
    quoted = IPv6(src=outside, dst=inside) / UDP(sport=1, dport=2, chksum=77) / Raw(payload)
    l4 = {
        "tcp": TCP() / Raw(payload),
        "udp": UDP(sport=4, dport=5) / Raw(payload),
        "icmp6": ICMPv6EchoRequest(data=payload),
        "unreach": ICMPv6DestUnreach() / quoted,
    }[kind]
    before = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IPv6(src=inside, dst=outside) / l4)
    after = Ether(readdressed(before, book(), "w"))
    assert at_home(after[IPv6].src)
    assert after[IPv6].dst == outside
    again = Ether(bytes(after))
    field = "cksum" if kind in ("icmp6", "unreach") else "chksum"
    layer = {"tcp": TCP, "udp": UDP, "icmp6": ICMPv6EchoRequest, "unreach": ICMPv6DestUnreach}[kind]
    delattr(again[layer], field)
    assert getattr(Ether(bytes(again))[layer], field) == getattr(after[layer], field)


def test_what_is_wrong_stays_wrong_and_other_links_and_quotes_follow() -> None:
    wrong = bytes(Ether() / IP(src="10.0.0.1", dst="8.8.8.8", chksum=0x1111) / TCP(chksum=0x2222))
    assert anew(readdressed(wrong, book(), "w")) != readdressed(wrong, book(), "w")
    none = bytes(Ether() / IP(src="10.0.0.1", dst="8.8.8.8") / UDP(chksum=0) / Raw(b"x"))
    assert Ether(readdressed(none, book(), "w"))[UDP].chksum == 0
    packet = bytes(IP(src="10.0.0.1", dst="8.8.8.8") / UDP())
    for link, raw in ((101, packet), (0, b"\2\0\0\0" + packet), (113, bytes(14) + b"\x08\x00" + packet)):
        assert bytes(Ether(ethernet(link, raw))[IP]) == packet
    quoted = IPerror(src="10.0.0.9", dst="25.0.0.1") / TCPerror(sport=1, dport=2)
    before = bytes(Ether() / IP(src="25.0.0.7", dst="10.0.0.9") / ICMP(type=11) / quoted)
    after = Ether(readdressed(before, book(), "w"))
    assert after[IPerror].src == after[IP].dst
    assert at_home(after[IP].dst)
    assert DNS not in after


@pytest.mark.slow
def test_later_fragments_have_no_l4_header_to_touch() -> None:
    body = bytes(range(64))
    before = bytes(Ether() / IP(src="10.0.0.1", dst="8.8.8.8", proto=17, frag=100) / Raw(body))
    assert readdressed(before, book(), "w")[34:] == body
    six = bytes(Ether() / IPv6(src="fd00::1", dst="2a05::1") / IPv6ExtHdrFragment(offset=9, nh=17) / Raw(body))
    assert readdressed(six, book(), "w")[-64:] == body


def test_hosts_stay_themselves_through_arp_and_foreign_protocols() -> None:
    b = book()
    asked = Ether(readdressed(bytes(Ether() / ARP(psrc="192.168.1.5", pdst="192.168.1.1")), b, "w"))
    assert at_home(asked[ARP].psrc)
    assert at_home(asked[ARP].pdst)
    named = Ether(dst="ff:ff:ff:ff:ff:ff") / IP(src="192.168.1.5", dst="192.168.1.255") / UDP(sport=137, dport=137)
    got = Ether(readdressed(bytes(named), b, "w"))
    assert got[IP].src == asked[ARP].psrc
    assert got[IP].dst == str(IPv4Address(ACTOR.base | 0xFFFF))
    lldp = bytes(Ether(type=0x88CC) / Raw(b"\x02\x07\x04abcdef"))
    assert readdressed(lldp, b, "w") == lldp
    raw = b"\xc0\xa8\x38\x65"
    assert b.of("one", raw) == b.of("one", raw) != b.of("two", raw)
    many = [b.of("m", (0x0A000000 + n).to_bytes(4, "big")) for n in range(5000)]
    assert len(set(many)) == 5000
    assert not any(address[3] in (0, 255) for address in many)
    with pytest.raises(NoRoom, match="more than"):
        [b.of("room", (0x0A000000 + n).to_bytes(4, "big")) for n in range(40_000)]


@given(st.binary(max_size=120))
def test_no_frame_is_too_strange_to_pass(raw) -> None:
    assert len(readdressed(raw, book(), "w")) == len(raw)
    for head in (b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x81\x00\x00\x01\x08\x00"):
        frame = bytes(12) + head + raw
        assert len(readdressed(frame, book(), "w")) == len(frame)
    for link in (0, 1, 12, 101, 113, 276, 999):
        ethernet(link, raw)


@given(st.lists(st.integers(0, 4 * 10**15), min_size=1, max_size=40))
def test_every_story_ends_at_the_end_and_splices_become_minutes(times) -> None:
    shifted = moved(np.array(times, dtype=np.int64), END_US)
    assert shifted.max() == END_US
    assert len(shifted) == len(times)
    steps = np.diff(shifted)
    assert (steps <= 2 * DAY_US).all()
    assert (steps >= -5 * SECOND_US).all()


def test_both_orders_of_pcap_and_moved_captures_keep_their_frames_and_rhythm(tmp_path) -> None:
    beat = np.arange(20) * 3600 * SECOND_US
    assert (np.diff(moved(beat, END_US)) == 3600 * SECOND_US).all()
    spliced = np.concatenate([np.array([52, 53]) * SECOND_US, END_US - DAY_US + np.arange(3) * SECOND_US])
    assert np.diff(moved(spliced, END_US)).tolist() == [SECOND_US, 60 * SECOND_US, SECOND_US, SECOND_US]
    assert len(moved(spliced[:0], END_US)) == 0
    wrpcap(str(tmp_path / "le.pcap"), sample(), endianness="<")
    wrpcap(str(tmp_path / "be.pcap"), sample(), endianness=">")
    wrpcap(str(tmp_path / "ns.pcap"), sample(), nano=True)
    wrpcapng(str(tmp_path / "a.pcapng"), sample())
    wanted = [(int(p.time * 1_000_000), bytes(p)) for p in sample()]
    for name in ("le.pcap", "be.pcap", "ns.pcap", "a.pcapng"):
        assert list(frames(tmp_path / name)) == wanted, name


def sample(count=10):
    made = []
    for n in range(count):
        packet = Ether() / IP(src="192.168.56.101", dst="25.1.2.3") / TCP(sport=1000 + n, dport=443) / Raw(b"x" * n)
        packet.time = 52.5 + n
        made.append(packet)
    return made


def test_broken_captures_say_why_and_the_rest_goes_on(tmp_path) -> None:
    wrpcap(str(tmp_path / "whole.pcap"), sample())
    whole = (tmp_path / "whole.pcap").read_bytes()
    (tmp_path / "cut.pcap").write_bytes(whole[:-7])
    (tmp_path / "link.pcap").write_bytes(whole[:20] + struct.pack("<I", 105) + whole[24:])
    (tmp_path / "magic.pcap").write_bytes(whole[:4])
    (tmp_path / "huge.pcap").write_bytes(whole[:32] + b"\xff\xff\xff\xff" + whole[36:])
    with pytest.raises(CutShort, match="breaks off"):
        list(frames(tmp_path / "cut.pcap"))
    with pytest.raises(CaptureBroken, match="link type 105"):
        list(frames(tmp_path / "link.pcap"))
    captures = sorted(tmp_path.glob("*.pcap"))
    done = rewrite(captures, ACTOR, END_US, tmp_path / "out")
    kept = {said.file.rsplit("/", 1)[1]: (said.kept, said.reason[:9]) for said in done.said}
    assert kept == {
        "cut.pcap": (9, "cut short"),
        "huge.pcap": (0, "cut short"),
        "link.pcap": (0, "skipped: "),
        "magic.pcap": (0, "skipped: "),
        "whole.pcap": (10, ""),
    }
    assert sum(written.packets for written in done.written) == 19


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_capture_is_never_more_than_one_reason(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("damage")
    kind = data.draw(st.sampled_from(["a.pcap", "a.pcapng"]))
    (wrpcapng if kind.endswith("ng") else wrpcap)(str(folder / kind), sample(4))
    raw = bytearray((folder / kind).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (folder / kind).write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    done = rewrite([folder / kind], ACTOR, END_US, folder / "out")
    assert len(done.said) == 1
    assert sum(written.packets for written in done.written) == done.said[0].kept


def test_output_is_in_order_ends_at_the_end_and_is_the_same_every_time(tmp_path) -> None:
    wrpcap(str(tmp_path / "a.pcap"), sample(30))
    wrpcap(str(tmp_path / "b.pcap"), sample(20))
    captures = [tmp_path / "a.pcap", tmp_path / "b.pcap"]
    one, two = (rewrite(captures, ACTOR, END_US, tmp_path / str(n), stretch_hours=1) for n in (1, 2))
    assert one == two
    assert one.written[-1].last_us == END_US
    assert one.inside_addresses == 2
    times = [moment for w in one.written for moment, _ in frames(tmp_path / "1" / w.path)]
    assert times == sorted(times)
    assert len(times) == 50


def test_captures_are_dealt_round_unless_folders_name_the_actors(tmp_path) -> None:
    for name in ("family/1.pcap", "family/2.pcap", "family/3.pcap", "x.pcap"):
        (tmp_path / "round" / name).parent.mkdir(parents=True, exist_ok=True)
        wrpcap(str(tmp_path / "round" / name), sample(1))
    (tmp_path / "round" / "notes.txt").write_text("no capture")
    dealt = assign(tmp_path / "round", ["north", "south"])
    assert {name: [p.name for p in paths] for name, paths in dealt.items()} == {
        "north": ["1.pcap", "3.pcap"],
        "south": ["2.pcap", "x.pcap"],
    }
    for name in ("north/1.pcap", "north/2.pcap", "south/3.pcap"):
        (tmp_path / "laid" / name).parent.mkdir(parents=True, exist_ok=True)
        wrpcap(str(tmp_path / "laid" / name), sample(1))
    laid = assign(tmp_path / "laid", ["north", "south", "east"])
    assert {name: len(paths) for name, paths in laid.items()} == {"north": 2, "south": 1, "east": 0}
    with pytest.raises(ValueError, match="at least one"):
        assign(tmp_path, [])


@pytest.mark.data
@pytest.mark.slow
def test_real_captures_lose_no_packet_and_leave_no_inside_address_abroad(data, tmp_path) -> None:
    captures = assign(data / "captures", ["a"])["a"][::9]
    for path in captures:
        given_ = []
        with contextlib.suppress(CutShort):
            given_.extend(frames(path))
        done = rewrite([path], ACTOR, END_US, tmp_path / path.name)
        assert sum(written.packets for written in done.written) == len(given_)
        for written in done.written:
            for _, raw in frames(tmp_path / path.name / written.path):
                if raw[12:14] == b"\x08\x00" and len(raw) >= 34:
                    for at in (26, 30):
                        address = IPv4Address(raw[at : at + 4])
                        private = any(
                            address in ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
                        )
                        assert not private or at_home(str(address))
