"""Publications: drafted, put in other words, approved, published, archived, withdrawn and sent by people.

Refuses to render, and to say who is a publisher: the account's role does.
"""

from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, Input, Kind, act
from bavn.app.acts.centre.refusals import KINDS
from bavn.centre.publish.document import SOURCES_MAX, TEXT_CHARS_MAX, Source, SourceKind
from bavn.centre.publish.document import Kind as DocumentKind
from bavn.centre.publish.edit import Change
from bavn.centre.publish.editions import WHY_CHARS_MAX, ChangedMeanwhile, Edition, Editions, NotYours, UnknownEdition
from bavn.centre.publish.life import EditionAct, NoSuchAct
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.centre.publish_parts import Sending
    from bavn.app.config.load import CentreFile
    from bavn.centre.desk.publishing import Publishing

REFUSES: Final[tuple[Kind, ...]] = (
    (UnknownEdition, 404, "unknown-document", "you"),
    (ChangedMeanwhile, 409, "changed-meanwhile", "you"),
    (NoSuchAct, 409, "not-now", "you"),
    (NotYours, 403, "not-this-person", "colleague"),
    *KINDS,
)
PersonsAct = Literal[EditionAct.APPROVE, EditionAct.PUBLISH, EditionAct.ARCHIVE, EditionAct.WITHDRAW]


class Drafting(Input):
    """``period`` empty: the last whole month or quarter."""

    kind: Literal[DocumentKind.BRIEF, DocumentKind.FORECAST] = Field(
        description="brief for a month, forecast for a quarter"
    )
    period: str = Field(default="", max_length=10)


class SourceGiven(Input):
    """What a person's sentence rests on beside the person."""

    kind: SourceKind
    ref: str = Field(min_length=1, max_length=300)


class Wording(Input):
    """One change at ``place``: other words, a new sentence after it, or the block taken out."""

    place: str = Field(max_length=50)
    act: Literal["reword", "add", "remove"]
    en: str = Field(default="", max_length=TEXT_CHARS_MAX)
    da: str = Field(default="", max_length=TEXT_CHARS_MAX)
    sources: list[SourceGiven] = Field(default=[], max_length=SOURCES_MAX - 1)

    def change(self) -> Change:
        """As the room takes it. Raises ActRefused."""
        words = [self.en.strip(), self.da.strip()]
        if self.act == "remove" and any(words):
            raise ActRefused(422, "no-words", Text("A block that is taken out gets no other words."))
        if self.act != "remove" and not all(words):
            raise ActRefused(422, "both-languages", Text("A sentence is said in both languages."))
        return Change(
            place=self.place,
            text=None if self.act == "remove" else Text.written(words[0], da=words[1]),
            after=self.act == "add",
            sources=tuple(Source(one.kind, one.ref) for one in self.sources),
        )


class Editing(Wording):
    """The same, and why. ``seen``: the version that was read."""

    why: str = Field(min_length=1, max_length=WHY_CHARS_MAX)
    seen: int = Field(ge=1, le=100_000)


class Acting(Input):
    """``withdraw`` needs a reason. ``seen``: the version that was read."""

    act: PersonsAct
    why: str = Field(default="", max_length=WHY_CHARS_MAX)
    seen: int = Field(ge=1, le=100_000)


@act(Right.TRIAGE, *REFUSES, only="page")
def draft(publishing: "Publishing", body: Drafting) -> Edition:
    """Build a document of what the centre has and keep it as a draft; again, as long as nobody has edited it."""
    return publishing.draft(body.kind, body.period)


@act(Right.TRIAGE, *REFUSES, only="page")
def edit(editions: Editions, by: str, edition_id: str, body: Wording, why: str, seen: int | None) -> Edition:
    """Put a sentence in other words, add one, or take a block out; each is a new version, with your name."""
    return editions.edit(edition_id, body.change(), by, why, seen)


@act(Right.PUBLISH, *REFUSES)
def step(editions: Editions, by: str, edition_id: str, way: PersonsAct, why: str, seen: int | None) -> Edition:
    """Approve, publish, archive or withdraw. Who edited it last does not approve it."""
    return editions.act(edition_id, way, by, why, seen, by_role=True)


@act(Right.PUBLISH, *REFUSES, only="command")
def send(
    publishing: "Publishing", by: str, file: "CentreFile", edition_id: str, to: tuple[str, ...], language: Language
) -> "Sending":
    """Send what was published as PDF by e-mail, once to each address and version."""
    from bavn.app.centre.publish_parts import send_edition
    from bavn.app.config.remind import is_address

    if not to or not all(map(is_address, to)):
        raise ActRefused(422, "no-address", Text("say --to ADDRESS, or name addresses in [publish] mail_to"))
    return send_edition(file, publishing, publishing.editions.get(edition_id), to, language, by)
