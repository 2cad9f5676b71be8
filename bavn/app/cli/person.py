"""Who runs a command: the account that a token or key proves, or whoever is at the machine; never a typed name.

``--by`` is a note. Refuses to decide who may stand beside whom: the rooms do.
"""

import os
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from bavn.app.access.here import KEY_FILE, TOKEN_FILE, here
from bavn.app.access.rights import Right
from bavn.app.acts.act import Act
from bavn.app.process.exits import Exit, Stop
from bavn.model.principal import Principal, for_second
from bavn.model.text import Text

Side = Literal["sac", "soc"]
NOTE_CHARS_MAX: Final = 64
WHY_CHARS_MAX: Final = 200
_rights: ContextVar[frozenset[Right] | None] = ContextVar("rights", default=None)
"""What the account behind this command may do; None where no account was asked for."""
BY_HELP: Final = (
    "A note of who asked for it. Who acts is the account of BAVN_TOKEN_FILE or BAVN_KEY_FILE, else this machine's user."
)
AsLocalRoot = Annotated[
    str,
    typer.Option("--as-local-root", metavar="REASON", help="As root: act in the place of a second person. An alarm."),
]


def option(side: Side, right: Right | None, name: str = "--by", what: Act[..., Any] | None = None) -> Any:
    """The option ``--by`` of a command that needs this right; the command gets who acts. ``right`` None: no account is
    asked for, since there may be none. ``what``: the act that the command does."""
    asked = _person_option(side, right)
    asked.right, asked.what = right, what  # type: ignore[attr-defined]  # read by the test over all acts
    return typer.Option(name, help=BY_HELP, callback=asked)


def of_act(what: Act[..., Any], side: Side | None = None) -> Any:
    """The option ``--by`` of the command that does this act. ``side``: where the right is one of both consoles."""
    return option(side or ("soc" if what.right.startswith("soc:") else "sac"), what.right, what=what)


def _person_option(side: Side, right: Right | None) -> Callable[[typer.Context, str | None], str]:
    def asked(context: typer.Context, value: str | None) -> str:
        if context.resilient_parsing:
            return ""
        if right is None:
            _rights.set(None)
            return here_now(value or "")
        return acting(side, context.params.get("config"), right, context.command_path, value or "")

    return asked


def acting(side: Side, config: object, right: Right, purpose: str, note: str = "") -> Principal:
    """Who runs this command. Stop for a proof that is not good, or whose account may not do this."""
    _rights.set(None)
    if not (os.environ.get(TOKEN_FILE) or os.environ.get(KEY_FILE)):
        return here_now(note)
    from bavn.app.access.book import open_book
    from bavn.app.access.proving import proved

    book = open_book(_folder(side, Path(str(config))))
    try:
        principal = proved(book, os.environ, purpose)
    finally:
        book.close()
    if principal is None:
        return here_now(note)
    who, rights = principal
    _may(who, rights, right)
    _rights.set(rights)
    return Principal(who, key=who.id, how=who.how, apart=who.apart, note=_note(note))


def rights_here() -> frozenset[Right] | None:
    """What the account behind this command may do; None for whoever is at the machine."""
    return _rights.get()


def here_now(note: str = "") -> Principal:
    """Whoever is at this machine."""
    return here(os.environ, _note(note))


def needs(by: str, right: Right) -> None:
    """For a command that needs another right for some of what it does. Stop where the account lacks it."""
    rights = _rights.get()
    if rights is not None:
        _may(by, rights, right)


def _may(who: str, rights: frozenset[Right], right: Right) -> None:
    if right not in rights:
        raise Stop(
            Exit.REFUSED,
            Text("{who} may not do this: the account or its token lacks the right {right}", who=who, right=right.value),
        )


def _note(note: str) -> str:
    if len(note) > NOTE_CHARS_MAX or not note.isprintable():
        raise Stop(
            Exit.USAGE,
            Text("--by is a note of at most {note_chars_max} printable characters", note_chars_max=NOTE_CHARS_MAX),
        )
    return note


def instead(by: str, why: str) -> str:
    """Who acts: themselves, or with a reason for it local root in the place of a second person. Stop for others."""
    if not why:
        return by
    if len(why) > WHY_CHARS_MAX or not why.strip():
        raise Stop(
            Exit.USAGE,
            Text("--as-local-root gives a reason of at most {why_chars_max} characters", why_chars_max=WHY_CHARS_MAX),
        )
    try:
        return for_second(by, why.strip()) if isinstance(by, Principal) else by
    except ValueError as error:
        raise Stop(
            Exit.REFUSED, Text("{error}: run it as root, without a token or key", error=Text.of_error(error))
        ) from error


def _folder(side: Side, config: Path) -> Path:
    from bavn.app.config.load import read_centre, read_node

    return (read_centre(config) if side == "sac" else read_node(config)).folder
