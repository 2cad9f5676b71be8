"""Where a node keeps its secrets: one folder, readable by its owner alone, each file replaced in one step.

Refuses to make or send anything.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.wire.enrol import Certified, NodeKeys


@dataclass(frozen=True, slots=True)
class Safe:
    """A folder of secrets, mode 0700, its files 0600, each replaced in one step. Names of files are fixed."""

    folder: Path

    @property
    def tls_key(self) -> Path:
        return self.folder / "tls.key.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def has_keys(self) -> bool:
        return self.tls_key.exists()

    @property
    def enrolled(self) -> bool:
        return self.certificate.exists()

    def keep_keys(self, keys: NodeKeys) -> None:
        """Writes both private keys; raises FileExistsError if there are some: keys are never overwritten."""
        if self.has_keys:
            raise FileExistsError(f"{self.tls_key} exists: move the folder away to start anew")
        self.write("actor", keys.actor)
        self.write("message.key.pem", _private_pem(keys.message))
        self.write(self.tls_key.name, _private_pem(keys.tls))

    def keep_certificate(self, certified: Certified, authority_pem: str) -> None:
        self.write(self.authority.name, authority_pem)
        self.write("centre.key", certified.centre_key)
        self.write("x", str(certified.x))
        self.write(self.certificate.name, certified.certificate)

    def keys(self) -> NodeKeys:
        """What was kept. FileNotFoundError before enrolment; ValueError or TypeError if they hold other things."""
        tls = serialization.load_pem_private_key(self.tls_key.read_bytes(), None)
        message = serialization.load_pem_private_key((self.folder / "message.key.pem").read_bytes(), None)
        if not isinstance(tls, ec.EllipticCurvePrivateKey) or not isinstance(message, Ed25519PrivateKey):
            raise TypeError(f"{self.folder} does not hold a node's keys")
        return NodeKeys((self.folder / "actor").read_text(), tls, message)

    def centre_key(self) -> Ed25519PublicKey:
        """Whose signature counts on what comes down."""
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex((self.folder / "centre.key").read_text()))

    def x(self) -> int:
        """This actor's place in the join."""
        return int((self.folder / "x").read_text())

    def write(self, name: str, text: str) -> None:
        """Replaces one file in one step, readable by its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target, new = self.folder / name, self.folder / f".{name}.new"
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)


def _private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
