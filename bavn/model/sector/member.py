"""An actor as the sector knows it: name, kind, group, place in the join, quota; and whom a certificate is for.

A certificate says role and name of its holder in one URI. Every party that lets a peer in compares both (``is_peer``),
and no name that stands for a role is an actor's.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, Self

from bavn.model.ports import Dice

if TYPE_CHECKING:
    from cryptography import x509

ACTOR_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
CENTRE_NAME: Final = "centre"
_HOLDERS: Final = re.compile(r"(key)?holders?(-[0-9]+)?")
_HOLDER: Final = re.compile(r"holder-([1-9])")

ActorKind = Literal["region", "municipality", "supplier", "agency", "clinic", "it-centre", "other"]


class ActorState(StrEnum):
    """Only an active actor is let in; a suspended one is let in again by one act, with the keys that it has; a revoked
    one keeps its name and its x for ever, so that nobody inherits them."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One legal entity, one vote. ``group``: actors of one host, vendor or operator count once. ``x`` in 1..2**31-2.
    ``canary``: what may block comes to it first."""

    name: str
    kind: str
    group: str
    x: int
    state: ActorState
    canary: bool = False


QUOTA_MAX: Final = 10**12
"""The most messages or bytes that a quota may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much of one kind of message an actor may have taken in any one hour of the clock."""

    messages_per_hour_max: int
    bytes_per_hour_max: int


def holder_name(number: int) -> str:
    """What a key holder is called where it is another's member."""
    return f"holder-{number}"


def holder_number(name: str) -> int | None:
    """Which key holder a member is; None for one that is an actor."""
    match = _HOLDER.fullmatch(name)
    return int(match[1]) if match else None


class PeerRole(StrEnum):
    """What the holder of a certificate may be let in as. A party's own server certificate names its hosts instead."""

    ACTOR = "actor"
    KEYHOLDER = "keyholder"
    PARTNER = "partner"
    CENTRE = "centre"


MEMBERS: Final = (PeerRole.ACTOR, PeerRole.KEYHOLDER)
"""Those who enrol by a token."""
_RESERVED: Final = frozenset({*PeerRole, "sector", "nobody"})


def is_reserved(name: str) -> bool:
    """True for a name that stands for a role: no actor or partner may have it."""
    return name in _RESERVED or _HOLDERS.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a certificate is for. ValueError for a name that nobody of this role can have."""

    role: PeerRole
    name: str

    def __post_init__(self) -> None:
        fits = {PeerRole.KEYHOLDER: holder_number(self.name) is not None, PeerRole.CENTRE: self.name == CENTRE_NAME}
        if not (ACTOR_NAME.fullmatch(self.name) and fits.get(self.role, not is_reserved(self.name))):
            raise ValueError(f"no {self.role} can be called {self.name[:60]!r}")

    @property
    def urn(self) -> str:
        """The URI by which a certificate names it (subjectAltName)."""
        return f"urn:bavn:{self.role}:{self.name}"

    @classmethod
    def of_urn(cls, urn: str) -> Self:
        """ValueError for a URI that names no peer."""
        scheme, _, rest = urn.partition("urn:bavn:")
        role, _, name = rest.partition(":")
        if scheme:
            raise ValueError("a peer is named by urn:bavn:ROLE:NAME")
        return cls(PeerRole(role), name)


def member_role(name: str) -> PeerRole:
    """As what a member of this name is let in: a key holder by its number, else an actor."""
    return PeerRole.ACTOR if holder_number(name) is None else PeerRole.KEYHOLDER


def member_peer(name: str) -> Peer:
    """Whom a member's certificate is for. ValueError for what no member can be called."""
    return Peer(member_role(name), name)


def peer_of(paper: "x509.Certificate | x509.CertificateSigningRequest") -> Peer | None:
    """Whom a certificate, or a request for one, names by its only URI; None for one that names no peer."""
    from cryptography import x509  # what only reads health or a configuration does not load it

    try:
        names = paper.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (urn,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        return Peer.of_urn(urn)
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def is_peer(paper: "x509.Certificate | x509.CertificateSigningRequest", name: str, *roles: PeerRole) -> bool:
    """True where it names a peer of this name, in one of these roles: what each party asks before it lets one in."""
    peer = peer_of(paper)
    return peer is not None and peer.name == name and peer.role in roles


def enrolment_statement(actor: str, token: str, csr: str) -> bytes:
    """What a node signs with its message key when it enrols: that key, this token and this certificate request
    belong together (so that nobody can bind another's message key to their own name)."""
    digest = hashlib.sha256()
    for part in (actor, token, csr):
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return b"bavn/enrolment/1\x00" + digest.digest()


def p256_scalar(dice: Dice) -> int:
    """A private key of the curve P-256 from handed-in randomness (FIPS 186-5, A.2.1: 64 bits more than the order)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return int.from_bytes(dice.bytes(40), "big") % (order - 1) + 1
