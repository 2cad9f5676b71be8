"""What every route of a console stands on: who asks, what they may, how a refusal reads, how a list is paged.

``allow(right)`` is the only way to a person: a route without it, ``signed_in()`` or ``public()`` does not pass
tests/app/web (each route x each role).
Refuses to know how somebody proves who they are: an Access does.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from bavn.app.access.rights import RIGHTS, Right, Role
from bavn.app.acts.act import Act, WhoActs
from bavn.model.catalogue import languages
from bavn.model.text import Language, Text
from bavn.wire.reading import mended, read

API: Final = "/api/v1"
LIMIT_MAX: Final = 500
CURSOR_CHARS_MAX: Final = 512
KEY_MAX: Final = (1 << 63) - 1
"""No database holds a larger number to go on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks. ``scopes``: a token's, which narrow its owner's rights; None for a person in a browser. ``actors``: the
    nodes of a console that this person may see; None for all of them."""

    name: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    scopes: frozenset[Right] | None = None
    actors: frozenset[str] | None = None

    @property
    def rights(self) -> frozenset[Right]:
        given = frozenset(right for role in self.roles for right in RIGHTS[role])
        return given if self.scopes is None else given & self.scopes

    def may(self, right: Right) -> bool:
        return right in self.rights


class Access(Protocol):
    """How a console knows who asks; lies in ``app.state.access``."""

    def person(self, request: Request) -> Person:
        """Raises Trouble(401) for nobody, Trouble(403) for a change without its CSRF token."""
        ...

    def facts(self, request: Request) -> "SessionContext":
        """What a person's own page needs beside who they are. Only after ``person``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContext:
    """``csrf`` goes into the header X-Bavn-CSRF of each change; None for a token, which needs none. ``language`` and
    ``zone`` (IANA) are what the person chose; None until then. ``until_us``: when the log-on ends at the latest."""

    csrf: str | None = None
    language: Language | None = None
    zone: str | None = None
    until_us: int | None = None


class Trouble(Exception):
    """A refusal for the person who asked, in their language, with who must act. ``code`` is for machines."""

    def __init__(self, status: int, code: str, text: Text, act: WhoActs = "you") -> None:
        super().__init__(text.en)
        self.status, self.code, self.text, self.act = status, code, text, act
        self.headers: dict[str, str] = {}


class TextShape(BaseModel):
    """A sentence in English and Danish, and by its name in each other language that it has been translated to; a page
    shows the one its reader chose, else the English one."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, str]
    en: str
    da: str

    @classmethod
    def of(cls, text: Text) -> "TextShape":
        return cls.model_validate(text.spoken())

    @classmethod
    def kept(cls, told: Mapping[str, Any]) -> "TextShape":
        """Of JSON that holds what ``Text.spoken`` gave, beside other things."""
        return cls.model_validate({language: told[language] for language in languages() if language in told})

    def say(self, language: Language) -> str:
        """In ``language``, or in English."""
        return self.da if language == "da" else (self.model_extra or {}).get(language, self.en)


def filled[S: BaseModel](shape: type[S], *values: object, **more: object) -> S:
    """A shape with what these values, the first before the next, have under its fields' names; ``more`` goes before."""
    same = {
        name: getattr(value, name) for value in reversed(values) for name in shape.model_fields if hasattr(value, name)
    }
    return shape(**same | more)


class Refusal(BaseModel):
    """The body of every answer from 400 up (media type application/problem+json, RFC 9457)."""

    type: str
    status: int
    title: TextShape
    act: WhoActs
    fields: tuple[str, ...] = ()
    """Of a body or query that was not understood: where, such as ``body.why``."""
    wrong: dict[str, TextShape] = {}
    """What is wrong with which field of a form, to be said beside it."""


class Rows[T](BaseModel):
    """A page of a list. ``next`` goes into ``after`` of the next request; None at the end. ``total`` where it is known
    without counting."""

    items: list[T]
    next: str | None = None
    total: int | None = None


def allow(what: Right | Act[..., Any]) -> Any:
    """``person: Annotated[Person, allow(Right.READ)]``: the person who asks, who has this right, or that of an act."""
    right = what.right if isinstance(what, Act) else what

    def checked(request: Request) -> Person:
        access: Access = request.app.state.access
        person = access.person(request)
        if not person.may(right):
            raise Trouble(
                403,
                "not-allowed",
                Text("Your role does not allow this: ask whoever gives out accounts."),
                "operator",
            )
        return person

    checked.right, checked.what = right, what  # type: ignore[attr-defined]  # read by the test over all routes
    return Depends(checked)


def behind() -> Any:
    """``house: Annotated[SacContext, behind()]``: what the console stands on; lies in ``app.state.house``."""

    async def house(request: Request) -> Any:
        return request.app.state.house

    return Depends(house)


def signed_in() -> Any:
    """Whoever proved who they are, whatever their rights: for a person's own things."""

    def checked(request: Request) -> Person:
        access: Access = request.app.state.access
        return access.person(request)

    checked.right = None  # type: ignore[attr-defined]  # read by the test over all routes
    return Depends(checked)


def public() -> Any:
    """``dependencies=[public()]``: a route that is meant for whoever has not proved who they are yet."""

    def checked() -> None:
        return None

    checked.public = True  # type: ignore[attr-defined]  # read by the test over all routes
    return Depends(checked)


def tell(
    status: int,
    code: str,
    text: Text,
    act: WhoActs = "you",
    fields: tuple[str, ...] = (),
    wrong: Mapping[str, Text] | None = None,
) -> JSONResponse:
    """An answer from 400 up."""
    beside = {name: TextShape.of(why) for name, why in (wrong or {}).items()}
    body = Refusal(type=code, status=status, title=TextShape.of(text), act=act, fields=fields, wrong=beside)
    headers = {"Retry-After": "60"} if status == 429 else {}
    return JSONResponse(body.model_dump(mode="json"), status, headers, media_type="application/problem+json")


async def tell_trouble(_: Request, trouble: Exception) -> JSONResponse:
    """The handler of Trouble."""
    assert isinstance(trouble, Trouble)  # noqa: S101  registered for it alone
    answer = tell(trouble.status, trouble.code, trouble.text, trouble.act)
    for name, value in trouble.headers.items():
        answer.headers[name] = value
    return answer


Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
After = Annotated[str | None, Query(max_length=CURSOR_CHARS_MAX)]


def cursor(*key: str | float | None) -> str:
    """Where a page ended, as one opaque word."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def opened(after: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """A cursor's parts, each of its kind; None without one. Raises Trouble where it is no cursor of this list."""
    if after is None:
        return None
    parts: Any = read(_cursor_parts, after)
    fits = isinstance(parts, list) and len(parts) == len(kinds) and all(map(isinstance, parts, kinds))
    if not fits or any(isinstance(one, int) and abs(one) > KEY_MAX for one in parts):
        raise Trouble(
            400,
            "bad-cursor",
            Text("This page of the list cannot be found: begin at its start."),
        )
    return tuple(parts)


def _cursor_parts(after: str) -> Any:
    raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
    return mended(json.loads(raw), raw)


def page[T](rows: Sequence[T], limit: int, key: Callable[[T], Sequence[str | float | None]]) -> Rows[T]:
    """Of ``limit + 1`` rows that were asked for, the page and where the next one begins."""
    shown = list(rows[:limit])
    return Rows(items=shown, next=cursor(*key(shown[-1])) if len(rows) > limit else None)
