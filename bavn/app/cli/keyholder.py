"""`bavn keyholder`: the party apart from the centre that evaluates the oblivious PRF, as one of n holders."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.later import later
from bavn.app.cli.ledger import Limit, RefusedOnly, Verify, show_ledger
from bavn.app.cli.shown import AsJson, show
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from bavn.app.config.load import KeyHolderFile
    from bavn.centre.members.registry import Registry

COMMANDS: Final = {
    "health": "bavn.app.cli.service_health:keyholder_health",
    "failures": "bavn.app.cli.failures:keyholder_failures",
    "gates": "bavn.app.cli.gates:keyholder_gates",
}
app = Commands(
    help="The key holder of the private join, apart from the centre.",
    cls=later(COMMANDS),
)
Config = Annotated[
    Path, typer.Option("--config", "-c", callback=as_its_user, help="The key holder's configuration file.")
]
KEYHOLDER_TOML = service_config("keyholder.toml")


@app.command("init")
def init(config: Config = KEYHOLDER_TOML) -> None:
    """Make the key holder's own authority and keys, once."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import init as make

    keys = make(read_keyholder(config))
    folder, pin = keys.folder, keys.authority().fingerprint
    tell(Text("authority and keys are in {folder}\npin for nodes: {pin}", folder=folder, pin=pin))


@app.command("invite")
def invite(
    actor: Annotated[str, typer.Argument(help="a-z, 0-9 and -, as the actor is called in the sector")],
    config: Config = KEYHOLDER_TOML,
    *,
    as_json: AsJson = False,
) -> None:
    """Invite an actor: prints a one-time token and the pin. Hand both over outside Bavn, not through the centre."""
    from bavn.app.config.load import read_keyholder
    from bavn.model.sector.member import is_reserved

    if is_reserved(actor):
        raise Stop(Exit.USAGE, Text("no actor can be called {name}", name=repr(actor[:60])))
    _invite(read_keyholder(config), actor, lambda registry: registry.add(actor, "other"), as_json=as_json)


@app.command("invite-holder")
def invite_holder(
    holder: Annotated[int, typer.Argument(help="The number of the holder to invite.")],
    config: Config = KEYHOLDER_TOML,
    *,
    as_json: AsJson = False,
) -> None:
    """Invite another holder of `[threshold]`, to make keys with it: prints a one-time token and the pin."""
    from bavn.app.config.load import read_keyholder
    from bavn.model.sector.member import holder_name

    file = read_keyholder(config)
    _other(file, holder)
    _invite(file, holder_name(holder), lambda registry: registry.add_holder(holder), as_json=as_json)


def _invite(file: "KeyHolderFile", name: str, add: "Callable[[Registry], object]", *, as_json: bool) -> None:
    """A token for a member, who is added where it is none yet."""
    from bavn.app.keyholder.parts import open_enrolment, opened_registry
    from bavn.centre.members.registry import CannotAdd

    with opened_registry(file) as registry:
        enrolment = open_enrolment(file, registry)
        if registry.actor(name) is None:
            try:
                add(registry)
            except CannotAdd as error:
                raise Stop(Exit.USAGE, Text.of_error(error)) from error
        token, pin = enrolment.invite(name), enrolment.authority.fingerprint
    if as_json:
        print(json.dumps({"actor": name, "token": token, "pin": pin}))
    else:
        invited = Text("actor: {who}\ntoken: {token}\npin:   {pin}\nThe token works once, for one day.")
        tell(invited.filled(who=name, token=token, pin=pin))


def _other(file: "KeyHolderFile", holder: int) -> str:
    """The address of another holder. Stop where `[threshold]` names no such one."""
    from bavn.app.keyholder.circle import peers_of

    others = peers_of(file)
    if holder not in others:
        numbers = ", ".join(map(str, others))
        raise Stop(
            Exit.USAGE, Text("[threshold] names no such other holder; those are: {numbers}", numbers=numbers or "-")
        )
    return others[holder]


@app.command("revoke")
def revoke(actor: str, config: Config = KEYHOLDER_TOML) -> None:
    """Shut an actor out, at once and for good."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import opened_registry
    from bavn.centre.members.registry import UnknownActor

    with opened_registry(read_keyholder(config)) as registry:
        try:
            registry.revoke(actor)
        except UnknownActor as error:
            raise Stop(Exit.NOT_FOUND, Text.of_error(error)) from error
    tell(Text("{who} is shut out", who=actor))


@app.command("members")
def members(config: Config = KEYHOLDER_TOML, *, as_json: AsJson = False) -> None:
    """Who may ask, and who has enrolled."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import opened_registry

    with opened_registry(read_keyholder(config)) as registry:
        rows = [{"actor": actor.name, "state": actor.state.value} for actor in registry.actors()]
    show(rows, as_json=as_json)


@app.command("run")
def run(config: Config = KEYHOLDER_TOML) -> None:
    """Run the key holder until SIGTERM or Ctrl-C. Prints the port it listens on."""
    from bavn.app.centre.run import beside
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.health import TidyWatch, watched_keyholder
    from bavn.app.keyholder.parts import build
    from bavn.app.process.manager.heart import Heart

    heart = Heart.of(os.environ)
    file = read_keyholder(config)
    server, book = build(file)
    server.heart = heart
    tidying = TidyWatch()
    server.tidy = tidying.around(server.tidy)
    with (
        book,
        beside(
            server.failures, "health", lambda: watched_keyholder(file, book, tidying, server.threshold, server.clock)
        ),
    ):
        print(json.dumps({"port": server.port}), flush=True)
        heart.ready()
        with heart.beating():
            server.run()


@app.command("enrol")
def enrol(
    holder: Annotated[int, typer.Argument(help="The number of the holder to enrol at.")],
    pin: Annotated[str, typer.Option(help="SHA-256 of its authority, as it printed it.")],
    token: Annotated[
        str, typer.Option(help="The one-time token from its `bavn keyholder invite-holder`.", envvar="BAVN_TOKEN")
    ],
    config: Config = KEYHOLDER_TOML,
) -> None:
    """Become a member of another holder, to make keys with it. It invites this one by its number."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.circle import peer_folder
    from bavn.app.process.real import SystemDice
    from bavn.model.sector.member import holder_name
    from bavn.wire.links.enrolment import enrol as ask
    from bavn.wire.safe import Safe

    file = read_keyholder(config)
    url, folder = _other(file, holder), peer_folder(file, holder)
    try:
        name = holder_name(file.threshold.number)
        ask(url, pin, name, token, Safe(folder), SystemDice(), keyholder=True)
    except (FileExistsError, ValueError) as error:
        raise Stop(Exit.CONFIGURATION, Text.of_error(error)) from error
    tell(Text("enrolled at holder {number}; keys and certificate are in {folder}", number=holder, folder=folder))


@app.command("status")
def status(config: Config = KEYHOLDER_TOML, *, as_json: AsJson = False) -> None:
    """Which other holders this one is enrolled at, and of which days it has its shares."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import keys_of
    from bavn.app.keyholder.status import days_of, others_of

    file = read_keyholder(config)
    _book(keys_of(file).folder)
    show(others_of(file), as_json=as_json)
    show(days_of(file), as_json=as_json)


@app.command("usage")
def usage(config: Config = KEYHOLDER_TOML, *, as_json: AsJson = False) -> None:
    """What each actor asked for, by day and tier: rounds, whole sets, evaluated elements (padding included)."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import BOOK_FILE
    from bavn.keyholder.holder import uses

    file = _book(read_keyholder(config).folder / BOOK_FILE)
    rows = [
        {
            "day": iso(use.epoch * DAY_US)[:10],
            "actor": use.actor,
            "tier": use.tier,
            "rounds": use.rounds,
            "whole_sets": use.firsts,
            "elements": use.points,
        }
        for use in uses(file)
    ]
    show(rows, as_json=as_json)


@app.command("ledger")
def ledger(
    config: Config = KEYHOLDER_TOML,
    *,
    as_json: AsJson = False,
    refused: RefusedOnly = False,
    verify: Verify = False,
    limit: Limit = 200,
) -> None:
    """Every request: who, for which round, how many elements, and why it was refused if it was."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import BOOK_FILE

    book = read_keyholder(config).folder / BOOK_FILE
    show_ledger(book, as_json=as_json, out=False, refused=refused, verify=verify, limit=limit)


def _book(file: Path) -> Path:
    if not file.exists():
        raise Stop(
            Exit.NOT_FOUND,
            Text("{file} is not there: it has not run yet; start it with `bavn keyholder run`", file=file),
        )
    return file
