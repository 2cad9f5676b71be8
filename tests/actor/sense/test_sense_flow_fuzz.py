"""Whatever is sent to a collector: one outcome for each item, nothing raised, memory bounded, state that goes on."""

import json
import struct

import pytest
from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import V9_FIELDS, answered, chunk, flow_sample, frame, ipfix, one, sflow, template, v5, v9, v9_record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.sense.flows.exporters import EXPORTERS_MAX
from bavn.actor.sense.flows.halves import Outcomes
from bavn.actor.sense.flows.netflow_decode import NetflowDecoder
from bavn.actor.sense.flows.netflow_template import TEMPLATES_MAX
from bavn.actor.sense.flows.sflow_decode import SflowDecoder
from bavn.actor.sense.flows.spool import DATAGRAM, Frame
from bavn.model.record import address_uuid

SENDERS = [address_uuid(text).bytes for text in ("10.0.0.1", "10.0.0.2")]
BOUNDED = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

elements = st.sampled_from(
    [
        1,
        2,
        4,
        6,
        7,
        8,
        11,
        12,
        21,
        22,
        27,
        28,
        32,
        34,
        48,
        50,
        61,
        85,
        86,
        136,
        139,
        150,
        152,
        153,
        154,
        158,
        160,
        161,
        176,
        231,
        233,
        239,
        302,
        305,
        306,
        309,
        310,
        323,
        999,
    ]
)
lengths = st.sampled_from([0, 1, 2, 3, 4, 5, 8, 9, 16, 300, 0xFFFF])
fields = st.lists(
    st.one_of(st.tuples(elements, lengths), st.tuples(elements, lengths, st.sampled_from([29305, 9]))), max_size=12
)
numbers = st.sampled_from([0, 1, 2, 3, 4, 255, 256, 260, 65535])
whole_sets = st.one_of(
    st.builds(lambda n, f, kind: chunk(kind, template(n, f)), numbers, fields, st.sampled_from([0, 1, 2, 3])),
    st.builds(
        lambda n, f, s, kind: chunk(kind, struct.pack(">HHH", n, s, 4) + template(n, f)[4:]),
        numbers,
        fields,
        st.integers(0, 65535),
        st.sampled_from([1, 3]),
    ),
    st.builds(lambda n, body: chunk(n, body, pad=False), numbers, st.binary(max_size=400)),
    st.binary(max_size=60),
)
sets = st.lists(whole_sets, max_size=6)
words = st.integers(0, 0xFFFFFFFF)
netflow_datagrams = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda v, body: struct.pack(">H", v) + body, st.sampled_from([5, 9, 10]), st.binary(max_size=300)),
    st.builds(lambda s, q, d: v9(s, boot_ms=BOOT_MS, now_ms=NOW_MS, sequence=q, domain=d), sets, words, words),
    st.builds(lambda s, q, d: ipfix(s, now_ms=NOW_MS, sequence=q, domain=d), sets, words, words),
)
sflow_datagrams = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda body: struct.pack(">II", 5, 1) + body, st.binary(max_size=300)),
    st.builds(
        lambda headers, cut: sflow([flow_sample(header) for header in headers])[:cut],
        st.lists(st.binary(max_size=160), max_size=5),
        st.integers(0, 2000),
    ),
)


def told(decoder, datagrams):
    """What came out of two steps; between them the state was written down and read again."""
    out = Outcomes()
    frames = [Frame(DATAGRAM, NOW_MS * 1000, SENDERS[at % 2], data) for at, data in enumerate(datagrams)]
    half = len(frames) // 2
    made = decoder()
    made.decode(frames[:half], out, NOW_MS * 1000)
    again = decoder(json.loads(json.dumps(made.state())))
    again.decode(frames[half:], out, NOW_MS * 1000)
    return again, out


@given(st.lists(netflow_datagrams, max_size=8))
@BOUNDED
def test_any_netflow_has_outcomes_and_the_state_goes_on(datagrams) -> None:
    made, out = told(NetflowDecoder, datagrams)
    straight, out_straight = NetflowDecoder(), Outcomes()
    straight.decode(
        [Frame(DATAGRAM, NOW_MS * 1000, SENDERS[at % 2], data) for at, data in enumerate(datagrams)],
        out_straight,
        NOW_MS * 1000,
    )
    assert made.state()["templates"] == straight.state()["templates"]
    assert made.state()["exporters"] == straight.state()["exporters"]
    assert out.passed >= 0
    for halves in out.halves:
        assert (halves["last_us"] >= halves["first_us"]).all()
        assert (halves["first_us"] >= 0).all()


@given(st.lists(sflow_datagrams, max_size=8))
@BOUNDED
def test_any_sflow_has_outcomes_and_the_state_goes_on(datagrams) -> None:
    made, out = told(SflowDecoder, datagrams)
    assert made.state()["exporters"]["numbers"] == [s.hex() for s in SENDERS[: min(2, len(datagrams))]] or not datagrams
    assert sum(len(h) for h in out.halves) <= sum(len(d) for d in datagrams)


@given(st.lists(netflow_datagrams, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_netflow_becomes_batches_whose_sums_add_up(tmp_path_factory, engine, datagrams) -> None:
    collecting = Collecting(tmp_path_factory.mktemp("spool"), engine)
    collecting.send(*datagrams).turn(200).poll()
    lines, rows, passed, refused = collecting.sums()
    assert lines == rows + passed + refused  # and Batch itself held each
    assert collecting.source.counts()["waiting_records"] == 0


def test_a_flood_of_templates_domains_and_exporters_stays_within_bounds() -> None:
    decoder, out = NetflowDecoder(), Outcomes()
    frames = []
    for at in range(3000):
        sets = [chunk(0, b"".join(template(256 + (at * 20 + n) % 60_000, V9_FIELDS) for n in range(20)))]
        sender = (0xFFFF0A000000 + at).to_bytes(16)
        frames.append(Frame(DATAGRAM, NOW_MS * 1000, SENDERS[0], v9(sets, boot_ms=BOOT_MS, now_ms=NOW_MS)))
        frames.append(Frame(DATAGRAM, NOW_MS * 1000, sender, v9([], boot_ms=BOOT_MS, now_ms=NOW_MS)))
    for domain in range(6000):
        body = chunk(300, bytes(1000))
        frames.append(
            Frame(DATAGRAM, NOW_MS * 1000, SENDERS[0], v9([body], boot_ms=BOOT_MS, now_ms=NOW_MS, domain=domain))
        )
    decoder.decode(frames, out, NOW_MS * 1000)
    counts = decoder.counts()
    assert counts["exporters"] == EXPORTERS_MAX
    assert counts["templates"] <= TEMPLATES_MAX
    assert counts["waiting_for_template"] <= 4096
    assert len(json.dumps(decoder.state())) < 20 << 20
    reasons = {reason.en for _, reason in out.refused}
    assert {"more exporters than a node takes", "its template has not come"} <= reasons


@pytest.mark.slow
def test_killed_anywhere_no_record_is_lost_or_doubled(tmp_path, engine) -> None:
    """Polls are cut off at every batch, some of which the store kept and some it did not."""
    collecting = Collecting(tmp_path, engine)
    kept = []
    for minute in range(12):
        flows = answered("10.1.0.5", "203.0.113.9", 50_000 + minute, 443, at_ms=NOW_MS + minute * 15_000)
        flows += answered("10.1.0.7", "203.0.113.9", 40_000, 9999, at_ms=NOW_MS + minute * 15_000, ms=14_000, flags=24)
        sets = [chunk(260, b"".join(v9_record(f, BOOT_MS) for f in flows))]
        if minute == 0:
            sets.insert(0, chunk(0, template(260, V9_FIELDS)))
        collecting.send(v9(sets, boot_ms=BOOT_MS, now_ms=NOW_MS + minute * 15_000 + 14_500, sequence=minute)).turn()
        for batch in collecting.source.poll():
            if minute % 3 == 1:
                break  # killed before the store had it
            collecting.mark = batch.mark
            collecting.source.acknowledge(batch.mark)
            kept.append(batch)
        collecting.again()
    collecting.turn(8)
    kept += list(collecting.source.poll())
    rows = [row for batch in kept for row in batch.tables.get("flow", _nothing()).to_pylist()]
    short = sorted(row["src_port"] for row in rows if row["dst_port"] == 443)
    assert short == [50_000 + minute for minute in range(12)]
    long = [row for row in rows if row["dst_port"] == 9999]
    assert sum(row["bytes_toserver"] for row in long) == 12 * 2000
    assert len({row["flow_id"] for row in long}) == 1
    assert sum(batch.lines for batch in kept) == 48


def _nothing():
    import pyarrow as pa

    return pa.table({"n": pa.array([], pa.int64())})


def test_a_missing_state_is_said_and_reading_goes_on(tmp_path, engine) -> None:
    collecting = Collecting(tmp_path, engine)
    flow = [one("10.1.0.5", "203.0.113.9", 50_000, 443, first_ms=NOW_MS, last_ms=NOW_MS)]
    collecting.send(v5(flow, boot_ms=BOOT_MS, now_ms=NOW_MS)).turn(3).poll()
    for path in tmp_path.glob("*.state"):
        path.write_bytes(b"no state")
    collecting.again()
    collecting.send(v5(flow, boot_ms=BOOT_MS, now_ms=NOW_MS)).settled()
    assert [reason[:20] for reason in collecting.refused()] == ["the state beside the"]
    assert len(collecting.rows()) == 2


@pytest.mark.slow
def test_what_is_read_and_kept_is_deleted(tmp_path, engine) -> None:
    collecting = Collecting(tmp_path, engine)
    header = frame(one("10.1.0.5", "203.0.113.9", 50_000, 443))
    assert header
    for at in range(5):
        flow = [one("10.1.0.5", "203.0.113.9", 50_000 + at, 443, first_ms=NOW_MS, last_ms=NOW_MS)]
        collecting.send(v5(flow, boot_ms=BOOT_MS, now_ms=NOW_MS)).turn(3).poll()
        collecting.again()
    assert len(list(tmp_path.glob("*.state"))) == 1
    assert len(list(tmp_path.glob("*.spool"))) <= 2
