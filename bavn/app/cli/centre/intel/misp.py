"""`bavn centre misp-feed` and `bavn centre misp`: released indicators as a MISP feed, and partners' MISPs both ways."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.centre import misps as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured, named
from bavn.app.cli.centre.intel.words import show_spoken
from bavn.app.cli.help import Commands
from bavn.app.cli.person import of_act
from bavn.app.cli.shown import AsJson
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

Name = Annotated[str, typer.Argument(help="As [misp.NAME] in centre.toml.")]
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
group = Commands(help="Partners' MISPs: push to them, and take in sightings.")


def misp_feed(
    folder: Annotated[Path, typer.Argument(help="Written whole; a web server can hand it out.")],
    config: Config = CENTRE_TOML,
    *,
    partner: Annotated[str, typer.Option(help="For whom: the partner's policy says what goes in.")],
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """Write what a partner may have as a MISP feed: an event for each case, hashes.csv and manifest.json."""
    with _misps(config) as misps:
        files, lost = misps.exchange().feed(partner)
    written, gone = _write(folder, files)
    row = {
        "partner": partner,
        "events": len(files) - 2,
        "written": written,
        "removed": gone,
        "not_carried": list(lost),
    }
    show_spoken([row], as_json=as_json, language=language)


@group.command("push", help=acts.push.__doc__)
def _push(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.ask)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    with _misps(config) as misps:
        done = acts.push(misps, by, name)
    row = {
        "misp": name,
        **named(done, "added", "updated", "emptied", "not_carried"),
    }
    show_spoken([row], as_json=as_json, language=language)


@group.command("pull", help=acts.pull.__doc__)
def _pull(
    name: Name,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.ask)] = "",
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    with _misps(config) as misps:
        taken, refused = acts.pull(misps, by, name)
    show_spoken([{"misp": name, "sightings": taken, "refused": refused}], as_json=as_json, language=language)


def _write(folder: Path, files: dict[str, bytes]) -> tuple[int, int]:
    """(written, removed): each file replaced in one step, the manifest last; events of before go after it. Stop where
    the folder cannot be written."""
    written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            target = folder / name
            if target.exists() and target.read_bytes() == body:
                continue
            new = folder / f".{name}.new"
            with new.open("wb") as opened:
                opened.write(body)
                opened.flush()
                os.fsync(opened.fileno())
            new.replace(target)
            written += 1
        stale = [path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.name not in files]
        for path in stale:
            path.unlink()
    except OSError as error:
        raise Stop(
            Exit.INPUT, Text("{folder} cannot be written: {error}", folder=folder, error=Text.of_error(error))
        ) from error
    return written, len(stale)


@contextmanager
def _misps(config: Path) -> Iterator[acts.Misps]:
    from bavn.app.centre.parts import BOOK_FILE, open_registry
    from bavn.app.process.party_keys import PartyKeys
    from bavn.centre.members.partners import UnknownPartner
    from bavn.wire.book import Book

    file = configured(config)
    PartyKeys(file.folder, "centre").authority()
    registry = open_registry(file)
    try:
        with Book(file.folder / BOOK_FILE) as book:
            yield acts.Misps(file, registry, book, BesideClock(file.folder))
    except UnknownPartner as error:
        raise Stop(Exit.NOT_FOUND, Text.of_error(error)) from error
    finally:
        registry.engine.dispose()
