"""``/account/proofs``: passkeys of one's own account.

Each needs a log-on of the last ten minutes; afterwards this session has a new secret and every other one is over.
Refuses to take away the last one, and to change an account that an identity provider vouches for.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from bavn.app.access.accounts import Account, CannotAccount
from bavn.app.web.access.account import Label, Own, browser
from bavn.app.web.access.keeper import Keeper, Signed, trouble_of
from bavn.app.web.access.logon import Options, fits
from bavn.app.web.frame import Person, Trouble
from bavn.model.text import Text


class Changed(BaseModel):
    """``csrf``: the session has a new secret, and so a new CSRF token."""

    model_config = ConfigDict(frozen=True)
    csrf: str


class NewPasskey(BaseModel):
    """``credential`` as the browser made it; ``label``: what the person calls it."""

    model_config = ConfigDict(frozen=True)
    label: Label
    credential: dict[str, Any]


def routes(keeper: Keeper) -> APIRouter:
    """Passkeys, any number of them."""
    router = APIRouter(prefix="/account/proofs", tags=["account"])

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
        begun = _begun_by(keeper, request, "own-passkey", signed.account)
        if not fits(given.credential):
            raise trouble_of(CannotAccount("bad-passkey", "too large"))
        try:
            keeper.passkeys.keep(signed.account.name, given.label, given.credential, begun["challenge"])
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Changed(csrf=keeper.rotate(response, signed))

    @router.delete("/passkeys/{key_id}", operation_id="account_drop_passkey")
    def drop_passkey(key_id: str, request: Request, response: Response, person: Own) -> Changed:
        """One passkey less; another must be left."""
        signed = _fresh(keeper, request, person)
        if signed.account.passkeys < 2:
            raise Trouble(409, "last-proof", Text("This is the last way to prove who you are: add another first."))
        try:
            keeper.passkeys.drop(signed.account.name, key_id)
        except CannotAccount as error:
            raise trouble_of(error) from error
        return Changed(csrf=keeper.rotate(response, signed))

    return router


def _begun_by(keeper: Keeper, request: Request, kind: str, owner: Account) -> dict[str, Any]:
    """What this browser began for this account. Raises Trouble(409) where it did not, or too long ago."""
    begun = keeper.ended(request, kind)
    if begun is None or begun["name"] != owner.name:
        raise Trouble(409, "too-late", Text("That took too long: begin again."))
    return begun


def _fresh(keeper: Keeper, request: Request, person: Person) -> Signed:
    browser(keeper, request, person)
    signed = keeper.recent(request)
    if signed.account.origin != "local":
        raise trouble_of(CannotAccount("not-local", "of the identity provider"))
    return signed
