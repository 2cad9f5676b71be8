"""NIS2's clocks, on dates worked out by hand from article 23(4); and no course of events breaks them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.moment import DAY_US, HOUR_US, as_us
from bavn.model.sector.nis2 import DueState, Nis2Act, OutOfOrder, checked, dues, month_after

HERE = ZoneInfo("Europe/Copenhagen")


def at(text):
    return as_us(datetime.fromisoformat(text).replace(tzinfo=HERE))


def stand(happened, now, **other):
    return {due.report.value: (due.due_us, due.state) for due in dues(happened, HERE, at(now), **other)}


def test_awareness_starts_a_day_and_three_days_and_nothing_is_owed_otherwise():
    found = stand({Nis2Act.AWARE: at("2026-11-20 16:30")}, "2026-11-20 17:00")
    assert found["early-warning"] == (at("2026-11-21 16:30"), DueState.WAITING)
    assert found["notification"] == (at("2026-11-23 16:30"), DueState.WAITING)
    assert found["final"] == (None, DueState.LATER)
    assert "progress" not in found
    assert stand({}, "2026-11-20 17:00") == {}
    ended = {Nis2Act.AWARE: at("2026-11-20 16:30"), Nis2Act.NOT_SIGNIFICANT: at("2026-11-20 18:00")}
    assert stand(ended, "2027-11-20 17:00") == {}
    found = stand({Nis2Act.AWARE: at("2026-11-20 16:30")}, "2026-11-20 17:00", trust_service=True)
    assert found["notification"] == (at("2026-11-21 16:30"), DueState.WAITING)


def test_what_is_late_says_so_and_one_notification_serves_for_two():
    happened = {Nis2Act.AWARE: at("2026-11-20 16:30"), Nis2Act.EARLY_WARNING: at("2026-11-21 16:31")}
    found = stand(happened, "2026-11-23 16:31")
    assert found["early-warning"][1] is DueState.SENT_LATE
    assert found["notification"][1] is DueState.OVERDUE
    happened = {Nis2Act.AWARE: at("2026-11-20 16:30"), Nis2Act.NOTIFICATION: at("2026-11-21 09:00")}
    assert stand(happened, "2026-11-22 09:00")["early-warning"][1] is DueState.SENT
    assert month_after(at("2026-03-10 09:00"), HERE) == at("2026-04-10 09:00")
    assert month_after(at("2026-12-31 09:00"), HERE) == at("2027-01-31 09:00")


def test_final_reports_follow_a_month_after_notification_or_handling():
    happened = {
        Nis2Act.AWARE: at("2026-01-29 08:00"),
        Nis2Act.NOTIFICATION: at("2026-01-31 12:00"),
        Nis2Act.HANDLED: at("2026-02-10 12:00"),
    }
    found = stand(happened, "2026-02-11 12:00")
    assert found["final"] == (at("2026-02-28 12:00"), DueState.WAITING)
    assert "progress" not in found
    happened = {Nis2Act.AWARE: at("2026-01-29 08:00"), Nis2Act.NOTIFICATION: at("2026-01-31 12:00")}
    before = stand(happened, "2026-02-28 11:59")
    assert before["final"] == (at("2026-02-28 12:00"), DueState.WAITING)
    after = stand(happened, "2026-03-01 12:00")
    assert after["progress"] == (at("2026-02-28 12:00"), DueState.OVERDUE)
    assert after["final"] == (None, DueState.LATER)
    handled = happened | {Nis2Act.PROGRESS: at("2026-02-28 10:00"), Nis2Act.HANDLED: at("2026-03-15 09:00")}
    then = stand(handled, "2026-04-01 09:00")
    assert then["progress"][1] is DueState.SENT
    assert then["final"] == (at("2026-04-15 09:00"), DueState.WAITING)


@pytest.mark.parametrize(
    "happened",
    [
        {Nis2Act.EARLY_WARNING: "2026-11-20 16:30"},
        {Nis2Act.AWARE: "2026-11-25 16:30"},
        {Nis2Act.AWARE: "2026-11-20 16:30", Nis2Act.EARLY_WARNING: "2026-11-20 16:00"},
        {Nis2Act.AWARE: "2026-11-20 16:30", Nis2Act.FINAL: "2026-11-21 16:00"},
        {Nis2Act.AWARE: "2026-11-20 16:30", Nis2Act.PROGRESS: "2026-11-21 16:00"},
        {
            Nis2Act.AWARE: "2026-11-20 16:30",
            Nis2Act.NOTIFICATION: "2026-11-21 09:00",
            Nis2Act.EARLY_WARNING: "2026-11-21 10:00",
        },
        {
            Nis2Act.AWARE: "2026-11-20 16:30",
            Nis2Act.NOTIFICATION: "2026-11-21 09:00",
            Nis2Act.FINAL: "2026-11-22 09:00",
        },
        {
            Nis2Act.AWARE: "2026-11-20 16:30",
            Nis2Act.NOTIFICATION: "2026-11-21 09:00",
            Nis2Act.HANDLED: "2026-11-21 10:00",
            Nis2Act.FINAL: "2026-11-22 09:00",
            Nis2Act.NOT_SIGNIFICANT: "2026-11-22 10:00",
        },
    ],
)
def test_what_cannot_have_happened_is_refused(happened):
    with pytest.raises(OutOfOrder):
        checked({act: at(text) for act, text in happened.items()}, at("2026-11-24 12:00"))


@given(
    happened=st.dictionaries(st.sampled_from(list(Nis2Act)), st.integers(20_000 * DAY_US, 20_200 * DAY_US)),
    now_us=st.integers(20_000 * DAY_US, 20_300 * DAY_US),
)
def test_every_course_that_is_taken_in_owes_reports_with_a_state(happened, now_us):
    try:
        checked(happened, now_us)
    except OutOfOrder:
        return
    for due in dues(happened, HERE, now_us):
        assert due.due_us is None or due.due_us >= happened[Nis2Act.AWARE] + 24 * HOUR_US
        assert (due.sent_us is None) == (due.state in (DueState.WAITING, DueState.OVERDUE, DueState.LATER))
        assert due.state is not DueState.OVERDUE or now_us > due.due_us
