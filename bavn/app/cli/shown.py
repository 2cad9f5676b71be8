"""What commands of several parties show: rows as a table or as JSON lines, and rules of indicators."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer

from bavn.app.cli.language import language_here
from bavn.app.cli.words import cell
from bavn.app.process.exits import Exit, Stop
from bavn.app.siem.rules.rule import Form
from bavn.model.outcome import Refused
from bavn.model.text import Language, Text

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
For = Annotated[Form, typer.Option("--for", help="Whose rule.")]
WIDTH_PLAIN: Final = 180


def show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Rows with the same keys, one a line."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        print(Text("nothing yet").say(language_here()))
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    (Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)).print(table)


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


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return cell("yes" if value else "no", language_here())
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_cell(item)}" for name, item in value.items())
    return "" if value is None else str(value)
