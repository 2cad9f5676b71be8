"""What an act is: an ordinary function, and beside it the right that it needs and what of its rooms' errors refuses it.

`app/web` makes a route of it and `app/cli` a command. Expect no right to be asked for here: both skins ask before.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bavn.app.access.rights import Right
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

WhoActs = Literal["you", "colleague", "operator", "centre", "wait"]
"""Who must act after a refusal: the person asking, another person, whoever runs the installation, the sector's centre,
or nobody: it is tried again."""
Skin = Literal["command", "page"]
Kind = tuple[type[Exception], int, str, WhoActs]
"""A refusal of a room: what it is, its status, its code, and who must act."""
EXITS: Final = {403: Exit.NOT_NOW, 404: Exit.NOT_FOUND, 409: Exit.NOT_NOW, 422: Exit.USAGE, 503: Exit.NOT_NOW}
ABSENT: Final = (
    "unknown-",
    "not-active",
    "no-verdict",
    "no-case",
    "no-task",
    "no-warning",
    "never-named",
)
"""How the code of what is not there begins."""
WHY_CHARS_MAX: Final = 500
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Why = Annotated[str, Field(min_length=1, max_length=WHY_CHARS_MAX)]


class Input(BaseModel):
    """What an act takes: a route's body and a command's options. Frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ActRefused(Stop):
    """An act that was not done. ``code`` is for a shell: who or what is not there is not found.
    ``status`` and ``kind`` are for a program that asks by HTTP. ``whole``: its text is a sentence as it stands.
    ``aside``: what is said of it to a shell alone. ``wrong``: what is wrong with which part of what was given."""

    def __init__(
        self,
        status: int,
        kind: str,
        text: Text,
        act: WhoActs = "you",
        *,
        whole: bool = True,
        aside: str | Text = "",
        code: Exit | None = None,
        wrong: Mapping[str, Text] | None = None,
    ) -> None:
        code = code or (Exit.NOT_FOUND if kind.startswith(ABSENT) else EXITS[status])
        super().__init__(code, Text.shaped("{text} ({aside})", text=text, aside=aside) if aside else text)
        self.status, self.kind, self.text, self.act, self.whole = status, kind, text, act, whole
        self.wrong = dict(wrong or {})


@contextmanager
def refusing(*kinds: Kind) -> Iterator[None]:
    """A room's error of one of these kinds, the first that fits, becomes ActRefused; any other stays what it is."""
    try:
        yield
    except Stop:
        raise
    except tuple(kind[0] for kind in kinds) as error:
        _, status, code, who = next(kind for kind in kinds if isinstance(error, kind[0]))
        raise ActRefused(status, code, Text.of_error(error), who, whole=False) from error


class Act[**Given, Done]:
    """A function that does one thing for a person who has ``right``. Calling it raises ActRefused.
    ``only``: no page, or no command, offers it."""

    def __init__(
        self, do: Callable[Given, Done], right: Right, kinds: tuple[Kind, ...], *, only: Skin | None = None
    ) -> None:
        self.do, self.right, self.kinds, self.only = do, right, kinds, only
        self.__doc__ = do.__doc__

    def __call__(self, *given: Given.args, **named: Given.kwargs) -> Done:
        with refusing(*self.kinds):
            return self.do(*given, **named)


class _Declared(Protocol):
    def __call__[**Given, Done](self, do: Callable[Given, Done], /) -> Act[Given, Done]: ...


def act(right: Right, *kinds: Kind, only: Skin | None = None) -> _Declared:
    """``@act(Right.TRIAGE, *KINDS)`` above a function makes it an Act."""

    def declared[**Given, Done](do: Callable[Given, Done], /) -> Act[Given, Done]:
        return Act(do, right, kinds, only=only)

    return declared
