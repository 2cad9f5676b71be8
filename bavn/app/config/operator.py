"""``[operator]`` of operator.toml: one place from which many actors' nodes are run. Refuses to read an actor's own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bavn.app.config.load import read_toml
from bavn.keyholder.settings import is_https
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.settings import SettingsError, load, setting
from bavn.model.text import Text

PIN: Final = re.compile("([0-9a-f]{64})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTable:
    """``[operator]``: who runs the actors, where they lie, and what each may take."""

    name: str = setting("", unit="", holds="The operator's name: the centre has it as the group of these actors.")
    folder: str = setting("actors", unit="", holds="Where each actor has a folder of its own, and the register lies.")
    centre_url: str = setting("", unit="", holds="https address of the centre, for actors that are added by token.")
    pin: str = setting("", unit="", holds="SHA-256 of the centre's authority, for actors that are added by token.")
    actors_max: int = setting(200, unit="", holds="More are refused.", low=1, high=1000)
    confine: bool = setting(
        True, unit="", holds="The kernel (Landlock) keeps each node to its own folder, also under one user."
    )
    memory_mb_max: int = setting(
        2048,
        unit="MB",
        holds="A node that takes more, with what it started, is ended and started again.",
        low=128,
        high=1_048_576,
    )
    back_off_s: int = setting(
        2, unit="s", holds="A node that ended is started again after this; each time twice as long.", low=1, high=3600
    )
    back_off_s_max: int = setting(300, unit="s", holds="The longest of these waits.", low=1, high=86_400)
    steady_s: int = setting(
        120, unit="s", holds="A node that ran so long begins with the shortest wait again.", low=1, high=86_400
    )
    end_s: int = setting(
        15, unit="s", holds="A node that has not ended so long after it was told to is killed.", low=2, high=120
    )

    def __post_init__(self) -> None:
        if self.centre_url and not is_https(self.centre_url):
            raise SettingsError(
                Text("{where}: {url} is no https://HOST:PORT", where="[operator] centre_url", url=self.centre_url)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorConfig:
    """An operator's configuration. ``file``: where it was read."""

    file: Path
    operator: OperatorTable

    @property
    def folder(self) -> Path:
        return (self.file.parent / self.operator.folder).resolve()


def read_operator(file: Path) -> OperatorConfig:
    """Reads operator.toml. Raises SettingsError."""
    return operator_of(read_toml(file), file)


def operator_of(given: Mapping[str, Any], file: Path) -> OperatorConfig:
    """From what ``file`` holds. Raises SettingsError."""
    table = given.get("operator", {})
    if set(given) - {"operator"} or not isinstance(table, dict):
        raise SettingsError(Text("{file}: the only table is [operator]", file=file))
    read = load(OperatorTable, table, f"{file} [operator]")
    if not ACTOR_NAME.fullmatch(read.name):
        raise SettingsError(
            Text(
                "{file} [operator]: name must be 2 to 40 characters of a-z, 0-9 and -, a letter first, not {read}",
                file=file,
                read=repr(read.name),
            )
        )
    if not PIN.fullmatch(read.pin):
        raise SettingsError(
            Text("{file} [operator]: pin must be 64 hexadecimal digits, as the centre printed them", file=file)
        )
    if read.back_off_s_max < read.back_off_s:
        raise SettingsError(Text("{file} [operator]: back_off_s_max must be at least back_off_s", file=file))
    config = OperatorConfig(file=file.resolve(), operator=read)
    if config.folder in (config.file.parent, *config.file.parent.parents):
        raise SettingsError(
            Text("{file} [operator]: folder must be one of its own, apart from operator.toml", file=file)
        )
    return config
