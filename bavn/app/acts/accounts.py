"""Accounts at a console: made, given other roles and nodes, reset, shut out and let in again by a colleague.

Nobody changes their own account, and whoever sees only some nodes gives out no more than those. A sign-in link is made
on the machine alone, and its secret is shown once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.rights import Right, Role, rights_of
from bavn.app.acts.act import ActRefused, WhoActs, act
from bavn.app.process.exits import Exit
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.access.accounts import Account, Accounts
    from bavn.app.access.keys import Keys, PersonKey
    from bavn.app.access.sessions import Token, Tokens

NAME_CHARS_MAX: Final = 64
LINK_MINUTES: Final = 15
LINK_MINUTES_MAX: Final = 60
CANNOT: Final[dict[str, tuple[int, Text, WhoActs]]] = {
    "bad-name": (
        422,
        Text("A name is 2 to 64 letters, digits and . @ + ' - or space."),
        "you",
    ),
    "bad-actor": (
        422,
        Text("An actor is 2 to 40 characters of a-z, 0-9 and -."),
        "you",
    ),
    "no-role": (
        422,
        Text("An account has at least one role, of those that there are here."),
        "you",
    ),
    "there": (409, Text("That is there already."), "you"),
    "none": (404, Text("There is nothing here by that name."), "you"),
    "full": (
        409,
        Text("There are as many as there may be: end one first."),
        "you",
    ),
    "bad-passkey": (
        422,
        Text("The passkey could not be checked: try again."),
        "you",
    ),
    "not-local": (
        409,
        Text("This account comes from the identity provider: change it there."),
        "operator",
    ),
    "not-disabled": (409, Text("This account is not shut out."), "you"),
    "disabled": (403, Text("This account is shut out."), "operator"),
}
"""Why an account cannot be so: status, sentence and who must act, by the code of CannotAccount."""
_USAGE: Final = frozenset({"not-local", "disabled"})
"""A shell is told that it asked for the wrong thing."""


class Given(BaseModel):
    """``actors``: null for all nodes."""

    model_config = ConfigDict(frozen=True)
    roles: frozenset[Role] = Field(min_length=1)
    actors: frozenset[str] | None = Field(default=None, max_length=500)


class New(Given):
    """A new account. ``name``: as the audit log is to show it."""

    name: str = Field(min_length=2, max_length=NAME_CHARS_MAX)


class Giving:
    """Who gives out accounts, and the accounts. ``sees``: the nodes that this person may see; None for all of them."""

    def __init__(self, accounts: "Accounts", by: str, sees: frozenset[str] | None) -> None:
        self.accounts, self.by, self.sees = accounts, by, sees

    def within(self, account: "Account") -> bool:
        """Whether this person may see that account."""
        return self.sees is None or (account.actors is not None and account.actors <= self.sees)

    def seen(self, name: str) -> "Account":
        """An account that this person may see, their own too. Raises ActRefused."""
        account = self.accounts.find(name) if len(name) <= NAME_CHARS_MAX else None
        if account is None or not self.within(account):
            raise _refused("none", Text("there is no account {name}", name=name[:NAME_CHARS_MAX]))
        return account

    def other(self, name: str) -> "Account":
        """Somebody else's account that this person may see. Raises ActRefused."""
        account = self.seen(name)
        if account.name == self.by:
            said = Text("Nobody changes their own account: a colleague does.")
            raise ActRefused(409, "own-account", said, "colleague")
        return account

    def may_give(self, given: Given) -> None:
        """Whoever sees only some nodes gives out no others. Raises ActRefused."""
        if self.sees is not None and (given.actors is None or not given.actors <= self.sees):
            said = Text("You can give out only the nodes that you see yourself.")
            raise ActRefused(403, "too-wide", said, "operator")


@act(Right.ACCOUNTS)
def add(giving: Giving, body: New) -> None:
    """A new account; a sign-in link for it is made on the machine."""
    giving.may_give(body)
    with account_refusals():
        giving.accounts.add(body.name, body.roles, body.actors, giving.by)


@act(Right.ACCOUNTS)
def change(giving: Giving, name: str, body: Given) -> None:
    """Other roles or nodes; what the account has open ends."""
    with account_refusals():
        other = giving.other(name)
        giving.may_give(body)
        giving.accounts.change(other.name, body.roles, body.actors, giving.by)


Turn = Literal["reset", "disable", "enable"]


@act(Right.ACCOUNTS)
def turn(giving: Giving, name: str, how: Turn) -> None:
    """Shut somebody out at once, so that sessions and tokens end; let them in again; or take every proof from an
    account whose owner lost theirs: a sign-in link for it is made on the machine."""
    with account_refusals():
        other = giving.other(name).name
        {"reset": giving.accounts.reset, "disable": giving.accounts.disable, "enable": giving.accounts.enable}[how](
            other, giving.by
        )


@act(Right.ACCOUNTS, only="command")
def link(giving: Giving, name: str, minutes: int) -> str:
    """Make a link that signs an account's owner in once, within minutes. Its secret."""
    with account_refusals():
        return giving.accounts.link(giving.other(name).name, giving.by, min(minutes, LINK_MINUTES_MAX))


@act(Right.ACCOUNTS, only="command")
def make_token(
    giving: Giving, tokens: "Tokens", name: str, label: str, scopes: frozenset[Right], days: int
) -> tuple["Token", str]:
    """Make a personal token for an account: the command line acts as it with BAVN_TOKEN_FILE. The log says who made
    it. ``scopes`` empty: all of the account's rights. The token, and its secret."""
    account = giving.seen(name)
    if account.state == "disabled":
        raise _refused("disabled", Text("{who} is shut out", who=account.name))
    given = scopes or rights_of(account.roles)
    if not given <= rights_of(account.roles):
        raise ActRefused(422, "too-much", Text("a token has no right that its account does not have"), whole=False)
    made_by = "" if giving.by == account.name else giving.by
    token = tokens.make(account.name, label[:NAME_CHARS_MAX], given, days, made_by)
    if token is None:
        said = Text("the account has as many tokens as it may: end one first")
        raise ActRefused(409, "full", said, whole=False)
    return token


@act(Right.ACCOUNTS, only="command")
def end_token(giving: Giving, tokens: "Tokens", name: str, token_id: str) -> None:
    """End a token at once."""
    if not tokens.end(giving.seen(name).name, token_id):
        text = Text("{name} has no token {token_id} that is good", name=name[:64], token_id=repr(token_id[:20]))
        raise _absent(text)


@act(Right.ACCOUNTS, only="command")
def add_key(giving: Giving, keys: "Keys", name: str, public: bytes, label: str) -> "PersonKey":
    """Register the public half of a person's own key, whose private half is then BAVN_KEY_FILE."""
    account = giving.seen(name)
    with account_refusals():
        return keys.add(account.name, public, label, giving.by)


@act(Right.ACCOUNTS, only="command")
def drop_key(giving: Giving, keys: "Keys", name: str, key_id: str) -> None:
    """Drop a person's own key: it proves nobody any more."""
    account = giving.seen(name)
    if not keys.drop(account.name, key_id, giving.by):
        raise _absent(Text("{account} has no key {drop}", account=account.name, drop=repr(key_id[:20])))


@contextmanager
def account_refusals() -> Iterator[None]:
    """Why it cannot be is what a page says of it; a shell hears which account it is, too."""
    from bavn.app.access.accounts import CannotAccount

    try:
        yield
    except CannotAccount as error:
        raise _refused(error.code, Text.of_error(error)) from error


def _refused(kind: str, aside: Text) -> ActRefused:
    status, text, who = CANNOT[kind]
    code = Exit.NOT_FOUND if kind == "none" else Exit.USAGE if kind in _USAGE else None
    return ActRefused(status, kind, text, who, aside=aside, code=code)


def _absent(text: Text) -> ActRefused:
    return ActRefused(404, "none", text, whole=False)
