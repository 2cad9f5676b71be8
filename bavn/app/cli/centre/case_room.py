"""`bavn centre`: a case as one room. Who is on it, notes for the next one, and its report. Refuses to send anything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bavn.app.acts.centre import cases as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, at_work, configured
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.spread import typed
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

CaseId = Annotated[str, typer.Argument(help="case-...")]


def case_join(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.join)] = "",
    language: Spoken = "en",
) -> None:
    """Say that you are on a case."""
    with at_work(config) as desk:
        acts.join(desk.people, by, case_id)
        _say_people(desk, case_id, language)


def case_leave(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.leave)] = "",
    language: Spoken = "en",
) -> None:
    """Say that you are not on a case any more. Whoever owns it hands it over first."""
    with at_work(config) as desk:
        acts.leave(desk.people, by, case_id)
        _say_people(desk, case_id, language)


def case_note(
    case_id: CaseId,
    text: Annotated[str, typer.Argument(help="What the next one must know. It stays at the centre.")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.note)] = "",
    language: Spoken = "en",
) -> None:
    """Write a hand-over note: it stands on top of the case."""
    with at_work(config) as desk:
        acts.note(desk.people, by, case_id, typed(acts.NoteRequest, text=text))
    print(Text("The note stands on top of the case").say(language))


def case_report(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write an accessible page here.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write PDF/UA here.")] = None,
    by: Annotated[str, of_act(acts.report)] = "",
    language: Spoken = "en",
) -> None:
    """Who is on a case, what was asked and answered, NIS2's clocks, decisions, notes and what is in force: here, or as
    a report in a file. It names actors, so it is the centre's own."""
    from bavn.app.centre.publish_parts import rendered, write
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines

    limits = configured(config).centre.limits
    with at_work(config) as desk:
        document = acts.report(desk, by, case_id, limits.sector, ZoneInfo(limits.time_zone))
    if html is not None:
        write(html, rendered(document, "html", language, DocumentStatus()))
    if pdf is not None:
        write(pdf, rendered(document, "pdf", language, DocumentStatus()))
    written = [str(path) for path in (html, pdf) if path is not None]
    for line in written or lines(document, language):
        print(line)


def _say_people(desk: "Desk", case_id: str, language: Language) -> None:
    names = ", ".join(one.name for one in desk.people.on_it(case_id))
    print((Text("On the case: {names}", names=names) if names else Text("Nobody is on the case now.")).say(language))
