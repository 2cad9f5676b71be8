"""``/logon``: proving who one is, by password and code or by passkey; ``/session``: leaving.

What failed is never said: one refusal for all. Refuses to know roles.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.oidc import Provider
from bavn.app.access.passkeys import CREDENTIAL_CHARS_MAX
from bavn.app.web.access.keeper import Keeper, wait
from bavn.app.web.frame import Person, Trouble, public, signed_in
from bavn.app.web.problems import WORDS

NAME_CHARS_MAX: Final = 64
CODE_CHARS_MAX: Final = 40


class Ways(BaseModel):
    """How one can log on here. ``oidc``: what the identity provider is called; null for none."""

    model_config = ConfigDict(frozen=True)
    password: bool
    passkey: bool
    oidc: str | None


class ByPassword(BaseModel):
    """``code``: the app's, or a recovery code."""

    model_config = ConfigDict(frozen=True)
    name: str = Field(max_length=NAME_CHARS_MAX)
    password: str = Field(max_length=256)
    code: str = Field(max_length=CODE_CHARS_MAX)


class ByRecovery(BaseModel):
    """``code``: one of the recovery codes that were shown once."""

    model_config = ConfigDict(frozen=True)
    name: str = Field(max_length=NAME_CHARS_MAX)
    code: str = Field(max_length=CODE_CHARS_MAX)


class Proof(BaseModel):
    """``credential``: what the browser made, as JSON (PublicKeyCredential.toJSON())."""

    model_config = ConfigDict(frozen=True)
    credential: dict[str, Any]


class Options(BaseModel):
    """``options``: for navigator.credentials, as JSON (WebAuthn Level 3)."""

    model_config = ConfigDict(frozen=True)
    options: dict[str, Any]


def routes(keeper: Keeper, provider: Provider | None = None) -> APIRouter:
    """``provider``: the identity provider, where there is one."""
    router = APIRouter(tags=["log-on"])

    @router.get("/logon", operation_id="logon_ways", dependencies=[public()])
    def ways() -> Ways:
        """How one can log on here."""
        return Ways(password=True, passkey=True, oidc=None if provider is None else provider.label)

    _by_codes(router, keeper)
    _by_passkey(router, keeper)

    @router.delete("/session", operation_id="sign_out", status_code=204)
    def leave(request: Request, response: Response, person: Annotated[Person, signed_in()]) -> None:
        """Ends this session."""
        if person.scopes is not None:
            code, text, act = WORDS[405]
            raise Trouble(405, code, text, act)
        signed = keeper.signed(request)
        keeper.sessions.end(signed.account.name, signed.session.id)
        keeper.take_back(response)

    return router


def _by_codes(router: APIRouter, keeper: Keeper) -> None:
    """By what one knows, and an app or a list of codes: whoever guesses waits longer each time."""

    @router.post("/logon/password", operation_id="logon_password", status_code=204, dependencies=[public()])
    def password(given: ByPassword, request: Request, response: Response) -> None:
        """By password and code. 401 for whatever does not fit; 429 after too many of those."""
        address = keeper.pay(request)
        if keeper.backoff.wait_s(given.name, address) > 0:
            wait()
        name = keeper.factors.prove(given.name, given.password, given.code)
        if name is None:
            keeper.backoff.failed(given.name, address)
            keeper.refused(given.name, address, "password")
        keeper.backoff.worked(given.name, address)
        keeper.sign_in(request, response, name, "password")

    @router.post("/logon/recovery", operation_id="logon_recovery", status_code=204, dependencies=[public()])
    def recovery(given: ByRecovery, request: Request, response: Response) -> None:
        """By a recovery code alone, for whoever lost their device. 401 for whatever does not fit."""
        address = keeper.pay(request)
        if keeper.backoff.wait_s(given.name, address) > 0:
            wait()
        name = keeper.factors.recover(given.name, given.code)
        if name is None:
            keeper.backoff.failed(given.name, address)
            keeper.refused(given.name, address, "recovery")
        keeper.sign_in(request, response, name, "recovery")


def _by_passkey(router: APIRouter, keeper: Keeper) -> None:
    """By what one has: nothing in it can be guessed."""

    @router.post("/logon/passkey/begin", operation_id="logon_passkey_begin", dependencies=[public()])
    def begin(request: Request, response: Response) -> Options:
        """By passkey: what the browser asks its device for."""
        keeper.pay(request)
        options, challenge = keeper.passkeys.ask()
        keeper.begin(response, "passkey", challenge=challenge)
        return Options(options=options)

    @router.post("/logon/passkey/finish", operation_id="logon_passkey_finish", status_code=204, dependencies=[public()])
    def finish(given: Proof, request: Request, response: Response) -> None:
        """By passkey: what the device signed. 401 for whatever does not fit."""
        address = keeper.pay(request)
        begun = keeper.ended(request, "passkey")
        name = None
        if begun is not None and fits(given.credential):
            name = keeper.passkeys.prove(given.credential, begun["challenge"])
        if name is None:
            keeper.refused("", address, "passkey")
        keeper.sign_in(request, response, name, "passkey")


def fits(credential: dict[str, Any]) -> bool:
    """Whether it is small enough to be a passkey's."""
    return len(str(credential)) <= CREDENTIAL_CHARS_MAX
