"""``/accounts``: who has an account here; added, changed, reset and shut out by whoever has the right for it.

Nobody changes their own roles, and whoever sees only some nodes gives out no more than those. Makes no sign-in link:
the machine's command line does.
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
    """``actors``: the nodes that this person may see; null for all."""

    model_config = ConfigDict(frozen=True)
    name: str
    origin: Literal["local", "oidc"]
    state: Literal["active", "disabled"]
    roles: list[Role]
    actors: list[str] | None
    passkeys: int
    created_us: int
    seen_us: int | None


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

    @router.post("", operation_id="account_add", status_code=204, description=acts.add.__doc__)
    def add(given: acts.New, request: Request, person: Annotated[Person, allow(acts.add)]) -> None:
        browser(keeper, request, person)
        acts.add(_giving(keeper, person), given)

    @router.put("/{name}", operation_id="account_change", status_code=204, description=acts.change.__doc__)
    def change(name: str, given: acts.Given, request: Request, person: Annotated[Person, allow(acts.change)]) -> None:
        browser(keeper, request, person)
        acts.change(_giving(keeper, person), name, given)

    @router.post("/{name}/{how}", operation_id="account_turn", status_code=204, description=acts.turn.__doc__)
    def turn(name: str, how: acts.Turn, request: Request, person: Annotated[Person, allow(acts.turn)]) -> None:
        browser(keeper, request, person)
        acts.turn(_giving(keeper, person), name, how)

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


def _row(one: Account) -> AccountRow:
    return filled(AccountRow, one, roles=sorted(one.roles), actors=None if one.actors is None else sorted(one.actors))


def _giving(keeper: Keeper, person: Person) -> acts.Giving:
    return acts.Giving(keeper.accounts, person.name, person.actors)
