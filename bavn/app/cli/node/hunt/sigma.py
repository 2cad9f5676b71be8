"""`bavn node hunt sigma`: Sigma rules over the node's history, or what each would run as."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.text import Text as Shown

from bavn.app.analyst.plain import plain
from bavn.app.cli.node.hunt.options import NODE_TOML, AsCsv, AsJson, Config, From, Last, Spoken, To
from bavn.app.cli.node.hunt.show import Form, form, next_door, screen, show, visible
from bavn.app.cli.words import cell, heading, number
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.tally import technique_words
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.hunt.run import Match
    from bavn.actor.hunt.sigma import Outcome

STANDINGS: Final = {
    "runs": Text("run"),
    "part": Text("are counted by a correlation"),
    "unsupported": Text("are not supported"),
    "unreadable": Text("cannot be read"),
}
SECONDS_TIMES: Final = 10.0
"""Rules are asked many at a time, so a query of them may take longer than an analyst's own."""


def sigma(
    paths: Annotated[list[Path], typer.Argument(help="Sigma rule files, or folders of them.")],
    config: Config = NODE_TOML,
    *,
    check: Annotated[bool, typer.Option("--check", help="Say what each rule would run as, and run none.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="With --check: show the SQL too.")] = False,
    last: Last = "",
    from_: From = "",
    to: To = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    language: Spoken = "en",
) -> None:
    """Run Sigma rules over the history: what each names, at which hosts, since when.

    A rule that cannot run is named with its reason, never left out. Exit code 5: some rules could not be read.
    """
    from bavn.app.analyst.hunting import hunting
    from bavn.app.node.sigma_files import sigma_outcomes

    for path in paths:
        if not path.exists():
            raise Stop(Exit.USAGE, Text("{file}: there is no such file or folder", file=visible(str(path))))
    how = form(as_json=as_json, as_csv=as_csv)
    outcomes = sigma_outcomes(paths)
    if not outcomes:
        raise Stop(Exit.NOT_FOUND, Text("there is no rule (*.yml) in what was given"))
    if check:
        _say_outcomes(outcomes, sql=sql, how=how, language=language)
    else:
        hunt = hunting(config, last, from_, to)
        with hunt.window(seconds_max=hunt.config.hunt.seconds_max * SECONDS_TIMES) as window:
            met = _run(window, outcomes, how, language)
        samples = [sample for match in met for sample in match.samples]
        names = sorted({name for sample in samples for name, _ in sample})
        rows = ([plain(dict(sample).get(name)) for name in names] for sample in samples)
        next_door(config, names, rows, language)
    _say_counts(outcomes, language)
    if any(outcome.standing == "unreadable" for outcome in outcomes):
        raise typer.Exit(Exit.INPUT)


def _run(window: Any, outcomes: list["Outcome"], how: Form, language: Language) -> Sequence["Match"]:
    from bavn.actor.hunt.run import run_rules
    from bavn.actor.hunt.sigma import rules_of
    from bavn.app.process.one_line import one_line

    met, refused = run_rules(window, rules_of(outcomes))
    if how == "table":
        for match in met:
            _say_match(match, language)
        if not met:
            screen().print(Text("no rule matched").say(language), highlight=False)
    else:
        names = ("rule", "id", "level", "technique", "rows", "hosts", "named", "first", "last", "samples")
        show(names, map(_facts, met), how)
    for outcome in outcomes:
        if outcome.standing in ("unsupported", "unreadable"):
            _warn(f"{outcome.file}: {outcome.title + ': ' if outcome.title else ''}{outcome.reason}")
    for refusal in refused:
        _warn(f"{refusal.rule.title}: {one_line(refusal.reason)}")
    return met


def _facts(match: "Match") -> list[Any]:
    rule = match.rule
    samples = [{name: plain(value) for name, value in sample} for sample in match.samples]
    return [
        rule.title,
        rule.id,
        rule.level,
        rule.technique,
        match.rows,
        match.hosts,
        list(match.named),
        iso(match.first_us),
        iso(match.last_us),
        samples,
    ]


def _say_match(match: "Match", language: Language) -> None:
    rule, out = match.rule, screen()
    technique = f", {technique_words(rule.technique).say(language)}" if rule.technique else ""
    out.print(Shown(visible(f"{rule.title} ({rule.level}{technique})")), style="bold")
    more = ", …" if match.hosts > len(match.named) else ""
    out.print(
        Shown(
            f"  {number(match.rows, language)} {heading('rows', language)}, {number(match.hosts, language)}"
            f" {heading('hosts', language)}: {', '.join(match.named)}{more}"
            f"; {iso(match.first_us)[:19]} - {iso(match.last_us)[:19]}"
        )
    )
    for sample in match.samples:
        facts = [
            f"{name}={json.dumps(plain(value), ensure_ascii=False)}" for name, value in sample if value is not None
        ]
        out.print(Shown("    " + visible(" ".join(facts))))


def _say_outcomes(outcomes: list["Outcome"], *, sql: bool, how: Form, language: Language) -> None:
    names = ("file", "rule", "id", "outcome", "table", "reason") + (("sql",) if sql else ())
    rows = []
    for outcome in outcomes:
        rule = outcome.rule
        why = outcome.reason or "; ".join(rule.notes if rule else ())
        row = [outcome.file, outcome.title, outcome.id, outcome.standing, rule.table if rule else "", why]
        rows.append(row + ([f"FROM {rule.relation} WHERE {rule.condition}" if rule else ""] if sql else []))
    if how == "table":
        rows = [[row[1] or row[0], cell(str(row[3]), language), *row[4:]] for row in rows]
        names = ("rule", *names[3:])
    show(names, rows, how, language)


def _say_counts(outcomes: list["Outcome"], language: Language) -> None:
    counts: Counter[str] = Counter(outcome.standing for outcome in outcomes)
    counts_text = ", ".join(
        f"{number(counts[key], language)} {words.say(language)}" for key, words in STANDINGS.items() if counts[key]
    )
    total = Text("rules")
    typer.echo(f"{number(len(outcomes), language)} {total.say(language)}: {counts_text}", err=True)


def _warn(text: str) -> None:
    typer.echo(f"bavn: {visible(text)}", err=True)
