"""A stream under a passphrase: pieces sealed one by one, in their order, the last one marked (the STREAM construction
of Hoang, Reyhanitabar, Rogaway and Vizar, CRYPTO 2015, with ChaCha20-Poly1305).

A piece that was changed, moved, left out or cut off does not open. Refuses to know what is in it, and to hold more than
two pieces in memory.
"""

import io
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from bavn.app.centre.backup_keys import PASSPHRASE_CHARS_MIN, WrongPassphrase
from bavn.model.ports import Dice

MAGIC: Final = b"bavn/actor-bundle/1\n"
SALT_BYTES, PREFIX_BYTES, TAG_BYTES = 16, 7, 16
PIECE_BYTES: Final = 1 << 20
PIECES_MAX: Final = 1 << 32
_COST: Final = 2**17


class BundleDamaged(Exception):
    """It is no bundle, or not as it was written. Whoever gave it must act: take another copy."""


class _Sealing:
    def __init__(self, passphrase: str, salt: bytes, prefix: bytes) -> None:
        self._head = MAGIC + salt + prefix
        self._prefix, self._count = prefix, 0
        key = Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())
        self._cipher = ChaCha20Poly1305(key)

    def nonce(self, *, last: bool) -> bytes:
        if self._count >= PIECES_MAX:
            raise BundleDamaged("it is too large")
        made = self._prefix + self._count.to_bytes(4, "big") + bytes([last])
        self._count += 1
        return made

    def seal(self, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self.nonce(last=last), piece, self._head)

    def open(self, piece: bytes, *, last: bool) -> bytes:
        return self._cipher.decrypt(self.nonce(last=last), piece, self._head)


class SealedWriter(io.RawIOBase):
    """Takes bytes; ``close`` writes the last piece. ValueError for a passphrase that is too short."""

    def __init__(self, out: BinaryIO, passphrase: str, dice: Dice) -> None:
        if len(passphrase) < PASSPHRASE_CHARS_MIN:
            raise ValueError(f"a passphrase for keys has at least {PASSPHRASE_CHARS_MIN} characters")
        salt, prefix = dice.bytes(SALT_BYTES), dice.bytes(PREFIX_BYTES)
        self._out, self._sealing = out, _Sealing(passphrase, salt, prefix)
        self._held = bytearray()
        out.write(MAGIC + salt + prefix)

    def writable(self) -> bool:
        return True

    def write(self, given: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += given
        while len(self._held) > PIECE_BYTES:
            self._out.write(self._sealing.seal(bytes(self._held[:PIECE_BYTES]), last=False))
            del self._held[:PIECE_BYTES]
        return len(given)

    def finish(self) -> None:
        """The last piece: without it nothing of the rest is believed."""
        self._out.write(self._sealing.seal(bytes(self._held), last=True))
        self._held.clear()


class SealedReader(io.RawIOBase):
    """Gives bytes, each piece checked. Raises WrongPassphrase at the first piece, BundleDamaged later."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        head = source.read(len(MAGIC) + SALT_BYTES + PREFIX_BYTES)
        if not head.startswith(MAGIC) or len(head) != len(MAGIC) + SALT_BYTES + PREFIX_BYTES:
            raise BundleDamaged("it does not begin as an actor's bundle does")
        salt, prefix = head[len(MAGIC) : -PREFIX_BYTES], head[-PREFIX_BYTES:]
        self._source, self._sealing = source, _Sealing(passphrase, salt, prefix)
        self._next = source.read(PIECE_BYTES + TAG_BYTES)
        self._open, self._at, self._ended, self._first = b"", 0, False, True

    @property
    def ended(self) -> bool:
        """Whether the piece that is marked as the last has been opened."""
        return self._ended

    def readable(self) -> bool:
        return True

    def readinto(self, into: "bytearray | memoryview") -> int:  # type: ignore[override]
        while self._at >= len(self._open) and not self._ended:
            self._piece()
        given = self._open[self._at : self._at + len(into)]
        into[: len(given)] = given
        self._at += len(given)
        return len(given)

    def drain(self) -> None:
        """Reads to the end. Raises BundleDamaged where that is not there."""
        while not self._ended:
            self._piece()

    def _piece(self) -> None:
        piece, self._next = self._next, self._source.read(PIECE_BYTES + TAG_BYTES)
        try:
            self._open, self._at = self._sealing.open(piece, last=not self._next), 0
        except InvalidTag as error:
            if self._first:
                raise WrongPassphrase(
                    "the passphrase does not open this bundle, or its beginning is damaged"
                ) from error
            raise BundleDamaged("a piece of it was changed, or the end is missing") from error
        self._ended, self._first = not self._next, False
