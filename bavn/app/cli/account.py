"""`bavn centre account` and `bavn node account`: who has an account at the console, from the machine it runs on.

The only secret that it prints is a sign-in link.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.access.rights import ROLES, Right, Role
from bavn.app.acts import accounts as acts
from bavn.app.cli.centre.desk import CENTRE_TOML
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.node.book import NODE_TOML
from bavn.app.cli.person import Side, needs, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import typed
from bavn.app.fit.service_user import as_its_user
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.access.accounts import Account, Accounts
    from bavn.app.access.book import Book
    from bavn.app.config.console import ConsoleTable

Name = Annotated[str, typer.Argument(help="The person's name, as the audit log is to show it.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role of this console; again for each further one.")]
Actors = Annotated[
    list[str] | None, typer.Option("--actor", help="A node that they may see; again for each further one. None: all.")
]
Config = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        is_eager=True,
        callback=as_its_user,
        help="The configuration file; the first node's, where there are several.",
    ),
]


def group(side: Side) -> typer.Typer:
    """The commands for one side."""
    app = Commands(help="Accounts at the console (docs/console.md).")
    for add in (_letting_in, _accounts_of, _shutting_out, _tokens_of, _keys_of, _log_of):
        add(app, side)
    return app


def _default(side: Side) -> Path:
    return CENTRE_TOML if side == "sac" else NODE_TOML


def _giving(accounts: "Accounts", by: str) -> acts.Giving:
    """Whoever acts by an account of their own gives out no more nodes than that account sees."""
    own = accounts.find(by)
    return acts.Giving(accounts, by, None if own is None else own.actors)


def _row(account: "Account") -> dict[str, Any]:
    return {
        "name": account.name,
        "state": account.state,
        "origin": account.origin,
        "roles": sorted(account.roles),
        "actors": None if account.actors is None else sorted(account.actors),
        "passkeys": account.passkeys,
        "seen": None if account.seen_us is None else iso(account.seen_us),
    }


def _letting_in(app: typer.Typer, side: Side) -> None:
    """A new account, and the link that signs its owner in."""
    default = _default(side)

    @app.command("add")
    def add(
        name: Name,
        role: Roles,
        config: Config = default,
        *,
        actor: Actors = None,
        by: Annotated[str, of_act(acts.add, side)] = "",
    ) -> None:
        """Make an account; prints a link that signs its owner in once, within a quarter of an hour."""
        body = typed(acts.New, name=name, roles=frozenset(role), actors=frozenset(actor) if actor else None)
        with _opened(side, config) as (accounts, table):
            giving = _giving(accounts, by)
            acts.add(giving, body)
            needs(by, acts.link.right)
            _tell(name, table, acts.link(giving, name, acts.LINK_MINUTES), acts.LINK_MINUTES)

    @app.command("link")
    def link(
        name: Name,
        config: Config = default,
        *,
        minutes: Annotated[
            int, typer.Option(help="How long it is good.", min=1, max=acts.LINK_MINUTES_MAX)
        ] = acts.LINK_MINUTES,
        by: Annotated[str, of_act(acts.link, side)] = "",
    ) -> None:
        """Print a link that signs an account's owner in once, within minutes; the latest link alone works."""
        with _opened(side, config) as (accounts, table):
            _tell(name, table, acts.link(_giving(accounts, by), name, minutes), minutes)


def _accounts_of(app: typer.Typer, side: Side) -> None:
    """Who has an account, and what they may do."""
    default = _default(side)

    @app.command("list")
    def list_(config: Config = default, *, as_json: AsJson = False) -> None:
        """Every account, its roles and how it is proved."""
        with _opened(side, config) as (accounts, _):
            rows = [_row(account) for account in accounts.every()]
        show(rows, as_json=as_json)

    @app.command("roles")
    def roles(
        name: Name,
        role: Roles,
        config: Config = default,
        *,
        actor: Actors = None,
        by: Annotated[str, of_act(acts.change, side)] = "",
    ) -> None:
        """Give an account other roles and nodes; what it has open ends."""
        body = typed(acts.Given, roles=frozenset(role), actors=frozenset(actor) if actor else None)
        with _opened(side, config) as (accounts, _):
            acts.change(_giving(accounts, by), name, body)
        print(f"{name}: {', '.join(sorted(role))}")


def _shutting_out(app: typer.Typer, side: Side) -> None:
    """An account whose owner lost their proofs, or is not to come in."""
    default = _default(side)

    @app.command("reset")
    def reset(name: Name, config: Config = default, *, by: Annotated[str, of_act(acts.turn, side)] = "") -> None:
        """Take every proof from an account whose owner lost theirs; prints a sign-in link."""
        with _opened(side, config) as (accounts, table):
            giving = _giving(accounts, by)
            acts.turn(giving, name, "reset")
            needs(by, acts.link.right)
            _tell(name, table, acts.link(giving, name, acts.LINK_MINUTES), acts.LINK_MINUTES)

    @app.command("disable")
    def disable(name: Name, config: Config = default, *, by: Annotated[str, of_act(acts.turn, side)] = "") -> None:
        """Shut somebody out at once: sessions and tokens end."""
        with _opened(side, config) as (accounts, _):
            acts.turn(_giving(accounts, by), name, "disable")
        tell(Text("{who} is shut out", who=name))

    @app.command("enable")
    def enable(name: Name, config: Config = default, *, by: Annotated[str, of_act(acts.turn, side)] = "") -> None:
        """Let somebody in again who was shut out."""
        with _opened(side, config) as (accounts, _):
            acts.turn(_giving(accounts, by), name, "enable")
        tell(Text("{who} may sign in again", who=name))


def _tokens_of(app: typer.Typer, side: Side) -> None:
    """What the command line acts with."""
    default = _default(side)

    @app.command("token")
    def token(
        name: Name,
        out: Annotated[Path, typer.Option("--out", help="A new file for the secret, for its owner alone.")],
        config: Config = default,
        *,
        scope: Annotated[list[Right] | None, typer.Option("--scope", help="A right; all of the account's without.")] = (
            None
        ),
        label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
        days: Annotated[int, typer.Option(help="How long it is good.", min=1, max=366)] = 30,
        by: Annotated[str, of_act(acts.make_token, side)] = "",
    ) -> None:
        """Make a personal token for an account: the command line acts as it with BAVN_TOKEN_FILE. The log says who made
        it."""
        from bavn.app.access.sessions import Tokens

        with _book(side, config) as (book, _):
            giving = _giving(_accounts(book, side), by)
            token, secret = acts.make_token(giving, Tokens(book), name, label, frozenset(scope or ()), days)
        _keep(out, secret)
        tell(Text("token {token} of {who}: {file}", token=token.id, who=token.account, file=out))

    @app.command("end-token")
    def end_token(
        name: Name,
        token_id: Annotated[str, typer.Argument(help="As `token` and the console name it.")],
        config: Config = default,
        *,
        by: Annotated[str, of_act(acts.end_token, side)] = "",
    ) -> None:
        """End a token at once."""
        from bavn.app.access.sessions import Tokens

        with _book(side, config) as (book, _):
            acts.end_token(_giving(_accounts(book, side), by), Tokens(book), name, token_id)
        tell(Text("{token} is ended", token=token_id))


def _keys_of(app: typer.Typer, side: Side) -> None:
    """A person's own key."""
    default = _default(side)

    @app.command("key")
    def key(
        name: Name,
        config: Config = default,
        *,
        public: Annotated[Path | None, typer.Option("--public", help="Ed25519: OpenSSH's .pub, or PEM.")] = None,
        drop: Annotated[str, typer.Option("--drop", help="The id of a key that goes.")] = "",
        label: Annotated[str, typer.Option(help="What it is called.")] = "",
        by: Annotated[str, of_act(acts.add_key, side)] = "",
    ) -> None:
        """Register the public half of a person's own key, whose private half is then BAVN_KEY_FILE; or drop one."""
        from bavn.app.access.keys import Keys
        from bavn.app.access.proving import FILE_BYTES_MAX, public_key

        if (public is None) == (not drop):
            raise Stop(Exit.USAGE, Text("say --public FILE or --drop ID"))
        with _book(side, config) as (book, _):
            giving, keys = _giving(_accounts(book, side), by), Keys(book)
            if public is None:
                needs(by, acts.drop_key.right)
                acts.drop_key(giving, keys, name, drop)
                tell(Text("{key}: dropped", key=drop))
                return
            with public.open("rb") as opened:
                half = public_key(opened.read(FILE_BYTES_MAX))
            if half is None:
                raise Stop(Exit.INPUT, Text("{public} is no Ed25519 public key", public=public))
            made = acts.add_key(giving, keys, name, half, label or public.name)
        tell(Text("key {key} of {who}", key=made.id, who=made.account))


def _log_of(app: typer.Typer, side: Side) -> None:
    """Who logged on, and what became of accounts."""
    default = _default(side)

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
            raise Stop(Exit.BROKEN, Text("the log's chain breaks: {bad}", bad=bad))
        if verify:
            tell(Text("the chain holds"))


def _accounts(book: "Book", side: Side) -> "Accounts":
    from bavn.app.access.accounts import Accounts

    return Accounts(book, ROLES[side])


def _keep(out: Path, secret: str) -> None:
    """A new file that only its owner reads. Stop where there is one already."""
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret + "\n")
    except FileExistsError as error:
        raise Stop(Exit.USAGE, Text("{file} exists: name a new file", file=out)) from error


def _tell(name: str, table: "ConsoleTable", secret: str, minutes: int) -> None:
    """The secret stands after # in the address: a browser sends it to no server by itself."""
    from bavn.app.web.server import origins_of

    address = origins_of(table, int(table.listen.rpartition(":")[2]), tls=bool(table.certificate_file))[0]
    link = f"{address}/link#{secret}"
    tell(Text("account: {who}\nlink:    {link}", who=name, link=link))
    tell(Text.counted("The link works once, for {count} minute.", "The link works once, for {count} minutes.", minutes))


@contextmanager
def _book(side: Side, config: Path) -> "Iterator[tuple[Book, ConsoleTable]]":
    from bavn.app.access.book import open_book
    from bavn.app.config.load import read_centre, read_node

    file = read_centre(config) if side == "sac" else read_node(config)
    book = open_book(file.folder)
    try:
        yield book, file.console
    finally:
        book.close()


@contextmanager
def _opened(side: Side, config: Path) -> "Iterator[tuple[Accounts, ConsoleTable]]":
    from bavn.app.access.accounts import Accounts

    with _book(side, config) as (book, table):
        yield Accounts(book, ROLES[side]), table


soc = group("soc")
sac = group("sac")
