"""Watches how a running node is: judges its promises, says in the log what goes wrong and when it is over, and writes
it where `bavn node health` reads it.

Refuses to mend anything, and to stop the node: a disk that takes no file is itself a problem that it tells.
"""

import json
import logging
import os
import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bavn import __version__
from bavn.actor.detect.indicators.rule_memory import RulesStatus
from bavn.actor.sense.account import Figures
from bavn.app.config.load import NodeConfig
from bavn.app.config.policy_mark import mark_of_policy
from bavn.app.node.health.certificates import ends_of
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.files import ACKNOWLEDGED_FILE, HEALTH_FILE
from bavn.app.node.health.holders import holders_state
from bavn.app.node.health.lost import LostBook
from bavn.app.node.health.progress import Progress
from bavn.app.node.health.promises import breaches, promised
from bavn.app.node.health.releases import past_support
from bavn.app.node.health.sigma import sigma_health
from bavn.app.node.health.vitals import STREAM_GAPS, Recent, Vitals, problems
from bavn.app.process.problem import Problem
from bavn.app.process.reserved_file import ReservedFile
from bavn.model.health import CLOCK_JUMP_S_MAX, PromiseState, State, judged, well
from bavn.model.malformed import UNREADABLE
from bavn.model.moment import MINUTE_US, SECOND_US, iso
from bavn.model.ports import Clock
from bavn.model.sector.alarm import kinds_of
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.actor.node.monitor import Monitor
    from bavn.actor.store.columns import ColumnStore

_LOG = logging.getLogger(__name__)
STEP_S: Final = 2.0

RECENT_US: Final = 10 * MINUTE_US
"""So long a loss stays an alarm after it happened."""

STORE_EVERY_US: Final = 30 * SECOND_US
CERTIFICATES_EVERY_US: Final = MINUTE_US
PROMISES_MAX: Final = 100
_Seen = dict[tuple[str, str], tuple[int, int | None, str]]


@dataclass
class Recorder:
    """Of one node. ``step`` is called every STEP_S by one thread; ``now`` from any."""

    config: NodeConfig
    clock: Clock
    monitor: "Monitor | None"
    store: "ColumnStore | None"
    queued: Callable[[], int]
    rules: Callable[[], tuple[dict[str, Any], Sequence[Text]]] = lambda: ({}, ())
    sigma: Callable[[], RulesStatus] = RulesStatus
    centre_skew_s: Callable[[], int | None] = lambda: None
    detect_failed: str | None = None
    disk_failed: str | None = None
    canary: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    tick: Callable[[], float] | None = None
    """Seconds that no clock's setting moves; None: nobody looks for jumps."""
    checks: NodeChecks = field(default_factory=NodeChecks)

    def __post_init__(self) -> None:
        before = self.before()
        self._lost, self._progress = LostBook(before.get("lost_book")), Progress()
        self._stood: dict[str, tuple[State, int | None]] = {
            one["code"]: (one["state"], one["since_us"])
            for one in before.get("promises", [])
            if one["state"] != "unknown"
        }
        self._files = {HEALTH_FILE: ReservedFile(self.config.folder / HEALTH_FILE, mode=0o600)}
        if self.config.health.metrics_file:
            metrics = self.config.path(self.config.health.metrics_file)
            self._files["metrics_file"] = ReservedFile(metrics, mode=0o644)
        self._began_us = self.clock.now_us()
        self._policy = mark_of_policy(self.config)
        self._history: deque[tuple[int, _Seen, dict[str, int]]] = deque()
        self._open: dict[tuple[str, str], Problem] = {}
        self._losses_logged: _Seen = {}
        self._looked = False
        self._store: dict[str, Any] = {}
        self._store_due_us = 0
        self._certificates = ends_of(self.config)
        self._certificates_due_us = self._began_us + CERTIFICATES_EVERY_US
        self._unwritten: dict[str, str] = {}
        self._ticked: tuple[float, int] | None = None
        self._jumped_s, self._jump_until = 0, 0.0

    def before(self) -> dict[str, Any]:
        """What the node said of itself when it ran last; empty where nobody knows."""
        try:
            health = json.loads((self.config.folder / HEALTH_FILE).read_text(encoding="utf-8"))
            known = [(one["code"], one["state"], one["since_us"]) for one in health.get("promises", [])]
        except UNREADABLE:
            return {}
        return health if isinstance(health, dict) and len(known) < PROMISES_MAX else {}

    def now(self) -> Vitals:
        """The figures of this moment."""
        sources = () if self.monitor is None else tuple(account.figures() for account in self.monitor.accounts)
        return Vitals(
            now_us=self.clock.now_us(),
            began_us=self._began_us,
            sources=sources,
            recent=self._recent(sources),
            detecting_us=self.monitor.detecting_us if self.monitor else None,
            restarts=self._restarts(sources),
            disk_free_mb=shutil.disk_usage(_standing(self.config.folder)).free >> 20,
            rules=tuple(self.rules()[1]),
            sigma=self.sigma(),
            centre_skew_s=self.centre_skew_s(),
            jumped_s=self._jumped_s,
            detect_failed=self.detect_failed,
            disk_failed=self.disk_failed,
            idle=self.monitor is None and not self.config.node.centre_url,
            certificates=self._certificates,
            stored_rows=self._store.get("rows", 0),
            store_refused=sum(self._store.get("refused", {}).values()),
        )

    def step(self, *, stopped: bool = False) -> None:
        """Looks, says what has changed, writes it down."""
        self._look_at_the_clock()
        if self.clock.now_us() >= self._certificates_due_us:
            self._certificates = ends_of(self.config)
            self._certificates_due_us = self.clock.now_us() + CERTIFICATES_EVERY_US
        if self.store is not None and not stopped and self.clock.now_us() >= self._store_due_us:
            self._store = _stored(self.store)
            self._store_due_us = self.clock.now_us() + STORE_EVERY_US
        now = self.now()
        self._remember(now)
        self._say_losses(now)
        found = self._problems(now)
        self._say(found)
        self._write(self._state(now, found, self._judged(now, found), stopped=stopped))

    def _problems(self, now: Vitals) -> list[Problem]:
        """All that is wrong: by the figures, by what was lost before, by what is checked beside them."""
        limits = self.config.health
        self._count_losses(now)
        self._lost.forget(now.now_us, self._acknowledged_us())
        lost = self._lost.problems()
        known = {(one.code, one.source) for one in lost}
        problems_now = [
            one for one in problems(now, limits) if not _whole(one, now) and (one.code, one.source) not in known
        ]
        problems_now += lost
        problems_now += self._progress.problems(now.sources, now.now_us)
        problems_now += self.checks.problems(limits, self.queued(), self.rules()[0], now.now_us)
        problems_now += [
            Problem(
                code="unwritten",
                source=name,
                text=Text("{name} cannot be written ({why})", name=name, why=why),
            )
            for name, why in self._unwritten.items()
        ]
        return problems_now

    def _count_losses(self, now: Vitals) -> None:
        for source in now.sources:
            for lost in source.losses:
                if lost.of is None and lost.what != STREAM_GAPS:
                    self._lost.count(source.name, lost.what, lost.unit, lost.count, now.now_us)
        rows = self._store.get("damaged_rows", 0)
        self._lost.count("store", "set_aside", "records", rows, now.now_us, lasting=True)
        if self.store is not None:
            self._lost.count("store", "manifest", "manifests", self.store.mended.manifests, now.now_us)
            self._lost.count("store", "segments_unread", "files", self.store.mended.files, now.now_us)

    def _acknowledged_us(self) -> int:
        try:
            said = json.loads((self.config.folder / ACKNOWLEDGED_FILE).read_text(encoding="utf-8"))
            return int(said["at_us"])
        except UNREADABLE:
            return 0

    def _judged(self, now: Vitals, problems: Sequence[Problem]) -> tuple[PromiseState, ...]:
        rules = self.rules()[0]
        given = self.checks.given(watches=self.monitor is not None, rules=bool(rules) or bool(now.sigma.rules))
        broken = breaches(problems)
        kept = promised({**given, **{one.code: True for one in broken}})  # also of a part that could not be made
        stands = judged(kept, broken, self._unchecked(now, rules), self._stood, now.now_us)
        self._stood |= {one.promise.code: (one.state, one.since_us) for one in stands if one.state != "unknown"}
        return stands

    def _unchecked(self, now: Vitals, rules: Mapping[str, Any]) -> dict[str, Text]:
        """Why a promise is not known to be kept."""
        not_yet = self.checks.unchecked(rules)
        unread = [
            source.name
            for source in now.sources
            if source.caught_up_us is None and not source.rows and not source.broken
        ]
        if unread:
            names = ", ".join(unread)
            not_yet["sources_read"] = Text("not read yet: {names}", names=names)
        if self.monitor is not None and self.monitor.detected_us is None and any(source.rows for source in now.sources):
            not_yet["detectors_work"] = Text("they have not run to their end yet")
        if self.store is not None and not self._store:
            not_yet["store_whole"] = Text("it was not looked at yet")
        return not_yet

    def standing(self) -> Sequence[Problem] | None:
        """What is wrong as of the last step; None before the first one. From any thread."""
        return tuple(self._open.values()) if self._looked else None

    def kinds(self) -> tuple[str, ...]:
        """Kinds of what is wrong as of the last step (model/sector/alarm.py), for the centre. From any thread."""
        return kinds_of(code for code, _ in self._open)

    def _look_at_the_clock(self) -> None:
        """How far it went otherwise than time did since the last step; what jumped stays said for RECENT_US."""
        if self.tick is None:
            return
        tick, now_us = self.tick(), self.clock.now_us()
        if self._ticked is not None:
            off_s = round((now_us - self._ticked[1]) / SECOND_US - (tick - self._ticked[0]))
            if abs(off_s) > CLOCK_JUMP_S_MAX:
                self._jumped_s, self._jump_until = off_s, tick + RECENT_US / SECOND_US
        if tick >= self._jump_until:
            self._jumped_s = 0
        self._ticked = tick, now_us

    def _recent(self, sources: Sequence[Figures]) -> tuple[Recent, ...]:
        before = self._history[0][1] if self._history else {}
        recent = []
        for (name, what), (count, of, unit) in _seen(sources).items():
            then = before.get((name, what), (0, None if of is None else 0, unit))
            since = None if of is None or then[1] is None else of - then[1]
            recent.append(Recent(source=name, what=what, unit=unit, count=max(0, count - then[0]), of=since))
        return tuple(recent)

    def _restarts(self, sources: Sequence[Figures]) -> dict[str, int]:
        before = self._history[0][2] if self._history else {}
        return {name: count - before.get(name, 0) for name, count in _restarted(sources).items()}

    def _remember(self, now: Vitals) -> None:
        """One entry about every ten seconds, the oldest at most RECENT_US old."""
        if not self._history or now.now_us - self._history[-1][0] >= 10 * SECOND_US:
            self._history.append((now.now_us, _seen(now.sources), _restarted(now.sources)))
        while len(self._history) > 1 and self._history[1][0] <= now.now_us - RECENT_US:
            self._history.popleft()

    def _say_losses(self, now: Vitals) -> None:
        """Each time that more was lost: how much since the last time it was said."""
        for key, (count, of, unit) in _seen(now.sources).items():
            last = self._losses_logged.get(key, (0, 0, unit))
            if count > last[0] and key[1] != STREAM_GAPS:  # some are everyday: too many are a problem
                since = None if of is None or last[1] is None else of - last[1]
                lost = Recent(source=key[0], what=key[1], unit=unit, count=count - last[0], of=since)
                _LOG.error("lost: %s; %d in all", lost.text().en, count)
            self._losses_logged[key] = (count, of, unit)

    def _say(self, found: Sequence[Problem]) -> None:
        present = {(problem.code, problem.source): problem for problem in found}
        for key, problem in present.items():
            if key not in self._open:
                _LOG.error("unhealthy: %s", problem.text.en)
        for key, problem in self._open.items():
            if key not in present:
                _LOG.warning("over: %s", problem.text.en)
        self._open, self._looked = present, True

    def _state(
        self, now: Vitals, problems: Sequence[Problem], stands: Sequence[PromiseState], *, stopped: bool
    ) -> dict[str, Any]:
        out = self.monitor
        detect = (
            {}
            if out is None
            else {
                "last": None if out.detected_us is None else iso(out.detected_us),
                "took_s": round(out.detect_took_us / SECOND_US, 3),
                "running_s": None if out.detecting_us is None else (now.now_us - out.detecting_us) // SECOND_US,
            }
        )
        return {
            "actor": self.config.node.actor,
            "version": __version__,
            "at": iso(now.now_us),
            "at_us": now.now_us,
            "pid": os.getpid(),
            "stopped": stopped,
            "policy": self._policy,
            "up_s": (now.now_us - self._began_us) // SECOND_US,
            "healthy": well(stands) and not problems and not stopped,
            "promises": [one.as_json() for one in stands],
            "lost_book": self._lost.as_json(),
            "ledger_walked_us": None if self.checks.chain is None else self.checks.chain.walked_us,
            "problems": [{"code": p.code, "source": p.source, **p.text.spoken()} for p in problems],
            "sensor": now.packet_sensor,
            "capture_loss_permille": now.capture_loss_permille,
            "capture_loss_known": now.capture_known,
            "sources": [_source(now, source) for source in now.sources],
            "canary": list(self.canary()),
            "rules": self.rules()[0],
            "sigma": sigma_health(now.sigma),
            "store": self._store,
            "detect": detect,
            "memory_mb": memory_mb(),
            "disk_free_mb": now.disk_free_mb,
            "queue_messages": self.queued(),
            "centre_skew_s": now.centre_skew_s,
            "key_holders": None if self.checks.holders is None else holders_state(self.checks.holders()),
            "certificates_left_s": {
                party: (end_us - now.now_us) // SECOND_US for party, end_us in now.certificates.items()
            },
        }

    def _write(self, health: dict[str, Any]) -> None:
        """Also while the disk is full: both files have their room already, and what is longer is cut."""
        short = health | {
            "healthy": False,
            "sources": [],
            "canary": [],
            "rules": {},
            "sigma": {},
            "promises": [one for one in health["promises"] if one["state"] != "kept"],
        }
        failed: dict[str, str] = {}
        for name, file in self._files.items():
            try:
                file.write(_text(name, health), _text(name, short))
            except OSError as error:
                failed[str(file.file)] = error.strerror or type(error).__name__
        self._unwritten = failed


def _text(name: str, health: dict[str, Any]) -> str:
    if name == HEALTH_FILE:
        return json.dumps(health, ensure_ascii=False, sort_keys=True)
    from bavn.app.node.health.metrics import page

    return page(health)


def _whole(problem: Problem, now: Vitals) -> bool:
    """A loss that is no share: the book of what was lost tells of it, and for longer."""
    return any(
        problem.code == f"lost_{lost.what}" and problem.source == lost.source and lost.of is None for lost in now.recent
    )


def _seen(sources: Sequence[Figures]) -> _Seen:
    return {(s.name, lost.what): (lost.count, lost.of, lost.unit) for s in sources for lost in s.losses}


def _restarted(sources: Sequence[Figures]) -> dict[str, int]:
    return {source.name: source.counts.get("restarts", 0) for source in sources}


def _source(now: Vitals, source: Figures) -> dict[str, Any]:
    return {
        "name": source.name,
        "rows": source.rows,
        "passed": source.passed,
        "refused": source.refused,
        "reasons": [[why.en, count, place, why.spoken()] for why, count, place in source.reasons],
        "broken": None if source.broken is None else source.broken.en,
        "broken_says": None if source.broken is None else source.broken.spoken(),
        "lag_bytes": source.lag_bytes,
        "lag_s": now.lag_s(source),
        "counts": dict(source.counts),
        "past_support": past.spoken() if (past := past_support(source, now.now_us)) else None,
        "clock_offset_s": source.clock_offset_s,
        "losses": [
            {"what": lost.what, "count": lost.count, "unit": lost.unit, "of": lost.of} for lost in source.losses
        ],
        "recent": [
            {"what": r.what, "count": r.count, "of": r.of, "permille": r.permille}
            for r in now.recent
            if r.source == source.name
        ],
    }


def _stored(store: "ColumnStore") -> dict[str, Any]:
    stats = store.stats()
    return {
        "rows": stats.rows_total,
        "bytes": stats.bytes_total,
        "oldest": None if stats.oldest_us is None else iso(stats.oldest_us),
        "newest": None if stats.newest_us is None else iso(stats.newest_us),
        "refused": dict(stats.refused),
        "forgotten_rows": stats.forgotten_rows,
        "damaged": list(stats.damaged),
        "damaged_rows": stats.damaged_rows,
    }


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that was not deleted."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def memory_mb() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
