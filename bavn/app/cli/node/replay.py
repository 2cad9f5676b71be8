"""`bavn node replay`: a suspicion made into a training case that names nobody.

Refuses a case that does not teach what happened: the very detector must conclude the same from it.
"""

from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.node import training as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.suspected import one_named
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.node.book import NODE_TOML, Config, Spoken
from bavn.model.counted import records
from bavn.model.text import Text


def replay(
    suspicion: Annotated[str, typer.Argument(help="The beginning of its id, as `bavn node suspicions` shows it.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder for the case and its sheets.")],
    config: Config = NODE_TOML,
    *,
    rows: Annotated[int, typer.Option(help="At most so many rows of each table.", min=1, max=500_000)] = 100_000,
    by: Annotated[str, of_act(acts.replay)] = "",
    language: Spoken = "en",
) -> None:
    """Make a training case of a suspicion: its records as EVE of a network that does not exist, questions and answers.

    Own addresses, names, users, files, paths and dates are replaced; what lies outside stays. The ledger holds a line.
    """
    here = Here(config)
    with here.asks() as asked:
        entry = one_named(asked, suspicion)
    training_case = acts.replay(here, by, entry, out, rows)
    for name in training_case.files:
        print(out / name)
    print(
        Text(
            "{records} ({level}); {detector} concludes the same from this alone (p {p:.2g}). Look through it"
            " before you hand it on.",
            records=records(training_case.lines),
            level=training_case.level,
            detector=training_case.found.detector,
            p=training_case.found.p,
        ).say(language)
    )
