"""`bavn node hunt picture`: rows over time and by the values of columns, and the SELECT to go on from."""

import json
from typing import Annotated, Any, Final

import typer
from rich.text import Text as Shown

from bavn.app.cli.node.hunt.options import NODE_TOML, AsJson, Config, From, Last, Spoken, To
from bavn.app.cli.node.hunt.show import screen, visible
from bavn.app.cli.words import number
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text

BAR_WIDTH: Final = 40
_NONE: Final = Text.in_context("value of a column", "none")
_REST: Final = Text.in_context("values of a column", "all others")


def picture(
    table: Annotated[str, typer.Argument(help="A table; `tables` lists them.")] = "flow",
    config: Config = NODE_TOML,
    *,
    column: Annotated[str, typer.Option("--column", help="Part it by this column.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only rows with this: dst_port=443; rcode= is none.")] = None,
    without: Annotated[list[str] | None, typer.Option("--not", help="No rows with this: dst=192.0.2.7.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Count the values of this column too.")] = None,
    last: Last = "",
    from_: From = "",
    to: To = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Draw a table over time, by a column, narrowed to some values; then go on with the SELECT that it ends with."""
    from bavn.app.analyst.hunting import drawn, hunting

    filters = [_filter(text, keep=True) for text in only or ()] + [_filter(text, keep=False) for text in without or ()]
    fields = list(dict.fromkeys([*([column] if column else []), *(field or ())]))
    given = {"table": table, "by": column, "filters": filters, "fields": fields}
    drawing = drawn(hunting(config, last, from_, to), given)
    if as_json:
        print(json.dumps(drawing, ensure_ascii=False))
        return
    _show(drawing, language)


def _filter(text: str, *, keep: bool) -> dict[str, Any]:
    column, equals, value = text.partition("=")
    if not equals:
        raise Stop(Exit.USAGE, Text("{text} is no filter: write column=value", text=repr(text[:40])))
    return {"column": column.strip(), "value": value or None, "keep": keep}


def _show(drawing: dict[str, Any], language: Language) -> None:
    out = screen()
    totals = [sum(counts) for counts in zip(*(one["rows"] for one in drawing["series"]), strict=True)]
    most = max(totals, default=0)
    for at, total in enumerate(totals):
        when = iso(drawing["first_us"] + at * drawing["step_us"])[:16].replace("T", " ")
        bar = "█" * -(-total * BAR_WIDTH // most) if most else ""
        out.print(Shown(f"{when}  {bar:<{BAR_WIDTH}}  {number(total, language)}"))
    out.print(Shown(Text.counted("{count:,} row", "{count:,} rows", drawing["rows"]).say(language)))
    for field in drawing["fields"]:
        _show_field(field, language)
    for note in drawing["notes"]:
        out.print(Shown(note.get(language) or note["en"]))
    out.print(Shown(f"\n{drawing['sql']}"))


def _show_field(field: dict[str, Any], language: Language) -> None:
    out = screen()
    out.print(Shown(f"\n{field['name']}"), style="bold")
    counts = [
        (_NONE.say(language) if one["value"] is None else visible(one["value"]), one["rows"]) for one in field["top"]
    ]
    for value, rows in [*counts, *([(_REST.say(language), field["rest"])] if field["rest"] else [])]:
        out.print(Shown(f"  {number(rows, language):>14}  {value}"))
