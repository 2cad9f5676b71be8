"""The sector's clock and its protection as Prometheus reads them: counts and seconds, no actor, person or observable.

Everything is read from the centre's database when somebody asks; nothing is kept here. The page is served on loopback
unless the configuration says otherwise. Refuses to name anybody: labels are steps and states.
"""

import itertools
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bavn.app.process.exits import cannot_listen
from bavn.centre.books.clock import IndicatorClock
from bavn.model.moment import SECOND_US

_LOG = logging.getLogger(__name__)
INDICATORS_MAX: Final = 1000
"""The latest so many are told of: a page that is asked for every few seconds stays quick."""
EDGES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0)
STEPS: Final = ("report", "lead", "confirmed", "released", "first_block", "last_block")


class MetricsSource(Protocol):
    """What the page is made from: the centre's clock book."""

    def clocks(self, limit: int) -> Sequence[IndicatorClock]: ...

    def life_counts(self) -> dict[str, int]: ...

    def delivery_counts(self) -> dict[str, int]: ...

    def switch_on(self) -> bool: ...


class ClockCollector(Collector):
    """Made of what the book says now."""

    def __init__(self, book: MetricsSource) -> None:
        self._book = book

    def collect(self) -> Iterable[Metric]:
        clocks = self._book.clocks(INDICATORS_MAX)
        yield from _steps(clocks)
        yield from _enforced(clocks)
        states = GaugeMetricFamily("bavn_indicators", "Indicators by where they stand.", labels=["state"])
        for state, count in sorted(self._book.life_counts().items()):
            states.add_metric([state], count)
        yield states
        letters = GaugeMetricFamily("bavn_deliveries", "Letters to actors by how they stand.", labels=["status"])
        for status, count in sorted(self._book.delivery_counts().items()):
            letters.add_metric([status], count)
        yield letters
        yield GaugeMetricFamily(
            "bavn_kill_switch", "1 while the sector's kill switch is on.", value=float(self._book.switch_on())
        )


def _steps(clocks: Sequence[IndicatorClock]) -> Iterator[Metric]:
    """How long each step took, and how often each was the slowest."""
    took: dict[str, list[float]] = {name: [] for name in STEPS}
    for clock in clocks:
        known = [(name, at_us) for name, at_us in clock.steps if at_us is not None and name != "first_sighting"]
        for (_, earlier_us), (name, later_us) in itertools.pairwise(known):
            took[name].append(max(0.0, (later_us - earlier_us) / SECOND_US))
    family = HistogramMetricFamily(
        "bavn_clock_step_seconds", "From the step before to this one, of the latest indicators.", labels=["step"]
    )
    for name, values in took.items():
        family.add_metric([name], _buckets(values), sum(values))
    yield family
    slowest = GaugeMetricFamily(
        "bavn_clock_slowest_step", "Indicators of which this was the slowest step.", labels=["step"]
    )
    for name in STEPS:
        slowest.add_metric([name], sum(clock.slowest is not None and clock.slowest[0] == name for clock in clocks))
    yield slowest
    worst = max(
        (clock.slowest for clock in clocks if clock.slowest is not None), key=lambda slow: slow[1], default=None
    )
    longest = GaugeMetricFamily("bavn_clock_slowest_step_seconds", "The longest step of all, named.", labels=["step"])
    if worst is not None:
        longest.add_metric([worst[0]], worst[1])
    yield longest


def _enforced(clocks: Sequence[IndicatorClock]) -> Iterator[Metric]:
    """From released to enforced, once for each indicator and actor; and who is still missing."""
    lags = []
    for clock in clocks:
        released_us = dict(clock.steps)["released"]
        if released_us is not None:
            lags += [max(0.0, (at_us - released_us) / SECOND_US) for _, at_us in clock.enforced]
    family = HistogramMetricFamily(
        "bavn_release_to_enforced_seconds", "From released to enforced at an actor, by its receipt's arrival."
    )
    family.add_metric([], _buckets(lags), sum(lags))
    yield family
    yield GaugeMetricFamily(
        "bavn_enforcements_missing",
        "Indicators given to an actor and not enforced there (of the latest).",
        value=sum(len(clock.missing) for clock in clocks),
    )


def _buckets(values: Sequence[float]) -> list[tuple[str, float]]:
    counted = [(str(edge), float(sum(value <= edge for value in values))) for edge in EDGES_S]
    return [*counted, ("+Inf", float(len(values)))]


class MetricsService:
    """Serves the page from a thread of its own; a context manager. Stop where the address cannot be had."""

    def __init__(self, book: MetricsSource, host: str, port: int, *beside: Collector) -> None:
        registry = CollectorRegistry()
        for collector in (ClockCollector(book), *beside):
            registry.register(collector)
        try:
            server: tuple[WSGIServer, threading.Thread] = start_http_server(port, host, registry)
        except OSError as error:
            raise cannot_listen("[place] metrics_host and metrics_port", f"{host}:{port}", error) from error
        self._server, self._thread = server
        _LOG.info("metrics on http://%s:%d/metrics", host, self.port)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
