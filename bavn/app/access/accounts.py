"""Accounts: who there is, with which roles, and the sign-in link that the machine's command line makes for one.

A link signs in once, within minutes. A change of what somebody may do ends what they have open. Refuses to check
passkeys: passkeys.py does.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from bavn.app.access.book import Book, hashed
from bavn.app.access.rights import Role
from bavn.app.access.tables import ACCOUNT, KEY, LINK, PASSKEY, SESSION, TOKEN
from bavn.centre.cases.two_people import NotAllowed, person
from bavn.model.moment import MINUTE_US

State = Literal["active", "disabled"]
ACCOUNTS_MAX: Final = 5000
ACTOR: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")


class CannotAccount(Exception):
    """This cannot be done to an account. ``code`` says why; whoever asked must act."""

    def __init__(self, code: str, line: str) -> None:
        super().__init__(line)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``actors``: the nodes that this person may see; None for all of the console's. ``passkeys``: how many."""

    name: str
    origin: Literal["local", "oidc"]
    state: State
    roles: frozenset[Role]
    actors: frozenset[str] | None
    handle: bytes = field(repr=False)
    passkeys: int = 0
    language: str | None
    zone: str | None
    created_us: int
    seen_us: int | None


class Accounts:
    """The accounts of one console. ``roles``: those that there are at it."""

    def __init__(self, book: Book, roles: frozenset[Role] = frozenset(Role)) -> None:
        self._book, self.roles = book, roles

    def add(self, name: str, roles: frozenset[Role], actors: frozenset[str] | None, by: str) -> None:
        """A new local account. Raises CannotAccount."""
        try:
            person(name)
        except NotAllowed as error:
            raise CannotAccount("bad-name", str(error)) from error
        self._sound(roles, actors)
        book = self._book
        with book.writing() as tx:
            if tx.execute(select(func.count()).select_from(ACCOUNT)).scalar_one() >= ACCOUNTS_MAX:
                raise CannotAccount("full", f"there are {ACCOUNTS_MAX} accounts already")
            if _row(tx, name) is not None:
                raise CannotAccount("there", f"there is an account {name} already")
            tx.execute(
                insert(ACCOUNT).values(
                    name=name,
                    folded=name.casefold(),
                    origin="local",
                    state="active",
                    roles=_spelled(roles),
                    actors=None if actors is None else _spelled(actors),
                    handle=book.dice.bytes(32),
                    created_us=book.now_us(),
                )
            )
            book.note(tx, by, "account-added", name, roles=sorted(roles), actors=_listed(actors))

    def reset(self, name: str, by: str) -> None:
        """Takes every proof from a local account and ends what it has open."""
        with self._book.writing() as tx:
            row = self._local(tx, name)
            forget(tx, row.name)
            tx.execute(delete(PASSKEY).where(PASSKEY.c.account == row.name))
            tx.execute(delete(KEY).where(KEY.c.account == row.name))
            self._book.note(tx, by, "account-reset", row.name)

    def change(self, name: str, roles: frozenset[Role], actors: frozenset[str] | None, by: str) -> None:
        """Other roles; sessions of the account end. Raises CannotAccount."""
        self._sound(roles, actors)
        with self._book.writing() as tx:
            row = self._local(tx, name)
            tx.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.name == row.name)
                .values(roles=_spelled(roles), actors=None if actors is None else _spelled(actors))
            )
            tx.execute(delete(SESSION).where(SESSION.c.account == row.name))
            self._book.note(tx, by, "account-changed", row.name, roles=sorted(roles), actors=_listed(actors))

    def disable(self, name: str, by: str) -> None:
        """Shuts a person out at once: sessions, tokens and links end, proofs stay."""
        with self._book.writing() as tx:
            row = self._there(tx, name)
            forget(tx, row.name)
            tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == row.name).values(state="disabled"))
            self._book.note(tx, by, "account-disabled", row.name)

    def enable(self, name: str, by: str) -> None:
        """Lets somebody in again who was shut out. Raises CannotAccount."""
        with self._book.writing() as tx:
            row = self._there(tx, name)
            if row.state != "disabled":
                raise CannotAccount("not-disabled", f"{row.name} is not shut out")
            tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == row.name).values(state="active"))
            self._book.note(tx, by, "account-enabled", row.name)

    def find(self, name: str) -> Account | None:
        """By its name, whatever its case."""
        with self._book.reading() as tx:
            row = _row(tx, name)
            return None if row is None else _account(tx, row)

    def every(self) -> list[Account]:
        """All of them, by name."""
        with self._book.reading() as tx:
            rows = tx.execute(select(ACCOUNT).order_by(ACCOUNT.c.folded)).all()
            return [_account(tx, row) for row in rows]

    def link(self, name: str, by: str, minutes: int) -> str:
        """The secret of a link that signs a local account in once, within so many minutes; the latest link alone works.
        Raises CannotAccount."""
        book = self._book
        with book.writing() as tx:
            row = self._local(tx, name)
            if row.state == "disabled":
                raise CannotAccount("disabled", f"{row.name} is shut out")
            tx.execute(delete(LINK).where(LINK.c.account == row.name))
            secret, until_us = book.secret(), book.now_us() + minutes * MINUTE_US
            tx.execute(insert(LINK).values(hash=hashed(secret), account=row.name, made_by=by[:64], until_us=until_us))
            book.note(tx, by, "link-made", row.name, until_us=until_us)
        return secret

    def spend(self, secret: str) -> tuple[Account, str] | None:
        """Whose link this is, and who made it; it is spent now. None for one that is spent, too old or nobody's."""
        good = (LINK.c.hash == hashed(secret)) & (LINK.c.until_us > self._book.now_us())
        with self._book.writing() as tx:
            row = tx.execute(delete(LINK).where(good).returning(LINK.c.account, LINK.c.made_by)).first()
            account = None if row is None else account_in(tx, row.account)
        return None if row is None or account is None or account.state == "disabled" else (account, row.made_by)

    def choose(self, name: str, language: str | None, zone: str | None) -> None:
        """What the person likes to read in."""
        with self._book.writing() as tx:
            tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(language=language, zone=zone))

    def known(self, subject: str, name: str, roles: frozenset[Role], actors: frozenset[str] | None) -> Account:
        """Somebody whom an identity provider vouches for, with the roles that it gives now. Raises CannotAccount."""
        try:
            person(name)
        except NotAllowed as error:
            raise CannotAccount("bad-name", str(error)) from error
        spelled = {"roles": _spelled(roles), "actors": None if actors is None else _spelled(actors)}
        with self._book.writing() as tx:
            row = tx.execute(select(ACCOUNT).where(ACCOUNT.c.subject == subject)).first()
            if row is None:
                if _row(tx, name) is not None:
                    raise CannotAccount("there", f"there is another account {name} already")
                if tx.execute(select(func.count()).select_from(ACCOUNT)).scalar_one() >= ACCOUNTS_MAX:
                    raise CannotAccount("full", f"there are {ACCOUNTS_MAX} accounts already")
                tx.execute(
                    insert(ACCOUNT).values(
                        name=name,
                        folded=name.casefold(),
                        origin="oidc",
                        subject=subject,
                        state="active",
                        handle=self._book.dice.bytes(32),
                        created_us=self._book.now_us(),
                        **spelled,
                    )
                )
                self._book.note(tx, name, "account-came", name, roles=sorted(roles), actors=_listed(actors))
            elif row.state == "disabled":
                raise CannotAccount("disabled", f"{row.name} is shut out")
            elif (row.roles, row.actors) != (spelled["roles"], spelled["actors"]):
                tx.execute(update(ACCOUNT).where(ACCOUNT.c.name == row.name).values(**spelled))
                tx.execute(delete(SESSION).where(SESSION.c.account == row.name))
                self._book.note(tx, row.name, "account-changed", row.name, roles=sorted(roles), actors=_listed(actors))
            found = tx.execute(select(ACCOUNT).where(ACCOUNT.c.subject == subject)).one()
            return _account(tx, found)

    def _sound(self, roles: frozenset[Role], actors: frozenset[str] | None) -> None:
        if not roles or not roles <= self.roles:
            raise CannotAccount("no-role", f"an account has one role or more of {', '.join(sorted(self.roles))}")
        if actors is not None and (not actors or not all(ACTOR.fullmatch(one) for one in actors)):
            raise CannotAccount("bad-actor", "an actor is 2 to 40 characters of a-z, 0-9 and -, a letter first")

    def _there(self, tx: Connection, name: str) -> Row[Any]:
        row = _row(tx, name)
        if row is None:
            raise CannotAccount("none", f"there is no account {name[:64]}")
        return row

    def _local(self, tx: Connection, name: str) -> Row[Any]:
        row = self._there(tx, name)
        if row.origin != "local":
            raise CannotAccount("not-local", f"{row.name} comes from the identity provider: change it there")
        return row


def forget(tx: Connection, name: str) -> None:
    """Ends what an account has open: sessions, links, tokens."""
    for table in (SESSION, LINK):
        tx.execute(delete(table).where(table.c.account == name))
    tx.execute(update(TOKEN).where(TOKEN.c.account == name).values(ended=True))


def _row(tx: Connection, name: str) -> Row[Any] | None:
    return tx.execute(select(ACCOUNT).where(ACCOUNT.c.folded == name.casefold())).first()


def account_in(tx: Connection, name: str) -> Account | None:
    """The account of this name at the moment that the connection sees."""
    row = _row(tx, name)
    return None if row is None else _account(tx, row)


def _account(tx: Connection, row: Row[Any]) -> Account:
    passkeys = select(func.count()).select_from(PASSKEY).where(PASSKEY.c.account == row.name)
    return Account(
        name=row.name,
        origin=row.origin,
        state=row.state,
        roles=frozenset(map(Role, json.loads(row.roles))),
        actors=None if row.actors is None else frozenset(json.loads(row.actors)),
        handle=row.handle,
        passkeys=tx.execute(passkeys).scalar_one(),
        language=row.language,
        zone=row.zone,
        created_us=row.created_us,
        seen_us=row.seen_us,
    )


def _spelled(words: frozenset[Any]) -> str:
    return json.dumps(sorted(words))


def _listed(words: frozenset[str] | None) -> list[str] | None:
    return None if words is None else sorted(words)
