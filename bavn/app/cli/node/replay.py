"""`bavn node replay`: a suspicion made into a training case that names nobody.

Refuses a case that does not teach what happened: the very detector must conclude the same from it.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.analyst.suspected import one_named
from bavn.app.cli.node.book import NODE_TOML, By, Config, Spoken, asks, book_of
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.analyst.training import Case


def replay(
    suspicion: Annotated[str, typer.Argument(help="The beginning of its id, as `bavn node suspicions` shows it.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder for the case and its sheets.")],
    config: Config = NODE_TOML,
    *,
    rows: Annotated[int, typer.Option(help="At most so many rows of each table.", min=1, max=500_000)] = 100_000,
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Make a training case of a suspicion: its records as EVE of a network that does not exist, questions and answers.

    Own addresses, names, users, files, paths and dates are replaced; what lies outside stays. The ledger holds a line.
    """
    from bavn.app.analyst.training import case_of, write
    from bavn.app.config.load import read_node

    if out.exists():
        raise Stop(Exit.USAGE, Text("{file} exists: name a new folder", file=out))
    given = read_node(config)
    with asks(config) as asked:
        entry = one_named(asked, suspicion)
    case_made = case_of(given, entry.suspicion, rows)
    _note(config, case_made, {"suspicion": entry.suspicion.id, "folder": out.name, "lines": case_made.lines, "by": by})
    write(case_made, out)
    for name in case_made.files:
        print(out / name)
    print(
        Text(
            "{lines} records ({level}); {detector} concludes the same from them alone (p {p:.2g}). Look through it"
            " before you hand it on.",
            lines=case_made.lines,
            level=case_made.level,
            detector=case_made.found.detector,
            p=case_made.found.p,
        ).say(language)
    )


def _note(config: Path, case: "Case", summary: dict[str, Any]) -> None:
    """The ledger's line, before anything is written."""
    from bavn.app.analyst.evidence_of import GATE
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book
    from bavn.wire.ledger import Ledger, Note

    whole = b"".join(content for _, content in sorted(case.files.items()))
    digest = hashlib.sha256(whole).hexdigest()
    note = Note(
        kind="TrainingCase",
        item_id=digest,
        peer="file",
        privacy="",
        bytes=len(whole),
        summary=json.dumps(summary | {"sha256": digest}, ensure_ascii=False, sort_keys=True),
    )
    with Book(book_of(config)) as book:
        Ledger(book).append(SystemClock().now_us(), GATE, "out", note)
