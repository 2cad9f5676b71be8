"""`bavn centre nis2`: the clocks that a significant incident starts at each actor, and drafts of the reports.

Refuses to send anything to an authority.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bavn.app.acts.centre import nis2 as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, at_work, configured, show
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.help import Commands
from bavn.app.cli.spread import spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.catalogue import moment
from bavn.model.moment import as_datetime, as_us
from bavn.model.sector.nis2 import NAMES, REPORTS, DueState, Nis2Act
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.nis2.clocks import Nis2View

app = Commands(help="NIS2's clocks and drafts, per case and actor.")

CaseId = Annotated[str, typer.Argument(help="case-...")]
ActorName = Annotated[str, typer.Argument(help="The actor whose incident it is.")]
_STATES = {
    DueState.SENT: Text("sent"),
    DueState.SENT_LATE: Text("sent late"),
    DueState.WAITING: Text("waiting"),
    DueState.OVERDUE: Text.in_context("cli centre nis2", "OVERDUE"),
    DueState.LATER: Text("begins later"),
}


@app.command("note")
@spread
def note(
    case_id: CaseId,
    actor: ActorName,
    act: Annotated[Nis2Act, typer.Argument(help="What happened; `aware` starts the clocks.")],
    config: Config = CENTRE_TOML,
    *,
    at: Annotated[
        str,
        typer.Option(help="When, as 2026-11-20T16:30 in the sector's time zone, or with an offset; now if left out."),
    ] = "",
    reach: acts.Reach,
    correct: Annotated[bool, typer.Option("--correct", help="Change what was noted before; needs --why.")] = False,
    why: Annotated[str, typer.Option(help="The reason, for a correction or for not-significant.")] = "",
    by: Annotated[str, of_act(acts.note)] = "",
    language: Spoken = "en",
) -> None:
    """Note what happened at an actor; shows what is owed until when."""
    with at_work(config) as desk:
        zone = _zone(config)
        at_us = _moment(at, zone) if at else None
        body = typed(acts.Nis2Request, **dict(reach), act=act, at_us=at_us, correct=correct, why=why)
        made = acts.note(desk, by, zone, case_id, actor, body)
    show(_rows([made], zone, language), as_json=False)


@app.command("list")
def listed(
    config: Config = CENTRE_TOML,
    *,
    case_id: Annotated[str, typer.Option("--case", help="Only this case.")] = "",
    running: Annotated[bool, typer.Option("--running", help="Only what is still owed.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if a deadline has passed unmet.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """All clocks, the next deadline first."""
    zone = _zone(config)
    with at_work(config) as desk:
        if case_id:
            desk.cases.case(case_id)
        views = [view for view in desk.nis2(zone).views(case_id or None) if view.running or not running]
    if as_json:
        for view in views:
            print(json.dumps(_plain(view, zone), ensure_ascii=False))
    else:
        show(_rows(views, zone, language), as_json=False)
    late = [view for view in views if view.overdue]
    if check and late:
        raise Stop(
            Exit.UNHEALTHY,
            Text("a deadline has passed at {named}", named=", ".join(sorted({view.actor for view in late}))),
        )


@app.command("draft")
def drafted(
    case_id: CaseId,
    actor: ActorName,
    report: Annotated[Nis2Act, typer.Argument(help=", ".join(one.value for one in REPORTS))],
    config: Config = CENTRE_TOML,
    *,
    language: Spoken = "en",
) -> None:
    """A draft of a report to the authority, filled from the case; Markdown. What only the actor knows is a gap."""
    from bavn.centre.cases.nis2.draft import draft, gaps

    zone = _zone(config)
    with at_work(config) as desk:
        lines = draft(report, desk.nis2_facts(case_id, actor, zone))
    for line in lines:
        print(line.say(language))
    left = gaps(lines)
    if left:
        counted = Text.counted(
            "{count:,} gap in [[ ]] is to be filled in", "{count:,} gaps in [[ ]] are to be filled in", left
        )
        print(counted.say(language), file=sys.stderr)


def _zone(config: Path) -> ZoneInfo:
    return ZoneInfo(configured(config).centre.limits.time_zone)


def _moment(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--at is a moment such as 2026-11-20T16:30, not {text[:40]!r}") from None
    return as_us(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _shown(us: int | None, zone: ZoneInfo, language: Language) -> str:
    if us is None:
        return ""
    return moment(as_datetime(us).astimezone(zone), language)


def _rows(views: "list[Nis2View]", zone: ZoneInfo, language: Language) -> list[dict[str, Any]]:
    words = [
        Text("case"),
        Text("actor"),
        Text.in_context("cli centre nis2", "report"),
        Text("due"),
        Text.in_context("cli centre nis2", "sent"),
        Text("state"),
    ]
    names = [word.say(language) for word in words]
    rows = []
    for view in views:
        for due in view.dues:
            cells = (
                view.case_id,
                view.actor,
                NAMES[due.report].say(language),
                _shown(due.due_us, zone, language),
                _shown(due.sent_us, zone, language),
                _STATES[due.state].say(language),
            )
            rows.append(dict(zip(names, cells, strict=True)))
        if not view.dues:
            ended = Nis2Act.NOT_SIGNIFICANT if Nis2Act.NOT_SIGNIFICANT in view.happened else None
            said = NAMES[ended] if ended else Text("nothing noted")
            cells = (view.case_id, view.actor, "", "", "", said.say(language))
            rows.append(dict(zip(names, cells, strict=True)))
    return rows


def _plain(view: "Nis2View", zone: ZoneInfo) -> dict[str, Any]:
    def at(us: int | None) -> str | None:
        return None if us is None else as_datetime(us).astimezone(zone).isoformat()

    return {
        "case": view.case_id,
        "actor": view.actor,
        "cross_border": view.flags.cross_border,
        "trust_service": view.flags.trust_service,
        "touched": list(view.flags.touched),
        "happened": {act.value: at(us) for act, us in sorted(view.happened.items())},
        "reports": [
            {"report": due.report.value, "due": at(due.due_us), "sent": at(due.sent_us), "state": due.state.value}
            for due in view.dues
        ],
        "next": at(view.next_us),
    }
