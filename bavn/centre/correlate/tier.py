"""A tier of the private join: how strong the evidence is, how many must hold it, when and how large its rounds are.

Configuration of the whole sector, the same for every actor (PSI.md, Tiers and rounds). Refuses to know the actors.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.moment import SECOND_US
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text
from bavn.psi import commons_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One ``[tiers.NAME]`` table. SettingsError where a round could not end before the next one begins."""

    name: str = setting("A", holds="Name of the tier, as nodes know it: A and A-... for strong evidence, else weak.")
    t: int = setting(
        2, unit="actors", holds="How many actors must hold an element before anybody names it.", low=2, high=8
    )
    m: int = setting(1000, unit="elements", holds="Size of every actor's padded set.", low=1, high=150_000)
    r: int = setting(
        10, unit="tables", holds="Tables of a round; even. 10 misses 8.6e-7 of what t hold, 20 2^-40.", low=2, high=40
    )
    every_s: float = setting(300.0, unit="s", holds="A round is opened this often.", low=1.0, high=604_800.0)
    upload_s: float = setting(
        45.0, unit="s", holds="How long after its opening a round takes uploads.", low=0.2, high=86_400.0
    )
    wave_s: float = setting(
        30.0, unit="s", holds="How long one turn of the reveal waits for the slowest holder.", low=0.2, high=86_400.0
    )
    reveal_s: float = setting(
        1800.0,
        unit="s",
        holds="How long after its deadline a round takes answers before it is closed.",
        low=0.2,
        high=604_800.0,
    )
    sign_days: int = setting(
        7, unit="days", holds="How long a report of this tier counts in the score.", low=1, high=90
    )

    def __post_init__(self) -> None:
        if self.upload_s >= self.every_s:
            raise SettingsError(Text("tiers.{tier}: upload_s must be less than every_s", tier=self.name))
        if self.wave_s > self.reveal_s:
            raise SettingsError(Text("tiers.{tier}: wave_s must not exceed reveal_s", tier=self.name))
        if self.r % 2:
            raise SettingsError(Text("tiers.{tier}: r must be even", tier=self.name))

    @property
    def every_us(self) -> int:
        return round(self.every_s * SECOND_US)

    @property
    def upload_us(self) -> int:
        return round(self.upload_s * SECOND_US)

    @property
    def wave_us(self) -> int:
        return round(self.wave_s * SECOND_US)

    @property
    def reveal_us(self) -> int:
        return round(self.reveal_s * SECOND_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonsSettings:
    """``[commons]``: the daily round about what is ordinary. SettingsError for a size that is no size class."""

    daily: bool = setting(
        default=True,
        holds="Open a commons round once a day: each actor learns how many others know what is ordinary to it.",
    )
    m: int = setting(
        commons_terms.SIZES[0],
        unit="elements",
        holds="Size of every actor's padded set: 10000, or 100000 for large networks (24 MB of upload a day each).",
        low=commons_terms.SIZES[0],
        high=commons_terms.SIZES[-1],
    )
    upload_s: float = setting(
        7200.0,
        unit="s",
        holds="How long after its opening a commons round takes uploads; it ends as soon as it has all.",
        low=0.2,
        high=43_200.0,
    )

    def __post_init__(self) -> None:
        if self.m not in commons_terms.SIZES:
            sizes = " or ".join(map(str, commons_terms.SIZES))
            raise SettingsError(Text("commons.m must be {sizes}", sizes=sizes))

    def tier(self) -> Tier:
        """The round as the join opens it."""
        return Tier(
            name=commons_terms.TIER,
            t=commons_terms.T,
            m=self.m,
            r=commons_terms.R,
            every_s=_DAY_S,
            upload_s=self.upload_s,
            wave_s=1.0,
        )


NO_COMMONS: Final = CommonsSettings(daily=False)
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S

TIERS: Final = (
    Tier(name="A"),
    Tier(name="B", t=3, m=10_000, every_s=_HOUR_S, upload_s=300.0, reveal_s=_HOUR_S, sign_days=3),
    Tier(name="A-daily", r=20, every_s=_DAY_S, upload_s=900.0, reveal_s=2 * _HOUR_S),
    Tier(name="B-daily", t=3, m=10_000, r=20, every_s=_DAY_S, upload_s=900.0, reveal_s=2 * _HOUR_S, sign_days=3),
)
"""The tiers of PSI.md; the daily ones are the assurance with R=20."""
