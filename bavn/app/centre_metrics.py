"""How the centre and its members are, as Prometheus reads it: silent and blind nodes, room on the disk, certificates.

Refuses to name anybody: a label is never an actor. Which one it is, `bavn centre members` says.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bavn.centre.node.views import MemberView
from bavn.model.member import ActorState
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock

SILENT_S: Final = 150
"""A node says how it is each minute ([node] health_s): two words are missing."""


class HouseCollector(Collector):
    """``members`` and ``ends_us`` are asked each time that somebody asks; ``folder`` is the centre's."""

    def __init__(
        self, members: Callable[[], Sequence[MemberView]], ends_us: Callable[[], Mapping[str, int]], folder: Path,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._members, self._ends_us, self._folder, self._clock = members, ends_us, folder, clock

    def collect(self) -> Iterable[Metric]:
        now_us = self._clock.now_us()
        members = self._members()
        states = GaugeMetricFamily("bavn_members", "Actors by state.", labels=["state"])
        for state in ActorState:
            states.add_metric([state.value], sum(one.actor.state is state for one in members))
        yield states
        heard = [one.health for one in members if one.actor.state is ActorState.ACTIVE and one.health is not None]
        ages_s = [(now_us - one.received_us) / SECOND_US for one in heard]
        yield GaugeMetricFamily(
            "bavn_members_silent", f"Active actors that were heard before, and not for {SILENT_S} s.",
            value=sum(age > SILENT_S for age in ages_s),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "bavn_members_sensor_down", "Of those that are heard: a source cannot be read.",
            value=sum(one.sensor == "down" for one in heard),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "bavn_members_heard_age_seconds_max",
            "The longest silence of an active actor.",
            value=max(ages_s, default=0),
        )
        yield GaugeMetricFamily(
            "bavn_members_capture_loss_permille_max", "The worst sensor's loss.",
            value=max((one.capture_loss_permille for one in heard), default=0),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "bavn_members_clock_skew_seconds_max", "The clock that is furthest from the centre's.",
            value=max((abs(one.clock_skew_s) for one in heard), default=0),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "bavn_disk_free_bytes", "Room where the centre keeps its folder.",
            value=shutil.disk_usage(self._folder).free,
        )  # fmt: skip
        left = GaugeMetricFamily(
            "bavn_certificate_left_seconds", "Until a certificate of the centre ends.", labels=["of"]
        )
        for name, end_us in sorted(self._ends_us().items()):
            left.add_metric([name], (end_us - now_us) / SECOND_US)
        yield left
