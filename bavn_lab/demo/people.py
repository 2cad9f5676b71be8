"""The people of the demonstration: accounts with a token each, and who acts or looks by them.

They are proved as anybody is. Who signs in at a console is made in consoles.py.
"""

from pathlib import Path
from typing import Final

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.proving import of_token
from bavn.app.access.rights import ROLES, Role, rights_of
from bavn.app.access.sessions import Tokens
from bavn.app.process.exits import Exit, Stop
from bavn.model.principal import Principal

MADE_BY: Final = "demonstration (local operator)"
DAYS: Final = 1


def acting(folder: Path, name: str, role: Role) -> Principal:
    """Whoever this account's token proves; both are made where they are not there. ``folder``: the centre's."""
    secret = token_for(folder, "sac", name, role)
    book = open_book(folder)
    try:
        token = Tokens(book).find(secret)
        if token is None:
            raise Stop(Exit.BROKEN, f"the demonstration could not make a token for {name}")
        return of_token(book, token[1], token[0], changes=True)
    finally:
        book.close()


def token_for(folder: Path, side: str, name: str, role: Role) -> str:
    """A token of this account at the console (sac or soc) whose accounts lie in the folder."""
    book = open_book(folder)
    try:
        accounts, roles = Accounts(book, ROLES[side]), frozenset({role})
        if accounts.find(name) is None:
            accounts.add(name, roles, None, MADE_BY)
        token = Tokens(book).make(name, "demonstration", rights_of(roles), DAYS, MADE_BY)
        if token is None:
            raise Stop(Exit.BROKEN, f"the demonstration could not make a token for {name}")
        return token[1]
    finally:
        book.close()
