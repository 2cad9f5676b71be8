"""`bavn centre account` and `bavn node account`: who has an account at the console, from the machine it runs on.

Prints the one-time link by which an owner sets an account up, and nothing else that is secret. Refuses to know how
anybody proves who they are.
"""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bavn.app.cli.book import NODE_TOML
from bavn.app.cli.desk import CENTRE_TOML, AsJson, show
from bavn.app.exits import Exit, Stop
from bavn.app.web.rights import ROLES, Role
from bavn.model.moment import iso

if TYPE_CHECKING:
    from bavn.app.config_console import ConsoleTable
    from bavn.app.web.access.accounts import Accounts
    from bavn.app.web.access.book import Book

Side = Literal["sac", "soc"]
Name = Annotated[str, typer.Argument(help="The person's name, as the audit log is to show it.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role of this console; again for each further one.")]
Actors = Annotated[
    list[str] | None, typer.Option("--actor", help="A node that they may see; again for each further one. None: all.")
]
_CODES: Final = {"none": Exit.NOT_FOUND, "there": Exit.NOT_NOW, "full": Exit.NOT_NOW, "not-disabled": Exit.NOT_NOW}


def group(side: Side) -> typer.Typer:
    """The commands for one side."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts at the console (docs/console.md).")
    default = CENTRE_TOML if side == "sac" else NODE_TOML
    Config = Annotated[  # noqa: N806  a type
        Path, typer.Option("--config", "-c", help="The configuration file; the first node's, where there are several.")
    ]

    @app.command("add")
    def add(name: Name, role: Roles, config: Config = default, *, actor: Actors = None) -> None:
        """Make an account; prints the one-time link by which its owner sets it up."""
        with _opened(side, config) as (accounts, table):
            secret = _done(lambda: accounts.add(name, frozenset(role), frozenset(actor) if actor else None, _by()))
            _tell(name, table, secret)

    @app.command("list")
    def list_(config: Config = default, *, as_json: AsJson = False) -> None:
        """Every account, its roles and how it is proved."""
        with _opened(side, config) as (accounts, _):
            rows = [
                {
                    "name": one.name, "state": one.state, "origin": one.origin, "roles": sorted(one.roles),
                    "actors": None if one.actors is None else sorted(one.actors), "passkeys": one.passkeys,
                    "password": one.password, "recovery": one.recovery,
                    "seen": None if one.seen_us is None else iso(one.seen_us),
                }
                for one in accounts.every()
            ]  # fmt: skip
        show(rows, as_json=as_json)

    @app.command("roles")
    def roles(name: Name, role: Roles, config: Config = default, *, actor: Actors = None) -> None:
        """Give an account other roles and nodes; what it has open ends."""
        with _opened(side, config) as (accounts, _):
            _done(lambda: accounts.change(name, frozenset(role), frozenset(actor) if actor else None, _by()))
        print(f"{name}: {', '.join(sorted(role))}")

    @app.command("reset")
    def reset(name: Name, config: Config = default) -> None:
        """Take every proof from an account whose owner lost theirs; prints a new link."""
        with _opened(side, config) as (accounts, table):
            _tell(name, table, _done(lambda: accounts.reset(name, _by())))

    @app.command("disable")
    def disable(name: Name, config: Config = default) -> None:
        """Shut somebody out at once: sessions and tokens end."""
        with _opened(side, config) as (accounts, _):
            _done(lambda: accounts.disable(name, _by()))
        print(f"{name} is shut out")

    @app.command("enable")
    def enable(name: Name, config: Config = default) -> None:
        """Let somebody in again who was shut out."""
        with _opened(side, config) as (accounts, _):
            _done(lambda: accounts.enable(name, _by()))
        print(f"{name} may sign in again")

    @app.command("log")
    def log(config: Config = default, *, verify: bool = False) -> None:
        """Export the log of log-ons and account changes, one JSON object a line; --verify walks its hash chain."""
        from bavn.centre.cases import audit

        with _book(side, config) as (book, _):
            bad = audit.verify(book.engine) if verify else None
            if not verify:
                for line in audit.export(book.engine):
                    print(line)
        if bad is not None:
            raise Stop(Exit.BROKEN, f"the log's chain breaks: {bad}")
        if verify:
            print("the chain holds")

    return app


def _by() -> str:
    """Who runs the command, as the log shows it."""
    return f"{getpass.getuser()} (command line)"


def _done[Made](act: Callable[[], Made]) -> Made:
    from bavn.app.web.access.accounts import CannotAccount

    try:
        return act()
    except CannotAccount as error:
        raise Stop(_CODES.get(error.code, Exit.USAGE), str(error)) from error


def _tell(name: str, table: "ConsoleTable", secret: str) -> None:
    from bavn.app.web.server import origins_of

    address = origins_of(table, int(table.listen.rpartition(":")[2]), tls=bool(table.certificate_file))[0]
    print(f"account: {name}\nlink:    {address}/setup#{secret}\nThe link works once, for one day.")


@contextmanager
def _book(side: Side, config: Path) -> "Iterator[tuple[Book, ConsoleTable]]":
    from bavn.app.config import read_centre, read_node
    from bavn.app.web.access.book import open_book

    file = read_centre(config) if side == "sac" else read_node(config)
    book = open_book(file.folder)
    try:
        yield book, file.console
    finally:
        book.close()


@contextmanager
def _opened(side: Side, config: Path) -> "Iterator[tuple[Accounts, ConsoleTable]]":
    from bavn.app.web.access.accounts import Accounts

    with _book(side, config) as (book, table):
        yield Accounts(book, ROLES[side]), table
