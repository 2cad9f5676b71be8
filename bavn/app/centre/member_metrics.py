"""How the centre and its members are, as Prometheus reads it: silent and blind nodes, alarms, canaries, certificates.

Refuses to name anybody: a label is never an actor. Which one it is, `bavn centre members` says.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bavn.app.node.health.metrics import promise_metrics
from bavn.centre.books.canaries import Chain
from bavn.centre.desk.views import MemberView
from bavn.model.health import CENTRE_DISK_FREE_MB_MIN, CLOCK_OFF_S_MAX, NODE_SILENT_S
from bavn.model.moment import SECOND_US
from bavn.model.node_health import condition_of
from bavn.model.ports import Clock
from bavn.model.received import NodeHealth
from bavn.model.sector.alarm import KINDS, Alarm
from bavn.model.sector.canary import LINKS, STATES
from bavn.model.sector.member import ActorState


class MemberCollector(Collector):
    """All but ``folder``, which is the centre's, are asked each time that somebody asks. ``alarms``: those that
    stand; ``chains``: actor -> how far its latest canary came."""

    def __init__(
        self,
        members: Callable[[], Sequence[MemberView]],
        ends_us: Callable[[], Mapping[str, int]],
        folder: Path,
        clock: Clock,
        *,
        alarms: Callable[[], Sequence[Alarm]],
        chains: Callable[[], Mapping[str, Chain]],
        promises: Callable[[], Sequence[Mapping[str, Any]]] = tuple,
        disk_free_mb_min: int = CENTRE_DISK_FREE_MB_MIN,
    ) -> None:
        self._promises, self._disk_free_mb_min = promises, disk_free_mb_min
        self._members, self._ends_us, self._folder, self._clock = members, ends_us, folder, clock
        self._alarms, self._chains = alarms, chains

    def collect(self) -> Iterable[Metric]:
        now_us = self._clock.now_us()
        members = self._members()
        states = GaugeMetricFamily("bavn_members", "Actors by state.", labels=["state"])
        for state in ActorState:
            states.add_metric([state.value], sum(member.actor.state is state for member in members))
        yield states
        healths = [
            member.health for member in members if member.actor.state is ActorState.ACTIVE and member.health is not None
        ]
        yield from _health_metrics(healths, now_us)
        yield GaugeMetricFamily(
            "bavn_disk_free_bytes",
            "Room where the centre keeps its folder.",
            value=shutil.disk_usage(self._folder).free,
        )
        yield GaugeMetricFamily(
            "bavn_disk_free_min_bytes",
            "Room that must be left there ([place] disk_free_mb_min).",
            value=self._disk_free_mb_min << 20,
        )
        left = GaugeMetricFamily(
            "bavn_certificate_left_seconds", "Until a certificate of the centre ends.", labels=["of"]
        )
        for name, end_us in sorted(self._ends_us().items()):
            left.add_metric([name], (end_us - now_us) / SECOND_US)
        yield left
        yield from promise_metrics(self._promises())
        yield from _alarms(self._alarms(), now_us)
        active = {member.actor.name for member in members if member.actor.state is ActorState.ACTIVE}
        yield from _canaries([chain for actor, chain in self._chains().items() if actor in active])


def _health_metrics(healths: Sequence[NodeHealth], now_us: int) -> Iterator[Metric]:
    """How the nodes of active actors are, by what they last said."""
    conditions = [condition_of(health, now_us) for health in healths]
    ages_s = [(now_us - health.received_us) / SECOND_US for health in healths]
    yield GaugeMetricFamily(
        "bavn_members_silent",
        f"Active actors that were heard before, and not for {NODE_SILENT_S} s.",
        value=sum(condition.silent for condition in conditions),
    )
    yield GaugeMetricFamily(
        "bavn_members_sensor_down",
        "Of those that are heard: a source cannot be read.",
        value=sum(condition.sensor_down for condition in conditions),
    )
    yield GaugeMetricFamily(
        "bavn_members_heard_age_seconds_max",
        "The longest silence of an active actor.",
        value=max(ages_s, default=0),
    )
    yield GaugeMetricFamily(
        "bavn_members_capture_loss_permille_max",
        "The worst sensor's loss.",
        value=max((health.capture_loss_permille for health in healths), default=0),
    )
    yield GaugeMetricFamily(
        "bavn_members_clock_skew_seconds_max",
        "The clock that is furthest from the centre's.",
        value=max((abs(health.clock_skew_s) for health in healths), default=0),
    )
    yield GaugeMetricFamily(
        "bavn_members_clock_off",
        f"Of those that are heard: the clock is more than {CLOCK_OFF_S_MAX} s off.",
        value=sum(condition.clock_off for condition in conditions),
    )


def _alarms(standing: Sequence[Alarm], now_us: int) -> Iterator[Metric]:
    """Each kind is there, also with none: a rule can tell none from nobody counting."""
    counted = Counter((alarm.kind, bool(alarm.acked_by)) for alarm in standing)
    family = GaugeMetricFamily("bavn_alarms", "Alarms that stand, by kind, taken on or not.", labels=["kind", "taken"])
    for kind in KINDS:
        for taken in (False, True):
            family.add_metric([kind, "yes" if taken else "no"], counted[kind, taken])
    yield family
    ages_s = [(now_us - alarm.began_us) / SECOND_US for alarm in standing if not alarm.acked_by]
    yield GaugeMetricFamily(
        "bavn_alarms_untaken_age_seconds_max",
        "Of those that nobody has taken on, how long the oldest has stood.",
        value=max(ages_s, default=0),
    )


def _canaries(chains: Sequence[Chain]) -> Iterator[Metric]:
    counted = Counter((at.link.link, at.link.state) for chain in chains for at in chain.links)
    family = GaugeMetricFamily(
        "bavn_canaries", "Active actors by how each link stands of their latest canary.", labels=["link", "state"]
    )
    for link in LINKS:
        for state in STATES:
            family.add_metric([link, state], counted[link, state])
    yield family
