"""The rules of one indicator as both consoles show them: each language's text, or why there is none."""

from pydantic import BaseModel, ConfigDict

from bavn.app.siem.rules.rule import FORMS, TITLES, Form
from bavn.app.siem.rules.write import rule_of
from bavn.app.web.frame import TextShape
from bavn.model.intel.indicator import Indicator
from bavn.model.outcome import Refused


class RuleShape(BaseModel):
    """``text`` is for the tool as it stands; ``refused``: why this language has none."""

    model_config = ConfigDict(frozen=True)
    form: Form
    title: str
    text: str | None
    refused: TextShape | None


class IndicatorRules(BaseModel):
    """One for each language, in the same order."""

    model_config = ConfigDict(frozen=True)
    rules: list[RuleShape]

    @classmethod
    def of(cls, indicator: Indicator | Refused, now_us: int, place: str = "") -> "IndicatorRules":
        """What is refused as a whole is refused in each."""
        rules = []
        for form in FORMS:
            rule = indicator if isinstance(indicator, Refused) else rule_of(indicator, form, now_us, place)
            refused = TextShape.of(rule.reason) if isinstance(rule, Refused) else None
            rules.append(
                RuleShape(form=form, title=TITLES[form], text=rule if isinstance(rule, str) else None, refused=refused)
            )
        return cls(rules=rules)
