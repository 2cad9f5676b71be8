"""The three ways in, from nothing to protected: the configuration of a guard, which watches nothing and enforces what
is shared, of a node that listens to logs and flows, and of one with a sensor.

Written once and never over what a person wrote. Refuses to run it: that is node_service's.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bavn.app.config.load import NodeConfig, read_node
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.settings import SettingsError
from bavn.model.text import Text

Way = Literal["guard", "listen", "watch"]
LISTS: Final = "lists"
SENSORS: Final = ("suricata_interface", "eve_file", "zeek_folder", "captures_folder")
"""What makes a node one with a sensor, of its own or the actor's."""
SENSES: Final = (
    "captures_folder",
    "suricata_interface",
    "eve_file",
    "zeek_folder",
    "log_files",
    "syslog_udp_listen",
    "syslog_tcp_listen",
    "syslog_tls_listen",
    "dnstap_listen",
    "netflow_listen",
    "sflow_listen",
    "key_exchange_folder",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """What a node must be told the first time. ``keyholders``: their addresses, of which ``keyholders_k`` evaluate
    together, 0: more than half. ``listen`` and ``upstreams`` are ``address@port``, ``clients`` and ``homes`` CIDR,
    ``lists`` address:port, "" for no list; ``sense``: settings of ``[sense]`` by name, none for a guard. Without
    ``listen`` no resolver is put up. ``folder``: where its data lies, where that is not beside it."""

    way: Way = "guard"
    actor: str
    centre_url: str = ""
    keyholders: Sequence[str] = ()
    keyholders_k: int = 0
    homes: Sequence[str] = ()
    sense: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    listen: Sequence[str] = ()
    upstreams: Sequence[str] = ()
    clients: Sequence[str] = ()
    lists: str = ""
    folder: str = ""

    def text(self) -> str:
        """The node.toml of it."""
        lines = [f"# Written by `bavn node {self.way}`; edit it freely: it is never written again.", "[node]"]
        lines.append(f"actor = {_toml(self.actor)}")
        if self.centre_url:
            lines.append(f"centre_url = {_toml(self.centre_url)}")
        if self.keyholders:
            lines.append(f"keyholder_urls = {_toml(list(self.keyholders))}")
            lines.append(f"keyholders_k = {self.keyholders_k or len(self.keyholders) // 2 + 1}")
        if self.folder:
            lines.append(f"folder = {_toml(self.folder)}")
            lines.append(f"policy_file = {_toml(self.folder + '/policy.toml')}")
        if self.homes:
            lines.append(f"homes = {_toml(list(self.homes))}")
        if self.sense:
            lines += ["", "[sense]"]
            lines += [
                f"{name} = {_toml(value if isinstance(value, str) else list(value))}"
                for name, value in self.sense.items()
            ]
        if self.folder and self.way != "guard":
            # What commands write later: beside a service's configuration its user may write nothing.
            lines += ["", "[hunt]", f"folder = {_toml(self.folder + '/hunts')}"]
            lines += ["", "[rules]", f"tuning_file = {_toml(self.folder + '/tuning.toml')}"]
        lines += ["", "[enforce]"]
        if self.listen:
            lines.append(f"resolver_listen = {_toml(list(self.listen))}")
            lines.append(f"resolver_upstreams = {_toml(list(self.upstreams))}")
        if self.clients:
            lines.append(f"resolver_clients = {_toml(list(self.clients))}")
        if self.lists:
            folder = f"{self.folder}/{LISTS}" if self.folder else LISTS
            lines += [f"list_folder = {_toml(folder)}", f"list_listen = {_toml(self.lists)}"]
        return "\n".join(lines) + "\n"


def configured(file: Path, way: WayIn) -> NodeConfig:
    """This way in's configuration: read where it is there, written where it is not. Stop where something is missing,
    and where the file is of another way in. Raises SettingsError."""
    if not file.exists():
        _write(file, way)
    config = read_node(file)
    senses = [name for name in SENSES if getattr(config.sense, name)]
    if way.way == "guard" and senses:
        said = f"{file} [sense]: {senses[0]} is set: this node watches; start it with `bavn node run`"
        raise Stop(Exit.CONFIGURATION, said)
    if way.way != "guard" and not senses:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{file} [sense]: nothing is set: this node watches nothing (bavn node guard)", file=file),
        )
    given = config.enforce
    if way.way == "guard" and not (given.resolver_listen or given.list_folder):
        raise Stop(
            Exit.CONFIGURATION,
            Text("{file} [enforce]: neither resolver_listen nor list_folder: nothing to guard with", file=file),
        )
    return config


def _write(file: Path, way: WayIn) -> None:
    answers = bool(way.upstreams) or not (way.listen or way.way == "guard")
    lacks = [name for name, there in (("--actor", bool(way.actor)), ("--upstream", answers)) if not there]
    if way.way == "listen" and not way.sense:
        lacks.append("one of --syslog, --syslog-tcp, --netflow, --sflow, --dnstap, --log-file")
    if way.way == "watch" and not any(name in way.sense for name in SENSORS):
        lacks.append("one of --interface, --eve, --zeek")
    if lacks:
        raise Stop(
            Exit.USAGE, Text("{file} is not there yet, so {named} must be given", file=file, named=" and ".join(lacks))
        )
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(way.text())
        try:
            read_node(fresh)
        except SettingsError as error:
            fresh.unlink()
            raise Stop(Exit.USAGE, str(error).replace(fresh.name, file.name)) from error
        fresh.rename(file)
    except OSError as error:
        raise cannot_write(file, error) from error


def _toml(value: str | list[str]) -> str:
    """A text, or a list of them, as TOML basic strings (JSON's form is one of theirs, but for DEL)."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
