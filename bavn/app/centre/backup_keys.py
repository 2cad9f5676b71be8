"""The centre's secrets in a backup: sealed with a passphrase (scrypt, ChaCha20-Poly1305), or not there at all.

Refuses to write a secret anywhere in clear but into the folder of keys.
"""

import json
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from bavn.model.ports import Dice

PASSPHRASE_CHARS_MIN: Final = 16
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
SEALED_BYTES_MAX: Final = 1 << 20
FILES: Final = ("authority.pem", "authority.key.pem", "message.key", "server.pem", "server.key.pem")
_ABOUT: Final = b"bavn/centre-keys/1"
_COST: Final = 2**17
"""scrypt's n: 128 MB and about half a second a try."""


class WrongPassphrase(Exception):
    """The passphrase does not open the keys, or they are damaged. Whoever gave it must act."""


def seal(files: Mapping[str, bytes], passphrase: str, dice: Dice) -> bytes:
    """All files in one piece: salt, nonce, ciphertext."""
    salt, nonce = dice.bytes(SALT_BYTES), dice.bytes(NONCE_BYTES)
    plain = json.dumps({name: text.decode() for name, text in files.items()}, sort_keys=True).encode()
    return salt + nonce + ChaCha20Poly1305(_key(passphrase, salt)).encrypt(nonce, plain, _ABOUT)


def unseal(sealed: bytes, passphrase: str) -> dict[str, str]:
    """The files that a centre has, no others. Raises WrongPassphrase."""
    salt, nonce, rest = sealed[:SALT_BYTES], sealed[SALT_BYTES : SALT_BYTES + NONCE_BYTES], sealed[28:]
    try:
        keys = json.loads(ChaCha20Poly1305(_key(passphrase, salt)).decrypt(nonce, rest, _ABOUT))
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase("the passphrase does not open the keys in this backup") from error
    if not isinstance(keys, dict) or set(keys) != set(FILES):
        raise WrongPassphrase("the backup holds other keys than a centre's")
    return {name: str(text) for name, text in keys.items()}


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())
