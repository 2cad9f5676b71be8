"""`bavn centre round-audit`: hands an auditor the tables of a round that were drawn, as a file. Also while it runs."""

from pathlib import Path
from typing import Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured, opened
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.model.text import Number, Text

WRITTEN: Final = Text(
    "{file} holds {tables} drawn tables, {bytes} bytes. An auditor checks it with"
    " `bavn audit {file} --key KEY --witness KEY`; it needs no network."
)


def round_audit(
    round_id: Annotated[str, typer.Argument(help="As `bavn centre rounds` names it.")],
    file: Annotated[Path, typer.Argument(help="Write it here.")],
    config: Config = CENTRE_TOML,
    language: Spoken = "en",
) -> None:
    """Write the tables of a round that were drawn into a file, from which an auditor computes their hits again."""
    from bavn.app.acts.centre.round_file import NotDrawn, round_file
    from bavn.app.centre.parts import log_folder
    from bavn.app.net.log_reader import log_reader
    from bavn.app.net.party_clock import BesideClock
    from bavn.app.process.whole_file import write_whole
    from bavn.centre.members.registry import Registry

    read = log_reader(str(log_folder(configured(config))))
    with opened(config) as desk:
        try:
            key = Registry(desk.engine, BesideClock(configured(config).folder)).key
            audit_file = round_file(desk.engine, read, key, round_id)
        except NotDrawn as error:
            raise Stop(Exit.NOT_FOUND, error.says) from error
    content = b"".join(audit_file.pieces())
    try:
        write_whole(file, content, mode=0o600)
    except OSError as error:
        raise cannot_write(file, error) from error
    print(WRITTEN.filled(file=file, tables=Number(len(audit_file.tables)), bytes=Number(len(content))).say(language))
