"""`bavn node hunt`: an analyst's own questions to the node's history, also while the node runs.

Refuses to write anything but the analyst's saved hunts.
"""

from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.help import Commands
from bavn.app.cli.node.hunt import ioc as hunt_ioc
from bavn.app.cli.node.hunt import saved as hunt_saved
from bavn.app.cli.node.hunt import sigma as hunt_sigma
from bavn.app.cli.node.hunt.options import NODE_TOML, AsCsv, AsJson, Config, From, Last, Rows, Spoken, To
from bavn.app.cli.node.hunt.show import answer, form, query_of, screen, show, visible
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

app = Commands(
    help="Ask the node's own history: SQL, saved hunts, Sigma rules, lists of indicators.",
)
app.command("sigma")(hunt_sigma.sigma)
app.command("ioc")(hunt_ioc.ioc)
app.command("show")(hunt_saved.show_)
app.command("run")(hunt_saved.run)
app.command("save")(hunt_saved.save)


@app.command("sql")
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; - reads it from standard input.")] = "",
    config: Config = NODE_TOML,
    *,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A file with the query.")] = None,
    last: Last = "",
    from_: From = "",
    to: To = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    rows: Rows = 0,
    language: Spoken = "en",
) -> None:
    """Ask one SELECT over the node's tables (`tables` lists them); nothing can be changed by it.

    Addresses are shown as text; in a condition write src = addr('10.0.0.5') or in_net(dst, '192.0.2.0/24').
    """
    from bavn.app.analyst.hunting import hunting

    text = query_of(query, file)
    found, more = hunting(config, last, from_, to).first(text, rows=rows)
    answer(config, found, more, form(as_json=as_json, as_csv=as_csv), language)


@app.command("tables")
def tables(
    name: Annotated[str, typer.Argument(help="Only this table.")] = "",
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The tables, their columns, what each holds, and the functions for addresses."""
    from bavn.actor.store.query.address_macros import HELPERS
    from bavn.actor.store.segments.segment import ROLLUPS
    from bavn.model.record import TABLES

    every = TABLES | ROLLUPS
    if name and name not in every:
        raise Stop(
            Exit.NOT_FOUND,
            Text("there is no table {name}; there are {named}", name=visible(name), named=", ".join(every)),
        )
    wanted = {name: every[name]} if name else every
    rows = [
        (
            table,
            column.name,
            "address" if column.type == "UUID" else column.type,
            _holds(column.holds, "en" if as_json else language),
        )
        for table, columns in wanted.items()
        for column in columns
    ]
    show(("table", "column", "type", "holds"), rows, form(as_json=as_json), language)
    if not as_json:
        screen().print()
        show(
            ("function", "gives"),
            [(name, _holds(gives, language)) for name, gives in HELPERS.items()],
            "table",
            language,
        )


def _holds(said: str, language: str) -> str:
    """What a column holds or a function gives; the names of some say it all."""
    return Text.documented(said, "column").say(language) if said else ""
