"""How a partner proves who it is: a token, HTTP Basic, or a client certificate of the sector's authority.

Secrets are made here with 256 random bits, shown once and kept as a hash. Every refusal of a secret reads the same, and
each is asked anew at every request, so that an end counts from the next one on. Refuses to know what it opens.
"""

import base64
import hashlib
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, func, insert, select, update

from bavn.centre.members.authority import MALFORMED, Authority
from bavn.centre.members.partner_tables import PARTNER, PARTNER_CREDENTIAL
from bavn.centre.members.partners import Audited, Partners, UnknownPartner, partner_of
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US, as_us
from bavn.model.outcome import Refused
from bavn.model.ports import Clock, Dice
from bavn.model.sector.member import Peer, PeerRole, is_peer
from bavn.model.sector.partner import LIFE_DAYS_MAX, BadPartner, Credential, CredentialKind, Partner
from bavn.model.text import Text

OPEN_PER_PARTNER_MAX: Final = 5
CSR_CHARACTERS_MAX: Final = 8192
SECRET_CHARACTERS_MAX: Final = 512
_ID_CHARACTERS: Final = 12
_NOT_KNOWN: Final = Refused(
    "unknown_credential", "the credential is unknown, ended, or its partner's agreement has ended"
)


class PartnerCredentials:
    """All methods may be called from any thread. ``authority`` None: no certificates can be issued here."""

    def __init__(
        self, partners: Partners, clock: Clock, dice: Dice, audited: Audited, authority: Authority | None = None
    ) -> None:
        self._partners, self._engine = partners, partners.engine
        self._clock, self._dice, self._audited, self._authority = clock, dice, audited, authority

    # --- acts --------------------------------------------------------------------------------------------------

    def token(self, name: str, by: str) -> str:
        """A new token, for ``Authorization: Bearer``; shown once. Raises UnknownPartner, BadPartner."""
        secret = self._secret()
        self._keep(name, by, "token", _token_digest(secret), None)
        return secret

    def password(self, name: str, by: str) -> str:
        """A new password for HTTP Basic, whose user is the partner's name; shown once."""
        secret = self._secret()
        self._keep(name, by, "basic", _basic_digest(name, secret), None)
        return secret

    def certificate(self, name: str, by: str, csr: str) -> str:
        """A client certificate (PEM) for the P-256 key of a certificate request, whatever names that holds. Raises
        UnknownPartner, BadPartner."""
        if self._authority is None:
            raise BadPartner(Text("no authority is at hand to issue a certificate"))
        key = _csr_key(csr)
        now_us = self._clock.now_us()
        until_us = self._partners.known(name).until_us
        if until_us <= now_us:
            raise BadPartner(Text("the agreement with {name} has ended", name=name))
        made = self._authority.certify(Peer(PeerRole.PARTNER, name), key, now_us, self._dice, until_us)
        self._keep(name, by, "certificate", _certificate_digest(made), as_us(made.not_valid_after_utc))
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def end(self, name: str, by: str, credential_id: str) -> Credential:
        """One credential counts no longer. Raises UnknownPartner, BadPartner for one that is not there."""
        for credential in self.of(name):
            if credential.id == credential_id and credential.ended_us is None:
                break
        else:
            raise BadPartner(
                Text(
                    "{name} has no credential {credential_id} in force",
                    name=name,
                    credential_id=repr(credential_id[:20]),
                )
            )
        now_us = self._clock.now_us()
        here = (PARTNER_CREDENTIAL.c.partner == name) & PARTNER_CREDENTIAL.c.digest.startswith(credential_id)
        with writing(self._engine) as tx:
            tx.execute(update(PARTNER_CREDENTIAL).where(here).values(ended_us=now_us))
            self._audited(tx, by, "partner-key-end", f"partner/{name}", {"credential": credential_id})
        return credential

    # --- questions ---------------------------------------------------------------------------------------------

    def of(self, name: str) -> tuple[Credential, ...]:
        """All credentials of a partner, the latest first. Raises UnknownPartner."""
        self._partners.known(name)
        query = select(PARTNER_CREDENTIAL).where(PARTNER_CREDENTIAL.c.partner == name)
        with reading(self._engine) as connection:
            rows = connection.execute(
                query.order_by(PARTNER_CREDENTIAL.c.issued_us.desc(), PARTNER_CREDENTIAL.c.digest)
            )
            return tuple(
                Credential(
                    id=row.digest[:_ID_CHARACTERS],
                    partner=name,
                    kind=row.kind,
                    issued_us=row.issued_us,
                    until_us=row.until_us,
                    ended_us=row.ended_us,
                )
                for row in rows
            )

    def by_token(self, secret: str) -> Partner | Refused:
        """The partner in force whose token this is."""
        return self._by("token", _token_digest(secret)) if len(secret) <= SECRET_CHARACTERS_MAX else _NOT_KNOWN

    def by_password(self, name: str, secret: str) -> Partner | Refused:
        """The partner in force whose name and password these are."""
        if len(name) + len(secret) > SECRET_CHARACTERS_MAX:
            return _NOT_KNOWN
        return self._by("basic", _basic_digest(name, secret))

    def by_certificate(self, certificate_der: bytes) -> Partner | Refused:
        """The partner in force behind a client certificate that TLS has verified."""
        try:
            certificate = x509.load_der_x509_certificate(certificate_der)
        except MALFORMED:
            return _NOT_KNOWN
        partner = self._by("certificate", _certificate_digest(certificate))
        mine = isinstance(partner, Partner) and is_peer(certificate, partner.name, PeerRole.PARTNER)
        return partner if mine else _NOT_KNOWN

    def _by(self, kind: CredentialKind, digest: str) -> Partner | Refused:
        """By an index over hashes of 256 random bits: how long it takes tells nothing of the secret."""
        now_us = self._clock.now_us()
        query = (
            select(PARTNER)
            .join(PARTNER_CREDENTIAL, PARTNER_CREDENTIAL.c.partner == PARTNER.c.name)
            .where(
                PARTNER_CREDENTIAL.c.digest == digest,
                PARTNER_CREDENTIAL.c.kind == kind,
                PARTNER_CREDENTIAL.c.ended_us.is_(None),
                PARTNER_CREDENTIAL.c.until_us > now_us,
            )
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return _NOT_KNOWN
        partner = partner_of(row)
        return partner if partner.in_force(now_us) else _NOT_KNOWN

    # --- inside ------------------------------------------------------------------------------------------------

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self._dice.bytes(32)).decode().rstrip("=")

    def _keep(self, name: str, by: str, kind: CredentialKind, digest: str, until_us: int | None) -> None:
        now_us = self._clock.now_us()
        with writing(self._engine) as tx:
            self._room(tx, name, now_us)
            tx.execute(
                insert(PARTNER_CREDENTIAL).values(
                    digest=digest,
                    partner=name,
                    kind=kind,
                    issued_us=now_us,
                    ended_us=None,
                    until_us=until_us or now_us + LIFE_DAYS_MAX * DAY_US,
                )
            )
            detail = {"credential": digest[:_ID_CHARACTERS], "kind": kind}
            self._audited(tx, by, "partner-key", f"partner/{name}", detail)

    def _room(self, tx: Connection, name: str, now_us: int) -> None:
        """The partner is in force and has room for one more."""
        row = tx.execute(select(PARTNER).where(PARTNER.c.name == name)).first()
        if row is None:
            raise UnknownPartner(Text("no partner is called {name}", name=repr(name[:60])))
        if not partner_of(row).in_force(now_us):
            raise BadPartner(Text("the agreement with {name} has ended", name=name))
        used = tx.execute(
            select(func.count()).where(
                PARTNER_CREDENTIAL.c.partner == name,
                PARTNER_CREDENTIAL.c.ended_us.is_(None),
                PARTNER_CREDENTIAL.c.until_us > now_us,
            )
        ).scalar_one()
        if used >= OPEN_PER_PARTNER_MAX:
            raise BadPartner(
                Text(
                    "a partner has at most {open_per_partner_max} credentials in force: end one first",
                    open_per_partner_max=OPEN_PER_PARTNER_MAX,
                )
            )


def _token_digest(secret: str) -> str:
    return hashlib.sha256(b"bavn/partner-token/1\x00" + secret.encode("utf-8", "surrogatepass")).hexdigest()


def _basic_digest(name: str, secret: str) -> str:
    text = f"{name}\0{secret}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"bavn/partner-basic/1\x00" + text).hexdigest()


def _certificate_digest(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _csr_key(csr: str) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a request that proves it has the private one."""
    malformed = BadPartner("not a certificate request (PEM) for a P-256 key, signed by that key")
    if len(csr) > CSR_CHARACTERS_MAX:
        raise malformed
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        key, sound = request.public_key(), request.is_signature_valid
    except MALFORMED as error:
        raise malformed from error
    if not sound or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise malformed
    return key
