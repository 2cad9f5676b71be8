"""The services that the Debian package makes, their users, and how root becomes one of them.

Refuses to know what is done as that user.
"""

import hashlib
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bavn.app.process.exits import Exit

UNIT: Final = "bavn-node"
FOLDER: Final = Path("/etc/bavn")
SERVICE_TOML: Final = FOLDER / "node.toml"
INSTANCES: Final = "nodes"
"""Below that folder, and below that of the services' data: a folder for each of several actors on one machine."""
_USER_CHARS_MAX: Final = 32


def service_config(name: str) -> Path:
    """Where a command looks for its configuration when nobody says: in this folder, else where this machine's service
    of that name has it (``node.toml``: bavn-node's)."""
    here, services = Path(name), FOLDER / name
    return services if not here.exists() and services.exists() else here


def as_its_user(config: Path) -> Path:
    """Root reads and writes what is a service's as that service's own user, from here on; anybody else, and any other
    configuration, is left as it is. For a command's option."""
    folder = config.absolute().parent
    is_instance = folder.parent == FOLDER / INSTANCES
    if (is_instance or folder == FOLDER) and os.geteuid() == 0 and config.exists():
        user = user_of(instance_user(folder.name) if is_instance else f"bavn-{config.stem}")
        if user is not None:
            become(user)
    return config


def instance_user(actor: str) -> str:
    """The user of one of several actors' nodes: ``bavn-ACTOR``, with a hash where that is longer than a user's name
    may be."""
    name = f"bavn-{actor}"
    if len(name) <= _USER_CHARS_MAX:
        return name
    return f"{name[: _USER_CHARS_MAX - 9]}-{hashlib.sha256(actor.encode()).hexdigest()[:8]}"


def user_of(name: str) -> pwd.struct_passwd | None:
    """The user of this name, None where there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def become(user: pwd.struct_passwd) -> None:
    """This process is that user's from now on, for good. What root wrote into a service's folder the service could not
    write again."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir


def as_user(user: pwd.struct_passwd, act: Callable[[], None]) -> None:
    """Does it in a process of that user's. SystemExit with that process's own code where it came to nothing: it said
    why."""
    child = os.fork()
    if child == 0:
        become(user)
        act()
        raise SystemExit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise SystemExit(code if code > 0 else int(Exit.BROKEN))
