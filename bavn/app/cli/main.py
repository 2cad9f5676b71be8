"""The one command: puts the subcommands together and turns what went wrong into one line and an exit code."""

import errno
import logging
import os
import sqlite3
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from bavn import __version__
from bavn.app.cli.later import later
from bavn.app.process.exits import PAGES, Exit, Stop
from bavn.app.process.memory import few_arenas, keep_small
from bavn.model.catalogue import ENGLISH
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.case import NotNow
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import BookForeign

COMMANDS: Final = {
    "analyse": "bavn.app.cli.analyse:analyse",
    "fit": "bavn.app.cli.fit:fit",
}
GROUPS: Final = {
    "node": "bavn.app.cli.node.main:app",
    "centre": "bavn.app.cli.centre.main:app",
    "operator": "bavn.app.cli.operator:app",
    "keyholder": "bavn.app.cli.keyholder:app",
    "hub": "bavn.app.cli.hub:app",
    "config": "bavn.app.cli.config:app",
}
OTHERS: Final = "bavn.commands"
"""Entry points of other packages, such as the lab: a name, and a command or a group of them."""


def _others() -> dict[str, Callable[[], Any]]:
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in sorted(entry_points(group=OTHERS))}


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Bavn: a sector's extra pair of eyes. Local detection, a private join across actors, protection.",
    cls=later(COMMANDS, GROUPS, _others),
)


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
        level=os.environ.get("BAVN_LOG", "WARNING").upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if sys.argv[1:2] in (["node"], ["analyse"]):  # what they write is an actor's own traffic, and nobody else's to read
        os.umask(0o077)
    few_arenas()
    keep_small()
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()
    sys.exit(code)


def _nobody_reads() -> None:
    """Whoever read the output has gone, as in ``| head -1``: what is left to write goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = os.fdopen(1, "w")


_MENDED_BY_OPERATOR: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
_DATABASE_OUT_OF_REACH: Final = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM}
)
_DATABASE_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SEE_TO: Final = "see to its rights and to room on the disk, and run as the user who owns it"
_RESTORE: Final = "copy the folder before anything else, then restore the newest backup (docs/operations.md, Backup)"


def _run() -> int:
    try:
        ended = app(standalone_mode=False)
    except Stop as stop:
        return _say(stop.code, _said(stop))
    except SettingsError as error:
        return _say(Exit.CONFIGURATION, str(error))
    except BookForeign as error:
        return _say(Exit.CONFIGURATION, str(error))
    except LinkRefused as error:
        return _say(Exit.REFUSED, _said(error))
    except LinkDown as error:
        return _say(Exit.UNREACHABLE, _said(error))
    except NotNow as error:
        return _say(Exit.NOT_NOW, str(error))
    except typer.Abort:
        return _say(Exit.INTERRUPTED, "stopped")
    except BrokenPipeError:
        _nobody_reads()
        return Exit.OK
    except SystemExit as ending:
        if not isinstance(ending.__context__, BrokenPipeError):
            raise
        _nobody_reads()  # typer ends with 1 by itself
        return Exit.OK
    except OSError as error:
        if error.errno not in _MENDED_BY_OPERATOR:
            return _broken(error)
        what = error.filename or "a file"
        return _say(Exit.CONFIGURATION, f"{what} cannot be used ({error.strerror}): {_SEE_TO}")
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DATABASE_DAMAGED:
            return _say(Exit.BROKEN, f"a database in its folder is damaged ({error}): {_RESTORE}")
        if code not in _DATABASE_OUT_OF_REACH:
            return _broken(error)
        return _say(Exit.CONFIGURATION, f"the database in its folder cannot be used ({error}): {_SEE_TO}")
    except Exception as error:
        shown = getattr(error, "format_message", None)
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its help is the answer
            print(error, file=sys.stderr)
            return int(Exit.USAGE)
        if shown is not None:
            return _say(Exit.USAGE, str(shown()))
        logging.getLogger(__name__).critical("bavn stopped", exc_info=error)
        return _say(Exit.BROKEN, f"{type(error).__name__}: {error}")
    # Typer hands back as a value what a command raised as typer.Exit, and 130 for Ctrl-C.
    if ended == Exit.INTERRUPTED:
        return _say(Exit.INTERRUPTED, "stopped")
    return ended if isinstance(ended, int) else Exit.OK


def _broken(error: Exception) -> int:
    logging.getLogger(__name__).critical("bavn stopped", exc_info=error)
    return _say(Exit.BROKEN, f"{type(error).__name__}: {error}")


def _said(error: Exception) -> str:
    """In the language that every command speaks, where the environment names one: no option is known here."""
    return Text.of_error(error).say(os.environ.get("BAVN_LANGUAGE", ENGLISH))


def _say(code: Exit, line: str) -> int:
    print(f"bavn: {line}", file=sys.stderr)
    return int(code)
