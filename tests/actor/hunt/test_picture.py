"""The picture of a hunt: what is clicked is what the SQL that it writes counts, whatever stands in a value."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.actor.hunt.picture import (
    BINS_MAX,
    FIELDS,
    QUICK_ROWS,
    SERIES_MAX,
    Filter,
    PictureRequest,
    PictureUnclear,
    draw,
    kept,
    quick_span_us,
    written,
)
from bavn.actor.store.columns import ColumnStore
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.model.record import TABLES

from .conftest import AT

HOSTS = ("10.0.0.1", "10.0.0.2", "192.0.2.7", "2001:db8::5")
NASTY = ("", "'", "''; DROP TABLE flow; --", "\\", "$f0", "a\nb", "a\0b", "\0", "%", "null", "é\u202e", None, "tls")


@pytest.fixture(scope="module")
def window(request):
    rows = request.getfixturevalue("rows")
    made = [
        {
            "ts": AT + n * HOUR_US // 3,
            "src": HOSTS[n % 4],
            "dst": HOSTS[(n // 4) % 4],
            "dst_port": (80, 443, 0, 65535)[n % 3],
            "proto": "tcp",
            "app_proto": NASTY[n % len(NASTY)],
            "failed": (True, False, None)[n % 3],
        }
        for n in range(300)
    ]
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        store.append("a", "1", {"flow": rows("flow", made)})
        yield store.window(0, AT + 1000 * HOUR_US)


def counted(window, sql):
    return window.rows(f"SELECT count(*) FROM ({sql})")[0][0]


COUNTED = ("app_proto", "src", "dst_port", "failed")
FILTERS = st.one_of(
    st.builds(
        Filter, column=st.just("app_proto"), value=st.sampled_from(NASTY) | st.text(max_size=5), keep=st.booleans()
    ),
    st.builds(Filter, column=st.sampled_from(["src", "dst"]), value=st.sampled_from(HOSTS), keep=st.booleans()),
    st.builds(Filter, column=st.just("dst_port"), value=st.sampled_from(["80", "443", "1"]), keep=st.booleans()),
    st.builds(Filter, column=st.just("failed"), value=st.sampled_from(["true", "false", None]), keep=st.booleans()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=timedelta(seconds=5), max_examples=60)
@given(st.lists(FILTERS, max_size=4), st.sampled_from(["", "app_proto", "src", "dst_port", "failed"]), st.data())
def test_what_is_clicked_is_what_the_sql_counts(window, filters, by, data) -> None:
    asked = PictureRequest(
        table="flow", by=by, filters=tuple(filters), fields=("app_proto", "src", "dst_port", "failed")
    )
    picture = draw(window, asked)
    assert picture.rows == counted(window, picture.sql)
    for field in picture.fields:
        assert sum(one.rows for one in field.top) + field.rest == picture.rows
    field = data.draw(st.sampled_from(picture.fields))
    for one in field.top[:3]:
        for keep in (True, False):
            clicked = PictureRequest(
                table="flow", filters=(*asked.filters, Filter(column=field.name, value=one.value, keep=keep))
            )
            narrowed = draw(window, clicked)
            assert narrowed.rows == counted(window, narrowed.sql)
            same = any(f.column == field.name and f.keep for f in asked.filters)
            if not keep:
                assert narrowed.rows == picture.rows - one.rows
            elif not same:
                assert narrowed.rows == one.rows


def test_steps_are_bounded_and_add_up_whatever_it_is_parted_by(window) -> None:
    plain = draw(window, PictureRequest(table="flow"))
    assert len(plain.series) == 1
    assert len(plain.series[0].rows) <= BINS_MAX
    assert sum(plain.series[0].rows) == plain.rows == 300
    parted = draw(window, PictureRequest(table="flow", by="app_proto"))
    assert len(parted.series) == SERIES_MAX + 1
    assert [sum(at) for at in zip(*(one.rows for one in parted.series), strict=True)] == plain.series[0].rows


def test_what_is_not_covered_is_said(rows) -> None:
    with ColumnStore.temporary(homes=("10.0.0.0/8",)) as store:
        kept = [{"ts": AT + n * HOUR_US, "src": HOSTS[0], "sampling": 100 * (n % 2)} for n in (0, 1, 30)]
        store.append("a", "1", {"flow": rows("flow", kept)})
        notes = [
            note.en for note in draw(store.window(AT - 3 * DAY_US, AT + DAY_US * 2), PictureRequest(table="flow")).notes
        ]
        assert [note[:30] for note in notes] == [
            "Nothing is kept from before 20",
            "In 28 steps of 31 no row of th",
            "1 row is of a source that sees",
        ]
        assert "3 days are missing" in notes[0]
        assert (
            draw(store.window(0, AT + DAY_US * 2), PictureRequest(table="dns")).notes[0].en.startswith("No row of dns")
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": "nothing"},
        {"table": "flow", "by": "community_id"},
        {"table": "flow", "by": 'src" FROM dns --'},
        {"table": "flow", "fields": ("bytes_toserver",)},
        {"table": "flow", "filters": (Filter(column="dst_port", value="65536"),)},
        {"table": "flow", "filters": (Filter(column="dst_port", value="٣"),)},
        {"table": "flow", "filters": (Filter(column="src", value="nobody"),)},
        {"table": "flow", "filters": (Filter(column="failed", value="1"),)},
        {"table": "flow", "filters": (Filter(column="proto", value="tcp"),) * 21},
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong) -> None:
    with pytest.raises(PictureUnclear):
        PictureRequest(**wrong)


def test_every_table_has_columns_to_count_by_and_its_sql_can_be_read() -> None:
    assert {table for table, fields in FIELDS.items() if not fields} <= {"stats"}
    assert set(FIELDS) == set(TABLES)
    some = PictureRequest(
        table="flow",
        filters=(
            Filter(column="dst_port", value="443"),
            Filter(column="dst_port", value="80"),
            Filter(column="src", value="10.0.0.5", keep=False),
            Filter(column="app_proto", value="it's"),
        ),
    )
    assert written(some) == (
        "SELECT *\nFROM flow\nWHERE (dst_port = 443 OR dst_port = 80)\n  AND app_proto = 'it''s'\n"
        "  AND (src <> addr('10.0.0.5') OR src IS NULL)\nORDER BY ts DESC"
    )


def test_every_column_that_is_counted_by_may_stand_in_sql_as_it_is(window) -> None:
    for table, fields in FIELDS.items():
        every = PictureRequest(
            table=table, filters=tuple(Filter(column=name, value=None) for name in list(fields)[:20])
        )
        assert counted(window, written(every)) == 0


def test_what_is_kept_is_drawn_from_the_stores_own_list(window) -> None:
    by_hour = {hour: stamp[0] for hour, stamp in window.hour_stamps("flow").items()}
    steps = kept(by_hour)
    assert sum(steps.rows) == draw(window, PictureRequest(table="flow")).rows == 300
    assert steps.step_us % HOUR_US == 0
    assert len(steps.rows) <= BINS_MAX
    sql = f"SELECT count(*) FROM flow WHERE epoch_us(ts) < {steps.first_us + 2 * steps.step_us}"
    assert sum(steps.rows[:2]) == window.rows(sql)[0][0]


HOUR = 500_000


@pytest.mark.parametrize(
    ("by_hour", "newest_us", "back_us"),
    [
        ({HOUR: QUICK_ROWS}, HOUR_US - 1, None),
        ({HOUR: 4 * QUICK_ROWS}, HOUR_US - 1, 15 * MINUTE_US),
        ({HOUR: 4 * QUICK_ROWS}, 20 * MINUTE_US - 1, 5 * MINUTE_US),
        ({HOUR: QUICK_ROWS // 4, HOUR - 1: QUICK_ROWS // 4, HOUR - 2: QUICK_ROWS}, HOUR_US - 1, HOUR_US),
        ({HOUR: QUICK_ROWS // 4, HOUR - 1: QUICK_ROWS // 4, HOUR - 40: QUICK_ROWS}, HOUR_US - 1, DAY_US),
        ({HOUR - hour: QUICK_ROWS // 7 for hour in range(50)}, HOUR_US - 1, 6 * HOUR_US),
        ({HOUR: 10**12}, HOUR_US - 1, 1_000_000),
    ],
)
def test_the_newest_rows_reach_back_a_round_length(by_hour, newest_us, back_us) -> None:
    assert quick_span_us(by_hour, HOUR * HOUR_US + newest_us) == back_us
