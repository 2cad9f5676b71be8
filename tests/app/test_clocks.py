"""A clock that is off is said, of a sensor that tells of what is now, and of the centre."""

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pyarrow as pa
import pytest

from bavn.actor.sense.account import Account, Figures
from bavn.actor.sense.base import Batch
from bavn.app.node.health.clocks import clock_problems
from bavn.wire.links import https
from bavn.wire.links.https import Caller, untrusting_context

NOW_US = 1_795_608_000_000_000
SECOND_US = 1_000_000
CALM = Figures(
    name="suricata",
    rows=0,
    passed=0,
    refused=0,
    reasons=(),
    broken=None,
    caught_up_us=1,
    lag_bytes=0,
    losses=(),
    counts={},
)


def account(name):
    return Account(SimpleNamespace(name=name, lag_bytes=lambda: 0), 0)


def batch(*offsets_s):
    at = pa.array([NOW_US + offset * SECOND_US for offset in offsets_s], pa.timestamp("us"))
    return Batch(source="x", mark="", tables={"dns": pa.table({"ts": at})}, lines=len(offsets_s))


def test_the_newest_record_of_ten_minutes_is_held_against_the_clock() -> None:
    made = account("suricata")
    made.read_up_to(NOW_US)
    made.took(batch(-300, -40), NOW_US)
    made.took(batch(-700), NOW_US)
    assert made.figures().clock_offset_s == -40
    made.took(batch(600 - 200), NOW_US + 600 * SECOND_US)
    assert made.figures().clock_offset_s == -200, "the first minute has passed out of sight"


def test_what_was_logged_while_nobody_read_is_not_a_slow_clock_but_what_lies_ahead_is_a_fast_one() -> None:
    made = account("suricata")
    made.took(batch(-66_950), NOW_US)
    assert made.figures().clock_offset_s is None
    made.took(batch(300), NOW_US)
    assert made.figures().clock_offset_s == 300


def test_what_is_read_long_after_says_nothing_of_a_clock() -> None:
    made = account("captures")
    made.took(batch(-300), NOW_US)
    assert made.figures().clock_offset_s is None


@pytest.mark.parametrize(
    ("off", "said"), [(121, "ahead of"), (-121, "behind"), (120, ""), (-8 * 86400, ""), (None, "")]
)
def test_a_sensor_that_is_off_is_a_problem(off, said) -> None:
    found = clock_problems((replace(CALM, clock_offset_s=off),), None, 120)
    assert [said in problem.text.en for problem in found] == ([True] if said else [])


def test_a_reader_that_is_behind_is_no_clock() -> None:
    late = replace(CALM, clock_offset_s=-900, lag_bytes=5)
    assert clock_problems((late, replace(late, lag_bytes=0, caught_up_us=None)), None, 120) == []


def test_the_centres_clock_is_told_the_right_way_round() -> None:
    (found,) = clock_problems((), 500, 120)
    assert found.text.en == "this node's clock is 8 minutes ahead of the centre's: set the clocks by NTP"
    assert found.text.da.startswith("nodens ur er 8 minutter foran analysecentrets")
    assert clock_problems((), -100, 120) == []


@pytest.mark.parametrize(("date", "skew"), [("", None), ("yesterday", None), (-90, 90), (45, -45)])
def test_the_centres_date_is_read_and_rubbish_is_nothing(date, skew, monkeypatch) -> None:
    given = (
        date
        if isinstance(date, str)
        else format_datetime(datetime.fromtimestamp(NOW_US / 1e6 + date, UTC), usegmt=True)
    )
    caller = Caller("https://centre.example", untrusting_context(), clock=SimpleNamespace(now_us=lambda: NOW_US))
    monkeypatch.setattr(https, "_read", lambda *_: b"")
    caller._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, headers={"date": given})))
    caller.call("GET", "/v1/messages")
    assert caller.skew_s == skew
    caller.close()


@pytest.mark.parametrize(
    ("took_s", "dated_s", "skew"),
    [
        (0.1, 0, 0),
        (20, 0, None),
        (20, 20, None),
        (5.5, 0, None),
        (4, 0, 0),
        (4, 4, 0),
        (4, -30, 30),
        (4, 34, -30),
        (-3, 0, None),
    ],
)
def test_an_answer_that_was_waited_for_tells_no_skew_wherever_the_server_dates_it(
    took_s, dated_s, skew, monkeypatch
) -> None:
    now = [NOW_US]
    caller = Caller("https://centre.example", untrusting_context(), clock=SimpleNamespace(now_us=lambda: now[0]))
    monkeypatch.setattr(https, "_read", lambda *_: b"")
    given = format_datetime(datetime.fromtimestamp(NOW_US / 1e6 + dated_s, UTC), usegmt=True)

    def answered(_):
        now[0] += int(took_s * SECOND_US)
        return httpx.Response(200, headers={"date": given})

    caller._client = httpx.Client(transport=httpx.MockTransport(answered))
    caller.call("GET", "/v1/messages")
    assert caller.skew_s == skew
    caller.close()
