"""How an actor becomes a member: a one-time token, a request made at the node, a certificate; and its renewal.

A token is bound to one actor, lives shortly, works once, and is kept as a hash. Every refusal of a token reads the
same. Refuses to take a name from a request: it is the token's, or the present certificate's.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, delete, func, insert, select, update

from bavn.centre.members.authority import MALFORMED, Authority
from bavn.centre.members.registry import Also, Registry, UnknownActor, nothing
from bavn.centre.members.tables import ACTOR, CERTIFICATE, INVITATION, alone
from bavn.centre.store.engine import writing
from bavn.model.moment import DAY_US, HOUR_US, as_us
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.model.sector.member import (
    ActorState,
    enrolment_statement,
    is_peer,
    member_peer,
    member_role,
)
from bavn.model.text import Text

TOKEN_LIFE_US: Final = 24 * HOUR_US
OPEN_TOKENS_PER_ACTOR_MAX: Final = 3
CERTIFICATES_PER_DAY_MAX: Final = 10
CSR_CHARACTERS_MAX: Final = 8192
_BAD_TOKEN: Final = Refused("bad_token", "the token is unknown, used or too old, or belongs to another name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a node sends: ``message_key`` 32 bytes and ``proof`` 64 bytes in hex (the message key's signature over
    member.enrolment_statement), ``csr`` PEM."""

    actor: str
    token: str
    csr: str
    message_key: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The certificate (PEM) and the actor's place in the join."""

    actor: str
    certificate: str
    x: int


def unenrolled(tx: Connection) -> list[tuple[str, int]]:
    """(actor, until when its last token is good) of members that are invited and have not enrolled, by name."""
    last = select(INVITATION.c.actor, func.max(INVITATION.c.until_us)).join(ACTOR, ACTOR.c.name == INVITATION.c.actor)
    open_ones = last.where(ACTOR.c.state == ActorState.INVITED.value).group_by(INVITATION.c.actor)
    return [(actor, int(until_us)) for actor, until_us in tx.execute(open_ones.order_by(INVITATION.c.actor))]


class Enrolment:
    """All methods may be called from any thread."""

    def __init__(self, registry: Registry, authority: Authority, clock: Clock, dice: Dice) -> None:
        self._registry = registry
        self._engine = registry.engine
        self.authority = authority
        self._clock = clock
        self._dice = dice

    def invite(self, name: str, life_us: int = TOKEN_LIFE_US, also: Also = nothing) -> str:
        """A one-time token for an actor, to be handed over outside Bavn; shown once, kept as a hash. For an actor that
        was enrolled or revoked before it opens the way to enrol anew. Raises UnknownActor."""
        if self._registry.actor(name) is None:
            raise UnknownActor(Text("no actor is called {name}", name=repr(name[:60])))
        token = base64.urlsafe_b64encode(self._dice.bytes(32)).decode().rstrip("=")
        until_us = self._clock.now_us() + life_us
        with writing(self._engine) as tx:
            tx.execute(insert(INVITATION).values(token_hash=_hash(token), actor=name, until_us=until_us))
            kept = (
                select(INVITATION.c.token_hash)
                .where(INVITATION.c.actor == name)
                .order_by(INVITATION.c.until_us.desc(), INVITATION.c.token_hash)
                .limit(OPEN_TOKENS_PER_ACTOR_MAX)
            )
            hashes_kept = [row[0] for row in tx.execute(kept)]
            tx.execute(
                delete(INVITATION).where(INVITATION.c.actor == name, INVITATION.c.token_hash.not_in(hashes_kept))
            )
            also(tx)
        return token

    def enrol(self, application: Application) -> Admitted | Refused:
        """Uses up the token and admits the actor under a new certificate and message key; earlier ones end."""
        key = _csr_key(application.csr, application.actor)
        if isinstance(key, Refused):
            return key
        if not _proved(application):
            return Refused("bad_proof", "the message key did not sign this token and request")
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            alone(tx)
            if not self._use(tx, application, now_us):
                return _BAD_TOKEN
            actor = self._registry.activate(tx, application.actor, application.message_key)
            self._registry.end_certificates(tx, application.actor)
            return Admitted(actor=actor.name, certificate=self._issue(tx, actor.name, key, now_us), x=actor.x)

    def renew(self, name: str, csr: str) -> Admitted | Refused:
        """The next certificate for an actor whose present one opened the connection; that one stays valid to its end,
        so that an answer lost on the way harms nobody."""
        key = _csr_key(csr, name)
        if isinstance(key, Refused):
            return key
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            alone(tx)
            x = tx.execute(
                select(ACTOR.c.x).where(ACTOR.c.name == name, ACTOR.c.state == ActorState.ACTIVE.value)
            ).scalar_one_or_none()
            if x is None:
                return Refused("revoked", "the actor is not active")
            issued = tx.execute(
                select(func.count()).where(CERTIFICATE.c.actor == name, CERTIFICATE.c.issued_us > now_us - DAY_US)
            ).scalar_one()
            if issued >= CERTIFICATES_PER_DAY_MAX:
                return Refused("too_many", "at most {most} certificates a day", most=CERTIFICATES_PER_DAY_MAX)
            return Admitted(actor=name, certificate=self._issue(tx, name, key, now_us), x=x)

    def _use(self, tx: Connection, application: Application, now_us: int) -> bool:
        """Marks the token used if it is this actor's, unused and alive; of two at once only one succeeds."""
        wanted = _hash(application.token)
        of_use = INVITATION.c.used_us.is_(None), INVITATION.c.until_us > now_us
        kept = tx.execute(
            select(INVITATION.c.token_hash).where(INVITATION.c.actor == application.actor, *of_use)
        ).scalars()
        if not any([hmac.compare_digest(one, wanted) for one in kept]):  # noqa: C419  compares all: time tells nothing
            return False
        used = update(INVITATION).where(INVITATION.c.token_hash == wanted, *of_use).values(used_us=now_us)
        return tx.execute(used).rowcount == 1

    def _issue(self, tx: Connection, name: str, key: ec.EllipticCurvePublicKey, now_us: int) -> str:
        certificate = self.authority.certify(member_peer(name), key, now_us, self._dice)
        tx.execute(
            insert(CERTIFICATE).values(
                fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
                actor=name,
                issued_us=now_us,
                not_before_us=as_us(certificate.not_valid_before_utc),
                not_after_us=as_us(certificate.not_valid_after_utc),
            )
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _hash(token: str) -> str:
    """A token has 256 random bits, so a plain hash keeps it."""
    return hashlib.sha256(b"bavn/token/1\x00" + token.encode()).hexdigest()


def _csr_key(csr: str, name: str) -> ec.EllipticCurvePublicKey | Refused:
    """The P-256 key of a certificate request that proves it has the private one and names no other actor."""
    malformed = Refused("bad_csr", "not a certificate request for a P-256 key signed by that key, naming this actor")
    if len(csr) > CSR_CHARACTERS_MAX:
        return malformed
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        key = request.public_key()
        sound = request.is_signature_valid
    except MALFORMED:
        return malformed
    if not sound or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return malformed
    return key if is_peer(request, name, member_role(name)) else malformed


def _proved(application: Application) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(application.message_key))
        key.verify(
            bytes.fromhex(application.proof), enrolment_statement(application.actor, application.token, application.csr)
        )
    except (ValueError, InvalidSignature):
        return False
    return True
