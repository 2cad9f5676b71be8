"""What several areas of the SOC's console say in the same way, and what a path may hold. Refuses to fetch anything."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict

from bavn.app.access.rights import Right
from bavn.app.acts.node.here import Here, Tried
from bavn.app.web.frame import Person, Refusal, TextShape, allow
from bavn.model.text import Text

NodeName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,39}$", description="A node, by its actor's name.")]
SuspicionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="A suspicion's id.")]
IndicatorId = Annotated[str, Path(pattern=r"^indicator--[0-9a-f-]{36}$", description="indicator--...")]
CaseId = Annotated[str, Path(pattern=r"^case-[0-9a-f]{16}$", description="case-...")]
HostAddress = Annotated[str, Path(pattern=r"^[0-9a-fA-F:.]{2,45}$", description="An own host's address.")]
Reads = Annotated[Person, allow(Right.SOC_READ)]
Hunter = Annotated[Person, allow(Right.SOC_HUNT)]
CODES = (400, 401, 403, 404, 409, 422, 429, 503)
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal, "content": {"application/problem+json": {}}} for code in CODES
}


class Frozen(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class Done(Frozen):
    """What was done, or left for the running node to do."""

    says: TextShape

    @classmethod
    def of(cls, text: Text) -> "Done":
        return cls(says=TextShape.of(text))


def refusal(found: Tried) -> TextShape | None:
    """What gate 1 says of an answer that would not leave."""
    says = found.says()
    return None if says is None else TextShape.of(says)


def when_sent(here: Here, found: Tried) -> TextShape | None:
    """When the node sends an answer that was left for it; None where it was only shown."""
    return None if found.number is None else TextShape.of(here.when())


class Column(Frozen):
    """A column of an answer."""

    name: str
    kind: str


def file_name(*parts: str) -> str:
    """A name for a download: letters, digits and - alone."""
    return "-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in part) for part in parts)


LIKE_ESCAPED = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})


def like(text: str) -> str:
    """A pattern for LIKE ... ESCAPE '\\' that holds this text anywhere."""
    return f"%{text.translate(LIKE_ESCAPED)}%"
