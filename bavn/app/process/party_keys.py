"""The secrets of a party that has members (centre, key holder): made once, never overwritten, files of mode 0600."""

from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.model.moment import DAY_US, as_us
from bavn.model.text import Text
from bavn.wire.enrol import ends_us
from bavn.wire.safe import Safe

RENEW_DAYS: Final = 60
"""Of the server's certificate, which holds for a year."""


def _spelled(name: str) -> str:
    """An address has many spellings."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def _names(certificate: x509.Certificate) -> set[str]:
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*held.get_values_for_type(x509.DNSName), *map(str, held.get_values_for_type(x509.IPAddress))}


class PartyKeys:
    """One party's secrets in ``keys`` under its folder. ``party``: centre or keyholder, as its commands are called."""

    def __init__(self, folder: Path, party: str) -> None:
        self._party = party
        self.folder = folder / "keys"
        self.certificate, self.key = self.folder / "server.pem", self.folder / "server.key.pem"

    @property
    def made(self) -> bool:
        return (self.folder / "authority.pem").exists()

    def make(self, sector: str, names: tuple[str, ...]) -> None:
        """Authority, server certificate and message key. Stop if they are there already."""
        if self.made:
            raise Stop(
                Exit.CONFIGURATION,
                Text("{folder} holds an authority already: it is never overwritten", folder=self.folder),
            )
        dice, now_us, safe = SystemDice(), SystemClock().now_us(), Safe(self.folder)
        authority = Authority.make(sector, now_us, dice)
        key = new_key(dice)
        certificate = authority.certify_server(names, key.public_key(), now_us, dice)
        safe.write("message.key", dice.bytes(32).hex())
        safe.write(self.key.name, key_pem(key).decode())
        safe.write(self.certificate.name, certificate.public_bytes(Encoding.PEM).decode())
        safe.write("authority.key.pem", authority.key_pem().decode())
        safe.write("authority.pem", authority.pem)

    def renew_server(self, names: tuple[str, ...], now_us: int) -> bool:
        """A new server certificate over the key that is there, from ``RENEW_DAYS`` before the old one ends and where it
        names others; whether there is one. A running server takes it by itself. Stop before ``init``."""
        authority = self.authority()
        held = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        if as_us(held.not_valid_after_utc) - now_us > RENEW_DAYS * DAY_US and _names(held) == set(map(_spelled, names)):
            return False
        key = load_pem_private_key(self.key.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Stop(
                Exit.CONFIGURATION, Text("{key} holds no key of the server: put it back from the backup", key=self.key)
            )
        fresh = authority.certify_server(names, key.public_key(), now_us, SystemDice())
        Safe(self.folder).write(self.certificate.name, fresh.public_bytes(Encoding.PEM).decode())
        return True

    def ends_us(self) -> dict[str, int]:
        """When the server's certificate and the authority's end, in us since 1970."""
        return {
            "server": ends_us(self.certificate.read_text(encoding="ascii")),
            "authority": ends_us((self.folder / "authority.pem").read_text(encoding="ascii")),
        }

    def authority(self) -> Authority:
        """Stop where ``init`` has not been run."""
        if not self.made:
            raise Stop(
                Exit.CONFIGURATION,
                Text(
                    "{folder} holds no authority yet: run `bavn {party} init` first",
                    folder=self.folder,
                    party=self._party,
                ),
            )
        pem = (self.folder / "authority.pem").read_text()
        return Authority.load((self.folder / "authority.key.pem").read_bytes(), pem)

    def message_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex((self.folder / "message.key").read_text()))
