"""What the node's subcommands share: its configuration, questions to its book while it runs, rows as a table.

Refuses to know what is asked.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bavn.app.access.rights import Right
from bavn.app.cli.person import option
from bavn.app.cli.words import Spoken, heading
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.node.book_queries import Asks, asks, book_of
from bavn.model.text import Language, Text

Config = Annotated[
    Path,
    typer.Option("--config", "-c", is_eager=True, callback=as_its_user, help="The node's configuration file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
By = Annotated[str, option("soc", Right.SOC_TRIAGE)]
NODE_TOML: Final = service_config("node.toml")
WIDTH_PLAIN: Final = 180
__all__ = ["NODE_TOML", "AsJson", "Asks", "By", "Config", "Spoken", "asks", "book_of", "show_table"]
NOTHING: Final = Text("nothing yet")
WORDY: Final = ("what", "why", "says", "rule", "comment")


def show_table(
    names: tuple[str, ...], rows: list[tuple[Any, ...]], language: Language = "en", *, nothing: Text = NOTHING
) -> None:
    """Rows under their headings; wordy columns take what room is left. ``nothing`` is said where there are none."""
    if not rows:
        print(nothing.say(language))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(heading(name, language), overflow="fold", ratio=1 if name in WORDY else None)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    (Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)).print(table)
