"""The node's side of becoming a member: keys made here, a request for a certificate, what is kept, when to renew.

Private keys never leave the node. Pure: the folder is safe.py's, the call is links/enrolment.py's. What travels is
checked like every message.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from bavn.model.moment import DAY_US, as_us
from bavn.model.ports import Dice
from bavn.model.sector.member import enrolment_statement, is_peer, member_peer, member_role, p256_scalar
from bavn.wire.codec import Kinds
from bavn.wire.messages.fields import ActorName
from bavn.wire.privacy import Message, Privacy

RENEW_BEFORE_END_US: Final = 30 * DAY_US
"""Of a certificate's 90 days: it is renewed from its 60th day on."""
ENROL_BYTES_MAX: Final = 32_768

Pem = Annotated[str, Field(min_length=1, max_length=8192, pattern=r"^[-A-Za-z0-9+/= \n]+$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
PublicKeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SignatureHex = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class EnrolAsked(Message):
    """A node asks to become the actor that the one-time token was issued to."""

    actor: Annotated[ActorName, Privacy.S4]
    token: Annotated[Token, Privacy.S4]
    csr: Annotated[Pem, Privacy.S4]
    message_key: Annotated[PublicKeyHex, Privacy.S4]
    proof: Annotated[SignatureHex, Privacy.S4]


class RenewAsked(Message):
    """A node asks for its next certificate over a connection that the present one opened."""

    csr: Annotated[Pem, Privacy.S4]


class Certified(Message):
    """The certificate; who may sign what comes from the centre; the actor's place in the join."""

    certificate: Annotated[Pem, Privacy.C]
    centre_key: Annotated[PublicKeyHex, Privacy.C]
    x: Annotated[int, Field(ge=1, lt=2**31 - 1), Privacy.C]


ENROL_KINDS: Final[Kinds] = {made.__name__: made for made in (EnrolAsked, RenewAsked, Certified)}


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """A node's two private keys: one for TLS (P-256, what firewalls and hardware know), one for signing messages."""

    actor: str
    tls: ec.EllipticCurvePrivateKey
    message: Ed25519PrivateKey

    @classmethod
    def make(cls, actor: str, dice: Dice) -> Self:
        return cls(
            actor,
            ec.derive_private_key(p256_scalar(dice), ec.SECP256R1()),
            Ed25519PrivateKey.from_private_bytes(dice.bytes(32)),
        )

    def csr(self) -> str:
        """A certificate request (PEM) that names the member by its URI and nothing else."""
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(member_peer(self.actor).urn)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, False)
        made = builder.sign(self.tls, hashes.SHA256(), ecdsa_deterministic=True)
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def ask(self, token: str) -> EnrolAsked:
        """The request, with the proof that message key, token and certificate request belong together."""
        csr = self.csr()
        return EnrolAsked(
            actor=self.actor,
            token=token,
            csr=csr,
            message_key=self.message.public_key().public_bytes_raw().hex(),
            proof=self.message.sign(enrolment_statement(self.actor, token, csr)).hex(),
        )


def renewal_due(certificate_pem: str, now_us: int) -> bool:
    """True from the day on which the node should renew. ValueError for what is no certificate."""
    return now_us >= ends_us(certificate_pem) - RENEW_BEFORE_END_US


def ends_us(certificate_pem: str) -> int:
    """When a certificate ends. ValueError for what is no certificate."""
    try:
        return as_us(x509.load_pem_x509_certificate(certificate_pem.encode()).not_valid_after_utc)
    except x509.InvalidVersion as error:
        raise ValueError("a certificate of no known version") from error


def answers(keys: NodeKeys, certificate_pem: str, authority_pem: str) -> bool:
    """True if the certificate holds this node's key and name and this authority issued it: a node keeps no other."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority_pem.encode()))
    except Exception:  # noqa: BLE001  whatever is wrong with a stranger's certificate, it is not ours
        return False
    return certificate.public_key() == keys.tls.public_key() and is_peer(
        certificate, keys.actor, member_role(keys.actor)
    )
