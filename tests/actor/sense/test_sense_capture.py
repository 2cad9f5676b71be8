"""Captures as files: looked at before Suricata gets them, and copied up to their damage."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.formats.pcap import form_of
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.capture import LINKTYPES, rescue, survey

PACKETS = [bytes([n]) * (20 + 7 * n) for n in range(6)]


def pcap(packets, order="<", linktype=1, magic=0xA1B2C3D4):
    head = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, linktype)
    return head + b"".join(struct.pack(order + "IIII", 1, n, len(p), len(p)) + p for n, p in enumerate(packets))


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(packets, order="<", linktypes=(1,)):
    raw = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    for linktype in linktypes:
        raw += block(1, struct.pack(order + "HHI", linktype, 0, 65535), order)
    for p in packets:
        raw += block(6, struct.pack(order + "IIIII", 0, 0, 0, len(p), len(p)) + p, order)
    return raw


@pytest.fixture
def put(tmp_path):
    def made(raw, name="x"):
        (tmp_path / name).write_bytes(raw)
        return tmp_path / name

    return made


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_kinds_in_both_byte_orders(put, order):
    looked = survey(put(pcap(PACKETS, order)))
    assert (looked.form, looked.linktype, looked.packets, looked.must_be_copied) == ("pcap", 1, True, False)
    looked = survey(put(pcapng(PACKETS, order)))
    assert (looked.form, looked.linktype, looked.packets) == ("pcapng", 1, True)
    assert survey(put(pcap(PACKETS, order, magic=0xA1B23C4D))).form == "pcap"


@pytest.mark.parametrize("raw", [pcap([]), pcapng([]), pcapng([], linktypes=())])
def test_a_capture_of_nothing_is_one(put, raw):
    assert not survey(put(raw)).packets


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "begins like neither"),
        (b'{"event_type": "flow"}', "begins like neither"),
        (pcap([])[:10], "breaks off in its header"),
        (pcapng([])[:9], "breaks off in its header"),
        (pcap(PACKETS, linktype=147), "link of type 147"),
        (pcapng(PACKETS, linktypes=(1, 113)), "different link types"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_one_reason(put, raw, says):
    with pytest.raises(SourceBroken, match=says):
        survey(put(raw))


def test_what_is_not_there_or_has_a_length_that_is_none_ends_there(tmp_path, put):
    with pytest.raises(SourceBroken, match="cannot be read"):
        survey(tmp_path / "none")
    raw = bytearray(pcap(PACKETS))
    third = len(pcap(PACKETS[:2]))
    raw[third + 8 : third + 12] = struct.pack("<I", 0x7FFFFFFF)
    rescued = rescue(put(bytes(raw)), tmp_path / "y")
    assert (rescued.packets, rescued.used_bytes) == (2, third)


@given(st.sampled_from([pcap(PACKETS), pcap(PACKETS, ">"), pcapng(PACKETS), pcapng(PACKETS, ">")]), st.data())
@settings(max_examples=60)
def test_a_cut_capture_is_copied_up_to_the_cut(tmp_path_factory, raw, data):
    folder = tmp_path_factory.mktemp("cut")
    cut = data.draw(st.integers(28 if form_of(raw) == "pcapng" else 24, len(raw)))
    (folder / "x").write_bytes(raw[:cut])
    rescued = rescue(folder / "x", folder / "y")
    copied = (folder / "y").read_bytes()
    assert raw.startswith(copied)
    assert len(copied) == rescued.used_bytes <= rescued.all_bytes == cut
    starts = ends_of(raw)
    assert rescued.used_bytes == max(end for end in starts if end <= cut)


def ends_of(raw):
    """Where a capture may end: behind each of its packets or blocks."""
    whole = []
    for count in range(len(PACKETS) + 1):
        order = ">" if raw[:4] == b"\xa1\xb2\xc3\xd4" or raw[8:12] == b"\x1a\x2b\x3c\x4d" else "<"
        whole.append(len((pcap if form_of(raw) == "pcap" else pcapng)(PACKETS[:count], order)))
    return [*([28] if form_of(raw) == "pcapng" else []), *whole]


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_garbage_behind_a_header_does_no_harm(tmp_path_factory, garbage):
    folder = tmp_path_factory.mktemp("garbage")
    for raw in (pcap(PACKETS[:2]), pcapng(PACKETS[:2])):
        (folder / "x").write_bytes(raw + garbage)
        rescued = rescue(folder / "x", folder / "y")
        assert rescued.used_bytes >= len(raw)
        assert (folder / "y").read_bytes()[: len(raw)] == raw


@pytest.mark.parametrize("form", [pcap, pcapng])
def test_the_newer_any_device_becomes_the_older(put, tmp_path, form):
    payload = b"\x45" + b"\0" * 19
    newer = b"\x08\x00" + b"\0\0" + b"\0\0\0\x02" + b"\0\x01" + b"\x04" + b"\x06" + b"abcdef\0\0" + payload
    path = put(pcap([newer], linktype=276) if form is pcap else pcapng([newer], linktypes=(276,)))
    assert survey(path).must_be_copied
    rescue(path, tmp_path / "y")
    assert survey(tmp_path / "y").linktype == 113
    older = b"\x00\x04" + b"\0\x01" + b"\0\x06" + b"abcdef\0\0" + b"\x08\x00" + payload
    assert older in (tmp_path / "y").read_bytes()
    assert rescue(tmp_path / "y", tmp_path / "z").packets >= 1


def test_link_types_are_numbers_of_the_registry():
    assert all(0 <= a < b < 65536 for a, b in pairwise(sorted(LINKTYPES)))
