"""How the node is: figures of its sources, store and detectors, and which of them are an alarm, in both languages.

Pure: figures in, problems out. Refuses to read a clock, and to say anything to anybody (recorder.py does).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bavn.actor.detect.indicators.rule_memory import RulesStatus
from bavn.actor.sense.account import Figures
from bavn.app.config.sensor import HealthTable
from bavn.app.node.health.certificates import certificate_problems
from bavn.app.node.health.clocks import clock_problems
from bavn.app.node.health.sigma import sigma_problems
from bavn.app.node.health.silent_sources import NO_SOURCE, silence_problems
from bavn.app.node.health.words import UNITS, loss
from bavn.app.process.problem import Problem
from bavn.model.counted import records
from bavn.model.health import LAG_S_MAX, LOSS_PERMILLE_MAX, PATIENT
from bavn.model.moment import SECOND_US
from bavn.model.spans import lasting
from bavn.model.text import Number, Text

CAPTURE_DROPS: Final = "capture_drops"
STREAM_GAPS: Final = "stream_gaps"
STREAM_GAP_PERMILLE_MAX: Final = 100
"""Holes for each 1,000 TCP connections, by which packets are missed."""
LAG_MB_MAX: Final = 512
DETECT_S_MAX: Final = 900
"""How long one run of the detectors may take."""
TOLD_TWICE: Final = "told_twice_flows"
TWICE_SHARE_MAX: Final = 0.05
TWICE_ROWS_MIN: Final = 1000
"""A few are chance: ports used again within a quarter of a minute."""

SENSORS: Final = frozenset({"suricata", "eve", "zeek", "captures"})
"""Sources of what somebody saw in packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What was lost of late: ``count`` of ``of`` (None: nobody knows how many there were)."""

    source: str
    what: str
    unit: str
    count: int
    of: int | None

    @property
    def permille(self) -> int | None:
        """Rounded up: one lost packet in a million is not none."""
        return None if not self.of else min(1000, -(-1000 * self.count // self.of))

    def text(self) -> Text:
        kind, unit = loss(self.what), UNITS.get(self.unit, Text.plain(self.unit))
        share = "" if self.permille is None else Text.shaped(" ({share} %)", share=Number(self.permille / 10, ".1f"))
        return Text.shaped(
            "{source}: {count} {unit}{share}: {kind}",
            source=self.source,
            count=self.count,
            unit=unit,
            share=share,
            kind=kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Figures of one moment. ``detecting_us``: when the detectors' run that is under way began. ``restarts``: how often
    a source's program had to be started again of late. ``idle``: there is nothing that this node could do.
    ``certificates``: when those of this node end, in us, by the party that gave them. ``jumped_s``: how far its clock
    jumped of late."""

    now_us: int
    began_us: int
    sources: tuple[Figures, ...]
    recent: tuple[Recent, ...]
    detecting_us: int | None
    disk_free_mb: int
    restarts: Mapping[str, int] = field(default_factory=dict)
    rules: Sequence[Text] = ()
    sigma: RulesStatus = field(default_factory=RulesStatus)
    centre_skew_s: int | None = None
    jumped_s: int = 0
    detect_failed: str | None = None
    disk_failed: str | None = None
    stored_rows: int = 0
    store_refused: int = 0
    idle: bool = False
    certificates: Mapping[str, int] = field(default_factory=dict)

    @property
    def sensor(self) -> str:
        """For the centre: none, up, or down where any source cannot be read."""
        if not self.sources:
            return "none"
        return "down" if any(source.broken for source in self.sources) else "up"

    @property
    def packet_sensor(self) -> str:
        """Of what sees packets as they pass, not captures, logs or flow records alone: none, up, or down."""
        seen = [source for source in self.sources if source.name in SENSORS - PATIENT]
        if not seen:
            return "none"
        return "down" if any(source.broken for source in seen) else "up"

    @property
    def capture_known(self) -> bool:
        """Whether any source counts the packets that it lost."""
        return any(lost.what == CAPTURE_DROPS for source in self.sources for lost in source.losses)

    @property
    def capture_loss_permille(self) -> int:
        """The worst sensor's; 0 where none counts."""
        return max((r.permille or 0 for r in self.recent if r.what == CAPTURE_DROPS), default=0)

    def lag_s(self, source: Figures) -> int:
        """How old the oldest unread line may be, at most; 0 where nothing waits."""
        since_us = self.began_us if source.caught_up_us is None else source.caught_up_us
        return max(0, (self.now_us - since_us) // SECOND_US) if source.lag_bytes else 0


def problems(now: Vitals, limits: HealthTable) -> tuple[Problem, ...]:
    """What is wrong, the worst kind first."""
    found_problems = [*_broken(now), *_restarted(now), *_losses(now)]
    found_problems += [problem for source in now.sources for problem in _lags(now, source)]
    found_problems += silence_problems(now.sources, now.now_us, now.began_us, limits.silent_s_max)
    found_problems += [NO_SOURCE] if now.idle else []
    found_problems += [Problem(code="rules", source="rules", text=text) for text in now.rules]
    found_problems += sigma_problems(now.sigma)
    found_problems += _told_twice(now)
    found_problems += certificate_problems(now.certificates, now.now_us)
    found_problems += clock_problems(now.sources, now.centre_skew_s, now.jumped_s)
    found_problems += [*_store_refuses(now), *_failed(now), *_detects_slowly(now), *_disk_full(now, limits)]
    return tuple(found_problems)


def _broken(now: Vitals) -> Iterator[Problem]:
    for source in now.sources:
        if source.broken:
            text = Text("{source} cannot be read: {broken}", source=source.name, broken=source.broken)
            yield Problem(code="source_broken", source=source.name, text=text)


def _restarted(now: Vitals) -> Iterator[Problem]:
    for name, count in now.restarts.items():
        if count:
            text = Text.counted(
                "{name} ended by itself and was started again once of late",
                "{name} ended by itself and was started again {count:,} times of late",
                count,
                name=name,
            )
            yield Problem(code="restarted", source=name, text=text)


def _losses(now: Vitals) -> Iterator[Problem]:
    for lost in now.recent:
        if lost.count and (lost.permille is None or lost.permille > _allowed(lost)):
            yield Problem(code=f"lost_{lost.what}", source=lost.source, text=lost.text())


def _told_twice(now: Vitals) -> Iterator[Problem]:
    for source in now.sources:
        if source.counts.get(TOLD_TWICE, 0) > TWICE_SHARE_MAX * (source.rows + TWICE_ROWS_MIN):
            text = Text(
                "{source}: {twice:,} of {rows:,} flows came from two exporters and count twice: export each flow"
                " in one place only",
                source=source.name,
                twice=source.counts[TOLD_TWICE],
                rows=source.rows,
            )
            yield Problem(code="told_twice", source=source.name, text=text)


def _store_refuses(now: Vitals) -> Iterator[Problem]:
    if now.store_refused > now.stored_rows:
        text = Text(
            "the store refused {records} as too old or too new, more than it keeps: look at"
            " old files with `bavn analyse`, or raise [store] age_days_max",
            records=records(now.store_refused),
        )
        yield Problem(code="store_refuses", source="", text=text)


def _failed(now: Vitals) -> Iterator[Problem]:
    for code, said in (("detect_failed", now.detect_failed), ("disk_failed", now.disk_failed)):
        if said:
            yield Problem(code=code, source="node", text=Text.plain(said))


def _detects_slowly(now: Vitals) -> Iterator[Problem]:
    if now.detecting_us is None:
        return
    took_s = (now.now_us - now.detecting_us) // SECOND_US
    if took_s > DETECT_S_MAX:
        text = Text("the detectors have run for {took}", took=lasting(took_s * SECOND_US))
        yield Problem(code="detect_slow", source="node", text=text)


def _disk_full(now: Vitals, limits: HealthTable) -> Iterator[Problem]:
    if now.disk_free_mb < limits.disk_free_mb_min:
        text = Text(
            "{disk_free_mb} MB left on the disk, less than {disk_free_mb_min}",
            disk_free_mb=now.disk_free_mb,
            disk_free_mb_min=limits.disk_free_mb_min,
        )
        yield Problem(code="disk_full", source="node", text=text)


def _allowed(lost: Recent) -> int:
    return STREAM_GAP_PERMILLE_MAX if lost.what == STREAM_GAPS else LOSS_PERMILLE_MAX


def _lags(now: Vitals, source: Figures) -> list[Problem]:
    lag_s, lag_mb = now.lag_s(source), source.lag_bytes >> 20
    if source.name in PATIENT or (lag_s <= LAG_S_MAX and lag_mb <= LAG_MB_MAX):
        return []
    behind = Text("{source} is {lag_mb:,} MB behind: the node does not keep up", source=source.name, lag_mb=lag_mb)
    if lag_s:
        behind = Text(
            "{source} is {lag} and {lag_mb:,} MB behind: the node does not keep up",
            source=source.name,
            lag=lasting(lag_s * SECOND_US),
            lag_mb=lag_mb,
        )
    return [Problem(code="lag", source=source.name, text=behind)]
