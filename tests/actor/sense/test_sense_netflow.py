"""NetFlow v5, v9 and IPFIX become flows: values, both directions, sampling, parts of long flows, what is refused."""

import struct
from itertools import pairwise

import pytest
from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import (
    IPFIX_FIELDS,
    V9_FIELDS,
    answered,
    chunk,
    ipfix,
    ipfix_record,
    one,
    template,
    v4,
    v5,
    v9,
    v9_record,
)

CLIENT, SERVER = "10.1.0.5", "203.0.113.9"


@pytest.fixture
def collecting(tmp_path, engine):
    return Collecting(tmp_path, engine)


def sent_v5(flows, **more):
    return v5(flows, boot_ms=BOOT_MS, now_ms=NOW_MS, **more)


def sent_v9(flows, fields=V9_FIELDS, *, options=b"", learn=True, **more):
    sets = [chunk(0, template(260, fields))] if learn else []
    sets += [options] if options else []
    sets.append(chunk(260, b"".join(v9_record(f, BOOT_MS) for f in flows)))
    return v9(sets, boot_ms=BOOT_MS, now_ms=NOW_MS, **more)


def sent_ipfix(flows, *, learn=True, **more):
    sets = [chunk(2, template(260, IPFIX_FIELDS))] if learn else []
    return ipfix([*sets, chunk(260, b"".join(map(ipfix_record, flows)))], now_ms=NOW_MS, **more)


EVERY = pytest.mark.parametrize("sent", [sent_v5, sent_v9, sent_ipfix], ids=["v5", "v9", "ipfix"])


@EVERY
def test_both_directions_become_one_flow_that_the_client_opened(collecting, sent) -> None:
    collecting.send(sent(answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 5000))).settled()
    (row,) = collecting.rows()
    assert (row["src"], row["src_port"], row["dst"], row["dst_port"], row["proto"]) == (
        CLIENT,
        50_000,
        SERVER,
        443,
        "tcp",
    )
    assert (row["bytes_toserver"], row["bytes_toclient"]) == (2000, 9000)
    assert (row["pkts_toserver"], row["pkts_toclient"]) == (8, 9)
    assert int(row["ts"].timestamp() * 1000) == NOW_MS - 5000
    assert (row["ts_end"] - row["ts"]).total_seconds() == pytest.approx(0.8)
    assert (row["failed"], row["state"], row["since"], row["sampling"]) == (False, "closed", None, 1)
    assert row["sensor"] == "made/10.0.0.1"
    assert row["community_id"].startswith("1:")
    assert collecting.sums() == (2, 1, 1, 0) if sent is sent_v5 else collecting.sums()[1] == 1


@EVERY
def test_a_syn_without_answer_is_a_failed_call_and_one_that_was_refused_too(collecting, sent) -> None:
    silent = one(CLIENT, SERVER, 50_001, 22, flags=2, size=60, pkts=1, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    asked = one(CLIENT, SERVER, 50_002, 23, flags=2, size=60, pkts=1, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    shut = one(SERVER, CLIENT, 23, 50_002, flags=20, size=40, pkts=1, first_ms=NOW_MS - 890, last_ms=NOW_MS - 890)
    collecting.send(sent([silent, asked, shut])).settled()
    assert [(r["dst_port"], r["failed"]) for r in collecting.rows()] == [(22, True), (23, True)]


def test_who_tells_one_direction_only_does_not_make_every_call_a_failed_one(collecting) -> None:
    alone = [one(CLIENT, SERVER, 50_000 + at, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 100) for at in range(40)] + [
        one(CLIENT, SERVER, 40_000 + at, 5000, proto=17, flags=0, first_ms=NOW_MS - 900, last_ms=NOW_MS - 100)
        for at in range(40)
    ]
    collecting.send(sent_v5(alone[:30]), sent_v5(alone[30:60]), sent_v5(alone[60:])).settled()
    failed = {(row["proto"], row["failed"]) for row in collecting.rows()}
    assert failed == {("tcp", False), ("udp", None)}


def test_who_tells_both_directions_makes_a_silent_datagram_a_failed_call(collecting) -> None:
    talk = [f for at in range(30) for f in answered(CLIENT, SERVER, 50_000 + at, 443, at_ms=NOW_MS - 3000)]
    collecting.send(sent_v5(talk[:30]), sent_v5(talk[30:])).settled()
    silent = one(CLIENT, "10.9.9.9", 40_000, 161, proto=17, flags=0, pkts=1)
    collecting.send(sent_v5([silent | {"first_ms": NOW_MS - 10, "last_ms": NOW_MS - 10}])).settled()
    assert collecting.rows()[-1]["failed"] is True


def test_uptime_wraps_without_moving_a_flow(collecting) -> None:
    boot = NOW_MS - (1 << 32) - 2000  # the exporter's 32 bits wrapped two seconds ago
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 5000, last_ms=NOW_MS - 1000)
    collecting.send(v5([flow], boot_ms=boot, now_ms=NOW_MS)).settled()
    (row,) = collecting.rows()
    assert int(row["ts"].timestamp() * 1000) == NOW_MS - 5000
    assert int(row["ts_end"].timestamp() * 1000) == NOW_MS - 1000


def test_v9_whole_seconds_do_not_jitter(collecting) -> None:
    """The header tells whole seconds: flows a second apart by uptime stay a second apart."""
    starts = []
    for at in range(20):
        now = NOW_MS + at * 2370
        flow = one(CLIENT, SERVER, 50_000 + at, 443, first_ms=now - 1000, last_ms=now - 1000)
        sets = [chunk(0, template(260, V9_FIELDS)), chunk(260, v9_record(flow, BOOT_MS))]
        collecting.send(v9(sets, boot_ms=BOOT_MS, now_ms=now, sequence=at), after_s=2.37)
    collecting.settled()
    starts = sorted(int(row["ts"].timestamp() * 1e6) for row in collecting.rows())
    gaps = [(b - a) / 1e6 for a, b in pairwise(starts[5:])]
    assert len(gaps) == 14
    assert max(abs(gap - 2.37) for gap in gaps) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [3, 20])
def test_a_long_connection_told_in_parts_is_one_call(collecting, minutes) -> None:
    for minute in range(minutes):
        at = NOW_MS + minute * 60_000
        flags = (2 if minute == 0 else 0) | 24 | (1 if minute == minutes - 1 else 0)
        both = answered(CLIENT, SERVER, 50_000, 4444, at_ms=at, ms=59_000, flags=flags)
        collecting.send(v5(both, boot_ms=BOOT_MS, now_ms=at + 60_000), after_s=60).turn().poll()
    collecting.settled()
    rows = collecting.rows()
    assert len(rows) == minutes
    assert {row["flow_id"] for row in rows} == {rows[0]["flow_id"]}
    assert [row["since"] for row in rows] == [rows[0]["ts"]] * minutes
    assert [row["since"] < row["ts"] for row in rows] == [False] + [True] * (minutes - 1)
    assert [row["state"] for row in rows] == ["established"] * (minutes - 1) + ["closed"]
    assert {row["failed"] for row in rows} == {False}
    assert sum(row["bytes_toclient"] for row in rows) == 9000 * minutes


def test_ports_used_again_are_another_call(collecting) -> None:
    first = answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 9000)
    later = answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 3000)
    collecting.send(sent_v5(first + later)).settled()
    assert [(r["bytes_toserver"], r["since"], r["failed"]) for r in collecting.rows()] == [(2000, None, False)] * 2


def test_the_other_half_may_come_in_another_datagram_but_not_for_ever(collecting) -> None:
    there, back = answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 5000)
    collecting.send(sent_v5([there])).turn().poll().send(sent_v5([back], sequence=1)).settled()
    assert [row["pkts_toclient"] for row in collecting.rows()] == [9]


def test_what_leaves_is_not_counted_beside_what_came_in(collecting) -> None:
    fields = (*IPFIX_FIELDS, (61, 1))
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 100)
    body = b"".join(ipfix_record(flow) + bytes([way]) for way in (0, 1))
    collecting.send(ipfix([chunk(2, template(300, fields)), chunk(300, body)], now_ms=NOW_MS)).settled()
    assert [row["bytes_toserver"] for row in collecting.rows()] == [4000]


def test_ipfix_tells_both_directions_in_one_record(collecting) -> None:
    fields = (*IPFIX_FIELDS, (1, 8, 29305), (2, 8, 29305), (6, 1, 29305), (136, 1))
    flow = one(CLIENT, SERVER, 50_000, 443, flags=0x1B, first_ms=NOW_MS - 900, last_ms=NOW_MS - 100)
    body = ipfix_record(flow) + struct.pack(">QQBB", 70_000, 60, 0x1B, 3)
    collecting.send(ipfix([chunk(2, template(300, fields)), chunk(300, body)], now_ms=NOW_MS)).turn().poll()
    (row,) = collecting.rows()
    assert (row["src"], row["bytes_toserver"], row["bytes_toclient"], row["pkts_toclient"]) == (
        CLIENT,
        4000,
        70_000,
        60,
    )
    assert (row["failed"], row["state"], row["since"]) == (False, "closed", None)
    assert collecting.sums() == (1, 1, 0, 0)


def test_ipfix_variable_and_reduced_and_foreign_fields(collecting) -> None:
    fields = (
        (8, 4),
        (12, 4),
        (371, 65535),
        (7, 2),
        (11, 2),
        (4, 1),
        (6, 2),
        (1, 3),
        (2, 2),
        (77, 5, 9999),
        (150, 4),
        (151, 4),
        (460, 65535),
    )

    def record(at, name, tail):
        name = bytes([len(name)]) + name if len(name) < 255 else b"\xff" + struct.pack(">H", len(name)) + name
        return (
            v4(CLIENT)
            + v4(SERVER)
            + name
            + struct.pack(">HHBH", 50_000 + at, 443, 6, 0x1B)
            + (5000 + at).to_bytes(3)
            + struct.pack(">H", 10)
            + b"vwxyz"
            + struct.pack(">II", NOW_MS // 1000 - 9, NOW_MS // 1000 - 5)
            + bytes([len(tail)])
            + tail
        )

    body = record(0, b"alice", b"") + record(1, b"b" * 300, b"xyz") + record(2, b"", b"q")
    collecting.send(ipfix([chunk(2, template(300, fields)), chunk(300, body, pad=False)], now_ms=NOW_MS)).settled()
    assert [(r["src_port"], r["bytes_toserver"], r["tcp_flags_ts"]) for r in collecting.rows()] == [
        (50_000, 5000, 27),
        (50_001, 5001, 27),
        (50_002, 5002, 27),
    ]
    assert {int(row["ts"].timestamp()) for row in collecting.rows()} == {NOW_MS // 1000 - 9}


def test_ipv6_and_icmp(collecting) -> None:
    fields = ((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (139, 2), (1, 4), (2, 4), (152, 8), (153, 8))

    def record(a, b, kind):
        return v4(a) + v4(b) + struct.pack(">HHBHIIQQ", 0, 0, 58, kind << 8, 104, 1, NOW_MS - 500, NOW_MS - 500)

    body = record("2001:db8::1", "2001:db8::2", 128) + record("2001:db8::2", "2001:db8::1", 129)
    collecting.send(ipfix([chunk(2, template(300, fields)), chunk(300, body)], now_ms=NOW_MS)).settled()
    (row,) = collecting.rows()
    assert (row["proto"], row["icmp_type"], row["icmp_code"], row["failed"]) == ("ipv6-icmp", 128, 0, False)
    assert {row["src"], row["dst"]} == {"2001:db8::1", "2001:db8::2"}
    assert row["tcp_flags_ts"] is None


def test_v5_says_icmp_in_its_port(collecting) -> None:
    ping = one(CLIENT, SERVER, 0, 8 << 8, proto=1, flags=0, first_ms=NOW_MS - 90, last_ms=NOW_MS - 90)
    pong = one(SERVER, CLIENT, 0, 0, proto=1, flags=0, first_ms=NOW_MS - 80, last_ms=NOW_MS - 80)
    collecting.send(sent_v5([ping, pong])).settled()
    (row,) = collecting.rows()
    assert (row["src"], row["icmp_type"], row["icmp_code"], row["dst_port"], row["failed"]) == (CLIENT, 8, 0, 0, False)


def test_a_template_that_comes_late_is_waited_for(collecting) -> None:
    flows = answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 5000)
    collecting.send(sent_v9(flows, learn=False)).turn().poll()
    assert collecting.source.counts()["waiting_for_template"] == 1
    assert collecting.batches == []
    collecting.send(v9([chunk(0, template(260, V9_FIELDS))], boot_ms=BOOT_MS, now_ms=NOW_MS, sequence=1)).settled()
    assert [row["dst_port"] for row in collecting.rows()] == [443]


def test_a_template_that_never_comes_is_said(collecting) -> None:
    flows = answered(CLIENT, SERVER, 50_000, 443, at_ms=NOW_MS - 5000)
    collecting.send(sent_v9(flows, learn=False)).turn(200).poll()
    assert collecting.refused() == ["its template has not come"]
    assert collecting.sums() == (1, 0, 0, 1)


def test_a_template_may_be_told_anew_with_another_layout(collecting) -> None:
    other = tuple(reversed(V9_FIELDS))
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    again = one(CLIENT, SERVER, 50_001, 444, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    parts = dict(zip([f[0] for f in V9_FIELDS], split(v9_record(again, BOOT_MS), V9_FIELDS), strict=True))
    body = b"".join(parts[element] for element, _ in other)
    collecting.send(
        sent_v9([flow]),
        v9([chunk(0, template(260, other)), chunk(260, body)], boot_ms=BOOT_MS, now_ms=NOW_MS, sequence=1),
    ).settled()
    assert [(row["src_port"], row["dst_port"]) for row in collecting.rows()] == [(50_000, 443), (50_001, 444)]


def split(record, fields):
    at = 0
    for _, length in fields:
        yield record[at : at + length]
        at += length


def test_exporters_and_domains_keep_their_templates_apart(collecting) -> None:
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    other = tuple(reversed(V9_FIELDS))
    collecting.send(v9([chunk(0, template(260, other))], boot_ms=BOOT_MS, now_ms=NOW_MS, domain=2))
    collecting.send(v9([chunk(0, template(260, other))], boot_ms=BOOT_MS, now_ms=NOW_MS), sender="10.0.0.2")
    collecting.send(sent_v9([flow])).settled()
    assert [(row["src"], row["dst_port"]) for row in collecting.rows()] == [(CLIENT, 443)]


SAMPLER = struct.pack(">HHH", 400, 4, 8) + struct.pack(">HHHHHH", 1, 4, 48, 1, 50, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("datagrams", "rate"),
    [
        (lambda f: [sent_v5(f, sampling=(1 << 14) | 100)], 100),
        (lambda f: [sampled_v9(f, 7, known=True)], 512),
        (lambda f: [sampled_v9(f, 7, known=False)], None),
        (lambda f: [sampled_ipfix(f, ((34, 4),), struct.pack(">I", 64))], 64),
        (lambda f: [sampled_ipfix(f, ((305, 4), (306, 4)), struct.pack(">II", 1, 999))], 1000),
        (lambda f: [sampled_ipfix(f, ((309, 4), (310, 4)), struct.pack(">II", 2, 4096))], 2048),
    ],
    ids=["v5 header", "v9 sampler", "v9 sampler nobody told of", "ipfix interval", "ipfix space", "ipfix population"],
)
def test_sampling_scales_and_says_so(collecting, datagrams, rate) -> None:
    flow = one(CLIENT, SERVER, 50_000, 22, flags=2, size=60, pkts=1, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    collecting.send(*datagrams([flow])).settled()
    (row,) = collecting.rows()
    assert row["sampling"] == rate
    assert (row["bytes_toserver"], row["pkts_toserver"]) == (60 * (rate or 1), rate or 1)
    assert row["failed"] is None, "one packet in so many says nothing of an answer"


def sampled_v9(flows, number, *, known):
    fields = (*V9_FIELDS, (48, 1))
    options = chunk(1, SAMPLER) + chunk(400, struct.pack(">IBI", 0, number, 512)) if known else b""
    body = b"".join(v9_record(f, BOOT_MS) + bytes([number]) for f in flows)
    sets = [chunk(0, template(261, fields)), chunk(261, body), options]  # what is told later holds for the datagram
    return v9(sets, boot_ms=BOOT_MS, now_ms=NOW_MS)


def sampled_ipfix(flows, fields, record):
    told = struct.pack(">HHH", 500, 1 + len(fields), 1) + struct.pack(">HH", 149, 4)
    told += b"".join(struct.pack(">HH", *field) for field in fields)
    body = b"".join(map(ipfix_record, flows))
    sets = [chunk(3, told), chunk(500, bytes(4) + record), chunk(2, template(260, IPFIX_FIELDS)), chunk(260, body)]
    return ipfix(sets, now_ms=NOW_MS)


def test_gaps_in_sequences_are_losses_and_a_restart_is_none(collecting) -> None:
    flow = [one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)]
    collecting.send(sent_v5(flow, sequence=100), sent_v5(flow, sequence=101), sent_v5(flow, sequence=112))
    collecting.send(sent_v9(flow, sequence=5), sent_v9(flow, sequence=6), sent_v9(flow, sequence=9))
    collecting.send(sent_ipfix(flow, sequence=50), sent_ipfix(flow, sequence=51), sent_ipfix(flow, sequence=54))
    collecting.send(sent_v5(flow, sequence=3)).turn().poll()
    lost = {loss.what: (loss.count, loss.unit) for loss in collecting.source.losses()}
    assert lost["sequence_gap_v5"] == (10, "flows")
    assert lost["sequence_gap_v9"] == (2, "datagrams")
    assert lost["sequence_gap_ipfix"] == (2, "records")
    assert collecting.source.counts()["exporter_restarts"] == 1


def test_an_exporter_that_started_again_tells_its_templates_again(collecting) -> None:
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900)
    collecting.send(sent_v9([flow]))
    boot = NOW_MS - 1000
    body = chunk(260, v9_record(flow | {"ap": 50_007}, boot))
    collecting.send(v9([body], boot_ms=boot, now_ms=NOW_MS, sequence=0)).turn().poll()
    assert collecting.source.counts()["waiting_for_template"] == 1


def test_a_firewall_that_denies_makes_a_failed_call_and_a_beginning_is_passed(collecting) -> None:
    fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (233, 1), (323, 8), (231, 4), (232, 4))

    def record(port, event, up, down):
        return v4(CLIENT) + v4(SERVER) + struct.pack(">HHBBQII", port, 443, 6, event, NOW_MS - 500, up, down)

    body = record(50_000, 1, 0, 0) + record(50_001, 3, 0, 0) + record(50_002, 2, 800, 9000)
    sets = [chunk(0, template(263, fields)), chunk(263, body)]
    collecting.send(v9(sets, boot_ms=BOOT_MS, now_ms=NOW_MS)).settled()
    assert [(r["src_port"], r["failed"], r["bytes_toclient"]) for r in collecting.rows()] == [
        (50_001, True, 0),
        (50_002, False, 9000),
    ]
    assert collecting.sums() == (3, 2, 1, 0)


def test_a_clock_that_is_off_is_put_right(collecting) -> None:
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=1_000_000, last_ms=1_002_000)
    collecting.send(v5([flow], boot_ms=0, now_ms=1_005_000)).settled()
    (row,) = collecting.rows()
    assert int(row["ts"].timestamp() * 1000) == NOW_MS - 5000
    assert collecting.source.counts()["clock_off_datagrams"] == 1


def test_impossible_counters_are_refused_not_scaled(collecting) -> None:
    flow = one(CLIENT, SERVER, 50_000, 443, first_ms=NOW_MS - 900, last_ms=NOW_MS - 900, size=1 << 60)
    collecting.send(sent_ipfix([flow])).settled()
    assert collecting.refused() == ["counts more than a flow can be"]
    assert collecting.sums() == (1, 0, 0, 1)


def test_an_exporter_that_counts_a_message_s_own_records_first_has_no_gaps(collecting) -> None:
    """As softflowd does, which leaves out options, too."""
    told = 0
    for count in (3, 5, 2, 7):
        told += count
        flows = [one(CLIENT, SERVER, 50_000 + told + n, 443, first_ms=NOW_MS, last_ms=NOW_MS) for n in range(count)]
        collecting.send(sent_ipfix(flows, sequence=told))
    collecting.turn().poll()
    assert {loss.count for loss in collecting.source.losses()} == {0}


def test_a_record_of_both_directions_that_says_nothing_of_who_opened_is_told_by_its_ports(collecting) -> None:
    fields = (*IPFIX_FIELDS, (1, 8, 29305), (2, 8, 29305), (6, 1, 29305))
    flow = one(SERVER, CLIENT, 443, 50_000, flags=0x1B, first_ms=NOW_MS - 900, last_ms=NOW_MS - 100)
    body = ipfix_record(flow) + struct.pack(">QQB", 700, 6, 0x1B)
    collecting.send(ipfix([chunk(2, template(300, fields)), chunk(300, body)], now_ms=NOW_MS)).settled()
    assert [(r["src"], r["dst_port"], r["bytes_toserver"]) for r in collecting.rows()] == [(CLIENT, 443, 700)]


@pytest.mark.parametrize("length", [float("inf"), None, []])
def test_a_kept_template_that_was_damaged_is_refused_as_one(length) -> None:
    from bavn.actor.sense.flows.netflow_template import template_of

    with pytest.raises(ValueError, match="no template"):
        template_of([256, 0, [[0, 8, length]]])
