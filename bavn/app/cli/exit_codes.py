"""`bavn exit-code`: what the number that a command ended with means, and what to do."""

from typing import Annotated

import typer

from bavn.app.cli.words import Spoken
from bavn.app.process.exits import PAGES, Exit, Stop
from bavn.model.text import Text


def exit_code(
    code: Annotated[int | None, typer.Argument(help="The number; all of them without it.")] = None,
    *,
    language: Spoken = "en",
) -> None:
    """Say what an exit code means and what to do."""
    wanted = list(Exit) if code is None else [entry for entry in Exit if entry == code]
    if not wanted:
        known = ", ".join(str(int(entry)) for entry in Exit)
        raise Stop(Exit.NOT_FOUND, Text("bavn has no exit code {code}; it has {known}", code=str(code), known=known))
    for entry in wanted:
        page = PAGES[entry]
        print(f"{int(entry):3}  {page.meaning.say(language)}\n     {page.do.say(language)}")
