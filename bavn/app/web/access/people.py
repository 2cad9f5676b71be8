"""``/accounts``: who has an account here; added, changed, reset and shut out by whoever has the right for it.

Nobody changes their own roles, and whoever sees only some nodes gives out no more than those. Refuses to show a secret
twice: the link of a new account stands in the one answer.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from bavn.app.access.accounts import Account, CannotAccount
from bavn.app.access.rights import Right, Role
from bavn.app.acts import accounts as acts
from bavn.app.web.access.account import browser
from bavn.app.web.access.keeper import Keeper, trouble_of
from bavn.app.web.frame import After, Limit, Person, Rows, allow, filled, opened, page

Admin = Annotated[Person, allow(Right.ACCOUNTS)]


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
        return Rows(items=[_row(one) for one in keeper.accounts.every() if _giving(keeper, person).within(one)])

    @router.post("", operation_id="account_add")
    def add(given: acts.New, request: Request, person: Annotated[Person, allow(acts.add)]) -> Invited:
        """A new account, and the link by which its owner sets it up."""
        browser(keeper, request, person)
        return Invited(name=given.name, link=link_of(keeper, acts.add(_giving(keeper, person), given)))

    @router.put("/{name}", operation_id="account_change", status_code=204, description=acts.change.__doc__)
    def change(name: str, given: acts.Given, request: Request, person: Annotated[Person, allow(acts.change)]) -> None:
        browser(keeper, request, person)
        acts.change(_giving(keeper, person), name, given)

    @router.post("/{name}/reset", operation_id="account_reset")
    def reset(name: str, request: Request, person: Annotated[Person, allow(acts.reset)]) -> Invited:
        """Takes every proof from an account whose owner lost theirs; a new link."""
        browser(keeper, request, person)
        whose, secret = acts.reset(_giving(keeper, person), name)
        return Invited(name=whose, link=link_of(keeper, secret))

    @router.post("/{name}/disable", operation_id="account_disable", status_code=204, description=acts.disable.__doc__)
    def disable(name: str, request: Request, person: Annotated[Person, allow(acts.disable)]) -> None:
        browser(keeper, request, person)
        acts.disable(_giving(keeper, person), name)

    @router.post("/{name}/enable", operation_id="account_enable", status_code=204, description=acts.enable.__doc__)
    def enable(name: str, request: Request, person: Annotated[Person, allow(acts.enable)]) -> None:
        browser(keeper, request, person)
        acts.enable(_giving(keeper, person), name)

    @router.get("/log", operation_id="accounts_log")
    def log(
        person: Annotated[Person, allow(Right.ACCOUNTS_LOG)], limit: Limit = 100, after: After = None
    ) -> Rows[LogLine]:
        """The log of log-ons and account changes, the latest first."""
        if person.actors is not None:
            raise trouble_of(CannotAccount("none", "no account"))
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


def _giving(keeper: Keeper, person: Person) -> acts.Giving:
    return acts.Giving(keeper.accounts, person.name, person.actors)
