"""The sector's clock for Prometheus: on loopback, by its own parser, named steps, nobody's name."""

import itertools
import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bavn.app.centre.metrics import MetricsService
from bavn.app.config.load import PlaceTable
from bavn.app.process.exits import Stop
from bavn.centre.books.clock import IndicatorClock
from bavn.model.moment import SECOND_US

STEPS = ("first_sighting", "report", "lead", "confirmed", "released", "first_block", "last_block")


def clock(*seconds, missing=()):
    steps = tuple((name, None if s is None else s * SECOND_US) for name, s in zip(STEPS, seconds, strict=True))
    known = [(name, at) for name, at in steps[1:] if at is not None]
    waits = [((b - a) / SECOND_US, name) for (_, a), (name, b) in itertools.pairwise(known)]
    slow = max(waits, default=None)
    enforced = tuple(("region-nord", at) for name, at in steps if name in ("first_block", "last_block") and at)
    return IndicatorClock(
        indicator_id="indicator--secret",
        case_id="case-secret",
        steps=steps,
        enforced=enforced,
        missing=missing,
        hunted=(),
        slowest=None if slow is None else (slow[1], slow[0]),
    )


class Book:
    def __init__(self, *clocks, on=False):
        self.given, self.on = clocks, on

    def clocks(self, limit):
        return self.given[:limit]

    def life_counts(self):
        return {"draft": 1, "released": 2}

    def delivery_counts(self):
        return {"queued": 7, "held": 3}

    def switch_on(self):
        return self.on


def page(book):
    with MetricsService(book, "127.0.0.1", 0) as served:
        url = f"http://127.0.0.1:{served.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        port = served.port
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2)
    return text


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.slow
def test_steps_the_slowest_and_what_is_missing_and_nobodys_name_also_where_nothing_was_released() -> None:
    text = page(
        Book(
            clock(0, 10, 20, 620, 630, 631, 634, missing=("region-syd",)),
            clock(None, None, None, 5, 6, None, None),
            on=True,
        )
    )
    found = samples(text)
    assert found["bavn_clock_step_seconds_count", "confirmed"] == 1
    assert found["bavn_clock_step_seconds_sum", "confirmed"] == 600
    assert found["bavn_clock_step_seconds_bucket", "300.0", "confirmed"] == 0
    assert found["bavn_clock_step_seconds_bucket", "900.0", "confirmed"] == 1
    assert found["bavn_clock_slowest_step", "confirmed"] == 1
    assert found["bavn_clock_slowest_step", "released"] == 1
    assert found["bavn_clock_slowest_step_seconds", "confirmed"] == 600
    assert found["bavn_release_to_enforced_seconds_count",] == 2
    assert found["bavn_release_to_enforced_seconds_sum",] == 5
    assert found["bavn_enforcements_missing",] == 1
    assert found["bavn_kill_switch",] == 1
    assert found["bavn_indicators", "released"] == 2
    assert found["bavn_deliveries", "held"] == 3
    text = page(Book(clock(0, 1, 2, 3, 4, 5, 6, missing=("region-syd",))))
    assert not [word for word in ("region", "indicator--", "case-", "secret") if word in text]
    found = samples(page(Book()))
    assert found["bavn_release_to_enforced_seconds_count",] == 0
    assert found["bavn_kill_switch",] == 0


def test_loopback_unless_it_is_said_and_a_taken_port_is_one_clear_error() -> None:
    assert (PlaceTable().metrics_host, PlaceTable().metrics_port) == ("127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Stop, match="metrics_port"):
        MetricsService(Book(), "127.0.0.1", taken.getsockname()[1])
