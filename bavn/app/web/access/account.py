"""``/account``: what a person sees and changes of their own: how they prove who they are, sessions, tokens, language.

Only in a browser: a token does none of this. What changes a proof needs a log-on of the last ten minutes, and ends
every other session. Refuses to leave an account without a proof.
"""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.accounts import CannotAccount
from bavn.app.access.rights import Right
from bavn.app.access.sessions import RECENT_US, TOKEN_DAYS_MAX, Token
from bavn.app.process.spoken import Spoken
from bavn.app.web.access.keeper import Keeper, Signed, trouble_of
from bavn.app.web.frame import Person, Trouble, filled, signed_in
from bavn.model.text import Text

Own = Annotated[Person, signed_in()]
Label = Annotated[str, Field(min_length=1, max_length=64)]


class PasskeyShown(BaseModel):
    """One of the passkeys; ``id`` is public."""

    model_config = ConfigDict(frozen=True)
    id: str
    label: str
    created_us: int
    used_us: int | None


class SessionShown(BaseModel):
    """``here``: the one that asks. ``how``: passkey, link, oidc."""

    model_config = ConfigDict(frozen=True)
    id: str
    here: bool
    how: str
    address: str
    agent: str
    began_us: int
    seen_us: int
    until_us: int


class TokenShown(BaseModel):
    """A token without its secret, which nobody has but who made it."""

    model_config = ConfigDict(frozen=True)
    id: str
    label: str
    scopes: list[Right]
    made_us: int
    until_us: int
    used_us: int | None
    ended: bool


class AccountShown(BaseModel):
    """``may_change_until_us``: until when proofs may be changed without another log-on."""

    model_config = ConfigDict(frozen=True)
    name: str
    origin: Literal["local", "oidc"]
    passkeys: list[PasskeyShown]
    sessions: list[SessionShown]
    tokens: list[TokenShown]
    may_change_until_us: int


class Choices(BaseModel):
    """``zone``: an IANA name, such as Europe/Copenhagen; null: that of the browser."""

    model_config = ConfigDict(frozen=True)
    language: Spoken | None
    zone: str | None = Field(max_length=64)


class NewToken(BaseModel):
    """``scopes``: rights of one's own that the token is to have; ``days``: how long it is good."""

    model_config = ConfigDict(frozen=True)
    label: Label
    scopes: frozenset[Right] = Field(min_length=1)
    days: int = Field(ge=1, le=TOKEN_DAYS_MAX)


class TokenMade(BaseModel):
    """``secret`` is shown now and never again."""

    model_config = ConfigDict(frozen=True)
    token: TokenShown
    secret: str


def routes(keeper: Keeper) -> APIRouter:
    """Own things."""
    router = APIRouter(prefix="/account", tags=["account"])

    @router.get("", operation_id="account")
    def account(request: Request, person: Own) -> AccountShown:
        """How one proves who one is here, and what is open."""
        signed = browser(keeper, request, person)
        name = person.name
        return AccountShown(
            name=name,
            origin=signed.account.origin,
            passkeys=[filled(PasskeyShown, p) for p in keeper.passkeys.of(name)],
            sessions=[filled(SessionShown, s, here=s.id == signed.session.id) for s in keeper.sessions.of(name)],
            tokens=[token_shown(one) for one in keeper.tokens.of(name)],
            may_change_until_us=signed.session.proved_us + RECENT_US,
        )

    @router.put("/choices", operation_id="account_choices", status_code=204)
    def choices(given: Choices, request: Request, person: Own) -> None:
        """Language and time zone."""
        browser(keeper, request, person)
        if given.zone is not None and given.zone not in available_timezones():
            raise Trouble(422, "no-zone", Text("There is no such time zone."))
        keeper.accounts.choose(person.name, given.language, given.zone)

    @router.delete("/sessions/{session_id}", operation_id="account_end_session", status_code=204)
    def end_session(session_id: str, request: Request, person: Own) -> None:
        """Ends one of one's own sessions."""
        browser(keeper, request, person)
        if not keeper.sessions.end(person.name, session_id):
            raise trouble_of(CannotAccount("none", "no session"))

    _tokens(router, keeper)
    return router


def _tokens(router: APIRouter, keeper: Keeper) -> None:
    """What programs ask with."""

    @router.post("/tokens", operation_id="account_make_token")
    def make_token(given: NewToken, request: Request, person: Own) -> TokenMade:
        """A token for a program, with some of one's own rights."""
        browser(keeper, request, person)
        keeper.recent(request)
        if not given.scopes <= person.rights:
            raise Trouble(
                403,
                "too-wide",
                Text("A token has no right that you do not have."),
            )
        token = keeper.tokens.make(person.name, given.label, given.scopes, given.days)
        if token is None:
            raise trouble_of(CannotAccount("full", "too many tokens"))
        return TokenMade(token=token_shown(token[0]), secret=token[1])

    @router.delete("/tokens/{token_id}", operation_id="account_end_token", status_code=204)
    def end_token(token_id: str, request: Request, person: Own) -> None:
        """Ends a token at once."""
        browser(keeper, request, person)
        if not keeper.tokens.end(person.name, token_id):
            raise trouble_of(CannotAccount("none", "no token"))


def browser(keeper: Keeper, request: Request, person: Person) -> Signed:
    """The session behind a person; a token has none. Raises Trouble(403)."""
    if person.scopes is not None:
        raise Trouble(403, "in-browser", Text("A token may not do this: sign in."))
    return keeper.signed(request)


def token_shown(one: Token) -> TokenShown:
    """For its owner to see."""
    return filled(TokenShown, one, scopes=sorted(one.scopes))
