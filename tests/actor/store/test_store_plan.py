"""What is merged and what is forgotten, decided from the list alone; and forgetting done for real."""

import datetime as dt

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import FORGOTTEN
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.retention import Edges, Merge, edges, forget_before, next_merge
from bavn.actor.store.segments.rebuild import rebuild
from bavn.actor.store.segments.segment import Segment, layout
from bavn.model.moment import DAY_US, HOUR_US

NUMBERS = iter(range(1, 10**9))
LIMITS = StoreLimits(micro_segments_max=3)
EDGE = Edges(closed_before=100, settled_before=76)


def at(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC).replace(tzinfo=None) + dt.timedelta(microseconds=us)


def segment(
    hour: int | None,
    rows: int,
    hours: dict[int, int] | None = None,
    table: str = "flow",
    size: int = 100,
    span: int = 1,
) -> Segment:
    return Segment(
        id=next(NUMBERS),
        table=table,
        raw=table,
        hour=hour,
        rows=rows,
        bytes=size,
        crc32=0,
        first_us=0,
        last_us=0,
        layout=layout(table),
        span=span,
        hours=tuple((hours or {}).items()),
    )


@pytest.mark.parametrize(
    ("segments", "due"),
    [
        ([segment(None, 10, {100: 10})] * 2, False),  # the open hour may gather
        ([segment(None, 10, {100: 10})] * 3, True),  # but not without bound
        ([segment(None, 10, {99: 10})], True),  # an hour has closed
        ([segment(None, 10, {99: 1, 100: 9}), segment(99, 100)], False),  # a late row can wait
        ([segment(None, 40, {99: 30, 100: 10}), segment(99, 100)], True),  # many late rows cannot
        ([segment(99, 100)], False),
        ([segment(99, 100), segment(99, 4)], False),
        ([segment(99, 100), segment(99, 5)], True),
        ([segment(99, 100), segment(99, 1), segment(99, 1), segment(99, 1)], True),
        ([segment(75, 100), segment(75, 1)], True),  # settled: one file for good
        ([segment(100, 10)] * 7, False),
        ([segment(100, 10)] * 8, True),
        ([segment(99, 100), segment(99, 30, table="dns")], False),
        ([], False),
    ],
)
def test_when_a_merge_is_due(segments, due):
    merge = next_merge(segments, EDGE, LIMITS)
    assert (merge is not None) == due
    if merge is not None:
        assert set(merge.inputs) <= set(segments)
        assert len({s.table for s in merge.inputs}) == 1


EVENING = Edges(closed_before=48, settled_before=24)


@pytest.mark.parametrize(
    ("segments", "pack"),
    [
        ([segment(24 + k, 10) for k in range(24)], (24, 24)),  # a day has closed
        ([segment(24, 10), segment(30, 10)], (24, 24)),
        ([segment(24, 10)], None),
        ([segment(24, 10), segment(24, 0.1, span=24)], (24, 24)),  # many late rows beside a pack
        ([segment(24, 1), segment(24, 100, span=24)], None),  # a few can wait
        ([segment(0, 1), segment(0, 100, span=24)], (0, 24)),  # until no more come
        ([segment(24, 10), segment(24, 10, table="dns")], None),
        ([segment(24, 10, size=6000), segment(25, 10, size=6000)], None),  # too large
        ([segment(24, 10, size=6000), segment(31, 10, size=2000), segment(32, 10, size=4000)], (30, 6)),
        ([segment(48, 10), segment(49, 10)], None),  # it has not ended
        ([segment(24, 10), segment(24, 90, span=6), segment(30, 90, span=6)], (24, 24)),
    ],
)
def test_small_hours_become_a_pack(segments, pack):
    merge = next_merge(segments, EVENING, StoreLimits(pack_bytes_max=11_000))
    if pack is None:
        assert merge is None
    else:
        assert merge is not None
        assert merge.packs == (pack,)
        assert len(merge.inputs) >= 2


def test_quarters_are_packed_and_edges_follow_the_clock_until_age_or_bytes_end_them():
    hours = [segment(24 + k, 10) for k in range(9)]
    merge = next_merge(hours, Edges(closed_before=33, settled_before=9), StoreLimits())
    assert merge == Merge(inputs=tuple(hours[:6]), packs=((24, 6),))
    late = LIMITS.late_minutes_max * 60_000_000
    assert edges(100 * HOUR_US + late, LIMITS) == Edges(closed_before=100, settled_before=76)
    assert edges(100 * HOUR_US + late - 1, LIMITS).closed_before == 99
    assert next_merge([segment(None, 1, {10**6: 1})], edges(None, LIMITS), LIMITS) is not None
    those = [segment(hour, 10, size=1000) for hour in range(100, 110)] + [segment(None, 10, {105: 5, 109: 5}, size=400)]
    by_bytes = StoreLimits(age_days_max=None, bytes_max=3500)
    assert forget_before(those, by_bytes, None) == 107
    assert forget_before(those, StoreLimits(age_days_max=None, bytes_max=10_400), None) == 0
    assert forget_before(those, StoreLimits(age_days_max=None, bytes_max=1), None) == 109, "never the newest hour"
    assert forget_before(those, StoreLimits(age_days_max=1), 128 * HOUR_US) == 104
    assert forget_before(those, StoreLimits(age_days_max=1), 500 * HOUR_US) == 109
    assert forget_before(those, StoreLimits(age_days_max=1), 50 * HOUR_US) == 26
    assert forget_before([], by_bytes, 0) == 0


@pytest.mark.parametrize(
    ("micro", "beside", "packs"),
    [
        ({24 + k: 4 for k in range(24)}, [], ((24, 24),)),
        ({24: 10, 47: 10}, [], ((24, 24),)),
        ({24: 10}, [], ()),  # one hour is an hour
        ({0: 10, 5: 10, 24: 10, 40: 10}, [], ((0, 24), (24, 24))),
        ({24: 10, 25: 10, 47: 10, 48: 10, 49: 10}, [], ((24, 24),)),  # the rest has not closed
        ({24: 10, 25: 10}, [segment(30, 10)], ((24, 6),)),  # some of that day lies sorted
        ({24: 10, 25: 10}, [segment(26, 10)], ()),
        ({24: 10, 25: 10}, [segment(24, 10, {26: 10}, span=24)], ()),
        ({24: 10, 25: 10}, [segment(26, 10, table="dns")], ((24, 24),)),
        ({24: 50, 25: 50, 30: 60, 31: 10, 36: 110, 37: 1}, [], ((24, 6), (30, 6))),  # too large for one
    ],
)
def test_history_that_comes_whole_becomes_packs_at_once(micro, beside, packs):
    given = segment(None, sum(micro.values()), micro, size=sum(micro.values()) * 100)
    merge = next_merge([given, *beside], EVENING, StoreLimits(pack_bytes_max=11_000))
    assert merge == Merge(inputs=(given,), packs=packs)


@pytest.mark.slow
def test_an_old_capture_is_written_once_and_answers_as_if_it_had_come_by_the_hour(tmp_path, rows, clock, hour0):
    day = (hour0 // 24 + 1) * 24
    clock.us = (day + 60) * HOUR_US
    those = [{"ts": at((day + k) * HOUR_US + j), "flow_id": 100 * k + j} for k in range(61) for j in range(3)]
    questions = ("SELECT flow_id FROM flow ORDER BY ALL", "FROM pair_hour ORDER BY ALL")
    answers, files = [], []
    for name, bytes_max in (("whole", 16 << 20), ("hours", 1)):
        limits = StoreLimits(pack_bytes_max=bytes_max)
        with ColumnStore.open(tmp_path / name, limits, clock=clock) as store:
            store.append("a", "1", {"flow": rows("flow", those[:150])})
            store.append("a", "2", {"flow": rows("flow", those[150:])})
            done = store.tidy()
            assert store.tidy().merged == 0
            files.append(len(store._manifest.segments("tbl = 'flow'")))
            with store.window(0, 2**60) as window:
                answers.append([window.rows(question) for question in questions])
        assert done.merged == 1
    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 183
    assert files == [2 + 1 + 7, 61]  # days, a quarter, and hours of a quarter that has not closed


@pytest.mark.slow
def test_a_day_ends_in_one_file_and_every_question_has_its_old_answer(tmp_path, rows, clock, hour0):
    """Windows that cut the pack, late rows beside it, and forgetting into it."""
    day = (hour0 // 24 + 1) * 24
    limits, apart = StoreLimits(age_days_max=2), StoreLimits(age_days_max=2, pack_bytes_max=1)
    clock.us = day * HOUR_US
    questions = ("SELECT flow_id FROM flow ORDER BY ALL", "FROM pair_hour ORDER BY ALL", "FROM name_hour ORDER BY ALL")

    def answers(store):
        found = []
        for first, last in ((0, 200), (3, 5), (3.5, 20.25), (23, 24), (26, 28)):
            with store.window(int((day + first) * HOUR_US), int((day + last) * HOUR_US)) as window:
                found.append([window.rows(question) for question in questions])
        return found

    with (
        ColumnStore.open(tmp_path / "packed", limits, clock=clock) as packed,
        ColumnStore.open(tmp_path / "apart", apart, clock=clock) as hourly,
    ):
        for number in range(31):
            clock.us = (day + number) * HOUR_US + 1
            late_us = 5 * HOUR_US if number % 9 == 8 else 0
            those = [{"ts": at(clock.us + k - late_us), "flow_id": number, "rrname": "a.dk"} for k in range(3)]
            for store in (packed, hourly):
                store.append("a", str(number), {name: rows(name, those) for name in ("flow", "dns")})
                store.tidy()
            assert answers(packed) == answers(hourly)
        (pack,) = packed._manifest.segments(f"tbl = 'flow' AND span = 24 AND hour = {day}")
        assert pack.rows == 72
        assert len(packed._manifest.segments()) < len(hourly._manifest.segments()) / 3
        clock.us = (day + 60) * HOUR_US
        for store in (packed, hourly):
            store.tidy()
        assert packed.stats().forgotten_rows == hourly.stats().forgotten_rows > 0
        assert answers(packed) == answers(hourly)
    (tmp_path / "packed" / "manifest.sqlite").unlink()
    rebuild(tmp_path / "packed")
    with (
        ColumnStore.open(tmp_path / "packed", limits, clock=clock) as packed,
        ColumnStore.open(tmp_path / "apart", apart, clock=clock) as hourly,
    ):
        assert answers(packed) == answers(hourly)


def test_forgetting_into_a_pack_of_rows_without_names_comes_to_an_end(tmp_path, rows, clock, hour0):
    """Its roll-up is empty, so nothing in it ever falls away."""
    day = (hour0 // 24 + 1) * 24
    clock.us = (day + 24) * HOUR_US
    with ColumnStore.open(tmp_path, StoreLimits(age_days_max=1), clock=clock) as store:
        for hour in (5, 9, 20):
            nameless = [{"ts": at((day + hour) * HOUR_US), "sni": None}]
            store.append("a", str(hour), {"tls": rows("tls", nameless)})
        clock.us = (day + 25) * HOUR_US
        store.tidy()
        assert {s.span for s in store._manifest.segments()} == {24}
        clock.us = (day + 24 + 10) * HOUR_US
        assert store.tidy().forgotten_rows == 2
        assert store.stats().rows == {"tls": 1}
        assert store.tidy().forgotten_rows == 0


def test_forgetting_by_age_counts_keeps_the_rest_and_moves_what_is_known(tmp_path, rows, clock, hour0):
    limits = StoreLimits(age_days_max=1, micro_segments_max=10)
    with ColumnStore.open(tmp_path, limits, clock=clock) as store:
        for number in range(3):
            those = [{"ts": at((hour0 - 20 + 10 * number) * HOUR_US + k)} for k in range(4)]
            store.append("a", str(number), {"flow": rows("flow", those), "dns": rows("dns", those[:1])})
        store.tidy()
        assert store.stats().forgotten_rows == 0
        clock.us += 20 * HOUR_US
        done = store.tidy()
        stats = store.stats()
        assert done.forgotten_rows == stats.forgotten_rows == 10
        assert stats.rows == {"flow": 4, "dns": 1}
        assert stats.forgotten_bytes > 0
        assert stats.known_from_us == clock.us - DAY_US
        late = {"flow": rows("flow", [{"ts": at(clock.us - DAY_US - 1)}])}
        assert store.append("a", "late", late) == 0
        assert store.stats().refused == {FORGOTTEN: 1}
        with store.window(0, 2**60) as window:
            assert window.known_from_us == clock.us - DAY_US
            assert window.rows("SELECT min(hour), sum(flows) FROM pair_hour") == [(hour0, 4)]
    with ColumnStore.open(tmp_path, limits, clock=clock) as store:
        assert store.stats() == stats.__replace__(refused={FORGOTTEN: 1})


def test_forgetting_by_bytes_drops_the_oldest_hours_of_all_tables(tmp_path, rows, hour0):
    hours_apart = StoreLimits(pack_bytes_max=1)
    with ColumnStore.open(tmp_path, hours_apart) as store:
        for number in range(6):
            those = [{"ts": at((hour0 + number) * HOUR_US), "flow_id": number}]
            store.append("a", str(number), {name: rows(name, those) for name in ("flow", "dns")})
        store.tidy()
        total = store.stats().bytes_total
    with ColumnStore.open(tmp_path, StoreLimits(bytes_max=total // 2, pack_bytes_max=1)) as store:
        assert store.tidy().forgotten_rows == 6
        assert store.stats().bytes_total <= total // 2
        with store.window(0, 2**60) as window:
            for name in ("flow", "dns"):
                assert window.rows(f"SELECT flow_id FROM {name} ORDER BY ALL") == [(3,), (4,), (5,)]
            assert window.known_from_us == (hour0 + 3) * HOUR_US
        assert store.tidy().forgotten_rows == 0


def test_an_hours_rows_end_in_one_file_sorted_by_dst_and_time(tmp_path, rows, clock, hour0):
    with ColumnStore.open(tmp_path, StoreLimits(micro_segments_max=2), clock=clock) as store:
        for number in range(9):
            those = [{"ts": at(hour0 * HOUR_US + 1000 * k), "dst": f"192.0.2.{(number * 7 + k) % 5}"} for k in range(6)]
            store.append("a", str(number), {"flow": rows("flow", those)})
        clock.us += 2 * HOUR_US
        store.tidy()
        (one,) = store._manifest.segments("tbl = 'flow'")
        assert (one.hour, one.rows) == (hour0, 54)
        assert one.name.startswith("flow/2026-")
        with store.window(0, 2**60) as window:
            found = window.rows("SELECT dst, ts FROM flow")
        assert found == sorted(found)
