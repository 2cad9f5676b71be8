"""Opens what publishes at a centre, and turns documents into files and mails. Refuses to decide what is published."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bavn.app.centre.parts import open_desk
from bavn.app.centre.reminding import ways_of
from bavn.app.config.load import CentreFile
from bavn.app.net.mailer import Attachment, Mail, NotSent, send
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.app.process.failure_folder import failures_in
from bavn.app.process.whole_file import write_whole
from bavn.app.reports.apart import document_apart, document_file
from bavn.app.reports.page import DocumentStatus
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.publishing import Publishing, PublishTerms
from bavn.centre.publish.codec import document_text
from bavn.centre.publish.document import Document, Sentence
from bavn.centre.publish.editions import Edition
from bavn.centre.publish.life import EditionState
from bavn.model.intel.indicator import Tlp
from bavn.model.text import Language, Text

Form = Literal["html", "pdf", "json"]
_BODY: Final = Text(
    "{title}\n{sector}, {tlp}\n\n{said}\n\nThe whole document, with the source of every sentence, is attached.\n"
)


@contextmanager
def open_publishing(file: CentreFile) -> Iterator[Publishing]:
    """For as long as one command asks. Stop before ``init``."""
    desk = open_desk(file)
    try:
        yield publishing_of(file, desk)
    finally:
        desk.engine.dispose()


def publishing_of(file: CentreFile, desk: Desk) -> Publishing:
    """Over a desk that is open."""
    terms = PublishTerms(
        sector=file.centre.limits.sector, tlp=Tlp(file.publish.tlp), publishers=file.publish.publishers
    )
    return Publishing(desk, BesideClock(file.folder), terms, failures_in(file.folder))


def standing(edition: Edition) -> DocumentStatus:
    """How a kept document is shown."""
    return DocumentStatus(edition.state, edition.version, edition.approved_by)


def rendered(document: Document, form: Form, language: Language, how: DocumentStatus) -> bytes:
    """A document as a file's bytes, drawn in this process: for commands. Stop, where a library is missing."""
    return document_text(document).encode() if form == "json" else document_file(document, form, language, how)


def rendered_apart(document: Document, form: Form, language: Language, how: DocumentStatus) -> bytes:
    """The same, drawn in a process of its own: for services. Stop also where others draw, or it takes too long."""
    return document_text(document).encode() if form == "json" else document_apart(document, form, language, how)


def write(path: Path, content: bytes) -> None:
    """Whole or not at all. Stop, where it cannot be written."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise cannot_write(path, error) from error


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of sending: who has it now, who had it before, and who could not be reached and why."""

    sent: tuple[str, ...]
    before: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def send_edition(
    file: CentreFile, publishing: Publishing, edition: Edition, to: tuple[str, ...], language: Language, user: str
) -> Sending:
    """By mail to each who has not had this version. Stop, where no mail server is configured; nothing but what is
    published is sent."""
    if edition.state is not EditionState.PUBLISHED:
        raise Stop(
            Exit.NOT_NOW,
            Text("{id} is {value}; only what is published is sent", id=edition.id, value=edition.state.value),
        )
    server = ways_of(file).mail
    if server is None:
        raise Stop(Exit.CONFIGURATION, Text("[remind] smtp_host names no mail server"))
    document = publishing.editions.document(edition.id)
    content = rendered(document, "pdf", language, standing(edition))
    had = publishing.editions.was_sent(edition)
    sent: list[str] = []
    failed: list[tuple[str, str]] = []
    for address in dict.fromkeys(to):
        if address in had:
            continue
        mail = _mail(document, edition, address, language, content, BesideClock(file.folder).now_us())
        try:
            send(server, mail)
        except NotSent as error:
            failed.append((address, str(error)))
            continue
        publishing.editions.sent(edition, address, user)
        sent.append(address)
    return Sending(tuple(sent), tuple(one for one in to if one in had), tuple(failed))


def _mail(document: Document, edition: Edition, address: str, language: Language, content: bytes, now_us: int) -> Mail:
    title = document.title.say(language)
    said = "\n".join(_first_words(document, language))
    text = _BODY.filled(title=title, sector=document.sector, tlp=document.tlp.value, said=said).say(language)
    key = hashlib.sha256(f"{edition.id}/{edition.version}/{language}/{address}".encode()).hexdigest()[:40]
    name = f"{edition.id}.{language}.pdf"
    return Mail(
        to=address,
        subject=f"[{document.tlp.value}] {title}",
        text=text,
        key=key,
        at_us=now_us,
        files=(Attachment(name, "application/pdf", content),),
    )


def _first_words(document: Document, language: Language, most: int = 6) -> list[str]:
    """The overview's sentences."""
    wanted = [section for section in document.sections if section.id == "overview"] or list(document.sections[:1])
    said = [one.text.say(language) for section in wanted for one in section.blocks if isinstance(one, Sentence)]
    return said[:most] or [document.title.say(language)]
