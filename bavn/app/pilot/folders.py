"""Which folders are which actors: one folder an actor, or all of it one actor's. Refuses to open a file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.app.analyst.analyse import Unread
from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.member import ACTOR_NAME, is_reserved
from bavn.model.text import Text

ACTORS_MAX: Final = 40
BESIDE: Final = Text("it lies beside the folders of the actors, and so is nobody's: put it into one of them")
_LETTERS: Final = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "é": "e"})
NAME_CHARS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class ActorFolder:
    """``name``: what the actor is called in the sector, made of the folder's own name."""

    name: str
    path: Path


def actor_folders(root: Path, *, together: bool = False) -> tuple[tuple[ActorFolder, ...], tuple[Unread, ...]]:
    """The actors, and what lies beside their folders. ``together``: all of it is one actor's. Stop for what is not
    there, and for too many."""
    if not root.exists():
        raise Stop(Exit.INPUT, Text("{root}: there is no such file or folder", root=str(root)))
    entries = sorted(root.iterdir()) if root.is_dir() and not together else []
    shown = [entry for entry in entries if not entry.name.startswith(".")]
    inside = [entry for entry in shown if entry.is_dir()]
    if not inside:
        return (ActorFolder(_name(root.resolve().name, 1, ()), root),), ()
    if len(inside) > ACTORS_MAX:
        raise Stop(
            Exit.USAGE,
            Text(
                "{root} has {count} folders, and a pilot takes {most} actors: give fewer, or --together if all of it is"
                " one actor's",
                root=str(root),
                count=len(inside),
                most=ACTORS_MAX,
            ),
        )
    folders: list[ActorFolder] = []
    for number, path in enumerate(inside, 1):
        folders.append(ActorFolder(_name(path.name, number, [folder.name for folder in folders]), path))
    return tuple(folders), tuple(Unread(str(entry), BESIDE) for entry in shown if not entry.is_dir())


def _name(folder: str, number: int, taken: "list[str] | tuple[()]") -> str:
    """A name that the sector's register takes, as near to the folder's as can be."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.lower().translate(_LETTERS)).strip("-")[: NAME_CHARS_MAX - 4].strip("-")
    fits = ACTOR_NAME.fullmatch(plain) and not is_reserved(plain)
    name = plain if fits else f"actor-{number}"
    return name if name not in taken else f"{name}-{number}"
