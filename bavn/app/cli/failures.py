"""`bavn node failures`, and so at the centre and the key holder: what failed unforeseen and is kept for a report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.words import Spoken
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.process.failure_folder import KeptFailure

NONE_KEPT = Text("Nothing has failed in a way that nobody foresaw.")
HINT = Text(
    "Look into an item before you send it to anybody: it may hold what must stay here. `--forget NAME` deletes one."
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
Forget = Annotated[list[str] | None, typer.Option("--forget", help="Delete this one (may be given several times).")]
ForgetAll = Annotated[bool, typer.Option("--forget-all", help="Delete all.")]


def failures_command(default: str, folder_of: Callable[[Path], Path]) -> Callable[..., None]:
    """The command for one service. ``default``: its configuration file; ``folder_of``: from that to its data."""
    its_own = service_config(default)

    def failures(
        config: Annotated[
            Path, typer.Option("--config", "-c", callback=as_its_user, help="The configuration file.")
        ] = its_own,
        forget: Forget = None,
        *,
        forget_all: ForgetAll = False,
        as_json: AsJson = False,
        language: Spoken = "en",
    ) -> None:
        """What failed in a way that nobody foresaw: part, error, place and the item, kept for a report of the fault."""
        from bavn.app.process.failure_folder import FOLDER, forget_failures, kept_failures

        folder = folder_of(config) / FOLDER
        kept = kept_failures(folder)
        if forget or forget_all:
            names = [entry.name for entry in kept] if forget_all else list(forget or ())
            missing = set(names) - {entry.name for entry in kept}
            if missing:
                raise Stop(
                    Exit.NOT_FOUND, Text("{folder} holds no failure {missing}", folder=folder, missing=min(missing))
                )
            print(forget_failures(folder, names))
        elif as_json:
            for entry in kept:
                print(_as_object(entry))
        else:
            _print_kept(kept, language)

    return failures


def _as_object(entry: "KeptFailure") -> str:
    """For programs; of the item only where it is."""
    facts = asdict(entry.failure)
    del facts["item"]
    item = None if entry.item is None else str(entry.item)
    return json.dumps({**facts, "name": entry.name, "item": item}, ensure_ascii=False, sort_keys=True)


def _print_kept(kept: Sequence["KeptFailure"], language: Language) -> None:
    if not kept:
        print(NONE_KEPT.say(language))
        return
    for entry in kept:
        failure = entry.failure
        print(f"{entry.name}  {iso(failure.at_us)[:19]}Z  {failure.part} ({failure.during})")
        print(f"    {failure.error}\n    {failure.place}")
        if entry.item is not None:
            print(f"    {entry.item}")
    print(HINT.say(language))


def node_folder(config: Path) -> Path:
    """Where a node keeps its data. Raises SettingsError."""
    from bavn.app.config.load import read_node

    return read_node(config).folder


def centre_folder(config: Path) -> Path:
    """Where a centre keeps its data. Raises SettingsError."""
    from bavn.app.config.load import read_centre

    return read_centre(config).folder


def keyholder_folder(config: Path) -> Path:
    """Where a key holder keeps its data. Raises SettingsError."""
    from bavn.app.config.load import read_keyholder

    return read_keyholder(config).folder


node_failures = failures_command("node.toml", node_folder)
centre_failures = failures_command("centre.toml", centre_folder)
keyholder_failures = failures_command("keyholder.toml", keyholder_folder)
