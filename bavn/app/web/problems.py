"""Every refusal in the one shape, in both languages, with nothing of what is inside: also the framework's own.

Refuses to repeat what was sent: a body may hold what no answer should.
"""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from bavn.app.acts.act import ActRefused, WhoActs
from bavn.app.web.frame import Trouble, tell, tell_trouble
from bavn.model.text import Capital, Text

FIELDS_MAX: Final = 20
FIELD_CHARS_MAX: Final = 80
WORDS: Final[dict[int, tuple[str, Text, WhoActs]]] = {
    400: ("not-understood", Text("This was not understood."), "you"),
    401: ("sign-in", Text("Sign in first."), "you"),
    403: ("not-allowed", Text("This is not allowed."), "operator"),
    404: ("not-found", Text("There is nothing here by that name."), "you"),
    405: ("not-so", Text("This cannot be done here."), "you"),
    409: (
        "changed",
        Text("Somebody changed this meanwhile: look again."),
        "you",
    ),
    413: ("too-large", Text("This is too large."), "you"),
    415: ("not-json", Text("The body must be JSON."), "you"),
    422: (
        "not-understood",
        Text("Some of this is not as it must be."),
        "you",
    ),
    429: (
        "too-much",
        Text("Too much at once: try again in a minute."),
        "wait",
    ),
    503: ("not-now", Text("Not now: try again in a moment."), "wait"),
}
OTHER: Final = ("refused", Text("This was refused."), "you")


def add_problems(app: FastAPI) -> None:
    """Puts the answers to everything that goes wrong into an application; what nobody foresaw is the guard's."""
    app.add_exception_handler(Trouble, tell_trouble)
    app.add_exception_handler(ActRefused, tell_refused)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(RequestValidationError, _of_validation)


def answer(refused: ActRefused) -> Text:
    """What an act says of itself, or its room's own words as a sentence."""
    return refused.text if refused.whole else said(refused.text)


def said(why: Exception | Text) -> Text:
    """Why a room refuses, as a sentence on a page: a capital first. What it says in no words of ours stays as it is."""
    return Text.shaped("{said}", said=Capital(why if isinstance(why, Text) else Text.of_error(why)))


async def tell_refused(_: Request, refused: Exception) -> Response:
    """The handler of ActRefused."""
    assert isinstance(refused, ActRefused)  # noqa: S101  registered for it alone
    return tell(refused.status, refused.kind, answer(refused), refused.act, wrong=refused.wrong)


async def _of_framework(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it alone
    code, text, act = WORDS.get(error.status_code, OTHER)
    answer = tell(error.status_code, code, text, act)
    for name, value in (error.headers or {}).items():
        if name.lower() == "allow":
            answer.headers["Allow"] = value
    return answer


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it alone
    code, text, act = WORDS[422]
    return tell(422, code, text, act, tuple(sorted({_where(one) for one in error.errors()}))[:FIELDS_MAX])


def _where(one: dict[str, Any]) -> str:
    """``body.why``: where in the request, by the names that the API's own document has."""
    return ".".join(str(part) for part in one.get("loc", ()))[:FIELD_CHARS_MAX]
