"""The half of a node that looks: its store and sources, and how its detectors are asked and up to when, with its lists,
rules and verdicts of the moment.

A node that reads nothing never loads this. Refuses to detect anything itself.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from bavn.actor.detect.detectors.ioc import Ioc
from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.indicators.lists import Fame
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.run import Survey, SurveyBackground, survey
from bavn.actor.door.books import NodeBooks
from bavn.actor.door.rounds.commons_table import CommonsTable
from bavn.actor.node.monitor import Monitor
from bavn.actor.node.settings import NodeSettings
from bavn.actor.protect.confirmed import met_elements
from bavn.actor.sense.base import Source
from bavn.actor.store.faults import StoreBroken, StoreBusy, StoreDamaged
from bavn.actor.store.limits import StoreLimits
from bavn.app.config.load import NodeConfig
from bavn.app.node.own_indicators import OwnIndicators
from bavn.app.node.sources import sources_of
from bavn.app.process.late import begun
from bavn.model.contained import contained
from bavn.model.failure import Failures
from bavn.model.intel.rule import RowRule
from bavn.model.observable import Observable
from bavn.model.ports import Clock, Neighbours, QueryRefused, RowsDamaged, Window
from bavn.model.sector.verdict import Verdicts
from bavn.model.suspicion import in_order

if TYPE_CHECKING:
    from bavn.actor.store.columns import ColumnStore

SIGMA_CHECKS_MAX: Final = 300_000_000
"""Rows times Sigma rules that one run asks anew; the next goes on. A hundred million are some 11 s of one core."""
STORE_FAULTS: Final = (StoreBusy, StoreBroken, StoreDamaged)
"""The operator must act: the command says what the store says."""


def senses_of(
    config: NodeConfig, clock: Clock, closing: contextlib.ExitStack, failures: Failures
) -> "tuple[ColumnStore | None, list[Source]]":
    """Neither where the store cannot be opened in a way that nobody foresaw: the node protects all the same. Columns
    are freed to the machine: Arrow's own pool keeps some for what may come."""
    pa.set_memory_pool(pa.system_memory_pool())
    store = begun(failures, "store", lambda: _store(config, clock, closing), STORE_FAULTS)
    if store is None:
        return None, []
    return store, begun(failures, "sources", lambda: sources_of(config, store, clock, closing, failures)) or []


def _store(config: NodeConfig, clock: Clock, closing: contextlib.ExitStack) -> "ColumnStore":
    from bavn.actor.store.mended import open_or_mend  # DuckDB: a guard has no history

    limits = StoreLimits(
        age_days_max=config.store.age_days_max,
        bytes_max=config.store.bytes_max,
        threads=config.store.threads,
        memory_mb_max=config.store.memory_mb_max,
    )
    return closing.enter_context(
        open_or_mend(config.folder / "store", limits, homes=config.node.homes, clock=clock, tick=time.monotonic)
    )


def monitor_of(
    config: NodeConfig,
    clock: Clock,
    books: NodeBooks,
    store: "ColumnStore",
    sources: Sequence[Source],
    settings: NodeSettings,
    failures: Failures,
    fame: Fame,
    *,
    surveyed: Callable[[Window], None] | None = None,
) -> tuple[Monitor, RuleMemory]:
    """With what it remembers of rules. ``fame``: what the world's lists say."""
    known, verdicts, memory = books.known, books.verdicts, RuleMemory(SIGMA_CHECKS_MAX)
    looks = detecting(
        config,
        clock,
        lambda: verdicts.holding(clock.now_us()),
        memory,
        surveyed,
        failures,
        fame,
        CommonsTable(books.book) if config.door.join_commons else None,
        lambda: met_elements(books.book.rows, clock.now_us()),
    )

    def keep(survey: Survey, end_us: int) -> None:
        known.replace(survey.suspicions, clock.now_us(), end_us, survey.hosts, survey.failed)

    monitor = Monitor(
        clock=clock,
        store=store,
        sources=sources,
        detect=looks,
        keep=keep,
        failures=failures,
        horizon_us=horizon(store, clock),
        settings=settings,
        unfinished=lambda: memory.waits,
    )
    return monitor, memory


def detecting(
    config: NodeConfig,
    clock: Clock,
    verdicts: Callable[[], Verdicts],
    memory: RuleMemory,
    surveyed: Callable[[Window], None] | None,
    failures: Failures,
    fame: Fame,
    commons: Neighbours | None = None,
    confirmed: Callable[[], Mapping[Observable, int]] = dict,
) -> Callable[[Window], Survey]:
    """``surveyed`` hears of each window that all detectors have gone through. ``commons``: what the sector told of this
    actor's own elements; ``confirmed``: what it confirmed that was met here, and how sure it is."""
    lists = OwnIndicators([config.path(name) for name in config.sense.indicator_files])
    rules: tuple[RowRule, ...] = ()
    if config.hunt.sigma_files:  # pySigma takes 23 MB, and most nodes have no rules of their own
        from bavn.app.node.sigma_files import sigma_rules

        files = [config.path(name) for name in config.hunt.sigma_files]
        rules = begun(failures, "sigma rules", lambda: sigma_rules(files)) or ()

    def detect(window: Window) -> Survey:
        survey_done = survey(
            window,
            against=SurveyBackground(known=lambda: fame, now_us=clock.now_us(), commons=commons, dates=True),
            indicators=lists.now(),
            settings=config.detect,
            verdicts=verdicts(),
            rules=rules,
            memory=memory,
            failures=failures,
        )
        if surveyed is not None:
            step = partial(surveyed, window)
            contained(failures, "step canary in detection", step, passing=(QueryRefused,))
        return with_confirmed(window, survey_done, confirmed, failures, fame)

    return detect


def with_confirmed(
    window: Window, done: Survey, confirmed: Callable[[], Mapping[Observable, int]], failures: Failures, fame: Fame
) -> Survey:
    """The same with a suspicion of each machine that met what the sector confirmed: by then it is a row, with its
    records and packets, whatever the detectors thought of it. These are looked for apart: they are evidence of nothing
    (docs/decisions/0021-echo-is-no-evidence.md), so no other suspicion may lean on them. Raises QueryRefused."""
    both = done

    def look() -> None:
        nonlocal both
        if not (elements := dict(confirmed())):
            return
        behind = SurveyBackground(known=lambda: fame)
        met = survey(window, (Ioc(),), against=behind, indicators=IndicatorSet(elements), failures=failures)
        own = {suspicion.id for suspicion in done.suspicions}
        shared = [replace(match, shared=True) for match in met.suspicions if match.id not in own]
        both = replace(done, suspicions=tuple(in_order([*done.suspicions, *shared])))

    contained(failures, "step confirmed in detection", look, passing=(QueryRefused, RowsDamaged))
    return both


def horizon(store: "ColumnStore", clock: Clock) -> Callable[[], int]:
    """Up to when there are records: never later than now."""

    def horizon_us() -> int:
        newest = store.stats().newest_us
        return clock.now_us() if newest is None else min(newest, clock.now_us())

    return horizon_us
