"""`bavn centre member`: what a member does that others depend on, who supplies it, and which group it belongs to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, ByMembers, Config, Spoken, show
from bavn.app.process.exits import Exit, Stop

if TYPE_CHECKING:
    from bavn.centre.desk.membership import Membership
    from bavn.centre.members.enrolment import Enrolment

Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log.")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What members do and who supplies them.")


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
        typer.Option(help="Critical functions, with commas between (bavn centre member functions); empty for none."),
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
    by: ByMembers = "",
) -> None:
    """Set a member's functions, suppliers, group or place in the canary ring; what is not given stays. Counts the
    registry's version up."""
    from bavn.centre.cases.who import NotAllowed
    from bavn.centre.members.registry import UnknownActor
    from bavn.centre.members.roles import BadRole

    if functions is suppliers is group is None and canary is None:
        raise Stop(Exit.USAGE, "nothing to set: give --functions, --suppliers, --group or --canary")
    with membership(config) as (members, _):
        try:
            members.set_roles(
                actor, by, functions=_names(functions), suppliers=_names(suppliers), group=group, canary=canary
            )
        except UnknownActor as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except BadRole as error:
            raise Stop(Exit.USAGE, str(error)) from error
        except NotAllowed as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
        print(f"{actor} is set; the registry is now version {members.version()}")


@app.command("suspend")
def suspend(actor: str, config: Config = CENTRE_TOML, *, why: Why, by: ByMembers = "") -> None:
    """Let a member in no more until it is resumed; its keys and certificates stay."""
    step("suspend", actor, config, by, why)
    print(f"{actor} is suspended")


@app.command("resume")
def resume(actor: str, config: Config = CENTRE_TOML, *, why: Why, by: ByMembers = "") -> None:
    """Let a suspended member in again, with the keys that it has."""
    step("resume", actor, config, by, why)
    print(f"{actor} is let in again")


@contextmanager
def membership(config: Path) -> Iterator[tuple["Membership", "Enrolment"]]:
    """Members as people work on them, each act audited, and their enrolment."""
    from bavn.app.centre.parts import open_enrolment, opened_registry
    from bavn.app.config.load import read_centre
    from bavn.app.process.real import SystemClock
    from bavn.centre.desk.membership import Membership
    from bavn.centre.members.roles import Roles

    file, clock = read_centre(config), SystemClock()
    with opened_registry(file) as registry:
        enrolment = open_enrolment(file, registry)
        yield Membership(registry, enrolment, Roles(registry, clock), clock), enrolment


def step(act: Literal["suspend", "resume", "revoke"], actor: str, config: Path, by: str, why: str) -> None:
    """One act on one member; a refusal as one line and an exit code."""
    from bavn.centre.cases.who import NotAllowed
    from bavn.centre.members.registry import NotInState, UnknownActor

    with membership(config) as (members, _):
        try:
            {"suspend": members.suspend, "resume": members.resume, "revoke": members.revoke}[act](actor, by, why)
        except UnknownActor as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except (NotAllowed, NotInState) as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
        except ValueError as error:
            raise Stop(Exit.USAGE, str(error)) from error


@app.command("functions")
def functions_(*, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The critical functions that a member can have, and their points."""
    from bavn.model.sector.functions import FUNCTIONS

    rows = [
        {"function": name, "points": one.points, "words": one.words.say(language)} for name, one in FUNCTIONS.items()
    ]
    show(rows, as_json=as_json)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
