"""What the detectors make of flows that were sampled, told in parts, or told one direction only."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bavn.actor.detect.detectors.beacon import Beacon
from bavn.actor.detect.detectors.bruteforce import BruteForce
from bavn.actor.detect.detectors.exfil import Exfil
from bavn.actor.detect.detectors.long import Long
from bavn.actor.detect.detectors.scan import Scan
from bavn.actor.detect.run import detect
from bavn.actor.sense.prepare import prepared
from bavn.actor.store.columns import ColumnStore
from bavn.model.moment import DAY_US

sys.path.insert(0, str(Path(__file__).parents[1] / "sense"))

from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import answered, flow_sample, frame, one, sflow, v5

HOMES = ("10.0.0.0/8",)
PEER = "198.51.100.77"


@pytest.fixture(scope="module")
def engine():
    return prepared()


def found(collecting, *detectors):
    with ColumnStore.temporary(homes=HOMES) as store:
        for at, batch in enumerate(collecting.batches):
            store.append("made", str(at), batch.tables)
        store.tidy()
        with store.window(NOW_MS * 1000 - DAY_US, store.stats().newest_us + 1) as window:
            return detect(window, detectors)


def office(dice, sampling):
    """An afternoon of an office behind a router that looks at one packet in ``sampling``: v5 as it would tell it."""
    for minute in range(15):
        flows = []
        for _ in range(29):
            client, server = f"10.1.0.{dice.integers(2, 60)}", f"203.0.113.{dice.integers(1, 250)}"
            port, door = int(dice.integers(40_000, 60_000)), int(dice.choice([443, 80, 22, 8443, 25]))
            at = NOW_MS + minute * 60_000 + int(dice.integers(0, 50_000))
            syn = dice.random() < 0.3
            one_way = one(
                client,
                server,
                port,
                door,
                flags=2 if syn else 16,
                pkts=1,
                size=60 if syn else 1400,
                first_ms=at,
                last_ms=at,
            )
            back = one(server, client, door, port, flags=16, pkts=1, size=1400, first_ms=at, last_ms=at)
            flows.append(one_way if dice.random() < 0.6 else back)
        yield v5(
            flows,
            boot_ms=BOOT_MS,
            now_ms=NOW_MS + (minute + 1) * 60_000,
            sampling=(1 << 14) | sampling,
            sequence=29 * minute,
        )


@pytest.mark.slow
def test_a_sampled_office_raises_no_alarm_of_scans(tmp_path, engine) -> None:
    collecting = Collecting(tmp_path, engine)
    for datagram in office(np.random.default_rng(3), 1000):
        collecting.send(datagram, after_s=60).turn()
    collecting.settled()
    assert {row["failed"] for row in collecting.rows()} <= {None, False}
    assert sum(row["failed"] is None for row in collecting.rows()) > 50
    assert found(collecting, Scan(), BruteForce(), Beacon()) == []


def test_the_same_without_the_sampling_told_would(tmp_path, engine) -> None:
    """What this is for: the same lone SYNs, taken for all there was, are a scan."""
    collecting = Collecting(tmp_path, engine)
    for at in range(60):
        syn = one("10.1.0.9", f"203.0.113.{at}", 50_000, 22, flags=2, pkts=1, size=60, first_ms=NOW_MS, last_ms=NOW_MS)
        collecting.send(v5([syn], boot_ms=BOOT_MS, now_ms=NOW_MS, sequence=at))
    collecting.settled()
    assert [s.detector for s in found(collecting, Scan())] == ["scan"]


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "megabytes", "told"), [(100, 100, True), (1000, 100, True), (1000, 55, False)])
def test_what_went_out_is_found_though_sampled_if_it_is_surely_much(tmp_path, engine, rate, megabytes, told) -> None:
    dice = np.random.default_rng(5)
    collecting = Collecting(tmp_path, engine, "sflow")
    packets = (
        int(dice.binomial(megabytes * 1_000_000 // 1400, 1 / rate)) if told else megabytes * 1_000_000 // 1400 // rate
    )
    up = frame(one("10.1.0.5", PEER, 50_000, 443, flags=16))
    for minute in range(12):
        n = packets * (minute + 1) // 12 - packets * minute // 12
        samples = [flow_sample(up, rate=rate, size=1400, cut=60)] * n
        for begin in range(0, n, 10):
            collecting.send(sflow(samples[begin : begin + 10], sequence=minute))
        collecting.turn(20)
    collecting.settled()
    sent = sum(row["bytes_toserver"] for row in collecting.rows())
    assert sent == packets * 1400 * rate
    suspicions = found(collecting, Exfil())
    assert bool(suspicions) is told
    if told:
        assert "estimated from sampled packets" in suspicions[0].why.en
        assert "udvalgte pakker" in suspicions[0].why.da


def parts(collecting, minutes, *, closes=False, others=False):
    for minute in range(0, minutes, 5):
        at = NOW_MS + minute * 60_000
        flags = (2 if minute == 0 else 0) | 24 | (1 if closes and minute + 5 >= minutes else 0)
        both = answered("10.1.0.5", PEER, 50_000, 8444, at_ms=at, ms=299_500, flags=flags)
        if others:  # they make the host one of many
            both += answered(f"10.1.1.{minute}", f"203.0.113.{minute}", 50_000, 443, at_ms=at)
        collecting.send(v5(both, boot_ms=BOOT_MS, now_ms=at + 300_000), after_s=300).turn().poll()
    return collecting.turn(2).poll()


@pytest.mark.slow
@pytest.mark.parametrize("closes", [False, True])
def test_a_connection_told_in_parts_is_long_while_it_is_open_and_no_beacon(tmp_path, engine, closes) -> None:
    collecting = parts(Collecting(tmp_path, engine), 90, closes=closes, others=True)
    suspicions = found(collecting, Long(), Beacon())
    assert [s.detector for s in suspicions] == ["long"]
    assert ("is open since" in suspicions[0].why.en) is not closes
    assert suspicions[0].last_us - suspicions[0].first_us == 90 * 60_000_000 - 500_000


@pytest.mark.slow
def test_parts_are_one_call_in_the_roll_up_with_all_their_bytes(tmp_path, engine) -> None:
    collecting = parts(Collecting(tmp_path, engine), 30)
    with ColumnStore.temporary(homes=HOMES) as store:
        for at, batch in enumerate(collecting.batches):
            store.append("made", str(at), batch.tables)
        with store.window(0, 2**60) as window:
            sql = "SELECT sum(flows), sum(answered), sum(failed), sum(bytes_toserver) FROM pair_hour"
            assert window.rows(sql) == [(1, 1, 0, 6 * 2000)]


@pytest.mark.slow
def test_a_beacon_by_netflow_is_found_and_by_sampled_netflow_is_not(tmp_path, engine) -> None:
    for sampling, expected in ((0, ["beacon"]), (10, [])):
        collecting = Collecting(tmp_path / str(sampling), engine)
        for turn in range(30):
            at = NOW_MS + turn * 300_000
            both = answered("10.1.0.5", PEER, 50_000 + turn, 443, at_ms=at)
            collecting.send(
                v5(both, boot_ms=BOOT_MS, now_ms=at + 1000, sampling=sampling, sequence=2 * turn), after_s=300
            ).turn(2)
        collecting.settled()
        assert [s.detector for s in found(collecting, Beacon())] == expected
