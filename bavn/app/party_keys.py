"""The secrets of a party that has members (centre, key holder): made once, never overwritten, files of mode 0600."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bavn.app.exits import Exit, Stop
from bavn.app.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority, key_pem, new_key
from bavn.wire.safe import Safe


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
            raise Stop(Exit.CONFIGURATION, f"{self.folder} holds an authority already: it is never overwritten")
        dice, now_us, safe = SystemDice(), SystemClock().now_us(), Safe(self.folder)
        authority = Authority.make(sector, now_us, dice)
        key = new_key(dice)
        certificate = authority.certify_server(names, key.public_key(), now_us, dice)
        safe.write("message.key", dice.bytes(32).hex())
        safe.write(self.key.name, key_pem(key).decode())
        safe.write(self.certificate.name, certificate.public_bytes(Encoding.PEM).decode())
        safe.write("authority.key.pem", authority.key_pem().decode())
        safe.write("authority.pem", authority.pem)

    def authority(self) -> Authority:
        """Stop where ``init`` has not been run."""
        if not self.made:
            raise Stop(Exit.CONFIGURATION, f"{self.folder} holds no authority yet: run `bavn {self._party} init` first")
        pem = (self.folder / "authority.pem").read_text()
        return Authority.load((self.folder / "authority.key.pem").read_bytes(), pem)

    def message_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex((self.folder / "message.key").read_text()))
