"""``/account/proofs``: passkeys, password with an app, and recovery codes of one's own account.

Each needs a log-on of the last ten minutes; afterwards this session has a new secret and every other one is over.
Refuses to take away the last proof, and to change an account that an identity provider vouches for.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.accounts import CannotAccount
from bavn.app.web.access.account import Own, browser
from bavn.app.web.access.keeper import Keeper, Signed, trouble_of
from bavn.app.web.access.logon import CODE_CHARS_MAX, Options, fits
from bavn.app.web.access.setup import App, Label, again, begun_by
from bavn.app.web.frame import Person, Trouble
from bavn.model.text import Text


class Changed(BaseModel):
    """``csrf``: the session has a new secret, and so a new CSRF token. ``codes``: new recovery codes, where some were
    made; shown now and never again."""

    model_config = ConfigDict(frozen=True)
    csrf: str
    codes: list[str] = []


class NewPassword(BaseModel):
    """``code``: the app's first."""

    model_config = ConfigDict(frozen=True)
    password: str = Field(max_length=256)
    code: str = Field(max_length=CODE_CHARS_MAX)


class NewPasskey(BaseModel):
    """``credential`` as the browser made it; ``label``: what the person calls it."""

    model_config = ConfigDict(frozen=True)
    label: Label
    credential: dict[str, Any]


def routes(keeper: Keeper) -> APIRouter:
    """Ways to prove who one is."""
    router = APIRouter(prefix="/account/proofs", tags=["account"])
    _with_password(router, keeper)
    _with_passkeys(router, keeper)

    @router.post("/recovery", operation_id="account_recovery")
    def recovery(request: Request, response: Response, person: Own) -> Changed:
        """New recovery codes instead of all that there were."""
        signed = _fresh(keeper, request, person)
        codes = keeper.factors.new_recovery(signed.account.name)
        return Changed(csrf=keeper.rotate(response, signed), codes=codes)

    return router


def _with_password(router: APIRouter, keeper: Keeper) -> None:
    """A password and an app's codes."""

    @router.post("/app", operation_id="account_app")
    def app(request: Request, response: Response, person: Own) -> App:
        """A secret for an authenticator app; `account_password` ends what begins here."""
        signed = _fresh(keeper, request, person)
        secret = keeper.factors.new_totp()
        keeper.begin(response, "own-app", name=signed.account.name, secret=secret)
        return App(secret=secret, uri=keeper.factors.uri(signed.account.name, secret))

    @router.put("/password", operation_id="account_password")
    def password(given: NewPassword, request: Request, response: Response, person: Own) -> Changed:
        """Another password with another app, or the first."""
        signed = _fresh(keeper, request, person)
        begun = begun_by(keeper, request, "own-app", signed.account)
        try:
            keeper.factors.keep(signed.account.name, given.password, begun["secret"], given.code)
        except CannotAccount as error:
            keeper.begin(response, "own-app", **begun)
            raise again(error, response) from error
        return Changed(csrf=keeper.rotate(response, signed))

    @router.delete("/password", operation_id="account_drop_password")
    def drop_password(request: Request, response: Response, person: Own) -> Changed:
        """No password any more; there must be a passkey."""
        signed = _fresh(keeper, request, person)
        _leaves(signed.account.passkeys)
        keeper.factors.drop(signed.account.name)
        return Changed(csrf=keeper.rotate(response, signed))


def _with_passkeys(router: APIRouter, keeper: Keeper) -> None:
    """Passkeys, any number of them."""

    @router.post("/passkeys/begin", operation_id="account_passkey_begin")
    def begin(request: Request, response: Response, person: Own) -> Options:
        """What the browser needs to make another passkey."""
        signed = _fresh(keeper, request, person)
        options, challenge = keeper.passkeys.make(signed.account)
        keeper.begin(response, "own-passkey", name=signed.account.name, challenge=challenge)
        return Options(options=options)

    @router.post("/passkeys/finish", operation_id="account_passkey_finish")
    def finish(given: NewPasskey, request: Request, response: Response, person: Own) -> Changed:
        """The passkey that it made."""
        signed = _fresh(keeper, request, person)
        begun = begun_by(keeper, request, "own-passkey", signed.account)
        if not fits(given.credential):
            raise trouble_of(CannotAccount("bad-passkey", "too large"))
        try:
            keeper.passkeys.keep(signed.account.name, given.label, given.credential, begun["challenge"])
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Changed(csrf=keeper.rotate(response, signed))

    @router.delete("/passkeys/{key_id}", operation_id="account_drop_passkey")
    def drop_passkey(key_id: str, request: Request, response: Response, person: Own) -> Changed:
        """One passkey less; another proof must be left."""
        signed = _fresh(keeper, request, person)
        _leaves(signed.account.passkeys - 1 + signed.account.password)
        try:
            keeper.passkeys.drop(signed.account.name, key_id)
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Changed(csrf=keeper.rotate(response, signed))


def _fresh(keeper: Keeper, request: Request, person: Person) -> Signed:
    browser(keeper, request, person)
    signed = keeper.recent(request)
    if signed.account.origin != "local":
        raise trouble_of(CannotAccount("not-local", "of the identity provider"))
    return signed


def _leaves(proofs: int) -> None:
    if proofs < 1:
        raise Trouble(
            409,
            "last-proof",
            Text("This is the last way to prove who you are: add another first."),
        )
