"""`bavn centre member`: what a member does that others depend on, who supplies it, and which group it belongs to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bavn.app.acts.centre import members as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, Why, configured, opened
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.member import ActorKind
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.centre.desk.membership import Membership
    from bavn.centre.members.enrolment import Enrolment

ByStep = Annotated[str, of_act(acts.step)]

app = Commands(help="What members do and who supplies them.")


@app.callback()
def main() -> None:
    """What members do and who supplies them: it decides what is looked at first, never what is suspected."""


@app.command("set")
def set_(
    actor: Annotated[str, typer.Argument(help="As `bavn centre members` names it.")],
    config: Config = CENTRE_TOML,
    *,
    functions: Annotated[
        str | None,
        typer.Option(
            help="Critical functions, with commas between (one that is unknown lists them all); empty for none."
        ),
    ] = None,
    suppliers: Annotated[
        str | None, typer.Option(help="Suppliers, with commas between, written alike for all members; empty for none.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Vendor, host or operator that it shares with others; they count as one. Empty: its own."),
    ] = None,
    canary: Annotated[
        bool | None, typer.Option("--canary/--no-canary", help="In the canary ring: what may block comes to it first.")
    ] = None,
    by: Annotated[str, of_act(acts.change)] = "",
) -> None:
    """Set a member's functions, suppliers, group or place in the canary ring; what is not given stays. Counts the
    registry's version up."""
    if functions is suppliers is group is None and canary is None:
        raise Stop(Exit.USAGE, Text("nothing to set: give --functions, --suppliers, --group or --canary"))
    body = typed(acts.Setting, functions=_names(functions), suppliers=_names(suppliers), group=group, canary=canary)
    with membership(config) as (members, _):
        acts.change(members, by, actor, body)
        tell(Text("{actor} is set; the registry is now version {version}", actor=actor, version=members.version()))


def _step(way: Literal["suspend", "resume"], what: str, done: Callable[[str], Text]) -> None:
    @app.command(way, help=what)
    def stepped(actor: str, config: Config = CENTRE_TOML, *, why: Why, by: ByStep = "") -> None:
        with membership(config) as (members, _):
            acts.step(members, by, actor, way, why)
        tell(done(actor))


_step(
    "suspend",
    "Let a member in no more until it is resumed; its keys and certificates stay.",
    lambda actor: Text("{actor} is suspended", actor=actor),
)
_step(
    "resume",
    "Let a suspended member in again, with the keys that it has.",
    lambda actor: Text("{actor} is let in again", actor=actor),
)


@app.command("set-apart")
def set_apart(
    actor: Annotated[str, typer.Argument(help="Without it: who is set apart, since when and why.")] = "",
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit log.")] = "",
    by: Annotated[str, of_act(acts.set_apart)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Set a member and its group apart: in rounds where two suffice, its reports join nothing until two people lift
    it."""
    with opened(config) as desk, membership(config) as (members, _):
        if actor:
            acts.set_apart(desk.apart, by, members.known(actor).group, why)
            tell(Text("{actor} is set apart", actor=actor))
            return
        rows = [
            {"group": one.group, "since": iso(one.at_us), "asked_by": one.asked_by, "why": one.text.say(language)}
            for one in desk.apart.standing().values()
        ]
    show(rows, as_json=as_json)


@app.command("let-join")
def let_join(
    actor: str, config: Config = CENTRE_TOML, *, why: Why, by: Annotated[str, of_act(acts.let_join)] = ""
) -> None:
    """Let a member that is set apart join again: asked for by one, done by a second person within a day."""
    with opened(config) as desk, membership(config) as (members, _):
        joins = acts.let_join(desk.apart, by, members.known(actor).group, why)
    waits = Text("it waits for a second person, who says the same within a day")
    tell(Text("{actor} joins again", actor=actor) if joins else waits)


def revoke(actor: str, config: Config = CENTRE_TOML, *, by: ByStep = "", why: Why = "shut out by the operator") -> None:
    """Shut an actor out, at once and for good."""
    with membership(config) as (members, _):
        acts.step(members, by, actor, "revoke", why)
    tell(Text("{who} is shut out", who=actor))


def invite(
    actor: Annotated[str, typer.Argument(help="a-z, 0-9 and -, such as region-nord")],
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[ActorKind, typer.Option(help="What sort of organisation it is.")] = "other",
    group: Annotated[
        str, typer.Option(help="Vendor, host or operator that it shares with others; they count as one.")
    ] = "",
    by: Annotated[str, of_act(acts.invite)] = "",
    as_json: AsJson = False,
) -> None:
    """Invite an actor: prints a one-time token and the pin. Hand both over outside Bavn."""
    body = typed(acts.Inviting, name=actor, kind=kind, group=group)
    with membership(config) as (members, enrolment):
        token, pin = acts.invite(members, by, body), enrolment.authority.fingerprint
    if as_json:
        print(json.dumps({"actor": actor, "token": token, "pin": pin}))
    else:
        invited = Text("actor: {who}\ntoken: {token}\npin:   {pin}\nThe token works once, for one day.")
        tell(invited.filled(who=actor, token=token, pin=pin))


@contextmanager
def membership(config: Path) -> Iterator[tuple["Membership", "Enrolment"]]:
    """Members as people work on them, each act audited, and their enrolment."""
    from bavn.app.centre.parts import open_enrolment, opened_registry
    from bavn.app.net.party_clock import BesideClock
    from bavn.centre.desk.membership import Membership
    from bavn.centre.members.roles import Roles

    file = configured(config)
    clock = BesideClock(file.folder)
    with opened_registry(file) as registry:
        enrolment = open_enrolment(file, registry)
        yield Membership(registry, enrolment, Roles(registry, clock), clock), enrolment


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
