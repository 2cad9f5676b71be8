"""From nothing to protected: the configuration of a guard, a node that watches nothing and enforces what is shared.

Written once and never over what a person wrote. Refuses to run it: that is node_service's.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bavn.app.config import NodeConfig, read_node
from bavn.app.exits import Exit, Stop
from bavn.model.settings import SettingsError

LISTS: Final = "lists"
SENSES: Final = (
    "captures_folder", "suricata_interface", "eve_file", "zeek_folder", "log_files", "syslog_udp_listen",
    "syslog_tcp_listen", "syslog_tls_listen", "dnstap_listen", "netflow_listen", "sflow_listen", "key_exchange_folder",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a guard must be told. ``listen`` and ``upstreams`` are ``address@port``, ``clients`` CIDR, ``lists``
    address:port, "" for no list."""

    actor: str
    centre_url: str = ""
    listen: Sequence[str] = ()
    upstreams: Sequence[str] = ()
    clients: Sequence[str] = ()
    lists: str = ""

    def text(self) -> str:
        """The node.toml of it."""
        lines = ["# Written by `bavn node guard`; edit it freely: it is never written again.", "[node]"]
        lines.append(f"actor = {_toml(self.actor)}")
        if self.centre_url:
            lines.append(f"centre_url = {_toml(self.centre_url)}")
        lines += ["", "[enforce]", f"resolver_listen = {_toml(list(self.listen))}"]
        lines.append(f"resolver_upstreams = {_toml(list(self.upstreams))}")
        if self.clients:
            lines.append(f"resolver_clients = {_toml(list(self.clients))}")
        if self.lists:
            lines += [f'list_folder = "{LISTS}"', f"list_listen = {_toml(self.lists)}"]
        return "\n".join(lines) + "\n"


def configured(file: Path, asked: Guard) -> NodeConfig:
    """The guard's configuration: read where it is there, written where it is not. Stop where something is missing, and
    for a node that watches. Raises SettingsError."""
    if not file.exists():
        _write(file, asked)
    config = read_node(file)
    senses = [name for name in SENSES if getattr(config.sense, name)]
    if senses:
        said = f"{file} [sense]: {senses[0]} is set: this node watches; start it with `bavn node run`"
        raise Stop(Exit.CONFIGURATION, said)
    given = config.enforce
    if not (given.resolver_listen or given.list_folder):
        raise Stop(
            Exit.CONFIGURATION, f"{file} [enforce]: neither resolver_listen nor list_folder: nothing to guard with"
        )
    return config


def _write(file: Path, asked: Guard) -> None:
    lacks = [name for name, value in (("--actor", asked.actor), ("--upstream", asked.upstreams)) if not value]
    if lacks:
        raise Stop(Exit.USAGE, f"{file} is not there yet, so {' and '.join(lacks)} must be given")
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(asked.text())
        try:
            read_node(fresh)
        except SettingsError as error:
            fresh.unlink()
            raise Stop(Exit.USAGE, str(error).replace(fresh.name, file.name)) from error
        fresh.rename(file)
    except OSError as error:
        raise Stop(Exit.CONFIGURATION, f"{file} cannot be written: {error.strerror}") from error


def _toml(value: str | list[str]) -> str:
    """A text, or a list of them, as TOML basic strings (JSON's form is one of theirs, but for DEL)."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
