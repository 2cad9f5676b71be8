"""`bavn node hunt show, run, save`: hunts that were kept, Bavn's and the analyst's own."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bavn.actor.hunt.saved import written
from bavn.actor.hunt.span import requested_span
from bavn.app.acts.node import hunts as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.hunting import hunting
from bavn.app.analyst.saved_hunts import named, own, shipped
from bavn.app.cli.language import tell
from bavn.app.cli.node.hunt.options import NODE_TOML, AsCsv, AsJson, Config, From, Last, Rows, Spoken, To
from bavn.app.cli.node.hunt.show import answer, form, query_of, show, visible
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.cli.words import cell
from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.tally import technique_words
from bavn.model.text import Text

Name = Annotated[str, typer.Argument(help="Name of the hunt (`bavn node hunt show`).")]
VALUE_CHARS_MAX: Final = 1000


def show_(
    name: Annotated[str, typer.Argument(help="Only this one, as the file that it is: a model for one's own.")] = "",
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The hunts that there are, and what each looks for; or one of them."""
    if name:
        print(written(named(hunting(config).folder, name)), end="")
        return
    mine, faults = own(hunting(config).folder)
    every = shipped() | mine
    rows = [
        (
            name,
            ("own" if as_json else cell("own", language)) if name in mine else "Bavn",
            hunt.technique if as_json or not hunt.technique else technique_words(hunt.technique).say(language),
            hunt.span,
            " ".join(hunt.parameters),
            hunt.says.say(language),
        )
        for name, hunt in sorted(every.items())
    ]
    show(("name", "from", "technique", "span", "needs", "looks for"), rows, form(as_json=as_json), language)
    for fault in faults:
        print(f"bavn: {visible(fault)}", file=sys.stderr)
    if faults:
        raise typer.Exit(Exit.INPUT)


def run(
    name: Name,
    config: Config = NODE_TOML,
    *,
    with_: Annotated[list[str] | None, typer.Option("--with", help="NAME=VALUE of what the hunt needs.")] = None,
    last: Last = "",
    from_: From = "",
    to: To = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rows: Rows = 0,
    language: Spoken = "en",
) -> None:
    """Run a hunt over its own span, or over the one that is given."""

    how = form(as_json=as_json, as_csv=as_csv)
    asking = hunting(config, last, from_, to)
    hunt = named(asking.folder, name)
    given = _given(with_ or [], hunt.parameters)
    table, more = asking.first(hunt.sql, given, rows=rows, default=requested_span(last=hunt.span))
    if hunt.columns:
        table = table.select([column for column in table.column_names if column in hunt.columns])
    if how == "table":
        print(hunt.says.say(language), file=sys.stderr)
    answer(config, table, more, how, language)


def save(
    name: Name,
    query: Annotated[str, typer.Argument(help="One SELECT; - reads it from standard input.")] = "",
    config: Config = NODE_TOML,
    *,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A file with the query.")] = None,
    says: Annotated[str, typer.Option("--says", help="What it looks for.")] = "",
    says_da: Annotated[str, typer.Option("--says-da", help="The same in Danish; else as --says.")] = "",
    technique: Annotated[str, typer.Option(help="ATT&CK id, such as T1021.002.")] = "",
    span: Annotated[str, typer.Option(help="The span that it asks about by default, such as 7d.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over a hunt of that name.")] = False,
    by: Annotated[str, of_act(acts.save)] = "",  # noqa: ARG001  asked for its right
) -> None:
    """Keep a query under a name. It is tried on the history first, so that only what can be asked is kept."""

    def ask(sql: str) -> None:
        with hunting(config).window() as window:
            window.first(sql, rows_max=1)

    body = typed(
        acts.HuntSave,
        sql=query_of(query, file),
        says=says,
        says_da=says_da,
        technique=technique,
        span=span,
        replace=replace,
    )
    tell(Text("kept in {file}", file=acts.save(Here(config), name, body, ask)[1]))


def _given(texts: list[str], parameters: dict[str, str]) -> dict[str, str]:
    given_values: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in parameters or len(value) > VALUE_CHARS_MAX:
            known = ", ".join(f"{name} ({words})" for name, words in parameters.items()) or "nothing"
            raise Stop(
                Exit.USAGE,
                Text("--with {text}: this hunt needs {known}, written NAME=VALUE", text=visible(text), known=known),
            )
        given_values[key] = value
    missing = sorted(set(parameters) - set(given_values))
    if missing:
        raise Stop(
            Exit.USAGE,
            Text(
                "this hunt needs --with {missing}=...: {parameters}",
                missing=missing[0],
                parameters=parameters[missing[0]],
            ),
        )
    return given_values
