"""What an operator may set of a key holder. Apart from it, so that reading a configuration loads no cryptography."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

_TIER: Final = re.compile(r"[A-Z][a-z0-9-]{0,15}")
HOLDERS_MAX: Final = 9
HTTPS_PORT: Final = 443
ROUNDS: Final = 5
"""Of a key's making: what each has, deals, complaints, answers, confirmations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSettings:
    """``[limits]`` of the key holder: what one actor may ask for in one day."""

    points_per_epoch_max: int = setting(
        200_000,
        unit="elements",
        holds="Evaluations for one actor in one calendar day (UTC), all tiers and epochs together, padding included.",
        low=100,
        high=1e8,
    )
    rounds_per_epoch_max: int = setting(
        1000, unit="rounds", holds="Requests of one actor in one day and tier.", low=1, high=1e6
    )
    first_batches_max: int = 4
    """Whole sets of one actor in one day and tier: one, and some for a node that lost what it knew."""
    m_max: int = 100_000
    """The largest set of a round that is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSettings:
    """``[threshold]`` of the key holder: any k of n holders evaluate. Without ``holders`` it is alone, one of one."""

    number: int = setting(0, holds="Which of the holders this is, counted from 1; 0: it is alone.", low=0, high=9)
    k: int = setting(
        1,
        unit="holders",
        holds="How many holders evaluate together; more than half of them. The same at all holders and nodes.",
        low=1,
        high=9,
    )
    holders: tuple[str, ...] = setting(
        (), holds="https addresses of all holders in their order, this one's too, the same at all; empty: it is alone."
    )
    before_k: int = setting(
        0,
        unit="holders",
        holds="While k or holders change: what k was, so that the keys of these days go on; 0: nothing changes.",
        low=0,
        high=9,
    )
    before_n: int = setting(
        0, unit="holders", holds="Likewise how many holders there were, with the numbers they have now.", low=0, high=9
    )
    tiers: tuple[str, ...] = setting(
        ("A", "B", "A-daily", "B-daily", "Commons"),
        holds="Tiers of rounds that keys are made for, as the centre names them. The same at all holders.",
    )
    every_s: int = setting(
        900, unit="s", holds="How often holders look whether keys are to be made. The same at all.", low=2, high=86400
    )
    round_s: float = setting(
        20.0,
        unit="s",
        holds="How long the others wait in a round of a key's making for one that is silent. The same at all.",
        low=0.1,
        high=600,
    )

    @property
    def n(self) -> int:
        return max(len(self.holders), 1)

    @property
    def terms(self) -> frozenset[tuple[int, int]]:
        """The k and n of a key that counts here."""
        before = {(self.before_k, self.before_n)} if self.before_k else set()
        return frozenset({(self.k, self.n), *before})

    def __post_init__(self) -> None:
        why = why_not("[threshold] holders", self.holders, "k", self.k)
        if why is not None:
            raise SettingsError(why)
        if not self.number and self.holders:
            raise SettingsError(
                Text("[threshold] number: holders are named, so say which of them this is, counted from 1")
            )
        object.__setattr__(self, "number", self.number or 1)
        if self.number > self.n:
            raise SettingsError(
                Text("[threshold] number: {number}, but holders names {n}", number=self.number, n=self.n)
            )
        if not self.before_k <= self.before_n < max(2 * self.before_k, 1):
            raise SettingsError(Text("[threshold] before_k: more than half of before_n, or both 0"))
        if not all(_TIER.fullmatch(tier) for tier in self.tiers):
            raise SettingsError(Text("[threshold] tiers: as A, B or A-daily, at most 16 characters"))
        if ROUNDS * self.round_s >= self.every_s:
            raise SettingsError(Text("[threshold] every_s: longer than five times round_s"))


def why_not(where: str, urls: Sequence[str], threshold: str, k: int) -> Text | None:
    """Why these cannot be n holders of which ``k`` evaluate; None where they can. ``where`` names the setting of their
    addresses, ``threshold`` the one of ``k`` beside it; without addresses it is one holder."""
    n = max(len(urls), 1)
    for url in urls:
        if not is_https(url):
            return Text("{where}: {url} is no https://HOST:PORT", where=where, url=url)
    for at, url in enumerate(urls):
        if _address(url) in [_address(other) for other in urls[:at]]:
            return Text(
                "{where}: {url} is named twice; each key holder has an address of its own", where=where, url=url
            )
    if n > HOLDERS_MAX:
        return Text("{where}: {n} key holders, at most {most} can be", where=where, n=n, most=HOLDERS_MAX)
    if k > n:
        return Text("{where}: {n} key holders, but {threshold} is {k}", where=where, n=n, threshold=threshold, k=k)
    if n >= 2 * k:
        return Text(
            "{where}: {n} key holders, and {threshold} is {k}: it must be more than half of them, at least {least}",
            where=where,
            n=n,
            threshold=threshold,
            k=k,
            least=n // 2 + 1,
        )
    return None


def is_https(url: str) -> bool:
    """Whether a key holder can be called there."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _address(url: str) -> tuple[str | None, int]:
    """By which two addresses are the same."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or HTTPS_PORT
