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
from bavn.app.cli.doors import More, front_page
from bavn.app.cli.help import Commands, not_understood, with_help
from bavn.app.cli.language import VARIABLE, language_here, language_of_locale
from bavn.app.cli.later import later
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.app.process.manager.log_lines import ERROR_PRIORITY, begin_logging, in_journal, prefixed
from bavn.app.process.memory import few_arenas, keep_small, leave_out
from bavn.app.process.spoken import Spoken
from bavn.model.catalogue import ENGLISH
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.case import NotNow
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.wire.book import BookForeign

COMMANDS: Final = {
    "analyse": "bavn.app.cli.history.analyse:analyse",
    "audit": "bavn.app.cli.audit:audit",
    "exit-code": "bavn.app.cli.exit_codes:exit_code",
    "fit": "bavn.app.cli.fit:fit",
    "pilot": "bavn.app.cli.history.pilot:pilot",
}
GROUPS: Final = {
    "node": "bavn.app.cli.node.main:app",
    "centre": "bavn.app.cli.centre.main:app",
    "keyholder": "bavn.app.cli.keyholder:app",
    "config": "bavn.app.cli.config:app",
}
OTHERS: Final = "bavn.commands"
"""Entry points of other packages, such as the lab: a name, and a command or a group of them."""


def _others() -> dict[str, Callable[[], Any]]:
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in sorted(entry_points(group=OTHERS))}


app = Commands(cls=later(COMMANDS, GROUPS, _others, front=front_page), completes=True)


def _version_alone(value: bool) -> None:
    if value:
        print(__version__)
        raise typer.Exit


@app.callback()
def group(
    *,
    language: Annotated[Spoken | None, typer.Option("--language", help="Language of all that is said.")] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version_alone, help="Print the version.")
    ] = False,
) -> None:
    """Bavn: a sector's extra pair of eyes. Local detection, a private join across actors, protection."""
    del version  # its callback prints it
    if language is not None:
        os.environ[VARIABLE] = language


@app.command("version")
def version() -> None:
    """Print the version."""
    print(__version__)


@app.command("more", cls=More)
def more(context: typer.Context) -> None:
    """List every command of `bavn`, also those that are met once a year."""
    print(context.get_help())


def main() -> None:
    """Entry point; never returns."""
    begin_logging(os.environ)
    # What these write is an actor's own traffic, and nobody else's to read.
    if sys.argv[1:2] in (["node"], ["analyse"], ["pilot"]):
        os.umask(0o077)
    few_arenas()
    leave_out()
    keep_small()
    if (spoken := language_of_locale(os.environ)) != ENGLISH:
        os.environ.setdefault(VARIABLE, spoken)
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
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    }
)
_DATABASE_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_STOPPED: Final = Text.in_context("exit code", "stopped")


def _run() -> int:
    try:
        ended = app(prog_name="bavn", standalone_mode=False)
    except Stop as stop:
        return _say(stop.code, Text.of_error(stop))
    except SettingsError as error:
        return _say(Exit.CONFIGURATION, Text.of_error(error))
    except BookForeign as error:
        return _say(Exit.CONFIGURATION, Text.of_error(error))
    except LinkRefused as error:
        return _say(Exit.REFUSED, Text.of_error(error))
    except LinkDown as error:
        return _say(Exit.UNREACHABLE, Text.of_error(error))
    except NotNow as error:
        return _say(Exit.NOT_NOW, Text.of_error(error))
    except (typer.Abort, KeyboardInterrupt):
        return _say(Exit.INTERRUPTED, _STOPPED)
    except BrokenPipeError:
        _nobody_reads()
        return Exit.OK
    except SystemExit as ending:
        if not isinstance(ending.__context__, BrokenPipeError):
            raise
        _nobody_reads()  # typer ends with 1 by itself
        return Exit.OK
    except ModuleNotFoundError as error:
        return _of_a_library(error)
    except OSError as error:
        return _of_a_file(error)
    except sqlite3.DatabaseError as error:
        return _of_a_database(error)
    except Exception as error:
        shown = getattr(error, "format_message", None)
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its help is the answer
            print(error, file=sys.stderr)
            return int(Exit.USAGE)
        if shown is not None:
            return _say(Exit.USAGE, with_help(not_understood(error), error))
        logging.getLogger(__name__).critical("bavn stopped", exc_info=error)
        return _say(Exit.BROKEN, Text.plain(f"{type(error).__name__}: {error}"))
    # Typer hands back as a value what a command raised as typer.Exit, and 130 for Ctrl-C.
    if ended == Exit.INTERRUPTED:
        return _say(Exit.INTERRUPTED, _STOPPED)
    return ended if isinstance(ended, int) else Exit.OK


def _of_a_library(error: ModuleNotFoundError) -> int:
    from bavn.app.fit.roles import lacking

    stop = lacking(error, next((word for word in sys.argv[1:] if word in GROUPS), ""))
    return _broken(error) if stop is None else _say(stop.code, Text.of_error(stop))


def _of_a_file(error: OSError) -> int:
    if error.errno not in _MENDED_BY_OPERATOR:
        return _broken(error)
    words = Text(
        "{what} cannot be used ({why}): see to its rights and to room on the disk, and run as the user who owns it",
        what=error.filename or Text("a file"),
        why=why_of(error),
    )
    return _say(Exit.CONFIGURATION, words)


def _of_a_database(error: sqlite3.DatabaseError) -> int:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DATABASE_DAMAGED:
        words = Text(
            "a database in its folder is damaged ({error}): copy the folder before anything else, then restore the"
            " newest backup (docs/operations.md, Backup)",
            error=str(error),
        )
        return _say(Exit.BROKEN, words)
    if code not in _DATABASE_OUT_OF_REACH:
        return _broken(error)
    words = Text(
        "the database in its folder cannot be used ({error}): see to its rights and to room on the disk, and run as"
        " the user who owns it",
        error=str(error),
    )
    return _say(Exit.CONFIGURATION, words)


def _broken(error: Exception) -> int:
    logging.getLogger(__name__).critical("bavn stopped", exc_info=error)
    return _say(Exit.BROKEN, Text.plain(f"{type(error).__name__}: {error}"))


def _say(code: Exit, line: Text) -> int:
    text = f"bavn: {line.say(language_here())}"
    print(prefixed(text, ERROR_PRIORITY) if in_journal(os.environ, 2) else text, file=sys.stderr)
    return int(code)
