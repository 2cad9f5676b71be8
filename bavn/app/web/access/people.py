"""``/accounts``: who has an account here; added, changed, reset and shut out by whoever has the right for it.

Nobody changes their own roles, and whoever sees only some nodes gives out no more than those. Refuses to show a secret
twice: the link of a new account stands in the one answer.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.accounts import Account, CannotAccount
from bavn.app.access.rights import Right, Role
from bavn.app.web.access.account import browser
from bavn.app.web.access.keeper import Keeper, trouble_of
from bavn.app.web.frame import After, Limit, Person, Rows, Trouble, allow, filled, opened, page
from bavn.model.text import Text

Admin = Annotated[Person, allow(Right.ACCOUNTS)]
NAME_CHARS_MAX = 64


class AccountRow(BaseModel):
    """``actors``: the nodes that this person may see; null for all. ``proofs``: what they can prove themselves by."""

    model_config = ConfigDict(frozen=True)
    name: str
    origin: Literal["local", "oidc"]
    state: Literal["invited", "active", "disabled"]
    roles: list[Role]
    actors: list[str] | None
    password: bool
    passkeys: int
    recovery: int
    created_us: int
    seen_us: int | None


class Given(BaseModel):
    """``actors``: null for all nodes."""

    model_config = ConfigDict(frozen=True)
    roles: frozenset[Role] = Field(min_length=1)
    actors: frozenset[str] | None = Field(default=None, max_length=500)


class New(Given):
    """A new account. ``name``: as the audit log is to show it."""

    name: str = Field(min_length=2, max_length=NAME_CHARS_MAX)


class Invited(BaseModel):
    """``link``: one-time, for a day; hand it over outside Bavn. It is not shown again."""

    model_config = ConfigDict(frozen=True)
    name: str
    link: str


class LogLine(BaseModel):
    """``detail``: JSON text. ``hash`` chains the line to the one before it."""

    model_config = ConfigDict(frozen=True)
    seq: int
    at_us: int
    who: str
    act: str
    subject: str
    detail: str
    hash: str


def routes(keeper: Keeper) -> APIRouter:
    """For whoever gives out accounts; the log for auditors, too."""
    router = APIRouter(prefix="/accounts", tags=["accounts"])

    @router.get("", operation_id="accounts")
    def every(person: Admin) -> Rows[AccountRow]:
        """Every account that this person may see, by name."""
        return Rows(items=[_row(one) for one in keeper.accounts.every() if _within(one, person)])

    @router.post("", operation_id="account_add")
    def add(given: New, request: Request, person: Admin) -> Invited:
        """A new account, and the link by which its owner sets it up."""
        browser(keeper, request, person)
        _may_give(given, person)
        try:
            secret = keeper.accounts.add(given.name, given.roles, given.actors, person.name)
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Invited(name=given.name, link=link_of(keeper, secret))

    @router.put("/{name}", operation_id="account_change", status_code=204)
    def change(name: str, given: Given, request: Request, person: Admin) -> None:
        """Other roles or nodes; what the account has open ends."""
        browser(keeper, request, person)
        _other(keeper, name, person)
        _may_give(given, person)
        try:
            keeper.accounts.change(name, given.roles, given.actors, person.name)
        except CannotAccount as error:
            raise trouble_of(error) from error

    @router.post("/{name}/reset", operation_id="account_reset")
    def reset(name: str, request: Request, person: Admin) -> Invited:
        """Takes every proof from an account whose owner lost theirs; a new link."""
        browser(keeper, request, person)
        account = _other(keeper, name, person)
        try:
            secret = keeper.accounts.reset(name, person.name)
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Invited(name=account.name, link=link_of(keeper, secret))

    @router.post("/{name}/disable", operation_id="account_disable", status_code=204)
    def disable(name: str, request: Request, person: Admin) -> None:
        """Shuts somebody out at once: sessions and tokens end."""
        browser(keeper, request, person)
        keeper.accounts.disable(_other(keeper, name, person).name, person.name)

    @router.post("/{name}/enable", operation_id="account_enable", status_code=204)
    def enable(name: str, request: Request, person: Admin) -> None:
        """Lets somebody in again who was shut out."""
        browser(keeper, request, person)
        try:
            keeper.accounts.enable(_other(keeper, name, person).name, person.name)
        except CannotAccount as error:
            raise trouble_of(error) from error

    @router.get("/log", operation_id="accounts_log")
    def log(
        person: Annotated[Person, allow(Right.ACCOUNTS_LOG)], limit: Limit = 100, after: After = None
    ) -> Rows[LogLine]:
        """The log of log-ons and account changes, the latest first."""
        if person.actors is not None:
            raise _no_account()
        at = opened(after, int)
        lines = keeper.book.latest(limit + 1, None if at is None else at[0])
        shown = [LogLine(**{name: getattr(one, name) for name in LogLine.model_fields}) for one in lines]
        return page(shown, limit, lambda one: (one.seq,))

    return router


def link_of(keeper: Keeper, secret: str) -> str:
    """What the owner opens; the secret stands after # and so reaches no server's log."""
    return f"{keeper.settings.origins[0]}/setup#{secret}"


def _row(one: Account) -> AccountRow:
    return filled(AccountRow, one, roles=sorted(one.roles), actors=None if one.actors is None else sorted(one.actors))


def _within(one: Account, person: Person) -> bool:
    return person.actors is None or (one.actors is not None and one.actors <= person.actors)


def _no_account() -> Trouble:
    return trouble_of(CannotAccount("none", "no account"))


def _other(keeper: Keeper, name: str, person: Person) -> Account:
    """Somebody else's account that this person may see."""
    account = keeper.accounts.find(name) if len(name) <= NAME_CHARS_MAX else None
    if account is None or not _within(account, person):
        raise _no_account()
    if account.name == person.name:
        raise Trouble(
            409,
            "own-account",
            Text("Nobody changes their own account: a colleague does."),
            "colleague",
        )
    return account


def _may_give(given: Given, person: Person) -> None:
    """Whoever sees only some nodes gives out no others."""
    if person.actors is None:
        return
    if given.actors is None or not given.actors <= person.actors:
        raise Trouble(
            403,
            "too-wide",
            Text("You can give out only the nodes that you see yourself."),
            "operator",
        )
