"""A person's own Ed25519 keys: the public half stands with the account, the owner signs what was just asked of them.

A challenge is good once, for minutes, and for one purpose. Refuses to see a private half: whoever proves holds it.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, func, insert, select

from bavn.app.access.accounts import Account, CannotAccount, account_in
from bavn.app.access.book import Book
from bavn.app.access.tables import KEY
from bavn.app.access.tries import Tries

KEYS_OF_ONE_MAX: Final = 20
LABEL_CHARS_MAX: Final = 64
_DOMAIN: Final = b"bavn/person/1\x00"
_KIND: Final = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKey:
    """``id`` is public."""

    id: str
    account: str
    label: str
    created_us: int


class Keys:
    """Of one book of accounts. From any thread."""

    def __init__(self, book: Book) -> None:
        self._book, self._tries = book, Tries(book)

    def add(self, name: str, public: bytes, label: str, by: str) -> PersonKey:
        """Registers a public key (32 bytes) with an account. Raises CannotAccount."""
        with self._book.writing() as tx:
            account = account_in(tx, name)
            if account is None:
                raise CannotAccount("none", f"there is no account {name[:64]}")
            if tx.execute(select(KEY.c.id).where(KEY.c.public_key == public)).first() is not None:
                raise CannotAccount("there", "that key is some account's already")
            mine = select(func.count()).select_from(KEY).where(KEY.c.account == account.name)
            if tx.execute(mine).scalar_one() >= KEYS_OF_ONE_MAX:
                raise CannotAccount("full", f"an account has at most {KEYS_OF_ONE_MAX} keys")
            key = PersonKey(
                id=self._book.short(),
                account=account.name,
                label=label[:LABEL_CHARS_MAX],
                created_us=self._book.now_us(),
            )
            tx.execute(
                insert(KEY).values(
                    id=key.id, account=key.account, label=key.label, public_key=public, created_us=key.created_us
                )
            )
            self._book.note(tx, by, "key-added", key.account, key=key.id, label=key.label)
        return key

    def drop(self, name: str, key_id: str, by: str) -> bool:
        """One of an account's keys; False where there is none."""
        with self._book.writing() as tx:
            gone = tx.execute(delete(KEY).where(KEY.c.account == name, KEY.c.id == key_id))
            if gone.rowcount:
                self._book.note(tx, by, "key-dropped", name, key=key_id)
            return bool(gone.rowcount)

    def challenge(self, purpose: str) -> str:
        """What the owner is to sign, once, for this purpose."""
        return self._tries.begin(_KIND, purpose=purpose)

    def prove(self, challenge: str, purpose: str, public: bytes, signature: bytes) -> tuple[PersonKey, Account] | None:
        """Whose key signed this challenge; None for any that does not fit, was used, or whose account is shut out."""
        begun = self._tries.end(challenge, _KIND)
        if begun is None or begun["purpose"] != purpose:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, to_sign(challenge, purpose))
        except (InvalidSignature, ValueError):
            return None
        with self._book.reading() as tx:
            row = tx.execute(select(KEY).where(KEY.c.public_key == public)).first()
            account = None if row is None else account_in(tx, row.account)
        if row is None or account is None or account.state == "disabled":
            return None
        return PersonKey(id=row.id, account=row.account, label=row.label, created_us=row.created_us), account


def to_sign(challenge: str, purpose: str) -> bytes:
    """The bytes that a key signs."""
    return _DOMAIN + challenge.encode() + b"\x00" + purpose.encode()
