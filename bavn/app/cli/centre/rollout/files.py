"""`bavn centre rollout export`, `register` and `import`: the plan as PNG, CSV and calendar, and the register as an
editable CSV. Refuses to take a step: a file never moves anybody."""

from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.centre import rollout as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.centre.rollout.rollout import rolling
from bavn.app.cli.language import tell
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text


def export(
    config: Config = CENTRE_TOML,
    *,
    png: Annotated[Path | None, typer.Option(help="The chart of plan against fact.")] = None,
    csv: Annotated[Path | None, typer.Option(help="The register with its plan, as `import` reads it.")] = None,
    ics: Annotated[Path | None, typer.Option(help="The plan as a calendar (iCalendar).")] = None,
    language: Spoken = "en",
) -> None:
    """Write the roll-out as files: a chart for the steering group, a table, a calendar."""
    from bavn.app.centre.publish_parts import write
    from bavn.app.centre.rollout_calendar import calendar
    from bavn.app.centre.rollout_csv import iso_day, text_of
    from bavn.app.centre.rollout_parts import rows_of
    from bavn.app.reports.timeline import timeline

    if png is csv is ics is None:
        raise Stop(Exit.USAGE, Text("say --png FILE, --csv FILE or --ics FILE"))
    with rolling(config) as (file, opened):
        stands, _ = opened.stands()
        sector, now_us, today = file.centre.limits.sector, opened.now_us(), opened.today()
        rows = rows_of(opened, stands)
    if csv is not None:
        write(csv, ("\ufeff" + text_of(rows)).encode())
    if ics is not None:
        write(ics, calendar(stands, language, sector=sector, now_us=now_us).encode())
    if png is not None:
        write(png, timeline(stands, language, sector=sector, today=today, day=iso_day(today)))
    for path in (png, csv, ics):
        if path is not None:
            print(path)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV with a column actor and any of the others that `export` writes.")],
    config: Config = CENTRE_TOML,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong with it.")] = False,
    by: Annotated[str, of_act(acts.register)] = "",
) -> None:
    """Read the register from a CSV file: all of it or nothing. Who is new is a candidate; nobody is deleted."""
    from bavn.app.centre.rollout_csv import BadRegister, entries_of
    from bavn.app.centre.rollout_parts import read_register

    try:
        entries = entries_of(read_register(file))
    except BadRegister as error:
        raise Stop(Exit.INPUT, Text.shaped("{file}: {error}", file=file, error=Text.of_error(error))) from error
    if check:
        tell(Text.counted("{count:,} line can be read", "{count:,} lines can be read", len(entries)))
        return
    with rolling(config) as (_, opened):
        added, changed = acts.register(opened, entries, by)
    tell(Text("{added} added, {changed} changed", added=added, changed=changed))
