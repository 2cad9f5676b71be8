"""Rules of indicators on a terminal: what both `bavn node rules export` and `bavn centre indicator rules` write."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from bavn.app.process.exits import Exit, Stop
from bavn.app.siem.rules.rule import Form
from bavn.model.outcome import Refused
from bavn.model.text import Language, Text

For = Annotated[Form, typer.Option("--for", help="Whose rule: kql is Sentinel and Defender, spl Splunk, eql Elastic.")]


def show_rules(
    rules: Iterable[tuple[str, str | Refused]], form: Form, *, as_json: bool, language: Language = "en"
) -> None:
    """Each an indicator's id and its rule. What has none is said beside them; Stop where none has one."""
    texts, refused = [], []
    for indicator_id, rule in rules:
        why = rule.reason.say(language) if isinstance(rule, Refused) else None
        if as_json:
            shown = {"indicator": indicator_id, "for": form, "rule": None if why else rule, "refused": why}
            print(json.dumps(shown, ensure_ascii=False))
        elif isinstance(rule, str):
            texts.append(rule)
        if isinstance(rule, Refused):
            refused.append(Text("no rule for {indicator}: {why}", indicator=indicator_id, why=rule.reason))
    print(_between(form).join(texts), end="")
    if not as_json:
        for says in refused:
            print(says.say(language), file=sys.stderr)
    if refused and not texts and not as_json:
        raise Stop(Exit.NOT_NOW, Text("none of them becomes a rule"))


def _between(form: Form) -> str:
    """What stands between two rules in one file."""
    return "---\n" if form == "sigma" else "\n"
