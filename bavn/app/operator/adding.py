"""An actor comes to its operator: a folder of its own, a configuration that is checked, keys made there.

Nothing is left of one that could not be added. Refuses an actor that is here already, and one that moved away.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.app.config.load import CENTRE_KEYS, NodeConfig, read_node
from bavn.app.config.operator import OperatorConfig
from bavn.app.fit.way_in import WayIn
from bavn.app.operator.home import NODE_TOML, home_of, make_home, named_paths, prepare_home
from bavn.app.operator.register import Entry, Register
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.sector.member import ACTOR_NAME, RESERVED_NAMES
from bavn.model.text import Text
from bavn.wire.links.enrolment import enrol
from bavn.wire.safe import Safe

COPIED_BYTES_MAX: Final = 64 << 20
_LOGS: Final = ("[sense] eve_file", "[sense] log_files")
"""Named beside the configuration, but written by others all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``config``: a node.toml to copy, with what it names beside it (policy, group key, rules); else ``guard`` writes
    one. ``token`` "" enrols nobody."""

    actor: str
    config: Path | None
    guard: WayIn
    token: str
    pin: str
    user: str
    memory_mb_max: int


def add(operator: OperatorConfig, wanted: Wanted) -> Entry:
    """Raises Stop, SettingsError, LinkDown, LinkRefused."""
    register = Register(operator.folder)
    uid, gid = user_of(wanted.user, register)
    room_for(operator, register, wanted.actor)
    entry = Entry(
        actor=wanted.actor, uid=uid, gid=gid, memory_mb_max=wanted.memory_mb_max, since_us=SystemClock().now_us()
    )
    home = make_home(operator, wanted.actor)
    try:
        _write(home, wanted)
        config = home_of(operator, wanted.actor)
        if wanted.token:
            _enrol(config, wanted)
        prepare_home(config, entry)
        register.put(entry)
    except BaseException:
        shutil.rmtree(home)
        raise
    return entry


def room_for(operator: OperatorConfig, register: Register, actor: str) -> None:
    """Stop where no actor of that name can come here."""
    if not ACTOR_NAME.fullmatch(actor) or actor in RESERVED_NAMES:
        raise Stop(
            Exit.USAGE,
            Text("no actor can be called {actor}: a-z, 0-9 and '-', 2 to 40, a letter first", actor=repr(actor[:60])),
        )
    if actor in ("locks", "removed"):
        raise Stop(Exit.USAGE, Text("{actor} is a folder of the operator's own", actor=repr(actor)))
    entries = register.entries()
    if actor in entries or register.actor_folder(actor).exists():
        place = entries[actor].place.value if actor in entries else "a folder that belongs to nobody"
        raise Stop(
            Exit.NOT_NOW,
            Text("{actor} is {place} already (bavn operator list, bavn operator remove)", actor=actor, place=place),
        )
    if len(entries) >= operator.operator.actors_max:
        raise Stop(Exit.NOT_NOW, Text("actors_max: there are {count} actors, and no room for more", count=len(entries)))


def user_of(user: str, register: Register) -> tuple[int | None, int | None]:
    """uid and gid of a user by name or number; (None, None) for none. Stop for root, for one that another actor has,
    and where this is not root: only root can run a node as somebody else."""
    if not user:
        return None, None
    if os.geteuid() != 0:
        raise Stop(Exit.MISSING, Text("--user needs root: a node cannot be run as another user otherwise"))
    try:
        found = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
        uid, gid = found.pw_uid, found.pw_gid
    except (KeyError, OverflowError) as error:
        if not user.isdecimal() or int(user) >= 2**32 - 1:
            raise Stop(
                Exit.NOT_FOUND, Text("no user is called {user}: make it first (useradd --system)", user=repr(user[:40]))
            ) from error
        uid = gid = int(user)
    if uid == 0:
        raise Stop(Exit.USAGE, Text("--user root is no user of the actor's own"))
    taken = [entry.actor for entry in register.entries().values() if entry.uid == uid]
    if taken:
        raise Stop(
            Exit.USAGE,
            Text("user {user} is {taken}'s: each actor has one of its own, or none", user=user, taken=taken[0]),
        )
    return uid, gid


def _write(home: Path, wanted: Wanted) -> None:
    if wanted.config is None:
        Safe(home).write(NODE_TOML, wanted.guard.text())
        return
    given = read_node(wanted.config)
    for name, _, path in named_paths(given):
        if name in _LOGS or given.base not in path.parents or not path.is_file():
            continue
        if path.stat().st_size > COPIED_BYTES_MAX:
            raise Stop(
                Exit.CONFIGURATION,
                Text(
                    "{path} has more than {copied_bytes_max} bytes: put it there by hand",
                    path=path,
                    copied_bytes_max=COPIED_BYTES_MAX,
                ),
            )
        target = home / path.relative_to(given.base)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o600)
    Safe(home).write(NODE_TOML, wanted.config.read_text(encoding="utf-8"))


def _enrol(config: NodeConfig, wanted: Wanted) -> None:
    if not (config.node.centre_url and wanted.pin):
        raise Stop(
            Exit.USAGE, Text("a token needs the centre's address and pin: --centre and --pin, or in operator.toml")
        )
    enrol(
        config.node.centre_url, wanted.pin, wanted.actor, wanted.token, Safe(config.folder / CENTRE_KEYS), SystemDice()
    )
