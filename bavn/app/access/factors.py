"""Password with a code from an app (TOTP), and recovery codes: never a password alone.

A code works once. A refusal takes as long whether the account is there or not. Refuses to know sessions.
"""

import hmac
import threading
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from bavn.app.access.accounts import CannotAccount
from bavn.app.access.book import Book, hashed
from bavn.app.access.tables import ACCOUNT, RECOVERY

PASSWORD_CHARS_MIN: Final = 12
PASSWORD_CHARS_MAX: Final = 256
RECOVERY_CODES: Final = 10
HASHES_AT_ONCE_MAX: Final = 4
"""Each takes 64 MB while it is made."""
STEP_S: Final = 30
ISSUER: Final = "Bavn"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class Factors:
    """What a local account proves itself by, other than passkeys."""

    def __init__(self, book: Book, hasher: PasswordHasher | None = None) -> None:
        self._book = book
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=2)
        self._at_once = threading.Semaphore(HASHES_AT_ONCE_MAX)
        self._nobody = self._hasher.hash(book.secret())

    def new_totp(self) -> str:
        """A secret for an app, base32."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        return "".join(letters[byte & 31] for byte in self._book.dice.bytes(32))

    def uri(self, name: str, secret: str, issuer: str = ISSUER) -> str:
        """What an app reads (otpauth://)."""
        return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)

    def keep(self, name: str, password: str, secret: str, code: str) -> None:
        """Password and app of an account. Raises CannotAccount: a password that is too easy, a code that does not fit
        the secret."""
        if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX or _easy(password, name):
            raise CannotAccount("weak", f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")
        step = self._step(secret, code, 0)
        if step is None:
            raise CannotAccount("bad-code", "the code does not fit: is the clock of the phone right?")
        with self._at_once:
            kept = self._hasher.hash(password)
        with self._book.writing() as tx:
            tx.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.name == name)
                .values(password=kept, totp=self._book.seal(secret, f"totp {name}"), totp_step=step)
            )
            self._book.note(tx, name, "password-set", name)

    def drop(self, name: str) -> None:
        """No password any more."""
        with self._book.writing() as tx:
            tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(password=None, totp=None))
            self._book.note(tx, name, "password-dropped", name)

    def prove(self, name: str, password: str, code: str) -> str | None:
        """The account's name if both fit; the code is used up then. None otherwise. A recovery code may stand where the
        app's code does."""
        with self._book.reading() as tx:
            row = tx.execute(select(ACCOUNT).where(ACCOUNT.c.folded == name.casefold())).first()
        there = row is not None and row.state == "active" and row.password is not None and row.totp is not None
        fits = self._fits(row.password if row is not None and there else self._nobody, password)
        if row is None or not there or not fits:
            return None
        return row.name if self._used_up(row.name, code) else None

    def _fits(self, kept: str, password: str) -> bool:
        with self._at_once:
            try:
                return self._hasher.verify(kept, password)
            except (VerificationError, InvalidHashError):
                return False

    def _used_up(self, name: str, code: str) -> bool:
        """Whether the code fits; it does so once."""
        with self._book.writing() as tx:
            row = tx.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).one()
            secret = None if row.totp is None else self._book.unseal(row.totp, f"totp {name}")
            step = None if secret is None else self._step(secret, code, row.totp_step)
            if step is not None:
                tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(totp_step=step))
                return True
            return self._spent(tx, name, code)

    def recover(self, name: str, code: str) -> str | None:
        """The active account's name if this is a recovery code of it, which is used up now."""
        with self._book.writing() as tx:
            row = tx.execute(select(ACCOUNT).where(ACCOUNT.c.folded == name.casefold())).first()
            active = row is not None and row.state == "active" and row.origin == "local"
            return row.name if row is not None and active and self._spent(tx, row.name, code) else None

    def _spent(self, tx: Connection, name: str, code: str) -> bool:
        spent = tx.execute(
            delete(RECOVERY).where(RECOVERY.c.account == name, RECOVERY.c.hash == hashed(_recovery(name, code)))
        )
        if spent.rowcount:
            self._book.note(tx, name, "recovery-used", name)
        return bool(spent.rowcount)

    def _step(self, secret: str, code: str, after: int) -> int | None:
        """The step whose code this is, this one or a neighbour, later than ``after``; None for none."""
        digits = "".join(code.split())
        if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
            return None
        now = self._book.now_us() // 1_000_000 // STEP_S
        totp = pyotp.TOTP(secret)
        fits = [
            step
            for step in (now - 1, now, now + 1)
            if hmac.compare_digest(totp.generate_otp(step), digits) and step > after
        ]
        return fits[0] if fits else None

    def new_recovery(self, name: str) -> list[str]:
        """New codes, each good once, instead of all that there were; shown now and never again."""
        codes = [self._code() for _ in range(RECOVERY_CODES)]
        with self._book.writing() as tx:
            tx.execute(delete(RECOVERY).where(RECOVERY.c.account == name))
            tx.execute(insert(RECOVERY), [{"hash": hashed(_recovery(name, code)), "account": name} for code in codes])
            self._book.note(tx, name, "recovery-made", name)
        return codes

    def _code(self) -> str:
        """20 letters and digits, some 99 bits, without what is easily mistaken."""
        codes: list[str] = []
        while len(codes) < 20:
            codes += [_ALPHABET[byte] for byte in self._book.dice.bytes(40) if byte < len(_ALPHABET)]
        return "-".join("".join(codes[at : at + 5]) for at in range(0, 20, 5))


def _recovery(name: str, code: str) -> str:
    said = "".join(letter for letter in code.casefold() if letter.isalnum())
    return f"recovery\x00{name.casefold()}\x00{said}"


def _easy(password: str, name: str) -> bool:
    """One letter over and over, a short run repeated, or the name."""
    folded = password.casefold()
    whole = "".join(folded.split())
    return len(set(folded)) < 5 or name.casefold() in folded or whole in ("passwordpassword", "adgangskode1234")
