"""Settings of the fan-out through NATS, at the centre and at a hub (app/centre/fanout.py, app/hub/server.py)."""

from dataclasses import dataclass
from pathlib import Path

from bavn.model.sector.member import ACTOR_NAME, is_reserved
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


def host_port(text: str, where: str) -> tuple[str, int]:
    """``HOST:PORT``; SettingsError for anything else."""
    host, mark, port = text.rpartition(":")
    plain = host.strip("[]")
    if not (mark and plain and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise SettingsError(Text("{where}: {text} is no HOST:PORT", where=where, text=repr(text)))
    if not all(sign.isalnum() or sign in ".:-" for sign in plain):
        raise SettingsError(Text("{where}: {text} names no host", where=where, text=repr(text)))
    return plain, int(port)


def _named(names: tuple[str, ...], where: str) -> None:
    for name in names:
        if not ACTOR_NAME.fullmatch(name) or is_reserved(name):
            raise SettingsError(
                Text(
                    "{where}: {name} is no name (2 to 40 of a-z, 0-9 and -, and no role)", where=where, name=repr(name)
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FanoutTable:
    """``[fanout]`` of centre.toml: messages to and from nodes through NATS as well (docs/scaling.md)."""

    listen: str = setting(
        "",
        unit="",
        holds="HOST:PORT for nodes; empty: no fan-out, HTTPS alone. The centre asks its own hub too: HOST must stand "
        "in `[place]` `names`, or `localhost` for 0.0.0.0. Needs the extra `nats`.",
    )
    hubs_listen: str = setting("", unit="", holds="HOST:PORT for regional hubs; empty: none.")
    hubs: tuple[str, ...] = setting((), unit="", holds="Hubs that may connect (`bavn centre hub`).")
    questions_max: int = setting(
        512, unit="questions", holds="Questions at once that are looked into; more wait at the nodes.", low=8, high=1e5
    )

    def __post_init__(self) -> None:
        for name in ("listen", "hubs_listen"):
            if getattr(self, name):
                host_port(getattr(self, name), f"fanout.{name}")
        _named(self.hubs, "fanout.hubs")
        if self.hubs_listen and not self.listen:
            raise SettingsError(Text("fanout.hubs_listen needs fanout.listen"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTable:
    """``[hub]`` of hub.toml: a regional hub, which passes bytes on between its nodes and the centre."""

    name: str = setting("", unit="", holds="The hub's name, as the centre made it (`bavn centre hub`).")
    folder: str = setting("data", unit="", holds="Where its certificates lie.")
    listen: str = setting("127.0.0.1:4222", unit="", holds="HOST:PORT for nodes.")
    centre: str = setting("", unit="", holds="HOST:PORT of the centre's `hubs_listen`.")
    actors: tuple[str, ...] = setting((), unit="", holds="Actors whose nodes may connect here.")

    def __post_init__(self) -> None:
        host_port(self.listen, "hub.listen")
        _named(self.actors, "hub.actors")
        if self.name:
            _named((self.name,), "hub.name")
        if self.centre:
            host_port(self.centre, "hub.centre")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A hub's whole configuration. ``base``: the folder that relative paths count from."""

    base: Path
    hub: HubTable

    @property
    def folder(self) -> Path:
        return (self.base / self.hub.folder).resolve()
