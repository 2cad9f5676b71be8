"""The sector's own certificate authority: actors' certificates for 90 days, partners' and the centre's own from
the same root.

Names come from the registry and never from a request. Randomness and time are handed in, signatures are deterministic:
same seed, same certificates. Refuses to keep anything: whoever calls stores the private key, outside any database.
"""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bavn.model.moment import DAY_US, as_datetime
from bavn.model.ports import Dice
from bavn.model.sector.member import Peer, PeerRole, p256_scalar

MALFORMED: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""All that reading a stranger's certificate or request may raise."""
MEMBER_DAYS: Final = 90
SERVER_DAYS: Final = 365
AUTHORITY_DAYS: Final = 3653
SKEW: Final = timedelta(minutes=5)
"""A certificate is valid from a little earlier, since clocks differ."""


class Authority:
    """A root key and its certificate."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        if certificate.public_key() != key.public_key():
            raise ValueError("the authority's key and certificate do not belong together")
        self._key = key
        self.certificate = certificate

    @classmethod
    def make(cls, sector: str, now_us: int, dice: Dice) -> Self:
        """A new root for a sector, valid for ten years."""
        key = new_key(dice)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Bavn {sector}"[:64])])
        builder = (
            _dated(now_us, AUTHORITY_DAYS)
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(_serial(dice))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(key, builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True))

    @classmethod
    def load(cls, key_pem: bytes, certificate_pem: str, passphrase: bytes | None = None) -> Self:
        """From what :meth:`key_pem` and :attr:`pem` gave. ValueError or TypeError for anything else."""
        key = serialization.load_pem_private_key(key_pem, passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is a P-256 key")
        return cls(key, x509.load_pem_x509_certificate(certificate_pem.encode()))

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        """The private key as PKCS #8, encrypted if there is a passphrase: a secret, mode 0600."""
        return key_pem(self._key, passphrase)

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root certificate in hex: what a node is told beforehand and pins."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def certify(
        self, peer: Peer, key: ec.EllipticCurvePublicKey, now_us: int, dice: Dice, until_us: int | None = None
    ) -> x509.Certificate:
        """A client certificate that says the peer's role and name: 90 days for a member, a year for others, and not
        beyond ``until_us``."""
        days = MEMBER_DAYS if peer.role in (PeerRole.ACTOR, PeerRole.KEYHOLDER) else SERVER_DAYS
        ends_us = now_us + days * DAY_US
        dated = _between(now_us, ends_us if until_us is None else min(ends_us, until_us))
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(peer.urn)]
        return self._certify(peer.name, key, names, ExtendedKeyUsageOID.CLIENT_AUTH, dated, dice)

    def certify_server(
        self, hosts: Sequence[str], key: ec.EllipticCurvePublicKey, now_us: int, dice: Dice
    ) -> x509.Certificate:
        """A server certificate for a year, for host names and addresses."""
        names = [_host(host) for host in hosts]
        return self._certify(hosts[0], key, names, ExtendedKeyUsageOID.SERVER_AUTH, _dated(now_us, SERVER_DAYS), dice)

    def _certify(
        self,
        common_name: str,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        dated: x509.CertificateBuilder,
        dice: Dice,
    ) -> x509.Certificate:
        builder = (
            dated.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(_serial(dice))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256(), ecdsa_deterministic=True)


def new_key(dice: Dice) -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.derive_private_key(p256_scalar(dice), ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """A private key as PKCS #8 PEM: a secret, mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _dated(now_us: int, days: int) -> x509.CertificateBuilder:
    return _between(now_us, now_us + days * DAY_US)


def _between(first_us: int, last_us: int) -> x509.CertificateBuilder:
    first, last = as_datetime(first_us).replace(microsecond=0), as_datetime(last_us).replace(microsecond=0)
    return x509.CertificateBuilder().not_valid_before(first - SKEW).not_valid_after(last)


def _serial(dice: Dice) -> int:
    return (int.from_bytes(dice.bytes(20), "big") >> 1) | 1


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
