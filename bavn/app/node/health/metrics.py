"""A node's figures as Prometheus reads them from a file: what health.json holds, no host, person or observable.

The node opens no port for it: node_exporter's textfile collector takes the file. Refuses to look at anything but the
figures that it is given.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_MB: Final = 1 << 20
_PLAIN: Final[tuple[tuple[str, str, Callable[[Mapping[str, Any]], float]], ...]] = (
    (
        "bavn_node_written_timestamp_seconds",
        "When the node wrote this: an old one is a node that hangs or is gone.",
        lambda told: told["at_us"] / 1e6,
    ),
    ("bavn_node_up_seconds", "How long the node has run.", lambda told: told["up_s"]),
    ("bavn_node_healthy", "1 where nothing is wrong.", lambda told: told["healthy"]),
    ("bavn_node_stopped", "1 where the node was ended by somebody.", lambda told: told["stopped"]),
    (
        "bavn_node_capture_loss_permille",
        "Packets lost of late by the worst sensor.",
        lambda told: told["capture_loss_permille"],
    ),
    ("bavn_node_disk_free_bytes", "Room where the node keeps its folder.", lambda told: told["disk_free_mb"] * _MB),
    ("bavn_node_memory_bytes", "Resident memory of the node.", lambda told: told["memory_mb"] * _MB),
    ("bavn_node_queue_messages", "Messages that wait for the centre.", lambda told: told["queue_messages"]),
    ("bavn_node_store_rows", "Records in the store.", lambda told: told["store"].get("rows", 0)),
    ("bavn_node_store_bytes", "What they take.", lambda told: told["store"].get("bytes", 0)),
    (
        "bavn_node_detect_seconds",
        "How long the last run of the detectors took.",
        lambda told: told["detect"].get("took_s", 0),
    ),
)
_SOURCES: Final = (
    ("bavn_node_source_rows", "Records taken from a source since the start.", "rows"),
    ("bavn_node_source_refused", "Lines that were refused.", "refused"),
    ("bavn_node_source_lag_seconds", "How old the oldest unread line may be.", "lag_s"),
    ("bavn_node_source_lag_bytes", "What lies unread.", "lag_bytes"),
)


class _NodeCollector(Collector):
    def __init__(self, told: Mapping[str, Any]) -> None:
        self._gather = told

    def collect(self) -> Iterable[Metric]:
        figures = self._gather
        for name, holds, value in _PLAIN:
            yield GaugeMetricFamily(name, holds, value=float(value(figures)))
        problems = GaugeMetricFamily("bavn_node_problems", "What is wrong now, by kind.", labels=["code"])
        for code, count in sorted(Counter(problem["code"] for problem in figures["problems"]).items()):
            problems.add_metric([code], count)
        yield problems
        yield from promise_metrics(figures.get("promises", []))
        for name, holds, key in _SOURCES:
            family = GaugeMetricFamily(name, holds, labels=["source"])
            for source in figures["sources"]:
                family.add_metric([source["name"]], source[key])
            yield family
        broken = GaugeMetricFamily("bavn_node_source_broken", "1 where a source cannot be read.", labels=["source"])
        for source in figures["sources"]:
            broken.add_metric([source["name"]], source["broken"] is not None)
        yield broken
        left = GaugeMetricFamily(
            "bavn_node_certificate_left_seconds", "Until a certificate of the node ends.", labels=["party"]
        )
        for party, seconds in sorted(figures["certificates_left_s"].items()):
            left.add_metric([party], seconds)
        yield left
        yield from _canary(figures["canary"])
        if figures["centre_skew_s"] is not None:
            yield GaugeMetricFamily(
                "bavn_node_centre_skew_seconds", "The node's clock minus the centre's.", value=figures["centre_skew_s"]
            )


def promise_metrics(promises: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """A gauge for each promise, of node, centre and key holder alike; ``promises`` as in a health file."""
    kept = GaugeMetricFamily(
        "bavn_promise_kept", "1: checked and kept; 0: broken, or not checked yet.", labels=["promise"]
    )
    unknown = GaugeMetricFamily("bavn_promise_unchecked", "1 where nobody knows yet.", labels=["promise"])
    since = GaugeMetricFamily(
        "bavn_promise_since_timestamp_seconds",
        "Since when it has stood so; nothing where unchecked.",
        labels=["promise"],
    )
    for promise in promises:
        kept.add_metric([promise["code"]], promise["state"] == "kept")
        unknown.add_metric([promise["code"]], promise["state"] == "unknown")
        if promise["since_us"] is not None:
            since.add_metric([promise["code"]], promise["since_us"] / 1e6)
    yield from (kept, unknown, since)


def _canary(links: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """Of the latest canary; nothing of a node that has sent none."""
    stands = GaugeMetricFamily(
        "bavn_node_canary_link", "1: how a link of the chain stands, of the latest canary.", labels=["link", "state"]
    )
    for one in links:
        stands.add_metric([one["link"], one["state"]], 1)
    yield stands
    if links:
        yield GaugeMetricFamily(
            "bavn_node_canary_began_timestamp_seconds",
            "When the latest canary set out.",
            value=links[0]["began_us"] / 1e6,
        )


def page(health: Mapping[str, Any]) -> str:
    """The text of the file. ``health``: what stands in health.json."""
    registry = CollectorRegistry()
    registry.register(_NodeCollector(health))
    return generate_latest(registry).decode()
