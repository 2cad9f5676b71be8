"""The centre's configuration: tiers, score, lines and limits, each field with unit, default and sentence.

``app`` reads the TOML file. Refuses to read files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.correlate.tier import NO_COMMONS, TIERS, CommonsSettings, Tier
from bavn.model.observable import NotCanonical, Observable
from bavn.model.sector.intel import IntelSettings
from bavn.model.settings import SettingsError, load, setting
from bavn.model.text import Text
from bavn.psi.commons_terms import TIER


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreLimits:
    """``[centre]`` of the configuration, apart from where things lie (that is ``app``'s)."""

    sector: str = setting("sector", holds="Name of the sector: the author of its indicators.")
    case_score_min: float = setting(
        5.0, unit="nats", holds="A lead at or above this score is opened as a case by itself.", low=-20.0, high=100.0
    )
    block_score_min: float = setting(
        7.0, unit="nats", holds="Below this score nothing is released that may block.", low=0.0, high=100.0
    )
    indicator_days_max: int = setting(90, unit="days", holds="No indicator is released for longer.", low=1, high=365)
    register: tuple[str, ...] = setting(
        (), holds='The sector\'s own services, as "type:value": weighed down and never blocked.'
    )
    questions_two_people: bool = setting(
        default=True, holds="A question to the actors needs a second person's approval before it goes out."
    )
    rounds_kept_days: int = setting(
        7, unit="days", holds="How long a closed round can be looked into.", low=1, high=365
    )
    audits_mb_max: int = setting(
        4_000,
        unit="MB",
        holds="Room for the tables of uploads that were drawn for an audit; the oldest go first.",
        low=0,
        high=1_000_000,
    )
    signs_kept_days: int = setting(30, unit="days", holds="How long a report is kept after it came.", low=7, high=365)
    time_zone: str = setting(
        "Europe/Copenhagen", holds="Where NIS2's months are counted and its drafts tell the time (tz database)."
    )
    counts_kept_days: int = setting(
        400, unit="days", holds="How long the sector's noisy counts are kept.", low=30, high=3650
    )
    rank_every_s: float = setting(
        60.0, unit="s", holds="Leads are ranked anew when reports come, and at least this often.", low=0.1, high=3600.0
    )

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError) as error:
            raise SettingsError(
                Text("centre.time_zone: no time zone is called {time_zone}", time_zone=repr(self.time_zone[:60]))
            ) from error
        for text in self.register:
            kind, _, value = text.partition(":")
            try:
                Observable.of(kind, value)
            except (NotCanonical, ValueError) as error:
                raise SettingsError(
                    Text(
                        "centre.register: {text} is no observable ({error})",
                        text=repr(text),
                        error=Text.of_error(error),
                    )
                ) from error

    @property
    def registered(self) -> frozenset[Observable]:
        return frozenset(Observable.of(*text.split(":", 1)) for text in self.register)


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreConfig:
    """All of it. ``commons``: off unless a file is read, or it is given."""

    limits: CentreLimits = field(default_factory=CentreLimits)
    score: ScoreSettings = field(default_factory=ScoreSettings)
    indicators: IndicatorSettings = field(default_factory=IndicatorSettings)
    tiers: tuple[Tier, ...] = TIERS
    commons: CommonsSettings = NO_COMMONS
    intelligence: IntelSettings = field(default_factory=IntelSettings)
    cases: CaseSettings = field(default_factory=CaseSettings)

    @property
    def rounds(self) -> tuple[Tier, ...]:
        """All that the join opens."""
        return (*self.tiers, self.commons.tier()) if self.commons.daily else self.tiers


def tiers_of(given: Any, where: str) -> tuple[Tier, ...]:
    """From ``[tiers.NAME]``; without any, those of PSI.md. ``where`` names the file. Raises SettingsError."""
    if not isinstance(given, Mapping) or not all(isinstance(tier, Mapping) for tier in given.values()):
        raise SettingsError(Text("{where}: tiers are tables, [tiers.A] for example", where=where))
    if TIER in given:
        raise SettingsError(
            Text("{where}: {name} is no tier of its own: its table is [commons]", where=where, name=TIER)
        )
    return tuple(load(Tier, {"name": name, **tier}, f"{where}: tiers.{name}") for name, tier in given.items()) or TIERS
