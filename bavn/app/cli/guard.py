"""`bavn node guard`: an actor with no sensor and no SOC, protected by one command."""

from typing import Annotated

import typer

from bavn.app.cli.book import NODE_TOML, Config
from bavn.app.exits import Exit, Stop

LISTEN = "127.0.0.1@5353"
LISTS = "127.0.0.1:8480"


def guard(
    config: Config = NODE_TOML,
    *,
    actor: Annotated[str, typer.Option(help="The actor's name, as the centre invited it.")] = "",
    centre_url: Annotated[str, typer.Option("--centre", help="https address of the centre.")] = "",
    pin: Annotated[str, typer.Option(help="SHA-256 of the authority's certificate, as the centre printed it.")] = "",
    token: Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")] = "",
    listen: Annotated[list[str] | None, typer.Option(help=f"address@port of the resolver; {LISTEN} if none.")] = None,
    upstream: Annotated[list[str] | None, typer.Option(help="address@port of a name server that it asks.")] = None,
    client: Annotated[list[str] | None, typer.Option(help="Who may ask it (CIDR); loopback if none.")] = None,
    lists: Annotated[str, typer.Option(help='address:port of the firewall\'s lists; "" for none.')] = LISTS,
) -> None:
    """Run a guard: a protected resolver and a list for the firewall, nothing watched. The first time it writes its
    configuration and becomes a member; the same command again only runs it."""
    from bavn.app.cli.node import enrol, run
    from bavn.app.config import CENTRE_KEYS
    from bavn.app.guard import Guard, configured
    from bavn.wire.safe import Safe

    asked = Guard(
        actor=actor, centre_url=centre_url, listen=listen or [LISTEN], upstreams=upstream or [],
        clients=client or [], lists=lists,
    )  # fmt: skip
    given = configured(config, asked)
    if given.node.centre_url and not Safe(given.folder / CENTRE_KEYS).enrolled:
        if not (pin and token):
            raise Stop(Exit.USAGE, f"{given.node.actor} is no member yet: give --pin and --token (bavn centre invite)")
        enrol(pin=pin, token=token, config=config, keyholder=False)
    run(config)


def attach(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("guard")(guard)
