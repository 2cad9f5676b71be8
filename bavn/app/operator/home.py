"""An actor's folder at its operator: what must lie in it, what its settings may name, and the fence that follows.

Refuses a setting that reaches into another actor's folder or the operator's own, whoever wrote it.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS, NodeConfig, read_node
from bavn.app.config.operator import OperatorConfig
from bavn.app.operator.landlock import Fence
from bavn.app.operator.register import Entry
from bavn.keyholder.settings import HOLDERS_MAX
from bavn.model.settings import SettingsError
from bavn.model.text import Text

NODE_TOML: Final = "node.toml"
TMP: Final = "tmp"
KEYS: Final = (CENTRE_KEYS, KEYHOLDER_KEYS, *(f"{KEYHOLDER_KEYS}-{number}" for number in range(1, HOLDERS_MAX + 1)))
_NAMES_A_PATH: Final = ("file", "files", "folder", "socket", "listen")
_WRITTEN_TABLE: Final = "enforce"
_DEVICES: Final = Path("/dev")
_ALWAYS_WRITTEN: Final = tuple(
    map(
        Path,
        ("/proc", "/run", *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "shm"))),
    )
)
"""Of devices only those: a disk can be read past every file's rights."""


def home_of(operator: OperatorConfig, actor: str) -> NodeConfig:
    """The actor's configuration, checked. Raises SettingsError."""
    home = operator.folder / actor
    file = home / NODE_TOML
    if file.is_symlink():
        raise SettingsError(Text("{file} is a link: the actor's configuration must lie in its own folder", file=file))
    config = read_node(file)
    if config.node.actor != actor:
        raise SettingsError(
            Text(
                "{file} [node]: actor is {actor}, but this is the folder of {owner}",
                file=file,
                actor=repr(config.node.actor),
                owner=repr(actor),
            )
        )
    if home not in config.folder.parents:
        raise SettingsError(
            Text(
                "{file} [node]: folder must be a folder inside {home}, not {folder}",
                file=file,
                home=home,
                folder=config.folder,
            )
        )
    for name, _, path in named_paths(config):
        inside = home == path or home in path.parents
        if not inside and (operator.folder == path or operator.folder in path.parents or path == operator.file):
            raise SettingsError(
                Text("{file}: {name} names {path}, which is not this actor's", file=file, name=name, path=path)
            )
    return config


def named_paths(config: NodeConfig) -> Iterator[tuple[str, bool, Path]]:
    """(setting, whether it is written, path) of each path that the settings name; links are followed."""
    for table in fields(config):
        value = getattr(config, table.name)
        if not is_dataclass(value):
            continue
        for entry in fields(value):
            kind = entry.name.rsplit("_", 1)[-1]
            if kind not in _NAMES_A_PATH:
                continue
            for text in _texts(getattr(value, entry.name)):
                path = config.path(text.split(":", 1)[-1] if entry.name == "log_files" else text)
                written = kind == "listen" or (table.name == _WRITTEN_TABLE and not kind.startswith("file"))
                if kind != "listen" or "/" in text:
                    yield f"[{table.name}] {entry.name}", written, path


def outside(config: NodeConfig) -> list[tuple[str, Path]]:
    """What the settings name outside the actor's folder: it does not travel with it."""
    return [(name, path) for name, _, path in named_paths(config) if config.base not in (path, *path.parents)]


def fence_of(operator: OperatorConfig, config: NodeConfig) -> Fence:
    """What this node may read and write: its own folder and what its settings name, never another's. node.toml and the
    policy are read only: what decides over the node is nothing the node writes."""
    home = config.base
    writes = [config.folder, home / TMP, *_ALWAYS_WRITTEN]
    for _, written, path in named_paths(config):
        if written and path != home:
            writes.append(path if path.is_dir() else path.parent if path.parent != home else path)
    return Fence(hidden=(operator.file, operator.folder, _DEVICES), reads=(home,), writes=tuple(dict.fromkeys(writes)))


def make_home(operator: OperatorConfig, actor: str) -> Path:
    """The actor's folder, readable by its owner alone; the folder above lets through who knows the name."""
    operator.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    operator.folder.chmod(0o711)
    home = operator.folder / actor
    home.mkdir(mode=0o700)
    return home


def prepare_home(config: NodeConfig, entry: Entry) -> None:
    """What must be there before a fenced node starts: it can make no folder beside its own."""
    for path in (config.folder, config.base / TMP):
        path.mkdir(mode=0o700, exist_ok=True)
    for name, written, path in named_paths(config):
        if written and path.parent == config.base and name.endswith("folder"):
            path.mkdir(mode=0o700, exist_ok=True)
    give(config.base, entry)


def give(home: Path, entry: Entry) -> None:
    """The folder and all in it belong to the actor's user; no link is followed."""
    home.chmod(0o700)
    if entry.uid is None or os.geteuid() != 0:
        return
    gid = -1 if entry.gid is None else entry.gid
    os.chown(home, entry.uid, gid, follow_symlinks=False)
    for folder, folders, files in os.walk(home, followlinks=False):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.lstat().st_uid != entry.uid:
                os.chown(path, entry.uid, gid, follow_symlinks=False)


def destroy_keys(config: NodeConfig) -> int:
    """Nothing here can speak as the actor any more: its keys at the centre and the key holder, and the group's. How
    many files that were. Repeatable."""
    gone = 0
    for name in KEYS:
        folder = config.folder / name
        if folder.is_symlink() or not folder.is_dir():
            continue
        gone += sum(1 for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)
    group_key = config.path(config.node.group_key_file)
    if config.base in group_key.parents and group_key.is_file() and not group_key.is_symlink():
        group_key.unlink()
        gone += 1
    return gone


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        value = (value,)
    if isinstance(value, tuple):
        yield from (text for text in value if isinstance(text, str) and text)
