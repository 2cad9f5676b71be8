"""`bavn centre remind` and `reminders`: send what is due now, see what was sent. The running centre does it itself."""

from typing import Annotated

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, configured, named, opened, show
from bavn.app.cli.language import tell
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text


def remind(
    config: Config = CENTRE_TOML,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, word for word, and to whom.")
    ] = False,
) -> None:
    """Send the reminders that are due now, once."""
    from bavn.app.centre.reminding import Reminding, ways_of

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
        sent, failed = reminding.once()
    tell(Text("{sent} sent, {failed} wait to be tried again", sent=sent, failed=failed))
    if failed:
        raise Stop(
            Exit.UNREACHABLE,
            Text.counted(
                "{count:,} reminder could not be delivered (bavn centre reminders)",
                "{count:,} reminders could not be delivered (bavn centre reminders)",
                failed,
            ),
        )


def reminders(config: Config = CENTRE_TOML, *, as_json: AsJson = False, limit: int = 100) -> None:
    """What was sent to whom, what waits and what was given up, the latest first."""
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
