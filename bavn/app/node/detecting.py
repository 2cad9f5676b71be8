"""How a node's detectors are asked, and up to when: with its lists, rules and verdicts of the moment.

Refuses to detect anything itself.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.run import Survey, SurveyBackground, survey
from bavn.actor.detect.tasks import Weigh
from bavn.app.config.load import NodeConfig
from bavn.app.node.own_indicators import OwnIndicators
from bavn.app.process.late import begun
from bavn.model.contained import contained
from bavn.model.failure import Failures
from bavn.model.intel.rule import RowRule
from bavn.model.ports import Clock, Neighbours, QueryRefused, Window
from bavn.model.sector.verdict import Verdicts

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
) -> Callable[[Window], Survey]:
    """``surveyed`` hears of each window that all detectors have gone through. ``commons``: what the sector told of this
    actor's own elements."""
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
        return survey_done

    return detect


def horizon(store: "ColumnStore", clock: Clock) -> Callable[[], int]:
    """Up to when there are records: never later than now."""

    def horizon_us() -> int:
        newest = store.stats().newest_us
        return clock.now_us() if newest is None else min(newest, clock.now_us())

    return horizon_us
