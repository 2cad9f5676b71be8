"""Where saved hunts lie: those that come with Bavn, and the analyst's own in a folder, which come first by name."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Final

from bavn.actor.hunt.saved import BYTES_MAX, NAME, SavedHunt, SavedUnclear, read_hunt, written
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.text import Text

HUNTS_MAX: Final = 2000


def shipped() -> dict[str, SavedHunt]:
    """The hunts of the package by name."""
    folder = files("bavn.actor.hunt") / "shipped"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name[:-5]: read_hunt(name[:-5], (folder / name).read_bytes()) for name in names}


def own(folder: Path) -> tuple[dict[str, SavedHunt], list[str]]:
    """The hunts of a folder by name, and a line for each file that is none."""
    hunts: dict[str, SavedHunt] = {}
    faults: list[str] = []
    entries = sorted(folder.glob("*.toml"))[:HUNTS_MAX] if folder.is_dir() else []
    for file in entries:
        try:
            with file.open("rb") as opened:
                hunts[file.stem] = read_hunt(file.stem, opened.read(BYTES_MAX + 1))
        except OSError as error:
            faults.append(f"{file}: {error.strerror}")
        except SavedUnclear as error:
            faults.append(f"{file}: {error}")
    return hunts, faults


def named(folder: Path, name: str) -> SavedHunt:
    """The hunt of that name. Stop if there is none, or if the analyst's own file of it cannot be read."""
    mine, faults = own(folder)
    every = shipped() | mine
    for fault in faults:
        if fault.startswith(str(folder / f"{name}.toml")):
            raise Stop(Exit.INPUT, fault)
    if name not in every:
        raise Stop(
            Exit.NOT_FOUND,
            Text("there is no hunt {name}; there are {named}", name=repr(name[:70]), named=", ".join(sorted(every))),
        )
    return every[name]


def file_of(folder: Path, name: str) -> Path:
    """Where an own hunt lies."""
    return folder / f"{name}.toml"


def save(folder: Path, hunt: SavedHunt) -> Path:
    """Writes it whole or not at all. Stop for an unwritable folder."""
    file = file_of(folder, hunt.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{hunt.name}.{os.getpid()}"
        fresh.write_text(written(hunt), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, Text.shaped("{file}: {why}", file=file, why=why_of(error))) from error
    return file


def delete(folder: Path, name: str) -> Path:
    """Takes one of the analyst's own away. Stop if it is not there: those of the package stay."""
    file = folder / f"{name}.toml"
    if not NAME.fullmatch(name) or not file.is_file():
        came = " (it came with Bavn and stays)" if name in shipped() else ""
        raise Stop(
            Exit.NOT_FOUND,
            Text("there is no own hunt {name} in {folder}{came}", name=repr(name[:70]), folder=folder, came=came),
        )
    file.unlink()
    return file
