"""Settings of partners' MISPs: where each is, whose it is, what is done there."""

from dataclasses import dataclass
from typing import Any

from bavn.model.intel.web_address import is_protected
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.settings import SettingsError, load, setting
from bavn.model.text import Text

INSTANCES_MAX = 100
DISTRIBUTIONS = ("0", "1", "2", "3")


@dataclass(frozen=True, slots=True, kw_only=True)
class MispTable:
    """``[misp.NAME]`` of centre.toml: one MISP of a partner (docs/partners.md)."""

    url: str = setting("", holds="https address of the MISP.")
    partner: str = setting("", holds="Whose it is: the partner's policy says what goes out to it.")
    key_file: str = setting("", holds="File with the authorization key.")
    ca_file: str = setting("", holds="Authority to trust instead of the system's (PEM).")
    client_certificate_file: str = setting("", holds="Certificate shown to it (PEM).")
    client_key_file: str = setting("", holds="The key to that (PEM).")
    publish: bool = setting(default=False, holds="Publish events there; without it they wait for a person.")
    distribution: str = setting(
        "0", holds="Of events there: 0 its organisation, 1 its community, 2 connected communities, 3 all."
    )
    every_minutes: int = setting(
        0, unit="minutes", holds="How often it is pushed to and asked for sightings; 0: by hand.", low=0, high=43_200
    )

    def __post_init__(self) -> None:
        if self.url and not is_protected(self.url):
            raise SettingsError(
                Text("{url}: a MISP is asked over https (http on this machine only)", url=self.url[:200])
            )
        if self.distribution not in DISTRIBUTIONS:
            raise SettingsError(
                Text(
                    "distribution is one of {named}, not {distribution}",
                    named=", ".join(DISTRIBUTIONS),
                    distribution=repr(self.distribution[:20]),
                )
            )


def misps_of(given: Any, where: str) -> dict[str, MispTable]:
    """The tables by name. Raises SettingsError."""
    if not isinstance(given, dict) or not all(isinstance(value, dict) for value in given.values()):
        raise SettingsError(Text("{where}: MISPs are tables, [misp.NAME]", where=where))
    if len(given) > INSTANCES_MAX:
        raise SettingsError(Text("{where}: at most {instances_max} MISPs", where=where, instances_max=INSTANCES_MAX))
    tables = {}
    for name, table in given.items():
        if not ACTOR_NAME.fullmatch(name):
            raise SettingsError(
                Text(
                    "{where}: no MISP can be called {name}: a-z, 0-9 and -, a letter first",
                    where=where,
                    name=repr(name[:60]),
                )
            )
        misp = load(MispTable, table, f"{where} [misp.{name}]")
        if not (misp.url and misp.partner and misp.key_file):
            raise SettingsError(
                Text("{where} [misp.{name}]: url, partner and key_file must be set", where=where, name=name)
            )
        tables[name] = misp
    return tables
