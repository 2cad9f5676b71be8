"""Who is a member, under which x, with which keys and quotas; and who stands behind a certificate.

An actor is never deleted and its x is never given to another. Every change that matters to a round counts the
registry's version up. Refuses to know what members send.
"""

from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from bavn.centre.members.authority import MALFORMED
from bavn.centre.members.tables import ACTOR, CERTIFICATE, INVITATION, QUOTA, REGISTRY, make_tables
from bavn.model.member import ACTOR_NAME, RESERVED_NAMES, Actor, ActorState, Quota, actor_of_urn
from bavn.model.outcome import Refused
from bavn.model.ports import Clock

ACTORS_MAX: Final = 1000
_MB: Final = 1_000_000
DEFAULT_QUOTAS: Final[Mapping[str, Quota]] = {
    "ShareUpload": Quota(messages_per_hour_max=60, bytes_per_hour_max=600 * _MB),
    "Receipts": Quota(messages_per_hour_max=60, bytes_per_hour_max=100 * _MB),
    "Declined": Quota(messages_per_hour_max=20_000, bytes_per_hour_max=10 * _MB),
    "Report": Quota(messages_per_hour_max=2_000, bytes_per_hour_max=4 * _MB),
    "Observation": Quota(messages_per_hour_max=10_000, bytes_per_hour_max=10 * _MB),
    "Receipt": Quota(messages_per_hour_max=20_000, bytes_per_hour_max=20 * _MB),
    "Health": Quota(messages_per_hour_max=120, bytes_per_hour_max=1 * _MB),
}
"""Room for twelve rounds of tier A and one of each other tier an hour, five times over."""


class UnknownActor(Exception):
    """No actor has that name. The operator of the centre must act."""


class CannotAdd(Exception):
    """That actor cannot be a member: name taken, reserved or malformed, or no room. The operator must act."""


class Registry:
    """All methods may be called from any thread. ``quotas``: what holds where an actor has none of its own."""

    def __init__(self, engine: Engine, clock: Clock, quotas: Mapping[str, Quota] = DEFAULT_QUOTAS) -> None:
        self.engine = engine
        self._clock = clock
        self._quotas = dict(quotas)
        make_tables(engine)

    def add(self, name: str, kind: str, group: str = "") -> Actor:
        """A new actor, invited but not yet active. ``group`` is its own name unless it shares a vendor or host with
        others. Raises CannotAdd."""
        if not ACTOR_NAME.fullmatch(name) or name in RESERVED_NAMES:
            raise CannotAdd(f"no actor can be called {name[:60]!r}")
        with self.engine.begin() as tx:
            self._count_up(tx)
            if tx.execute(select(ACTOR.c.name).where(ACTOR.c.name == name)).first() is not None:
                raise CannotAdd(f"there is an actor called {name!r} already")
            actors, last_x = tx.execute(select(func.count(), func.coalesce(func.max(ACTOR.c.x), 0))).one()
            if actors >= ACTORS_MAX:
                raise CannotAdd(f"a sector has at most {ACTORS_MAX} actors")
            actor = Actor(name=name, kind=kind, group=group or name, x=last_x + 1, state=ActorState.INVITED)
            tx.execute(insert(ACTOR).values(
                name=name, kind=kind, group=actor.group, x=actor.x, state=actor.state.value,
                changed_us=self._clock.now_us(),
            ))  # fmt: skip
        return actor

    def actor(self, name: str) -> Actor | None:
        with self.engine.connect() as reading:
            row = reading.execute(select(ACTOR).where(ACTOR.c.name == name)).first()
        return None if row is None else _actor(row)

    def actors(self) -> tuple[Actor, ...]:
        """All of them, by name, whatever their state."""
        with self.engine.connect() as reading:
            return tuple(_actor(row) for row in reading.execute(select(ACTOR).order_by(ACTOR.c.name)))

    def members(self) -> tuple[int, tuple[Actor, ...]]:
        """The registry's version and the active actors by name: who may take part in a round opened now."""
        with self.engine.connect() as reading:
            version = reading.execute(select(REGISTRY.c.version)).scalar_one()
            rows = reading.execute(select(ACTOR).where(ACTOR.c.state == ActorState.ACTIVE.value).order_by(ACTOR.c.name))
            return int(version), tuple(_actor(row) for row in rows)

    def key(self, name: str) -> Ed25519PublicKey | None:
        """The message key of an active actor."""
        with self.engine.connect() as reading:
            found = reading.execute(
                select(ACTOR.c.message_key).where(ACTOR.c.name == name, ACTOR.c.state == ActorState.ACTIVE.value)
            ).scalar_one_or_none()
        return None if found is None else Ed25519PublicKey.from_public_bytes(bytes.fromhex(found))

    def who(self, certificate_der: bytes) -> Actor | Refused:
        """The active actor behind a client certificate that TLS has verified; asked at every request, so that a
        revocation counts from the next one on."""
        try:
            certificate = x509.load_der_x509_certificate(certificate_der)
            fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            urns = names.get_values_for_type(x509.UniformResourceIdentifier)
        except MALFORMED:
            return Refused("unknown_certificate", "the certificate names no actor")
        with self.engine.connect() as reading:
            row = reading.execute(
                select(ACTOR, CERTIFICATE.c.not_before_us, CERTIFICATE.c.not_after_us, CERTIFICATE.c.revoked_us)
                .join(CERTIFICATE, CERTIFICATE.c.actor == ACTOR.c.name)
                .where(CERTIFICATE.c.fingerprint == fingerprint)
            ).first()
        if row is None or [actor_of_urn(urn) for urn in urns] != [row.name]:
            return Refused("unknown_certificate", "this centre issued no such certificate")
        if row.revoked_us is not None or row.state != ActorState.ACTIVE.value:
            return Refused("revoked", "the certificate or its actor is revoked")
        if not row.not_before_us <= self._clock.now_us() < row.not_after_us:
            return Refused("expired", "the certificate is not valid now")
        return _actor(row)

    def revoke(self, name: str) -> None:
        """Lets an actor in no more, from its next request on: certificates, message key and open invitations end.
        Raises UnknownActor."""
        now_us = self._clock.now_us()
        with self.engine.begin() as tx:
            self._count_up(tx)
            changed = tx.execute(
                update(ACTOR).where(ACTOR.c.name == name)
                .values(state=ActorState.REVOKED.value, message_key=None, changed_us=now_us)
            )  # fmt: skip
            if changed.rowcount != 1:
                raise UnknownActor(f"no actor is called {name[:60]!r}")
            self.end_certificates(tx, name)
            tx.execute(delete(INVITATION).where(INVITATION.c.actor == name))

    def end_certificates(self, tx: Connection, name: str) -> None:
        """No certificate of this actor counts any longer."""
        tx.execute(
            update(CERTIFICATE).where(CERTIFICATE.c.actor == name, CERTIFICATE.c.revoked_us.is_(None))
            .values(revoked_us=self._clock.now_us())
        )  # fmt: skip

    def activate(self, tx: Connection, name: str, message_key: str) -> Actor:
        """The actor has enrolled with this message key (hex of 32 bytes). Raises UnknownActor."""
        self._count_up(tx)
        changed = tx.execute(
            update(ACTOR).where(ACTOR.c.name == name)
            .values(state=ActorState.ACTIVE.value, message_key=message_key, changed_us=self._clock.now_us())
        )  # fmt: skip
        if changed.rowcount != 1:
            raise UnknownActor(f"no actor is called {name[:60]!r}")
        return _actor(tx.execute(select(ACTOR).where(ACTOR.c.name == name)).one())

    def quota(self, name: str, kind: str) -> Quota:
        """The actor's own quota for a kind of message, else the sector's; nothing for an unknown kind."""
        with self.engine.connect() as reading:
            row = reading.execute(select(QUOTA).where(QUOTA.c.actor == name, QUOTA.c.kind == kind)).first()
        if row is None:
            return self._quotas.get(kind, Quota(messages_per_hour_max=0, bytes_per_hour_max=0))
        return Quota(messages_per_hour_max=row.messages_per_hour_max, bytes_per_hour_max=row.bytes_per_hour_max)

    def set_quota(self, name: str, kind: str, quota: Quota) -> None:
        """An actor's own quota for one kind. Raises UnknownActor."""
        if self.actor(name) is None:
            raise UnknownActor(f"no actor is called {name[:60]!r}")
        with self.engine.begin() as tx:
            tx.execute(delete(QUOTA).where(QUOTA.c.actor == name, QUOTA.c.kind == kind))
            tx.execute(insert(QUOTA).values(
                actor=name, kind=kind, messages_per_hour_max=quota.messages_per_hour_max,
                bytes_per_hour_max=quota.bytes_per_hour_max,
            ))  # fmt: skip

    def _count_up(self, tx: Connection) -> None:
        """First in each change, so that SQLite takes its write lock before anything is read."""
        tx.execute(update(REGISTRY).values(version=REGISTRY.c.version + 1))


def _actor(row: Row[Any]) -> Actor:
    return Actor(name=row.name, kind=row.kind, group=row.group, x=row.x, state=ActorState(row.state))
