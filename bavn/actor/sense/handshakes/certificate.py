"""A certificate in DER -> what a crypto map asks of it. Refuses to judge whether it is trusted."""

import hashlib
import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

_DN_CHARS_MAX: Final = 1024
_KNOWN_BYTES_MAX: Final = 8192
_KNOWN_MAX: Final = 1024
"""A network meets the same certificates all day: of so many, each no larger than this, the facts are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """``key``: RSA, DSA, EC and its curve, Ed25519, Ed448, or its OID's name; ``bits`` None where that says it all."""

    sha1: str
    key: str | None
    bits: int | None
    signature: str | None
    subject: str | None
    issuer: str | None
    notbefore: datetime | None
    notafter: datetime | None
    self_signed: bool | None


def facts(der: bytes) -> CertificateFacts:
    """What cannot be read is None; the fingerprint always stands."""
    return _known(der) if len(der) <= _KNOWN_BYTES_MAX else _read(der)


@lru_cache(maxsize=_KNOWN_MAX)
def _known(der: bytes) -> CertificateFacts:
    return _read(der)


def _read(der: bytes) -> CertificateFacts:
    sha1 = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    try:
        with warnings.catch_warnings():  # of old encodings: they are what stands in the network
            warnings.simplefilter("ignore")
            cert = x509.load_der_x509_certificate(der)
            key, bits = _key(cert)
        return CertificateFacts(
            sha1=sha1,
            key=key,
            bits=bits,
            signature=_signature(cert),
            subject=cert.subject.rfc4514_string()[:_DN_CHARS_MAX],
            issuer=cert.issuer.rfc4514_string()[:_DN_CHARS_MAX],
            notbefore=cert.not_valid_before_utc,
            notafter=cert.not_valid_after_utc,
            self_signed=cert.subject.public_bytes() == cert.issuer.public_bytes(),
        )
    except Exception:  # noqa: BLE001  a stranger's certificate: its library raises what it likes over it
        return CertificateFacts(
            sha1=sha1,
            key=None,
            bits=None,
            signature=None,
            subject=None,
            issuer=None,
            notbefore=None,
            notafter=None,
            self_signed=None,
        )


def _key(cert: x509.Certificate) -> tuple[str | None, int | None]:
    try:
        key = cert.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return _oid_name(cert.public_key_algorithm_oid), None
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", 456
    return _oid_name(cert.public_key_algorithm_oid), None


def _signature(cert: x509.Certificate) -> str:
    name = _oid_name(cert.signature_algorithm_oid)
    if name == "RSASSA-PSS":
        try:
            hashed = cert.signature_hash_algorithm
        except UnsupportedAlgorithm:
            hashed = None
        return f"rsassa-pss with {hashed.name}" if hashed else name
    return name


_NAMES: Final = {
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "1.2.840.10040.4.3": "dsa-with-SHA1",
    "2.16.840.1.101.3.4.3.2": "dsa-with-SHA256",
}


def _oid_name(oid: x509.ObjectIdentifier) -> str:
    return _NAMES.get(oid.dotted_string, oid.dotted_string)
