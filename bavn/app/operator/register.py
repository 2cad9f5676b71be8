"""The operator's register: which actors lie here, in what state, as which user. Refuses to know an actor's settings.

It lies beside the actors' folders and never in one: what decides as whom a node runs is nothing a node may write.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.malformed import MALFORMED
from bavn.model.text import Text
from bavn.wire.safe import Safe

REGISTER: Final = "register.json"
LOCKS: Final = "locks"
BYTES_MAX: Final = 4 << 20


class Place(StrEnum):
    """Where an actor is: here and run; leaving (its node is to end, an export or removal goes on); moved away."""

    HERE = "here"
    LEAVING = "leaving"
    MOVED = "moved"


STEPS: Final[dict[Place, frozenset[Place]]] = {
    Place.HERE: frozenset({Place.LEAVING}),
    Place.LEAVING: frozenset({Place.HERE, Place.MOVED}),
    Place.MOVED: frozenset(),
}
"""The life of an entry; it ends when the actor is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One actor. ``uid`` and ``gid`` None: the operator's own user; ``memory_mb_max`` 0: the operator's bound;
    ``note``: of one that moved, the SHA-256 of its bundle."""

    actor: str
    place: Place = Place.HERE
    uid: int | None = None
    gid: int | None = None
    memory_mb_max: int = 0
    since_us: int = 0
    note: str = ""


class Register:
    """The file, read anew at each question and changed under a lock: commands and the running operator agree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def actor_folder(self, actor: str) -> Path:
        return self.folder / actor

    def entries(self) -> dict[str, Entry]:
        """By name. Stop where the file is damaged; SettingsError never: it is no configuration."""
        file = self.folder / REGISTER
        try:
            with file.open("rb") as opened:
                raw = opened.read(BYTES_MAX + 1)
            said: Any = json.loads(raw) if len(raw) <= BYTES_MAX else None
            return {
                str(name): Entry(**{**entry, "place": Place(entry["place"])}) for name, entry in said["actors"].items()
            }
        except FileNotFoundError:
            return {}
        except MALFORMED as error:
            raise Stop(
                Exit.CONFIGURATION,
                Text("{file} is damaged ({error}): bring it back from a backup", file=file, error=Text.of_error(error)),
            ) from error

    def entry(self, actor: str) -> Entry:
        """Stop where there is none of that name."""
        entry = self.entries().get(actor)
        if entry is None:
            raise Stop(
                Exit.NOT_FOUND, Text("no actor is called {actor} here (bavn operator list)", actor=repr(actor[:60]))
            )
        return entry

    def put(self, entry: Entry) -> None:
        """Adds or replaces one. Stop for a step that an entry's life has not."""
        with self._changing() as entries:
            before = entries.get(entry.actor)
            if before is not None and entry.place not in (before.place, *STEPS[before.place]):
                raise Stop(
                    Exit.NOT_NOW,
                    Text(
                        "{actor} is {value}: it cannot become {goal}",
                        actor=entry.actor,
                        value=before.place.value,
                        goal=entry.place.value,
                    ),
                )
            entries[entry.actor] = entry

    def forget(self, actor: str) -> None:
        """It is no longer here; what stays of it is not this register's."""
        with self._changing() as entries:
            entries.pop(actor, None)

    @contextmanager
    def node_lock(self, actor: str, *, wait_s: float = 0.0) -> Iterator[int]:
        """Holds the lock that a running node of this actor holds as long as it lives; its descriptor. Stop where a node
        still runs after ``wait_s``."""
        handle = self._lock_file(f"{LOCKS}/{actor}.lock")
        try:
            end = time.monotonic() + wait_s
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= end:
                        raise Stop(
                            Exit.NOT_NOW, Text("the node of {actor} still runs: stop it first", actor=actor)
                        ) from error
                    time.sleep(0.1)
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Entry]]:
        handle = self._lock_file("register.lock")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            entries = self.entries()
            yield entries
            said = {"actors": {name: asdict(entry) for name, entry in sorted(entries.items())}}
            Safe(self.folder).write(REGISTER, json.dumps(said, indent=1, sort_keys=True) + "\n")
        finally:
            os.close(handle)

    def _lock_file(self, name: str) -> int:
        file = self.folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
