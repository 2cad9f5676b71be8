"""``/logon/oidc``: to the identity provider, and back. A browser's own way: every end is a redirect to a page.

Refuses to say more of a failure than which of a few kinds it was; the log has the rest.
"""

import logging
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from bavn.app.access.accounts import CannotAccount
from bavn.app.access.oidc import OidcAway, OidcRefused, Provider, new_verifier
from bavn.app.web.access.keeper import Keeper
from bavn.app.web.frame import public

_LOG = logging.getLogger(__name__)
PATH_CHARS_MAX: Final = 500
REFUSED: Final = "/?refused={}"


def routes(keeper: Keeper, provider: Provider) -> APIRouter:
    """Public: whoever comes here has not proved who they are."""
    router = APIRouter(prefix="/logon/oidc", tags=["log-on"], dependencies=[public()])

    @router.get("", operation_id="logon_oidc", status_code=303, response_class=RedirectResponse)
    def go(request: Request, back: str = "/") -> RedirectResponse:
        """Sends the browser to the identity provider. ``back``: the page to show afterwards."""
        keeper.count(request)
        secret = keeper.book.secret
        try:
            question = provider.ask({"state": secret(), "nonce": secret(), "verifier": new_verifier(secret())})
        except (OidcAway, OidcRefused) as error:
            return _failed(keeper, request, "oidc-away", str(error))
        answer = RedirectResponse(question.url, 303)
        keeper.begin(answer, "oidc", back=own_path(back), **question.said)
        return answer

    @router.get("/back", operation_id="logon_oidc_back", status_code=303, response_class=RedirectResponse)
    def came(request: Request) -> RedirectResponse:
        """The identity provider sends the browser here."""
        keeper.count(request)
        begun = keeper.ended(request, "oidc")
        if begun is None:
            return _failed(keeper, request, "too-late", "nobody began this here, or too long ago")
        try:
            vouched = provider.answered(dict(request.query_params), begun)
            account = keeper.accounts.known(vouched.subject, vouched.name, vouched.roles, vouched.actors)
        except OidcAway as error:
            return _failed(keeper, request, "oidc-away", str(error))
        except (OidcRefused, CannotAccount) as error:
            return _failed(keeper, request, error.code, str(error))
        answer = RedirectResponse(begun["back"], 303)
        keeper.sign_in(request, answer, account.name, "oidc")
        return answer

    return router


def own_path(given: str) -> str:
    """The path of a page of this console; its start where the given one is none."""
    plain = given.startswith("/") and not given.startswith(("//", "/\\", "/api/")) and given.isprintable()
    return given if plain and "\\" not in given and len(given) <= PATH_CHARS_MAX else "/"


def _failed(keeper: Keeper, request: Request, code: str, line: str) -> RedirectResponse:
    _LOG.warning("a log-on by the identity provider failed: %s", line)
    keeper.note_refused("(oidc)", how="oidc", why=line[:200], address=keeper.address(request))
    return RedirectResponse(REFUSED.format(code), 303)
