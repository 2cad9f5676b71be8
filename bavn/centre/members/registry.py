"""Who is a member, under which x, with which keys and quotas; and who stands behind a certificate.

An actor is never deleted and its x is never given to another. Every change that matters to a round counts the
registry's version up. Refuses to know what members send.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from bavn.centre.members.authority import MALFORMED
from bavn.centre.members.tables import ACTOR, CERTIFICATE, INVITATION, QUOTA, REGISTRY, make_tables
from bavn.centre.store import log
from bavn.centre.store.engine import reading, writing
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.member import (
    ACTOR_NAME,
    Actor,
    ActorState,
    Quota,
    holder_name,
    is_peer,
    is_reserved,
    member_role,
)
from bavn.model.sector.refusal import word
from bavn.model.text import Text

ACTORS_MAX: Final = 1000
PAPERS_SHOWN_MAX: Final = 50
_MB: Final = 1_000_000
DEFAULT_QUOTAS: Final[Mapping[str, Quota]] = {
    "ShareUpload": Quota(messages_per_hour_max=60, bytes_per_hour_max=600 * _MB),
    "Receipts": Quota(messages_per_hour_max=60, bytes_per_hour_max=100 * _MB),
    "Declined": Quota(messages_per_hour_max=20_000, bytes_per_hour_max=10 * _MB),
    "Report": Quota(messages_per_hour_max=2_000, bytes_per_hour_max=4 * _MB),
    "Withdrawn": Quota(messages_per_hour_max=200, bytes_per_hour_max=1 * _MB),
    "Observation": Quota(messages_per_hour_max=10_000, bytes_per_hour_max=10 * _MB),
    "Receipt": Quota(messages_per_hour_max=20_000, bytes_per_hour_max=20 * _MB),
    "QuestionAnswered": Quota(messages_per_hour_max=2_000, bytes_per_hour_max=2 * _MB),
    "QuestionCounted": Quota(messages_per_hour_max=200, bytes_per_hour_max=_MB),
    "QuestionDeclined": Quota(messages_per_hour_max=2_000, bytes_per_hour_max=2 * _MB),
    "CaseAnswered": Quota(messages_per_hour_max=500, bytes_per_hour_max=4 * _MB),
    "CaseEvidence": Quota(messages_per_hour_max=20, bytes_per_hour_max=90 * _MB),
    "Nis2Noted": Quota(messages_per_hour_max=500, bytes_per_hour_max=4 * _MB),
    "WarningAnswered": Quota(messages_per_hour_max=500, bytes_per_hour_max=4 * _MB),
    "Counts": Quota(messages_per_hour_max=10, bytes_per_hour_max=1 * _MB),
    "Health": Quota(messages_per_hour_max=120, bytes_per_hour_max=1 * _MB),
    "CanaryProgress": Quota(messages_per_hour_max=200, bytes_per_hour_max=1 * _MB),
    "DrawsOpened": Quota(messages_per_hour_max=200, bytes_per_hour_max=1 * _MB),
    "LogSeen": Quota(messages_per_hour_max=2_000, bytes_per_hour_max=1 * _MB),
}
"""Room for twelve rounds of tier A and one of each other tier an hour, five times over."""


Also = Callable[[Connection], None]
"""What is written in the transaction of an act, such as its line in the audit log."""


def nothing(_: Connection) -> None:
    """Nothing is written beside the act."""


class UnknownActor(Exception):
    """No actor has that name. The operator of the centre must act."""


class NotInState(Exception):
    """The actor does not stand where that can be done. The operator of the centre must act."""


class CannotAdd(Exception):
    """That actor cannot be a member: name taken, reserved or malformed, or no room. The operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A certificate of an actor. In force until ``until_us`` unless it was revoked."""

    fingerprint: str
    issued_us: int
    until_us: int
    revoked_us: int | None


def names_in(connection: Connection) -> tuple[str, ...]:
    """Every actor there ever was, by name, at the moment that this connection sees."""
    return tuple(connection.scalars(select(ACTOR.c.name).order_by(ACTOR.c.name)))


def states_in(connection: Connection) -> dict[str, ActorState]:
    """The same with how each stands."""
    return {row.name: ActorState(row.state) for row in connection.execute(select(ACTOR.c.name, ACTOR.c.state))}


def actor_in(connection: Connection, name: str) -> Actor | None:
    """One of them; None where there is none of that name."""
    row = connection.execute(select(ACTOR).where(ACTOR.c.name == name)).first()
    return None if row is None else _actor(row)


def joined_in(connection: Connection) -> dict[str, int]:
    """actor -> since when it has a certificate (us); whoever never had one is left out."""
    asked = select(CERTIFICATE.c.actor, func.min(CERTIFICATE.c.issued_us)).group_by(CERTIFICATE.c.actor)
    return {actor: int(issued_us) for actor, issued_us in connection.execute(asked)}


class Registry:
    """All methods may be called from any thread. ``quotas``: what holds where an actor has none of its own."""

    def __init__(self, engine: Engine, clock: Clock, quotas: Mapping[str, Quota] = DEFAULT_QUOTAS) -> None:
        self.engine = engine
        self._clock = clock
        self._quotas = dict(quotas)
        self._known: tuple[int, tuple[Actor, ...]] | None = None
        make_tables(engine)

    def add(self, name: str, kind: str, group: str = "", also: Also = nothing) -> Actor:
        """A new actor, invited but not yet active. ``group`` is its own name unless it shares a vendor or host with
        others. Raises CannotAdd."""
        if not ACTOR_NAME.fullmatch(name) or is_reserved(name):
            raise CannotAdd(Text("no actor can be called {name}", name=repr(name[:60])))
        return self._add(name, kind, group, also)

    def add_holder(self, number: int) -> Actor:
        """Another key holder, as a member of this one: its certificates are a key holder's. Raises CannotAdd."""
        return self._add(holder_name(number), "other", "", nothing)

    def _add(self, name: str, kind: str, group: str, also: Also) -> Actor:
        with writing(self.engine) as tx:
            self.count_up(tx)
            if tx.execute(select(ACTOR.c.name).where(ACTOR.c.name == name)).first() is not None:
                raise CannotAdd(Text("there is an actor called {name} already", name=repr(name)))
            actors, last_x = tx.execute(select(func.count(), func.coalesce(func.max(ACTOR.c.x), 0))).one()
            if actors >= ACTORS_MAX:
                raise CannotAdd(Text("a sector has at most {actors_max} actors", actors_max=ACTORS_MAX))
            actor = Actor(name=name, kind=kind, group=group or name, x=last_x + 1, state=ActorState.INVITED)
            tx.execute(
                insert(ACTOR).values(
                    name=name,
                    kind=kind,
                    group=actor.group,
                    x=actor.x,
                    state=actor.state.value,
                    changed_us=self._clock.now_us(),
                )
            )
            also(tx)
        return actor

    def actor(self, name: str) -> Actor | None:
        with reading(self.engine) as tx:
            row = tx.execute(select(ACTOR).where(ACTOR.c.name == name)).first()
        return None if row is None else _actor(row)

    def actors(self) -> tuple[Actor, ...]:
        """All of them, by name, whatever their state."""
        with reading(self.engine) as tx:
            return tuple(_actor(row) for row in tx.execute(select(ACTOR).order_by(ACTOR.c.name)))

    def members(self) -> tuple[int, tuple[Actor, ...]]:
        """The registry's version and the active actors by name: who may take part in a round opened now. Each change
        of an actor is another version, so that they are read once for each."""
        known = self._known
        with reading(self.engine) as tx:
            version = int(tx.execute(select(REGISTRY.c.version)).scalar_one())
            if known is None or known[0] != version:
                rows = tx.execute(select(ACTOR).where(ACTOR.c.state == ActorState.ACTIVE.value).order_by(ACTOR.c.name))
                self._known = known = version, tuple(_actor(row) for row in rows)
        return known

    def canaries(self) -> frozenset[str]:
        """The active actors of the canary ring."""
        return frozenset(actor.name for actor in self.members()[1] if actor.canary)

    def key(self, name: str) -> Ed25519PublicKey | None:
        """The message key of an active actor."""
        with reading(self.engine) as tx:
            certificate = tx.execute(
                select(ACTOR.c.message_key).where(ACTOR.c.name == name, ACTOR.c.state == ActorState.ACTIVE.value)
            ).scalar_one_or_none()
        return None if certificate is None else Ed25519PublicKey.from_public_bytes(bytes.fromhex(certificate))

    def who(self, certificate_der: bytes) -> Actor | Refused:
        """The active actor behind a client certificate that TLS has verified; asked at every request, so that a
        revocation counts from the next one on."""
        try:
            certificate = x509.load_der_x509_certificate(certificate_der)
            fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
        except MALFORMED:
            return Refused("unknown_certificate", "the certificate names no actor")
        with reading(self.engine) as tx:
            row = tx.execute(
                select(ACTOR, CERTIFICATE.c.not_before_us, CERTIFICATE.c.not_after_us, CERTIFICATE.c.revoked_us)
                .join(CERTIFICATE, CERTIFICATE.c.actor == ACTOR.c.name)
                .where(CERTIFICATE.c.fingerprint == fingerprint)
            ).first()
        if row is None or not is_peer(certificate, row.name, member_role(row.name)):
            return Refused("unknown_certificate", "this centre issued no such certificate")
        if row.revoked_us is None and row.state == ActorState.SUSPENDED.value:
            return Refused("suspended", "the actor is suspended")
        if row.revoked_us is not None or row.state != ActorState.ACTIVE.value:
            return Refused("revoked", "the certificate or its actor is revoked")
        if not row.not_before_us <= self._clock.now_us() < row.not_after_us:
            return Refused("expired", "the certificate is not valid now")
        return _actor(row)

    def suspend(self, name: str, also: Also = nothing) -> None:
        """Lets an active actor in no more, from its next request on, until it is resumed; keys and certificates stay.
        Raises UnknownActor, NotInState."""
        self._move(name, ActorState.ACTIVE, ActorState.SUSPENDED, also)

    def resume(self, name: str, also: Also = nothing) -> None:
        """Lets a suspended actor in again. Raises UnknownActor, NotInState."""
        self._move(name, ActorState.SUSPENDED, ActorState.ACTIVE, also)

    def _move(self, name: str, from_: ActorState, to: ActorState, also: Also) -> None:
        with writing(self.engine) as tx:
            self.count_up(tx)
            here = (ACTOR.c.name == name) & (ACTOR.c.state == from_.value)
            values = {"state": to.value, "changed_us": self._clock.now_us()}
            if tx.execute(update(ACTOR).where(here).values(**values)).rowcount != 1:
                known = tx.execute(select(ACTOR.c.state).where(ACTOR.c.name == name)).scalar_one_or_none()
                if known is None:
                    raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
                raise NotInState(
                    Text("{name} is {known}, not {from_}", name=name, known=word(known), from_=word(from_))
                )
            tx.execute(delete(INVITATION).where(INVITATION.c.actor == name))
            also(tx)

    def revoke(self, name: str, also: Also = nothing) -> None:
        """Lets an actor in no more, from its next request on: certificates, message key and open invitations end.
        Raises UnknownActor."""
        now_us = self._clock.now_us()
        with writing(self.engine) as tx:
            self.count_up(tx)
            changed = tx.execute(
                update(ACTOR)
                .where(ACTOR.c.name == name)
                .values(state=ActorState.REVOKED.value, message_key=None, changed_us=now_us)
            )
            if changed.rowcount != 1:
                raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
            self.end_certificates(tx, name)
            tx.execute(delete(INVITATION).where(INVITATION.c.actor == name))
            also(tx)

    def end_certificates(self, tx: Connection, name: str) -> None:
        """No certificate of this actor counts any longer."""
        tx.execute(
            update(CERTIFICATE)
            .where(CERTIFICATE.c.actor == name, CERTIFICATE.c.revoked_us.is_(None))
            .values(revoked_us=self._clock.now_us())
        )

    def activate(self, tx: Connection, name: str, message_key: str) -> Actor:
        """The actor has enrolled with this message key (hex of 32 bytes). Raises UnknownActor."""
        self.count_up(tx)
        changed = tx.execute(
            update(ACTOR)
            .where(ACTOR.c.name == name)
            .values(state=ActorState.ACTIVE.value, message_key=message_key, changed_us=self._clock.now_us())
        )
        if changed.rowcount != 1:
            raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
        return _actor(tx.execute(select(ACTOR).where(ACTOR.c.name == name)).one())

    def quota(self, name: str, kind: str) -> Quota:
        """The actor's own quota for a kind of message, else the sector's; nothing for an unknown kind."""
        with reading(self.engine) as tx:
            row = tx.execute(select(QUOTA).where(QUOTA.c.actor == name, QUOTA.c.kind == kind)).first()
        if row is None:
            return self._quotas.get(kind, Quota(messages_per_hour_max=0, bytes_per_hour_max=0))
        return Quota(messages_per_hour_max=row.messages_per_hour_max, bytes_per_hour_max=row.bytes_per_hour_max)

    def quotas(self, name: str) -> dict[str, tuple[Quota, bool]]:
        """kind -> what holds for an actor, and whether it is its own rather than the sector's."""
        with reading(self.engine) as tx:
            rows = tx.execute(select(QUOTA).where(QUOTA.c.actor == name)).all()
        own = {
            row.kind: Quota(messages_per_hour_max=row.messages_per_hour_max, bytes_per_hour_max=row.bytes_per_hour_max)
            for row in rows
        }
        return {kind: (own.get(kind, given), kind in own) for kind, given in self._quotas.items()}

    def set_quota(self, name: str, kind: str, quota: Quota | None, also: Also = nothing) -> None:
        """An actor's own quota for one kind; None puts it back to the sector's. Raises UnknownActor."""
        if self.actor(name) is None:
            raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
        with writing(self.engine) as tx:
            tx.execute(delete(QUOTA).where(QUOTA.c.actor == name, QUOTA.c.kind == kind))
            if quota is not None:
                tx.execute(
                    insert(QUOTA).values(
                        actor=name,
                        kind=kind,
                        messages_per_hour_max=quota.messages_per_hour_max,
                        bytes_per_hour_max=quota.bytes_per_hour_max,
                    )
                )
            also(tx)

    def papers(self, name: str) -> tuple[tuple[Paper, ...], tuple[int, ...]]:
        """An actor's certificates, the latest first, and when each open invitation ends (us)."""
        now_us = self._clock.now_us()
        with reading(self.engine) as tx:
            rows = tx.execute(
                select(CERTIFICATE)
                .where(CERTIFICATE.c.actor == name)
                .order_by(CERTIFICATE.c.issued_us.desc(), CERTIFICATE.c.fingerprint)
                .limit(PAPERS_SHOWN_MAX)
            ).all()
            is_open = INVITATION.c.used_us.is_(None) & (INVITATION.c.until_us > now_us)
            ends = select(INVITATION.c.until_us).where(INVITATION.c.actor == name, is_open)
            invited = tuple(tx.scalars(ends.order_by(INVITATION.c.until_us)))
        papers = tuple(
            Paper(
                fingerprint=row.fingerprint,
                issued_us=row.issued_us,
                until_us=row.not_after_us,
                revoked_us=row.revoked_us,
            )
            for row in rows
        )
        return papers, invited

    def valid_until(self) -> dict[str, int]:
        """actor -> when its last certificate in force ends (us)."""
        query = (
            select(CERTIFICATE.c.actor, func.max(CERTIFICATE.c.not_after_us))
            .where(CERTIFICATE.c.revoked_us.is_(None))
            .group_by(CERTIFICATE.c.actor)
        )
        with reading(self.engine) as tx:
            return {str(name): int(until_us) for name, until_us in tx.execute(query)}

    def count_up(self, tx: Connection) -> None:
        """First in each change, so that SQLite takes its write lock before anything is read."""
        tx.execute(update(REGISTRY).values(version=REGISTRY.c.version + 1))
        version = int(tx.scalar(select(REGISTRY.c.version)) or 0)
        log.append(tx, "registry", self._clock.now_us(), {"registry": version})


def _actor(row: Row[Any]) -> Actor:
    return Actor(name=row.name, kind=row.kind, group=row.group, x=row.x, state=ActorState(row.state), canary=row.canary)
