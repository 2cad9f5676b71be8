"""How a node's detectors are asked, and up to when: with its lists, rules and verdicts of the moment.

Refuses to detect anything itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bavn.actor.detect.detectors.ioc import Ioc
from bavn.actor.detect.indicators.indicators import IndicatorSet
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.run import Survey, SurveyBackground, survey
from bavn.actor.detect.tasks import Weigh
from bavn.app.config.load import NodeConfig
from bavn.app.node.own_indicators import OwnIndicators
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


def detecting(
    config: NodeConfig,
    clock: Clock,
    verdicts: Callable[[], Verdicts],
    memory: RuleMemory,
    weigh: Weigh,
    surveyed: Callable[[Window], None] | None,
    failures: Failures,
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
            against=SurveyBackground(now_us=clock.now_us(), commons=commons, dates=True),
            indicators=lists.now(),
            settings=config.detect,
            verdicts=verdicts(),
            rules=rules,
            memory=memory,
            weigh=weigh,
            failures=failures,
        )
        if surveyed is not None:
            step = partial(surveyed, window)
            contained(failures, "step canary in detection", step, passing=(QueryRefused,))
        return with_confirmed(window, survey_done, confirmed, failures)

    return detect


def with_confirmed(
    window: Window, done: Survey, confirmed: Callable[[], Mapping[Observable, int]], failures: Failures
) -> Survey:
    """The same with a suspicion of each machine that met what the sector confirmed: by then it is a row, with its
    records and packets, whatever the detectors thought of it. These are looked for apart: they are evidence of nothing
    (docs/decisions/0021-echo-is-no-evidence.md), so no other suspicion may lean on them. Raises QueryRefused."""
    both = done

    def look() -> None:
        nonlocal both
        if not (elements := dict(confirmed())):
            return
        matches = survey(window, (Ioc(),), indicators=IndicatorSet(elements), failures=failures).suspicions
        own = {suspicion.id for suspicion in done.suspicions}
        shared = [replace(match, shared=True) for match in matches if match.id not in own]
        both = replace(done, suspicions=tuple(in_order([*done.suspicions, *shared])))

    contained(failures, "step confirmed in detection", look, passing=(QueryRefused, RowsDamaged))
    return both


def horizon(store: "ColumnStore", clock: Clock) -> Callable[[], int]:
    """Up to when there are records: never later than now."""

    def horizon_us() -> int:
        newest = store.stats().newest_us
        return clock.now_us() if newest is None else min(newest, clock.now_us())

    return horizon_us
