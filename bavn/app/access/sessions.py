"""Sessions: a secret in a cookie, everything else here. New at each log-on and each change of how somebody proves who
they are; over after so long unused, after so long in all, and whenever somebody ends it.

Refuses to keep the secret: its hash is enough to find it.
"""

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from bavn.app.access.accounts import Account, account_in
from bavn.app.access.book import Book, hashed
from bavn.app.access.rights import Right
from bavn.app.access.tables import ACCOUNT, SESSION, TOKEN, TOKEN_MAKER

SESSIONS_OF_ONE_MAX: Final = 20
TOKENS_OF_ONE_MAX: Final = 50
MINUTE_US: Final = 60_000_000
TOUCH_US: Final = MINUTE_US
TOKEN_PREFIX: Final = "bavn_"  # noqa: S105  how a token begins, no secret
DAY_US: Final = 24 * 60 * MINUTE_US
TOKEN_DAYS_MAX: Final = 366
RECENT_US: Final = 10 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``id`` is public to its owner; ``how``: passkey, link, oidc. ``made_by``: who made the link, where it was one.
    ``proved_us``: when the person last proved who they are."""

    id: str
    account: str
    how: str
    address: str
    agent: str
    proved_us: int
    began_us: int
    seen_us: int
    until_us: int
    made_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program's, with some of its owner's rights. ``made_by``: who made it, where its owner did not."""

    id: str
    account: str
    label: str
    scopes: frozenset[Right]
    made_us: int
    until_us: int
    used_us: int | None
    ended: bool
    made_by: str = ""


class Sessions:
    """``idle_us``, ``whole_us``: how long a session lives unused, and in all."""

    def __init__(self, book: Book, *, idle_us: int, whole_us: int) -> None:
        self._book = book
        self._idle_us, self._whole_us = idle_us, whole_us

    def begin(self, name: str, how: str, address: str, agent: str, before: str | None = None, made_by: str = "") -> str:
        """The secret of a new session; the one before it in the same browser ends. ``made_by``: who made the sign-in
        link, where it was one."""
        book, now_us, secret = self._book, self._book.now_us(), self._book.secret()
        idle_us = now_us - self._idle_us
        with book.writing() as tx:
            tx.execute(delete(SESSION).where((SESSION.c.until_us <= now_us) | (SESSION.c.seen_us <= idle_us)))
            if before:
                tx.execute(delete(SESSION).where(SESSION.c.hash == hashed(before)))
            open_ = (
                tx.execute(select(SESSION.c.hash).where(SESSION.c.account == name).order_by(SESSION.c.seen_us))
                .scalars()
                .all()
            )
            for oldest in open_[: max(0, len(open_) - SESSIONS_OF_ONE_MAX + 1)]:
                tx.execute(delete(SESSION).where(SESSION.c.hash == oldest))
            tx.execute(
                insert(SESSION).values(
                    hash=hashed(secret),
                    id=book.short(),
                    account=name,
                    how=how,
                    made_by=made_by[:64],
                    address=address[:64],
                    agent=agent[:120],
                    proved_us=now_us,
                    began_us=now_us,
                    seen_us=now_us,
                    until_us=now_us + self._whole_us,
                )
            )
            tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(seen_us=now_us))
            link = {"made_by": made_by} if made_by else {}
            book.note(tx, name, "signed-in", name, how=how, address=address, **link)
        return secret

    def rotate(self, secret: str) -> str:
        """The same session under a new secret; every other one of the account ends."""
        session_secret = self._book.secret()
        with self._book.writing() as tx:
            row = tx.execute(select(SESSION.c.account).where(SESSION.c.hash == hashed(secret))).first()
            if row is not None:
                tx.execute(delete(SESSION).where(SESSION.c.account == row.account, SESSION.c.hash != hashed(secret)))
                tx.execute(update(SESSION).where(SESSION.c.hash == hashed(secret)).values(hash=hashed(session_secret)))
        return session_secret

    def find(self, secret: str) -> tuple[Session, Account] | None:
        """While it lives and its account is active; using it keeps it alive."""
        now_us = self._book.now_us()
        with self._book.reading() as tx:
            row = tx.execute(select(SESSION).where(SESSION.c.hash == hashed(secret))).first()
            if row is None or row.until_us <= now_us or row.seen_us <= now_us - self._idle_us:
                return None
            account = account_in(tx, row.account)
        if account is None or account.state != "active":
            return None
        if now_us - row.seen_us >= TOUCH_US:
            with self._book.writing() as tx:
                tx.execute(update(SESSION).where(SESSION.c.hash == row.hash).values(seen_us=now_us))
        return _session(row), account

    def of(self, name: str) -> list[Session]:
        """An account's living sessions, the latest used first."""
        now_us = self._book.now_us()
        with self._book.reading() as tx:
            rows = tx.execute(
                select(SESSION)
                .where(
                    SESSION.c.account == name, SESSION.c.until_us > now_us, SESSION.c.seen_us > now_us - self._idle_us
                )
                .order_by(SESSION.c.seen_us.desc())
            ).all()
        return [_session(row) for row in rows]

    def end(self, name: str, session_id: str) -> bool:
        """One of an account's own; False where there is none."""
        with self._book.writing() as tx:
            gone = tx.execute(delete(SESSION).where(SESSION.c.account == name, SESSION.c.id == session_id))
            if gone.rowcount:
                self._book.note(tx, name, "signed-out", name)
            return bool(gone.rowcount)


def csrf_of(secret: str) -> str:
    """The token that proves a change was meant: known to whoever may read the session's answers."""
    return hmac.new(secret.encode(), b"bavn/csrf/1", sha256).hexdigest()


class Tokens:
    """For programs."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def make(
        self, name: str, label: str, scopes: frozenset[Right], days: int, made_by: str = ""
    ) -> tuple[Token, str] | None:
        """The token and its secret, shown now and never again; None where there are too many."""
        book, secret = self._book, self._book.secret(TOKEN_PREFIX)
        now_us = book.now_us()
        token = Token(
            id=book.short(),
            account=name,
            label=label,
            scopes=scopes,
            made_us=now_us,
            until_us=now_us + min(days, TOKEN_DAYS_MAX) * DAY_US,
            used_us=None,
            ended=False,
            made_by=made_by[:64],
        )
        with book.writing() as tx:
            tx.execute(delete(TOKEN).where(TOKEN.c.account == name, TOKEN.c.until_us <= now_us - 90 * DAY_US))
            if len(tx.execute(select(TOKEN.c.id).where(TOKEN.c.account == name)).all()) >= TOKENS_OF_ONE_MAX:
                return None
            tx.execute(
                insert(TOKEN).values(
                    hash=hashed(secret),
                    id=token.id,
                    account=name,
                    label=label,
                    scopes=json.dumps(sorted(scopes)),
                    made_us=token.made_us,
                    until_us=token.until_us,
                    ended=False,
                )
            )
            if made_by:
                tx.execute(insert(TOKEN_MAKER).values(id=token.id, made_by=token.made_by))
            detail = {"label": label, "scopes": sorted(scopes), "until_us": token.until_us}
            book.note(tx, made_by or name, "token-made", name, **detail)
        return token, secret

    def find(self, secret: str) -> tuple[Token, Account] | None:
        """While it is good and its owner is not shut out."""
        now_us = self._book.now_us()
        with self._book.reading() as tx:
            row = tx.execute(select(TOKEN).where(TOKEN.c.hash == hashed(secret))).first()
            if row is None or row.ended or row.until_us <= now_us:
                return None
            account = account_in(tx, row.account)
            maker = tx.execute(select(TOKEN_MAKER.c.made_by).where(TOKEN_MAKER.c.id == row.id)).scalar()
        if account is None or account.state == "disabled":
            return None
        if row.used_us is None or now_us - row.used_us >= TOUCH_US:
            with self._book.writing() as tx:
                tx.execute(update(TOKEN).where(TOKEN.c.hash == row.hash).values(used_us=now_us))
        return _token(row, maker or ""), account

    def of(self, name: str) -> list[Token]:
        """An account's, the latest first."""
        with self._book.reading() as tx:
            rows = tx.execute(select(TOKEN).where(TOKEN.c.account == name).order_by(TOKEN.c.made_us.desc())).all()
        return [_token(row) for row in rows]

    def end(self, name: str, token_id: str) -> bool:
        """One of an account's own; False where there is none that is good."""
        with self._book.writing() as tx:
            gone = tx.execute(
                update(TOKEN)
                .where(TOKEN.c.account == name, TOKEN.c.id == token_id, TOKEN.c.ended.is_(False))
                .values(ended=True)
            )
            if gone.rowcount:
                self._book.note(tx, name, "token-ended", name, token=token_id)
            return bool(gone.rowcount)


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        account=row.account,
        how=row.how,
        address=row.address,
        agent=row.agent,
        proved_us=row.proved_us,
        began_us=row.began_us,
        seen_us=row.seen_us,
        until_us=row.until_us,
        made_by=row.made_by,
    )


def _token(row: Row[Any], made_by: str = "") -> Token:
    return Token(
        id=row.id,
        account=row.account,
        label=row.label,
        scopes=frozenset(map(Right, json.loads(row.scopes))),
        made_us=row.made_us,
        until_us=row.until_us,
        used_us=row.used_us,
        ended=row.ended,
        made_by=made_by,
    )
