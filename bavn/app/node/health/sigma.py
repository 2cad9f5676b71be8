"""How the Sigma rules of a running node stand: what is an alarm, and what `bavn node health` shows. Pure."""

from typing import Any, Final

from bavn.actor.detect.indicators.rule_memory import RulesStatus
from bavn.app.process.one_line import one_line
from bavn.app.process.problem import Problem
from bavn.model.intel.rule import RowRule
from bavn.model.text import Text

NAMED_MAX: Final = 20
TITLE_CHARS_MAX: Final = 80
REASON_CHARS_MAX: Final = 200


def sigma_problems(standing: RulesStatus) -> list[Problem]:
    """A rule that the store did not answer is not watched: one alarm each, and one for those beyond NAMED_MAX."""
    problems = [
        Problem(
            code="sigma_refused",
            source=outcome.rule.id,
            text=Text(
                "the Sigma rule “{title}” was not answered: {reason}",
                title=_title(outcome.rule),
                reason=_reason(outcome.reason),
            ),
        )
        for outcome in standing.refused[:NAMED_MAX]
    ]
    more = len(standing.refused) - NAMED_MAX
    if more > 0:
        text = Text.counted(
            "{count:,} more Sigma rule was not answered", "{count:,} more Sigma rules were not answered", more
        )
        problems.append(Problem(code="sigma_refused", source="", text=text))
    return problems


def sigma_health(standing: RulesStatus) -> dict[str, Any]:
    """For health.json; nothing where no rules run. ``waiting``, ``cut``: how many, with the titles of the first."""
    if not standing.rules:
        return {}
    return {
        "rules": standing.rules,
        "refused": [
            {"id": one.rule.id, "title": _title(one.rule), "reason": _reason(one.reason)} for one in standing.refused
        ],
        "waiting": len(standing.waiting),
        "waiting_named": [_title(rule) for rule in standing.waiting[:NAMED_MAX]],
        "cut": len(standing.cut),
        "cut_named": [_title(rule) for rule in standing.cut[:NAMED_MAX]],
        "checks": standing.checks,
    }


def _title(rule: RowRule) -> str:
    return rule.title[:TITLE_CHARS_MAX]


def _reason(reason: str) -> str:
    return one_line(reason)[:REASON_CHARS_MAX]
