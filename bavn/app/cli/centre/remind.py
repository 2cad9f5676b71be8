"""`bavn centre remind`: send what is due now, or see what was sent. The running centre does it itself."""

from pathlib import Path
from typing import Annotated

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, configured, named, opened
from bavn.app.cli.language import tell
from bavn.app.cli.shown import AsJson, show
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text


def remind(
    config: Config = CENTRE_TOML,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, word for word, and to whom.")
    ] = False,
    sent: Annotated[bool, typer.Option("--sent", help="What was sent to whom, what waits, what was given up.")] = False,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="With --sent: the latest so many.")] = 100,
) -> None:
    """Send the reminders that are due now, once; or show those that were sent."""
    from bavn.app.centre.reminding import Reminding, ways_of

    if sent:
        _show_sent(config, limit, as_json=as_json)
        return
    file = configured(config)
    ways = ways_of(file)
    if not ways.recipients:
        raise Stop(
            Exit.CONFIGURATION,
            Text("{config} [remind]: neither mail_to, mail_actors nor webhook_url names anybody", config=config),
        )
    with opened(config) as desk:
        reminding = Reminding(file, desk, ways)
        if dry_run:
            for reminder, recipient in reminding.found():
                subject, text = reminding.words(reminder, recipient, file.remind.language)
                print(f"{recipient.way} -> {recipient.name}\n{subject}\n{text}")
            return
        delivered, failed = reminding.once()
    tell(Text("{sent} sent, {failed} wait to be tried again", sent=delivered, failed=failed))
    if failed:
        raise Stop(
            Exit.UNREACHABLE,
            Text.counted(
                "{count:,} reminder could not be delivered (bavn centre remind --sent)",
                "{count:,} reminders could not be delivered (bavn centre remind --sent)",
                failed,
            ),
        )


def _show_sent(config: Path, limit: int, *, as_json: bool) -> None:
    with opened(config) as desk:
        rows = [
            {
                "at": iso(reminder.at_us)[:19],
                "case": reminder.case_id,
                "by": reminder.way,
                "to": reminder.recipient,
                **named(reminder, "state", "tries", "reason"),
            }
            for reminder in desk.reminders.every(limit)
        ]
    show(rows, as_json=as_json)
