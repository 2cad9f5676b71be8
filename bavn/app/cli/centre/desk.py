"""What the centre's subcommands share: the desk on the centre's database.

Refuses to know what is asked of the desk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Kind, refusing
from bavn.app.cli.person import option
from bavn.app.cli.words import Spoken as SpokenHere
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.process.exits import Exit, Stop

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.desk.desk import Desk

Config = Annotated[
    Path, typer.Option("--config", "-c", is_eager=True, callback=as_its_user, help="The centre's configuration file.")
]
Spoken = SpokenHere
By = Annotated[str, option("sac", Right.TRIAGE)]
ByHere = Annotated[str, option("sac", None)]
"""Where there are no accounts yet: whoever is at the machine."""
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log.")]
CENTRE_TOML = service_config("centre.toml")


def configured(config: Path) -> "CentreFile":
    """What the configuration file of a centre says. Raises SettingsError."""
    from bavn.app.config.load import read_centre

    return read_centre(config)


@contextmanager
def opened(config: Path, *kinds: Kind) -> Iterator["Desk"]:
    """The desk of the centre that this file configures; its handles are let go of at the end. What a room refuses ends
    the command where it is one of ``kinds``."""
    from bavn.app.centre.parts import open_desk

    desk = open_desk(configured(config))
    try:
        with refusing(*kinds):
            yield desk
    finally:
        desk.engine.dispose()


@contextmanager
def at_work(config: Path) -> Iterator["Desk"]:
    """The desk, for work on a case: there what is wrong is not possible now."""
    from bavn.app.acts.centre.refusals import KINDS

    try:
        with opened(config, *KINDS) as desk:
            yield desk
    except ActRefused as refused:
        raise Stop(Exit.NOT_NOW if refused.code is Exit.USAGE else refused.code, refused.text) from refused


def named(value: object, *names: str) -> dict[str, Any]:
    """What a value has under these names, as a part of a row."""
    return {name: getattr(value, name) for name in names}
