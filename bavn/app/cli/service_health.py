"""`bavn centre health`, `bavn keyholder health`: what a running service says of its promises."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from bavn.app.cli.node.health import told_of
from bavn.app.cli.promises import UNCHECKED, promise_lines
from bavn.app.cli.words import Spoken
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.process.exits import Exit
from bavn.model.health import unchecked_only
from bavn.model.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
WELL: Final = Text("It is well.")
ILL: Final = Text("It is not well:")
STOPPED: Final = Text("It was stopped at")
SILENT: Final = Text("It does not run, or hangs: it was last heard")


def health_command(default: str, file_of: Callable[[Path], Path]) -> Callable[..., None]:
    """The command for one service. ``default``: its configuration file; ``file_of``: from that to its health file."""
    its_own = service_config(default)

    def health(
        config: Annotated[
            Path, typer.Option("--config", "-c", callback=as_its_user, help="The configuration file.")
        ] = its_own,
        *,
        as_json: AsJson = False,
        language: Spoken = "en",
    ) -> None:
        """Which promises of the running service are kept, broken or not checked yet, since when, and who must act.
        Exit code 10 if not well."""
        health_file = told_of(file_of(config))
        if as_json:
            print(json.dumps(health_file, ensure_ascii=False, sort_keys=True))
        else:
            if health_file["stopped"]:
                head = f"{STOPPED.say(language)} {health_file['at'][:19]}Z."
            elif not health_file["running"]:
                head = f"{SILENT.say(language)} {health_file['at'][:19]}Z."
            elif health_file["healthy"]:
                head = WELL.say(language)
            else:
                head = (UNCHECKED if unchecked_only(health_file) else ILL).say(language)
            print("\n".join([head, *promise_lines(health_file, language, affected=True)]))
        if not health_file["healthy"]:
            raise typer.Exit(Exit.UNHEALTHY)

    return health


def centre_file(config: Path) -> Path:
    """The health file of the centre whose configuration this is."""
    from bavn.app.centre.health import CENTRE_HEALTH_FILE
    from bavn.app.config.load import read_centre

    return read_centre(config).folder / CENTRE_HEALTH_FILE


def keyholder_file(config: Path) -> Path:
    """The same of a key holder."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.health import KEYHOLDER_HEALTH_FILE

    return read_keyholder(config).folder / KEYHOLDER_HEALTH_FILE


centre_health = health_command("centre.toml", centre_file)
keyholder_health = health_command("keyholder.toml", keyholder_file)
