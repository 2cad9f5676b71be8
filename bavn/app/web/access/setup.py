"""``/setup``: what the owner of a one-time link does, once: choose a passkey, or a password with an app.

The link's secret comes in the body, never in an address, so that it stands in no log. Recovery codes are shown at the
end. Refuses to take a password alone.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.accounts import Account, CannotAccount
from bavn.app.web.access.keeper import Keeper, trouble_of
from bavn.app.web.access.logon import CODE_CHARS_MAX, Options, fits
from bavn.app.web.frame import Trouble, public
from bavn.model.text import Text

LINK_CHARS_MAX: Final = 64
Link = Annotated[str, Field(min_length=20, max_length=LINK_CHARS_MAX)]
Label = Annotated[str, Field(min_length=1, max_length=64)]


class LinkGiven(BaseModel):
    """``link``: the secret, what follows # in the address."""

    model_config = ConfigDict(frozen=True)
    link: Link


class Whose(BaseModel):
    """Whose account is being set up."""

    model_config = ConfigDict(frozen=True)
    name: str


class App(BaseModel):
    """``secret`` (base32) and ``uri`` (otpauth://) are for an authenticator app."""

    model_config = ConfigDict(frozen=True)
    secret: str
    uri: str


class PasswordGiven(BaseModel):
    """``code``: the app's first."""

    model_config = ConfigDict(frozen=True)
    link: Link
    password: str = Field(max_length=256)
    code: str = Field(max_length=CODE_CHARS_MAX)


class PasskeyGiven(BaseModel):
    """``credential`` as the browser made it; ``label``: what the person calls it."""

    model_config = ConfigDict(frozen=True)
    link: Link
    label: Label
    credential: dict[str, Any]


class Codes(BaseModel):
    """Recovery codes, each good once; they are not shown again."""

    model_config = ConfigDict(frozen=True)
    codes: list[str]


def routes(keeper: Keeper) -> APIRouter:
    """Public: whoever has the link is whom it was given to."""
    router = APIRouter(prefix="/setup", tags=["log-on"], dependencies=[public()])

    @router.post("", operation_id="setup_look")
    def look(given: LinkGiven, request: Request) -> Whose:
        """Whose link it is. 404 for one that is used, too old or nobody's."""
        return Whose(name=_owner(keeper, request, given.link).name)

    @router.post("/app", operation_id="setup_app")
    def app(given: LinkGiven, request: Request, response: Response) -> App:
        """A secret for an authenticator app; `setup_password` ends what begins here."""
        owner = _owner(keeper, request, given.link)
        secret = keeper.factors.new_totp()
        keeper.begin(response, "setup-app", name=owner.name, secret=secret)
        return App(secret=secret, uri=keeper.factors.uri(owner.name, secret))

    @router.post("/password", operation_id="setup_password")
    def password(given: PasswordGiven, request: Request, response: Response) -> Codes:
        """A password, and the app's first code."""
        owner = _owner(keeper, request, given.link)
        begun = begun_by(keeper, request, "setup-app", owner)
        try:
            keeper.factors.keep(owner.name, given.password, begun["secret"], given.code)
        except CannotAccount as error:
            keeper.begin(response, "setup-app", **begun)  # the same secret stands: the app has it already
            raise again(error, response) from error
        return _done(keeper, request, response, owner, "password")

    _with_passkey(router, keeper)
    return router


def _with_passkey(router: APIRouter, keeper: Keeper) -> None:
    """A passkey in place of a password."""

    @router.post("/passkey/begin", operation_id="setup_passkey_begin")
    def begin(given: LinkGiven, request: Request, response: Response) -> Options:
        """What the browser needs to make a passkey."""
        owner = _owner(keeper, request, given.link)
        options, challenge = keeper.passkeys.make(owner)
        keeper.begin(response, "setup-passkey", name=owner.name, challenge=challenge)
        return Options(options=options)

    @router.post("/passkey/finish", operation_id="setup_passkey_finish")
    def finish(given: PasskeyGiven, request: Request, response: Response) -> Codes:
        """The passkey that it made."""
        owner = _owner(keeper, request, given.link)
        begun = begun_by(keeper, request, "setup-passkey", owner)
        if not fits(given.credential):
            raise trouble_of(CannotAccount("bad-passkey", "too large"))
        try:
            keeper.passkeys.keep(owner.name, given.label, given.credential, begun["challenge"])
        except CannotAccount as error:
            raise trouble_of(error) from error
        return _done(keeper, request, response, owner, "passkey")


def _owner(keeper: Keeper, request: Request, link: str) -> Account:
    keeper.pay(request)
    account = keeper.accounts.by_link(link)
    if account is None:
        raise _no_link()
    return account


def _no_link() -> Trouble:
    return Trouble(
        404,
        "no-link",
        Text("This link is used, too old, or not a link of this console: ask for a new one."),
        "operator",
    )


def begun_by(keeper: Keeper, request: Request, kind: str, owner: Account) -> dict[str, Any]:
    """What this browser began for this account. Raises Trouble(409) where it did not, or too long ago."""
    begun = keeper.ended(request, kind)
    if begun is None or begun["name"] != owner.name:
        raise Trouble(409, "too-late", Text("That took too long: begin again."))
    return begun


def again(error: CannotAccount, response: Response) -> Trouble:
    """A refusal after which the browser may try again; its cookie goes with the answer."""
    trouble = trouble_of(error)
    trouble.headers = {"set-cookie": response.headers["set-cookie"]}
    return trouble


def _done(keeper: Keeper, request: Request, response: Response, owner: Account, how: str) -> Codes:
    """The link is used up, the account is active, its owner is signed in."""
    if not keeper.accounts.set_up(owner.name, how):
        raise _no_link()
    codes = keeper.factors.new_recovery(owner.name)
    keeper.sign_in(request, response, owner.name, how)
    return Codes(codes=codes)
