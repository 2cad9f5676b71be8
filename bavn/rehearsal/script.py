"""A story for a simulated sector: who suspects what when, how bad each network is, who dies when.

Refuses to know how any of it is played.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.centre.correlate.tier import NO_COMMONS, CommonsSettings, Tier
from bavn.model.evidence import evidence_nats
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.rehearsal.holder_faults import HolderFaults
from bavn.rehearsal.network import Faults

CENTRE: Final = "centre"
START_US: Final = 20_600 * DAY_US + 9 * HOUR_US
TIERS_QUICK: Final = (
    Tier(name="A", m=20, r=4, every_s=540, upload_s=120, wave_s=60, reveal_s=900),
    Tier(name="B", t=3, m=20, r=4, every_s=660, upload_s=180, wave_s=60, reveal_s=900, sign_days=3),
)
"""PSI.md's tiers with short periods and small sets, so that a story of an hour has many rounds."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """From ``at_us`` on this is what the actor suspects, in place of what it suspected before."""

    at_us: int
    actor: str
    suspicions: tuple[Suspicion, ...]


@dataclass(frozen=True, slots=True)
class Death:
    """At the first step after ``at_us`` the party (an actor, CENTRE, a key holder) asks its clock ``questions`` more
    times."""

    at_us: int
    who: str
    questions: int


@dataclass(frozen=True, slots=True)
class HolderChange:
    """From the first step after ``at_us`` on key holder ``who`` (:func:`holder_name` of its number) fails like
    this; with ``questions`` from when it has asked its clock so often more, and dies of it. ``lost``: what it kept of
    keys is gone."""

    at_us: int
    who: str
    faults: HolderFaults
    questions: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """``steps`` of ``step_s``; after them the network is healed and everybody talks until nobody has anything to say.
    ``releases``: whether the analyst confirms and releases what is opened as a case. ``holders``: so many key holders,
    of whom any ``holders_k`` evaluate, more than half of them."""

    seed: int
    actors: tuple[str, ...]
    start_us: int = START_US
    steps: int = 40
    step_s: int = 60
    suspects: tuple[Suspects, ...] = ()
    deaths: tuple[Death, ...] = ()
    networks: tuple[tuple[str, Faults], ...] = ()
    holders: int = 1
    holders_k: int = 1
    holder_changes: tuple[HolderChange, ...] = ()
    tiers: tuple[Tier, ...] = TIERS_QUICK
    commons: CommonsSettings = NO_COMMONS
    releases: bool = True

    @property
    def end_us(self) -> int:
        return self.start_us + self.steps * self.step_s * SECOND_US


def holder_name(number: int) -> str:
    """Of a key holder, as nodes call it in their ledgers."""
    return f"keyholder-{number}"


def key_of(seed: int, name: str) -> Ed25519PrivateKey:
    """A party's signing key: fixed by the run's seed."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=32).digest())


def suspicion(observables: tuple[Observable, ...], p: float, host: str, at_us: int) -> Suspicion:
    """A beacon to these observables, as a detector would tell of it."""
    name = observables[0].value
    return Suspicion(
        id=f"{host} {name}",
        detector="beacon",
        technique="T1071",
        host=host,
        peer=name,
        observables=observables,
        p=p,
        p_source="own",
        evidence_nats=evidence_nats(p),
        statistic=5.0,
        first_us=at_us - 6 * HOUR_US,
        last_us=at_us - 5 * MINUTE_US,
        hosts=1,
        listed=False,
        why=Text("Every 300 s."),
        rows=RowsRef("tls", (("src", host),), at_us - 6 * HOUR_US, at_us),
        period_s=300.0,
        regularity=0.6,
    )
