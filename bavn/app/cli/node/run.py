"""`bavn node enrol` and `bavn node run`: becoming a member, and the node itself."""

import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.analyst.faults import understood
from bavn.app.cli.node.book import NODE_TOML, Config, Spoken
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from bavn.app.config.load import NodeConfig, NodeTable
    from bavn.app.net.mailer import MailServer
    from bavn.app.node.parts import NodeParts

PIN = re.compile("[0-9a-f]{64}")
TOKEN = re.compile("[A-Za-z0-9_-]{43}")


def enrol(
    pin: Annotated[str, typer.Option(help="SHA-256 of the authority's certificate, as the centre printed it.")],
    token: Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")],
    config: Config = NODE_TOML,
    *,
    keyholder: Annotated[
        bool, typer.Option("--keyholder", help="At a key holder, with its own pin and token.")
    ] = False,
    holder: Annotated[int, typer.Option(help="Which of several key holders, by its number.")] = 0,
    language: Spoken = "en",
) -> None:
    """Become a member: make keys here and fetch a certificate with a one-time token."""
    from bavn.app.config.load import CENTRE_KEYS, read_node
    from bavn.app.process.real import SystemDice
    from bavn.wire.links.enrolment import enrol as ask
    from bavn.wire.safe import Safe

    if not PIN.fullmatch(pin.lower().replace(":", "")):
        raise Stop(Exit.USAGE, Text("--pin must be the 64 hexadecimal digits that the centre printed"))
    if not TOKEN.fullmatch(token):
        raise Stop(Exit.USAGE, Text("--token must be the 43 characters that `bavn centre invite` printed"))
    given = read_node(config)
    url, folder = (
        _enrols_at(given.node, config, holder) if keyholder or holder else (given.node.centre_url, CENTRE_KEYS)
    )
    if not url:
        name = "keyholder_urls" if keyholder or holder else "centre_url"
        raise Stop(
            Exit.CONFIGURATION,
            Text("{config} [node]: {name} is empty: there is nobody to enrol at", config=config, name=name),
        )
    try:
        ask(
            url,
            pin,
            given.node.actor,
            token,
            Safe(given.folder / folder),
            SystemDice(),
            keyholder=keyholder or bool(holder),
        )
    except (FileExistsError, ValueError) as error:
        raise Stop(Exit.CONFIGURATION, Text.of_error(error)) from error
    there = given.folder / folder
    said = Text("{actor} is enrolled; keys and certificate are in {folder}", actor=given.node.actor, folder=there)
    print(said.say(language))


def _enrols_at(node: "NodeTable", config: "Path", holder: int) -> tuple[str, str]:
    """Address and folder of keys of the key holder with this number, 0 for the only one; two empty texts where none is
    named. Stop, where there are several and it is none of them."""
    several = len(node.keyholder_urls)
    found = node.key_holders.get(holder or int(several == 1), ("", ""))
    if found[0] or not several:
        return found
    raise Stop(
        Exit.USAGE,
        Text(
            "{config} [node]: keyholder_urls names {n} key holders: say which with --holder, one of {numbers}",
            config=config,
            n=several,
            numbers=", ".join(map(str, node.key_holders)),
        ),
    )


def run(config: Config = NODE_TOML, *, language: Spoken = "en") -> None:
    """Run the node until SIGTERM or Ctrl-C; says on a line of its own when it is up."""
    from bavn.app.config.load import read_node
    from bavn.app.node.service import NodeService
    from bavn.app.process.manager.heart import Heart

    heart = Heart.of(os.environ)
    given = read_node(config)
    server = _mail_server(given)
    with understood():
        service = NodeService(given, heart)
    alone = Text("{actor} is up, without a sector; data in {folder}", actor=given.node.actor, folder=given.folder)
    member = Text(
        "{actor} is up, in the sector of {centre}; data in {folder}",
        actor=given.node.actor,
        centre=given.node.centre_url,
        folder=given.folder,
    )
    up = (member if given.node.centre_url else alone).say(language)
    code = Exit.BROKEN
    try:
        with _mailing(given, server, service.parts), heart.beating():

            def ready() -> None:
                print(up, flush=True)
                heart.ready()

            service.run(ready)
        code = Exit.OK
    finally:
        if service.stuck:
            stuck = ", ".join(service.stuck)
            left = Text("left without waiting for: {stuck}; all that counts is on the disk", stuck=stuck)
            leave(code, left.say(language))


def _mail_server(config: "NodeConfig") -> "MailServer | None":
    """None where ``[remind]`` names nobody. Stop where a secret is wrong, before anything runs."""
    if not config.remind.smtp_host:
        return None
    from bavn.app.net.mail_server import server_of

    return server_of(config.remind, config.base)


def _mailing(config: "NodeConfig", server: "MailServer | None", parts: "NodeParts") -> AbstractContextManager[None]:
    """What mails this actor's own people beside the running node."""
    if server is None:
        return nullcontext()
    from bavn.app.analyst.mail.mailing import mailing

    return mailing(config, server, parts)


def leave(code: Exit, line: str) -> None:
    """Ends the process without waiting for threads that do not end; never returns."""
    print(f"bavn: {line}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)
