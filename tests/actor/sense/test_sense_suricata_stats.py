"""Suricata's counters, which begin at zero with each start, added up to what was lost in all."""

import pyarrow as pa

from bavn.actor.sense.suricata.stats import StatsTally


def stats(*rows):
    names = ("capture_packets", "capture_drops", "flow_memcap", "decoder_invalid", "tcp_sessions", "stream_gaps")
    filled = [(*row, *(0,) * (len(names) - len(row))) for row in rows]
    return {"stats": pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in filled])}


def told(tally):
    return {loss.what: (loss.count, loss.of) for loss in tally.losses() if loss.what != "stream_gaps"}


def test_counters_are_added_up_over_a_restart_and_shares_are_of_what_was_seen() -> None:
    tally = StatsTally()
    tally.take({})
    tally.take(stats((100, 0, 0, 0), (200, 50, 1, 0)))
    assert told(tally) == {"capture_drops": (50, 200), "flow_memory_full": (1, None)}
    assert (tally.recent_permille, tally.recent_drops) == (500, 50)
    tally.take(stats((40, 4, 0, 0)))
    assert told(tally) == {"capture_drops": (54, 240), "flow_memory_full": (1, None)}
    tally.begin()
    tally.take(stats((300, 0, 2, 0)))
    assert told(tally) == {"capture_drops": (54, 540), "flow_memory_full": (3, None)}
    assert tally.recent_permille == 0
    assert tally.seen == 4
    tally = StatsTally()
    tally.take(stats((1_000_000, 1, None, None), (1_000_000, 1, None, None)))
    assert (tally.recent_permille, tally.recent_drops) == (1, 0)
    tally.take(stats((None, None, None, None)))
    assert told(tally)["capture_drops"] == (1, 1_000_000)
    tally = StatsTally()
    tally.take(stats((10, 0, 0, 0, 100, 7), (20, 0, 0, 0, 150, 9)))
    tally.take(stats((5, 0, 0, 0, 2, 4)))
    gaps = next(loss for loss in tally.losses() if loss.what == "stream_gaps")
    assert (gaps.count, gaps.of) == (13, 152)
