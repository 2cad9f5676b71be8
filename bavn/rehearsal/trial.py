"""A trial of one actor's door policy: rounds among test parties, with elements that exist for the trial alone.

The door, the centre and the key holder are the real ones, on disks and a clock of the trial's own. Two trials that
differ only in what may not leave must say the same, byte for byte. Refuses to touch an actor's own book.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.correlate.tier import Tier
from bavn.model.evidence import evidence_nats, p_bucket
from bavn.model.moment import HOUR_US, MINUTE_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.rehearsal.hostile import LiarMemory
from bavn.rehearsal.script import Script, Suspects
from bavn.rehearsal.world import World
from bavn.wire.codec import encode
from bavn.wire.messages.catalogue import Receipts, Report, ShareUpload
from bavn.wire.privacy import Message

PARTIES_MAX: Final = 20
CANARY: Final = Observable.of("domain", "bavn-canary.test")
"""Held by all parties of a trial. ``.test`` names nobody (RFC 6761)."""
ALONE: Final = Observable.of("domain", "bavn-alone.test")
"""Held by the tested actor alone: it must stay there."""
STEPS: Final = 9


class NoTrial(ValueError):
    """The policy lets no trial take place. Whoever wrote it knows why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What must not leave: which host, whom the analysts see, exact moments and figures."""

    host: str
    peer: str
    first_us: int
    last_us: int
    p: float
    period_s: float
    regularity: float


@dataclass(slots=True)
class ActorOutput:
    """What the tested actor let out, in order."""

    messages: list[Message] = field(default_factory=list)

    def __call__(self, message: Message, _: LiarMemory) -> Sequence[Message]:
        self.messages.append(message)
        return [message]

    @property
    def bytes(self) -> list[bytes]:
        """Each message as it travels."""
        return [_bytes_of(message) for message in self.messages]

    def count(self, kind: type[Message]) -> int:
        return sum(isinstance(message, kind) for message in self.messages)

    @property
    def named(self) -> frozenset[str]:
        """Values that reports named."""
        return frozenset(message.value for message in self.messages if isinstance(message, Report))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a trial came to. ``chain``: whether the tested actor's ledger holds; ``settled``: nobody had more to say."""

    said: ActorOutput
    parties: int
    t: int
    lines: int
    chain: bool
    settled: bool

    @property
    def uploads(self) -> int:
        return self.said.count(ShareUpload)

    @property
    def met(self) -> bool:
        """Whether the centre found something in common and asked for receipts."""
        return self.said.count(Receipts) > 0


def _bytes_of(message: Message) -> bytes:
    """Kind, body and attachment."""
    made = encode(message)
    return made.kind.encode() + b"\n" + made.body + b"\n" + (made.attachment or b"")


def tier_of(policy: DoorPolicy) -> Tier:
    """A quick round that this policy takes part in. Raises NoTrial."""
    if policy.join_weak:
        name, t = "B", max(3, policy.weak_t_min)
    elif policy.join_strong:
        name, t = "A", max(2, policy.strong_t_min)
    else:
        raise NoTrial("the policy takes part in no round")
    if max(t, policy.members_min) > PARTIES_MAX:
        raise NoTrial(f"the policy asks for more than {PARTIES_MAX} parties")
    return Tier(name=name, t=t, m=10, r=10, every_s=3600, upload_s=120, wave_s=60, reveal_s=900, sign_days=3)


def secrets(policy: DoorPolicy, hosts: tuple[str, str], now_us: int) -> tuple[Secret, Secret]:
    """Two that differ in all that must stay, and in nothing that may leave. ``now_us`` may lie anywhere in its hour."""
    hour_us = now_us // HOUR_US * HOUR_US
    p = (policy.weak_p_max if policy.join_weak else policy.strong_p_max) * 0.6
    near = next(share * p for share in (0.93, 0.97, 0.99, 1.01, 1.03) if p_bucket(share * p) == p_bucket(p))
    secret = Secret(
        host=hosts[0],
        peer="what-the-soc-sees-here",
        first_us=hour_us - 5 * HOUR_US + 3 * MINUTE_US,
        last_us=hour_us - HOUR_US + 7 * SECOND_US,
        p=p,
        period_s=301.5,
        regularity=0.72,
    )
    two = Secret(
        host=hosts[1],
        peer="something else",
        first_us=hour_us - 5 * HOUR_US + 51 * MINUTE_US,
        last_us=hour_us - HOUR_US + 59 * MINUTE_US,
        p=near,
        period_s=877.25,
        regularity=0.88,
    )
    return secret, two


def trial(
    name: str, policy: DoorPolicy, homes: tuple[str, ...], secret: Secret, now_us: int, folder: Path, *, seed: int = 1
) -> TrialResult:
    """One round among test parties, in which ``name`` has this policy. Raises NoTrial."""
    mine = (_suspicion(CANARY, secret, 1), _suspicion(ALONE, secret, 2))
    plain = replace(secret, host="10.0.0.1", peer="canary", p=secret.p)
    others = (_suspicion(CANARY, plain, 1),)
    output, tier = ActorOutput(), tier_of(policy)
    parties = (name, *(f"test-party-{n}" for n in range(1, max(tier.t, policy.members_min))))
    script = Script(
        seed=seed,
        actors=parties,
        start_us=now_us,
        steps=STEPS,
        tiers=(tier,),
        releases=False,
        suspects=tuple(Suspects(now_us, party, mine if party == name else others) for party in parties),
    )
    world = World(script, folder, homes={name: homes}, liars={name: output}, policies={name: policy})
    try:
        story = world.run()
        chain = world.ledgers()[name].verify() is None
    finally:
        world.close()
    return TrialResult(
        said=output, parties=len(parties), t=tier.t, lines=len(story.ledgers[name]), chain=chain, settled=story.settled
    )


def _suspicion(observable: Observable, secret: Secret, number: int) -> Suspicion:
    return Suspicion(
        id=f"{number:032x}",
        detector="beacon",
        technique="T1071",
        host=secret.host,
        peer=secret.peer,
        observables=(observable,),
        p=secret.p,
        p_source="own",
        evidence_nats=evidence_nats(secret.p),
        statistic=3.0,
        first_us=secret.first_us,
        last_us=secret.last_us,
        hosts=1,
        listed=False,
        why=Text("A trial's canary."),
        rows=RowsRef("flow", (("src", secret.host),), secret.first_us, secret.last_us + 1),
        period_s=secret.period_s,
        regularity=secret.regularity,
    )
