"""`bavn pilot`: a folder for each organisation in, and what a sector of them would have seen, let out and blocked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.status import Status

from bavn.app.cli.words import Spoken
from bavn.app.process.ctrl_c import ctrl_c
from bavn.app.process.exits import Exit, Stop
from bavn.model.counted import records
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.pilot.facts import PilotFacts
    from bavn.app.pilot.report import Report

SUFFIXES: Final = (".html", ".pdf")


def pilot(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="A folder with a folder for each organisation: captures, EVE, Zeek logs, other logs, as they are.",
            readable=False,
        ),
    ],
    *,
    report: Annotated[Path | None, typer.Option(help="Write the report: a file that ends in .html or .pdf.")] = None,
    same_start: Annotated[
        bool, typer.Option("--same-start", help="Play all histories as if they had begun on one day.")
    ] = False,
    together: Annotated[bool, typer.Option("--together", help="All of it is one organisation's.")] = False,
    time_zone: Annotated[str, typer.Option(help="Zone of log times that name none (Europe/Copenhagen).")] = "UTC",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    language: Spoken = "en",
) -> None:
    """Try a whole sector on history that is there already: what each organisation saw alone, what only the sector saw
    and why, every byte that would have left, what would have been blocked and whom it would have hurt.

    Everything happens on this machine, in a place that is gone afterwards; nothing is configured, kept or sent. Exit
    code 5 says that something could not be read, or only in part, or that a detector failed; the rest was played all
    the same.
    """
    if report is not None and report.suffix.lower() not in SUFFIXES:
        raise Stop(Exit.USAGE, Text("--report {file}: a report ends in .html or .pdf", file=str(report)))
    if report is not None and not report.absolute().parent.is_dir():
        raise Stop(Exit.USAGE, Text("--report {file}: there is no such folder", file=str(report)))
    zone = _zone(time_zone)
    with ctrl_c() as go_on:
        if report is not None:
            _drawable(report)
        facts = _played(folder, zone, go_on, language, same_start=same_start, together=together)
        _tell(facts, report, language, as_json=as_json)
    if facts.partly_read:
        raise typer.Exit(Exit.INPUT)


def _played(
    folder: Path, zone: str, go_on: Callable[[], None], language: Language, *, same_start: bool, together: bool
) -> "PilotFacts":
    from bavn.app.pilot.run import PilotTerms, pilot

    with Console(stderr=True).status(Text("reading").say(language)) as status:

        def reading(actor: str, rows: int) -> None:
            _say(status, language, go_on, Text("reading {source}: {records}", source=actor, records=records(rows)))

        def looking(actor: str, look: int, looks: int) -> None:
            said = Text("looking at {source}: day {look} of {looks}", source=actor, look=look, looks=looks)
            _say(status, language, go_on, said)

        def playing(number: int, of: int) -> None:
            _say(status, language, go_on, Text("playing the sector: {number} of {of}", number=number, of=of))

        terms = PilotTerms(
            zone=zone, together=together, same_start=same_start, reading=reading, looking=looking, playing=playing
        )
        return pilot(folder, terms)


def _say(status: Status, language: Language, go_on: Callable[[], None], said: Text) -> None:
    go_on()
    status.update(said.say(language))


def _drawable(report: Path) -> None:
    """Before minutes of work: what the report is drawn with is there. Stop where it is not."""
    from bavn.app.reports.missing import reports_needed

    with reports_needed():
        import jinja2  # noqa: F401

        if report.suffix.lower() == ".pdf":
            import weasyprint  # noqa: F401


def _tell(facts: "PilotFacts", file: Path | None, language: Language, *, as_json: bool) -> None:
    from bavn.app.pilot.report import report

    words = report(facts)
    if file is not None:
        _write(file, words, language)
    if as_json:
        from bavn.app.pilot.as_json import as_json as facts_json

        print(json.dumps(facts_json(facts, language), ensure_ascii=False))
        return
    screen = Console(highlight=False, markup=False, soft_wrap=True)
    screen.print(words.first.say(language), style="bold")
    for sentence in words.more:
        screen.print(sentence.say(language))
    for line in _short(facts):
        screen.print(line.say(language))
    where = (
        Text("The whole report: {file}", file=str(file))
        if file is not None
        else Text("--report FILE.html or FILE.pdf writes the whole report.")
    )
    screen.print(where.say(language))


def _short(facts: "PilotFacts") -> list[Text]:
    """What each part of the report comes to, in a line."""
    lines = [lead.seen.words.opening for lead in facts.leads]
    for actor in facts.actors:
        if actor.findings is None:
            lines.append(Text("{actor}: nothing of it could be read.", actor=actor.name))
            continue
        above = sum(place.above for place in actor.findings.suspicions)
        line = Text.counted(
            "{actor}, alone: {records}, {count} suspicion above its alert line",
            "{actor}, alone: {records}, {count} suspicions above its alert line",
            above,
            actor=actor.name,
            records=records(actor.findings.rows),
        )
        lines.append(line)
    kinds = facts.left_kinds()
    if kinds:
        lines.append(
            Text.counted(
                "What would have left: {count:,} message, {bytes} bytes; here nothing left this machine.",
                "What would have left: {count:,} messages, {bytes} bytes; here nothing left this machine.",
                sum(kind.count for kind in kinds),
                bytes=Text.number(sum(kind.bytes for kind in kinds)),
            )
        )
    if facts.partly_read:
        lines.append(Text("Something could not be read, or only in part: the report's last part says what."))
    return lines


def _write(file: Path, words: "Report", language: Language) -> None:
    from bavn.app.pilot.page import as_pdf, page
    from bavn.app.process.real import SystemClock
    from bavn.app.process.whole_file import write_whole

    made_us = SystemClock().now_us()
    if file.suffix.lower() == ".pdf":
        write_whole(file, as_pdf(words, language, made_us), mode=0o600)
    else:
        write_whole(file, page(words, language, made_us).encode(), mode=0o600)


def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError) as error:
        raise Stop(Exit.USAGE, Text("--time-zone {text}: no such zone (as Europe/Copenhagen is)", text=text)) from error
