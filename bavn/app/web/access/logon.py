"""``/logon``: proving who one is, by passkey or by a sign-in link; ``/session``: leaving.

What failed is never said: one refusal for all. Refuses to know roles.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.oidc import Provider
from bavn.app.access.passkeys import CREDENTIAL_CHARS_MAX
from bavn.app.web.access.keeper import Keeper
from bavn.app.web.frame import Person, Trouble, public, signed_in
from bavn.app.web.problems import WORDS
from bavn.model.text import Text

LINK_CHARS_MAX: Final = 64


class Ways(BaseModel):
    """How one can log on here, besides passkeys. ``oidc``: what the identity provider is called; null for none."""

    model_config = ConfigDict(frozen=True)
    oidc: str | None


class ByLink(BaseModel):
    """``link``: the secret, what follows # in the address: so it stands in no log."""

    model_config = ConfigDict(frozen=True)
    link: str = Field(min_length=20, max_length=LINK_CHARS_MAX)


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
        return Ways(oidc=None if provider is None else provider.label)

    _by_passkey(router, keeper)
    _by_link(router, keeper)

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
            keeper.note_refused("(passkey)", how="passkey", address=address)
            raise Trouble(401, "refused", Text("This log-on was refused."))
        keeper.sign_in(request, response, name, "passkey")


def _by_link(router: APIRouter, keeper: Keeper) -> None:
    """By a sign-in link, which the machine's command line makes."""

    @router.post("/logon/link", operation_id="logon_link", status_code=204, dependencies=[public()])
    def link(given: ByLink, request: Request, response: Response) -> None:
        """By a sign-in link, which is spent. 404 for one that is spent, too old or nobody's."""
        address = keeper.pay(request)
        spent = keeper.accounts.spend(given.link)
        if spent is None:
            keeper.note_refused("(link)", how="link", address=address)
            text = Text("This link is used, too old, or not a link of this console: ask for a new one.")
            raise Trouble(404, "no-link", text, "operator")
        account, made_by = spent
        keeper.sign_in(request, response, account.name, "link", made_by)


def fits(credential: dict[str, Any]) -> bool:
    """Whether it is small enough to be a passkey's."""
    return len(str(credential)) <= CREDENTIAL_CHARS_MAX
