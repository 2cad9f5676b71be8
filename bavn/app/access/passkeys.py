"""Passkeys (WebAuthn): made for an account, and proved without a name; the person is always verified by their device.

Refuses a key whose counter goes back: it was copied.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, func, insert, select, update
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bavn.app.access.accounts import Account, CannotAccount
from bavn.app.access.book import Book
from bavn.app.access.tables import ACCOUNT, PASSKEY
from bavn.model.outcome import Refused
from bavn.wire.reading import read

PASSKEYS_MAX: Final = 20
CREDENTIAL_CHARS_MAX: Final = 16_384
NAME: Final = "Bavn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One of an account's passkeys; ``id`` is public."""

    id: str
    label: str
    created_us: int
    used_us: int | None


class Passkeys:
    """``origin``: what people type; its host is what a passkey is bound to."""

    def __init__(self, book: Book, origins: tuple[str, ...]) -> None:
        self._book = book
        self._origins = list(origins)
        self._rp = urlsplit(origins[0]).hostname or "localhost"

    def make(self, account: Account) -> tuple[dict[str, Any], bytes]:
        """What the browser needs to make one, and the challenge."""
        challenge = self._book.dice.bytes(32)
        options = webauthn.generate_registration_options(
            rp_id=self._rp,
            rp_name=NAME,
            user_name=account.name,
            user_display_name=account.name,
            user_id=account.handle,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in self.of(account.name)
            ],
        )
        return json.loads(options_to_json(options)), challenge

    def keep(self, name: str, label: str, credential: dict[str, Any], challenge: bytes) -> None:
        """The passkey that the browser made. Raises CannotAccount."""
        verified = _proved(
            lambda: webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        )
        if verified is None:
            raise CannotAccount("bad-passkey", "the passkey could not be checked: try again")
        key_id = bytes_to_base64url(verified.credential_id)
        with self._book.writing() as tx:
            count = select(func.count()).select_from(PASSKEY)
            if tx.execute(count.where(PASSKEY.c.account == name)).scalar_one() >= PASSKEYS_MAX:
                raise CannotAccount("full", f"an account has at most {PASSKEYS_MAX} passkeys")
            if tx.execute(count.where(PASSKEY.c.id == key_id)).scalar_one():
                raise CannotAccount("there", "this passkey is an account's already")
            tx.execute(
                insert(PASSKEY).values(
                    id=key_id,
                    account=name,
                    label=label,
                    public_key=verified.credential_public_key,
                    sign_count=verified.sign_count,
                    created_us=self._book.now_us(),
                )
            )
            self._book.note(tx, name, "passkey-added", name, label=label)

    def ask(self) -> tuple[dict[str, Any], bytes]:
        """What the browser needs to prove one, and the challenge."""
        challenge = self._book.dice.bytes(32)
        options = webauthn.generate_authentication_options(
            rp_id=self._rp, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        return json.loads(options_to_json(options)), challenge

    def prove(self, credential: dict[str, Any], challenge: bytes) -> str | None:
        """The name of the account whose passkey signed; None where none did."""
        key_id = credential.get("id")
        if not isinstance(key_id, str) or not key_id.isascii() or len(key_id) > 1400:
            return None
        with self._book.writing() as tx:
            row = tx.execute(
                select(PASSKEY, ACCOUNT.c.state, ACCOUNT.c.handle)
                .join(ACCOUNT, ACCOUNT.c.name == PASSKEY.c.account)
                .where(PASSKEY.c.id == key_id)
            ).first()
            if row is None or row.state != "active":
                return None
            verified = _proved(
                lambda: webauthn.verify_authentication_response(
                    credential=credential,
                    expected_challenge=challenge,
                    expected_rp_id=self._rp,
                    expected_origin=self._origins,
                    credential_public_key=row.public_key,
                    credential_current_sign_count=row.sign_count,
                    require_user_verification=True,
                )
            )
            if verified is None:
                return None
            tx.execute(
                update(PASSKEY)
                .where(PASSKEY.c.id == key_id)
                .values(sign_count=verified.new_sign_count, used_us=self._book.now_us())
            )
            return str(row.account)

    def of(self, name: str) -> list[Passkey]:
        """An account's passkeys, the oldest first."""
        with self._book.reading() as tx:
            rows = tx.execute(select(PASSKEY).where(PASSKEY.c.account == name).order_by(PASSKEY.c.created_us)).all()
        return [Passkey(id=row.id, label=row.label, created_us=row.created_us, used_us=row.used_us) for row in rows]

    def drop(self, name: str, key_id: str) -> None:
        """Raises CannotAccount where the account has no such passkey."""
        with self._book.writing() as tx:
            gone = tx.execute(delete(PASSKEY).where(PASSKEY.c.account == name, PASSKEY.c.id == key_id))
            if not gone.rowcount:
                raise CannotAccount("none", "there is no such passkey")
            self._book.note(tx, name, "passkey-dropped", name)


def _proved[Verified](check: Callable[[], Verified]) -> Verified | None:
    """What a browser's answer proves; None where it proves nothing, or cannot be read at all."""

    def judged() -> Verified | None:
        try:
            return check()
        except (WebAuthnException, ValueError, KeyError, TypeError):
            return None

    verified = read(judged)
    return None if isinstance(verified, Refused) else verified
