"""`bavn bench real`: each part of the bench over a folder of real actors, and over a held-out one with its columns.

A part is a function and a row in PARTS. It gets the folder of its kind (``inbound/``, ...) in the data and in the
held-out data, either of which may be missing, and returns what stands in the JSON file under its name, and a table for
a reader; files that could not be read stand in both, with the reason. A part whose folders are missing says nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bavn import __version__
from bavn_lab.realbench.contacts import Contacts, Unreadable, read
from bavn_lab.realbench.inbound import LEAD_S, Say, choose, judge
from bavn_lab.realbench.lists import LENGTHS
from bavn_lab.realbench.report import choice_figures, figures_of, in_words
from bavn_lab.realbench.triage import NothingToJudge, triage
from bavn_lab.realbench.triage import figures as triage_figures
from bavn_lab.realbench.triage import in_words as triage_in_words

SCHEMA: Final = 1
"""Goes up when a key of the JSON file changes its meaning or goes away."""
ENDINGS: Final = (".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class Measured:
    """``figures``: for the JSON file. ``words``: for a reader. ``judged``: how many files were."""

    figures: Mapping[str, Any]
    words: str
    judged: int


Part = Callable[[Path | None, Path | None, Say], Measured]


@dataclass
class _Read:
    files: list[Contacts] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


def inbound(folder: Path | None, heldout: Path | None, say: Say) -> Measured:
    """Sources from outside: files of inbound/. Held-out files are judged by what the others chose, and by their own
    first halves where there are no others."""
    own, others = _all_of(folder, say), _all_of(heldout, say)
    figures: dict[str, Any] = {"lead_s": LEAD_S, "lengths": list(LENGTHS), "chosen": None, "files": {}, "heldout": {}}
    figures["unread"], figures["heldout_unread"] = own.unread, others.unread
    words = [f"not used: {name}: {why}" for read_ in (own, others) for name, why in read_.unread.items()]
    if own.files or others.files:
        choice = choose(own.files or others.files, say)
        figures["chosen"] = choice_figures(choice)
        for part, files in (("files", own.files), ("heldout", others.files)):
            for contacts in files:
                say(f"{contacts.name}: {len(contacts.first):,} rows, every day of {len(contacts.days)}")
                file = figures_of(judge(contacts, choice, say), whole=part == "heldout" and bool(own.files))
                figures[part][contacts.name] = file
                words.append(in_words(contacts.name if part == "files" else f"held out: {contacts.name}", file))
    return Measured(figures, "\n".join(words), len(own.files) + len(others.files))


def _all_of(folder: Path | None, say: Say) -> _Read:
    result = _Read()
    for path in sorted(folder.iterdir()) if folder else ():
        if path.name.startswith(".") or not path.name.endswith(ENDINGS):
            continue
        try:
            result.files.append(read(path))
        except Unreadable as error:
            result.unread[path.name] = str(error)
            say(f"{path.name} is not used: {error}")
    return result


def next_door(folder: Path | None, heldout: Path | None, say: Say) -> Measured:
    """What is ordinary next door: files of organisations/. Own and held-out organisations are each judged alone."""
    figures: dict[str, Any] = {"files": None, "heldout": None}
    words, judged = [], 0
    for part, place in (("files", folder), ("heldout", heldout)):
        if place is None:
            continue
        say(f"{place.name}: what is ordinary next door, in the open and by private rounds")
        try:
            result = triage(place)
        except NothingToJudge as error:
            words.append(f"not used: {error}")
            continue
        figures[part] = triage_figures(result)
        words += ["" if part == "files" else "held out:", *triage_in_words(result)]
        judged += len(result.organisations)
    return Measured(figures, "\n".join(words), judged)


PARTS: Final[dict[str, tuple[str, Part]]] = {
    "inbound": ("inbound", inbound),
    "triage": ("organisations", next_door),
}
"""By its name in the JSON file: the folder that it reads, and what measures."""


def measure(data: Path, heldout: Path | None, commit: str, say: Say) -> tuple[dict[str, Any], str, int]:
    """Everything for the JSON file, the tables for a reader, and how many files were judged."""
    figures: dict[str, Any] = {"bench": "real", "schema": SCHEMA, "version": __version__, "commit": commit}
    words, judged = [], 0
    for name, (folder, part) in PARTS.items():
        own, others = _folder(data, folder), _folder(heldout, folder)
        if own or others:
            measured = part(own, others, say)
            figures[name] = dict(measured.figures)
            words.append(measured.words)
            judged += measured.judged
    return figures, "\n".join(words), judged


def _folder(parent: Path | None, name: str) -> Path | None:
    return parent / name if parent is not None and (parent / name).is_dir() else None
