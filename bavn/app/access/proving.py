"""From a proof to who acts: the one place where a session, a token or a key becomes a Principal; without one: here.py.

An account is one person however many tokens and keys it has, and so is a subject of an identity provider. Refuses to
know acts: they ask the Principal (model/principal.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from bavn.app.access.accounts import Account
from bavn.app.access.book import Book
from bavn.app.access.here import KEY_FILE, TOKEN_FILE
from bavn.app.access.keys import Keys, to_sign
from bavn.app.access.rights import Right, rights_of
from bavn.app.access.sessions import TOKEN_PREFIX, Session, Token, Tokens
from bavn.app.process.exits import Exit, Stop, cannot_read
from bavn.centre.cases import audit
from bavn.model.moment import HOUR_US
from bavn.model.principal import APART_HOURS, Principal, account, is_account
from bavn.model.text import Text

FILE_BYTES_MAX: Final = 16_384
_TOUCHES: Final = (
    "account-added",
    "account-changed",
    "account-reset",
    "account-enabled",
    "key-added",
    "link-made",
    "token-made",
)
"""What gives somebody a hand in another's account, as the log of accounts calls it."""


def of_session(book: Book, owner: Account, session: Session, *, changes: bool) -> Principal:
    """Whoever is signed in; said, too, who made their sign-in link. ``changes``: whether they are about to change
    something: then it is looked up with whom they are not two people."""
    made_by = f", made by {session.made_by}" if session.made_by else ""
    return _of(book, owner, f"session: {session.how}{made_by}", changes)


def of_token(book: Book, owner: Account, token: Token, *, changes: bool) -> Principal:
    """Whoever holds a personal token; said, too, where somebody else made it for them."""
    return _of(book, owner, f"token {token.id}" + (f", made by {token.made_by}" if token.made_by else ""), changes)


def _of(book: Book, owner: Account, how: str, changes: bool) -> Principal:
    apart = lately(book, owner.name) if changes else frozenset[str]()
    return account(owner.name, key=f"account:{owner.handle.hex()[:16]}", how=how, apart=apart)


def lately(book: Book, name: str) -> frozenset[str]:
    """The accounts that this one made, changed, reset or gave a proof in APART_HOURS, and those that did so to it."""
    since_us = book.now_us() - APART_HOURS * HOUR_US
    with book.reading() as tx:
        names = audit.beside(tx, name, _TOUCHES, since_us)
    return frozenset(one for one in names if is_account(one))


def proved(book: Book, environment: Mapping[str, str], purpose: str) -> tuple[Principal, frozenset[Right]] | None:
    """Whoever the process proves to be by BAVN_TOKEN_FILE or BAVN_KEY_FILE, and what they may; None without either.
    ``purpose``: the command that is run. Stop(REFUSED) for a proof that is not good."""
    token_file, key_file = environment.get(TOKEN_FILE, ""), environment.get(KEY_FILE, "")
    if token_file and key_file:
        raise Stop(
            Exit.USAGE,
            Text(
                "set {token_file} or {key_file}, not both: one command, one person",
                token_file=TOKEN_FILE,
                key_file=KEY_FILE,
            ),
        )
    if token_file:
        return _by_token(book, _secret(token_file).decode(errors="replace").strip(), token_file)
    return _by_key(book, _secret(key_file), key_file, purpose) if key_file else None


def _by_token(book: Book, secret: str, file: str) -> tuple[Principal, frozenset[Right]]:
    known = Tokens(book).find(secret) if secret.startswith(TOKEN_PREFIX) else None
    if known is None:
        raise Stop(
            Exit.REFUSED,
            Text("the token in {file} is not good, or not any more: make another in the console", file=file),
        )
    token, owner = known
    return of_token(book, owner, token, changes=True), rights_of(owner.roles) & token.scopes


def _by_key(book: Book, text: bytes, file: str, purpose: str) -> tuple[Principal, frozenset[Right]]:
    key = private_key(text)
    if key is None:
        raise Stop(
            Exit.INPUT, Text("{file} holds no Ed25519 private key that can be read without a passphrase", file=file)
        )
    keys = Keys(book)
    challenge = keys.challenge(purpose)
    proved = keys.prove(challenge, purpose, raw(key.public_key()), key.sign(to_sign(challenge, purpose)))
    if proved is None:
        raise Stop(
            Exit.REFUSED,
            Text("the key in {file} is no active account's: bavn centre account key registers one", file=file),
        )
    return _of(book, proved[1], f"key {proved[0].id}", True), rights_of(proved[1].roles)


def _secret(file: str) -> bytes:
    """A file that only its owner may read. Stop otherwise."""
    path = Path(file)
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise Stop(Exit.CONFIGURATION, Text("others may read {file}: chmod 600 it, and make a new one", file=file))
        with path.open("rb") as opened:
            return opened.read(FILE_BYTES_MAX)
    except OSError as error:
        raise cannot_read(file, error) from error


def private_key(text: bytes) -> Ed25519PrivateKey | None:
    """Of a PEM or OpenSSH file without passphrase; None for anything else."""
    for load in (load_ssh_private_key, load_pem_private_key):
        try:
            key = load(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
            continue
        if isinstance(key, Ed25519PrivateKey):
            return key
    return None


def public_key(text: bytes) -> bytes | None:
    """The 32 bytes of a public key as PEM or as a line of OpenSSH; None for anything else."""
    for load in (load_ssh_public_key, load_pem_public_key):
        try:
            key = load(text.strip())
        except (ValueError, UnsupportedAlgorithm, InternalError):
            continue
        if isinstance(key, Ed25519PublicKey):
            return raw(key)
    return None


def raw(key: Ed25519PublicKey) -> bytes:
    """32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
