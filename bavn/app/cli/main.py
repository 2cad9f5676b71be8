"""The one command: puts the subcommands together and turns what went wrong into one line and an exit code."""

import logging
import os
import sys
from typing import Annotated

import typer

from bavn import __version__
from bavn.app.cli import analyse, centre, demo, node, sim
from bavn.app.exits import PAGES, Exit, Stop
from bavn.model.case import NotNow
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.wire.book import BookForeign

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    help="Bavn: a sector's extra pair of eyes. Local detection, a private join across actors, protection.",
)  # fmt: skip
app.command("analyse")(analyse.analyse)
app.add_typer(node.app, name="node")
app.add_typer(centre.app, name="centre")
app.add_typer(sim.app, name="sim")
app.command("demo")(demo.demo)


@app.command("version")
def version() -> None:
    """Print the version."""
    print(__version__)


@app.command("exit-code")
def exit_code(code: Annotated[int | None, typer.Argument(help="The number; all of them without it.")] = None) -> None:
    """Say what an exit code means and what to do."""
    wanted = list(Exit) if code is None else [entry for entry in Exit if entry == code]
    if not wanted:
        raise Stop(Exit.NOT_FOUND, f"bavn has no exit code {code}; it has {', '.join(str(int(e)) for e in Exit)}")
    for entry in wanted:
        page = PAGES[entry]
        print(f"{int(entry):3}  {page.meaning.en}\n     {page.do.en}\n     {page.meaning.da}\n     {page.do.da}")


def main() -> None:
    """Entry point; never returns."""
    logging.basicConfig(
        level=os.environ.get("BAVN_LOG", "WARNING").upper(), stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )  # fmt: skip
    sys.exit(_run())


def _run() -> int:
    try:
        ended = app(standalone_mode=False)
    except Stop as stop:
        return _say(stop.code, str(stop))
    except SettingsError as error:
        return _say(Exit.CONFIGURATION, str(error))
    except BookForeign as error:
        return _say(Exit.CONFIGURATION, str(error))
    except LinkRefused as error:
        return _say(Exit.REFUSED, str(error))
    except LinkDown as error:
        return _say(Exit.UNREACHABLE, str(error))
    except NotNow as error:
        return _say(Exit.NOT_NOW, str(error))
    except typer.Abort:
        return _say(Exit.INTERRUPTED, "stopped")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        shown = getattr(error, "format_message", None)
        if shown is not None:
            return _say(Exit.USAGE, str(shown()))
        logging.getLogger(__name__).critical("bavn stopped", exc_info=error)
        return _say(Exit.BROKEN, f"{type(error).__name__}: {error}")
    # Typer hands back as a value what a command raised as typer.Exit, and 130 for Ctrl-C.
    if ended == Exit.INTERRUPTED:
        return _say(Exit.INTERRUPTED, "stopped")
    return ended if isinstance(ended, int) else Exit.OK


def _say(code: Exit, line: str) -> int:
    print(f"bavn: {line}", file=sys.stderr)
    return int(code)
