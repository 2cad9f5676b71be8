"""Protocols on a disk: read, signed with the node's key, and written beside a page and a PDF. Refuses to overwrite."""

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final

from bavn.app.accept.page import as_pdf, page
from bavn.app.config.load import CENTRE_KEYS, NodeConfig
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.moment import iso
from bavn.model.sector.acceptance_protocol import TestProtocol
from bavn.model.sector.protocol_file import SignedProtocol, signed
from bavn.model.text import Language, Text
from bavn.wire.safe import Safe

SUFFIXES: Final = (".json", ".html", ".pdf")


def signing_safe(config: NodeConfig) -> Safe:
    """Where the key lies that signs. Stop before enrolment: a protocol is signed with the key that the centre knows."""
    safe = Safe(config.folder / CENTRE_KEYS)
    if not safe.enrolled:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{folder} holds no key that the centre knows: run `bavn node enrol` first", folder=safe.folder),
        )
    return safe


def sign(protocol: TestProtocol, safe: Safe) -> SignedProtocol:
    """With the node's message key. Stop for a folder that does not hold one."""
    try:
        return signed(protocol, safe.keys().message)
    except (OSError, ValueError, TypeError) as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{folder} does not hold the node's keys: {error}", folder=safe.folder, error=Text.of_error(error)),
        ) from error


def write_all(
    given: SignedProtocol, required: Sequence[str], folder: Path, language: Language
) -> tuple[list[Path], str]:
    """The signed file, the page and the PDF; which were written, and why not all. Stop where the folder cannot be
    written; a library that is missing leaves page and PDF out. One that ended in the same second as another is
    numbered."""
    protocol = given.protocol
    named = f"{protocol.actor}-{protocol.kind.value}-{iso(protocol.ended_us)[:19].replace(':', '').replace('-', '')}Z"
    numbered = (f"{named}-{number}" for number in count(2))
    stem = next(one for one in chain((named,), numbered) if not (folder / f"{one}.json").exists())
    paths = [_write(folder / f"{stem}.json", given.file())]
    try:
        paths.append(_write(folder / f"{stem}.html", page(given, required, language).encode()))
        paths.append(_write(folder / f"{stem}.pdf", as_pdf(given, required, language)))
    except Stop as stop:
        if stop.code is not Exit.MISSING:
            raise
        return paths, str(stop)
    return paths, ""


def _write(path: Path, content: bytes) -> Path:
    """Whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            try:
                out.write(content)
                out.flush()
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise Stop(Exit.CONFIGURATION, Text("{path} exists: a protocol is never overwritten", path=path)) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
