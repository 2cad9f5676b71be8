"""`bavn centre ask`, `questions`, `approve-question`, `end-question`: an analyst's question to every node.

Refuses to guess what silence means: an actor that has not answered is shown as that, with since when.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.centre import questions as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, named, opened
from bavn.app.cli.language import language_of_rows, tell
from bavn.app.cli.person import AsLocalRoot, instead, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.app.cli.spread import typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, HOUR_US, as_us, iso, iso_hour
from bavn.model.received import Observed
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.questions import AtActor, Questions, QuestionView
    from bavn.centre.share.deliveries import AtActor as Asked

QuestionId = Annotated[str, typer.Argument(help="As `bavn centre questions` names it; its beginning is enough.")]
COUNTS: Final = ("0", "1", "2-3", "4-10", "11-100", "> 100")
_AGO = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_AGO_US: Final = {"h": HOUR_US, "d": DAY_US, "w": 7 * DAY_US}


def ask(
    indicators: Annotated[
        list[str], typer.Argument(help="type:value, or a plain address, domain, JA3, JA4, certificate or SHA-256.")
    ],
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason; every actor asked reads it.")],
    since: Annotated[str, typer.Option(help="How far back: 12h, 30d, 8w, or a day such as 2026-11-01 (UTC).")] = "30d",
    to: Annotated[list[str] | None, typer.Option("--to", help="An actor; may be repeated. All without it.")] = None,
    days: Annotated[int, typer.Option(help="Days that answers are waited for.")] = 7,
    by: Annotated[str, of_act(acts.ask)] = "",
    as_json: AsJson = False,
) -> None:
    """Ask every node whether it met these indicators. It goes out when a second person has approved it."""
    body = typed(acts.Asking, observables=indicators, why=why, to=to or [], days_open=days)
    with opened(config, *acts.REFUSES) as desk:
        now_us = desk.now_us()
        question = acts.ask(desk, by, body, _since_us(since, now_us))
        row = _row(desk.questions.view(question.id), language_of_rows(as_json=as_json), now_us)
    show([row], as_json=as_json)
    if not as_json and question.approved_us is None:
        waits = Text("it goes out when somebody else has approved it: bavn centre approve-question {question}")
        tell(waits.filled(question=question.id[:12]))


def questions(
    question: Annotated[str, typer.Argument(help="One question, with what each actor answered.")] = "",
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: int = 20,
) -> None:
    """The questions, the latest first, and what each actor answered; who has not answered, and since when."""
    with opened(config, *acts.REFUSES) as desk:
        kept = desk.questions
        views = [kept.view(_whole(kept, question))] if question else list(kept.every(limit))
    now_us = desk.now_us()
    if as_json or not question:
        show([_row(view, language, now_us) for view in views], as_json=as_json)
        return
    show([_row(views[0], language, now_us, brief=True)], as_json=False)
    show([line for actor in views[0].actors for line in _lines(views[0], actor, language)], as_json=False)


def approve_question(
    question: QuestionId,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.approve)] = "",
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind somebody else's question: it goes out at once."""
    with opened(config, *acts.REFUSES) as desk:
        made = acts.approve(desk.questions, instead(by, as_local_root), _whole(desk.questions, question))
        row = _row(desk.questions.view(made.id), language_of_rows(as_json=as_json), desk.now_us())
    show([row], as_json=as_json)


def end_question(
    question: QuestionId,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: Annotated[str, of_act(acts.end)] = "",
    as_json: AsJson = False,
) -> None:
    """Take a question back; later answers are refused."""
    with opened(config, *acts.REFUSES) as desk:
        made = acts.end(desk.questions, by, _whole(desk.questions, question), why)
        row = _row(desk.questions.view(made.id), language_of_rows(as_json=as_json), desk.now_us())
    show([row], as_json=as_json)


def unanswered(actors: Iterable["Asked"], sightings: Iterable[Observed]) -> dict[str, str]:
    """Who was sent an indicator and has not said what its history holds, and since when it could have."""
    said = {sighting.actor for sighting in sightings if sighting.kind == "retro"}
    return {a.actor: iso(a.queued_us) for a in actors if a.queued_us is not None and a.actor not in said}


def _since_us(text: str, now_us: int) -> int:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now_us - int(ago[1]) * _AGO_US[ago[2]]
    try:
        return as_us(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))
    except ValueError as error:
        raise Stop(
            Exit.USAGE, Text("--since {text}: write 12h, 30d, 8w or a day such as 2026-11-01", text=repr(text))
        ) from error


def _whole(kept: "Questions", beginning: str) -> str:
    """The id that begins so. Raises UnknownQuestion where none or several do."""
    found = [view.question.id for view in kept.every(1000) if beginning and view.question.id.startswith(beginning)]
    return found[0] if len(found) == 1 else kept.get(beginning).id


def _row(view: "QuestionView", language: Language, now_us: int, *, brief: bool = False) -> dict[str, Any]:
    question = view.question
    row: dict[str, Any] = {
        "question": question.id,
        "state": _state(view, now_us).say(language),
        "indicators": [str(o) for o in question.observables],
        "since": iso_hour(question.since_hour),
        "asked": f"{iso(question.asked_us)[:19]}Z",
        **named(question, "asked_by", "approved_by", "why"),
    }
    if brief:
        return row
    answers = [answer for actor in view.actors for answer in actor.answers]
    row["met"] = sorted({answer.actor for answer in answers if answer.state == "met"})
    row["not_met"] = sorted({a.actor for a in answers if a.state == "not_met"} - set(row["met"]))
    row["declined"] = sorted({answer.actor for answer in answers if answer.state == "declined"})
    row["unanswered"] = {
        actor.actor: _unanswered(question.approved_us).say(language) for actor in view.actors if actor.unanswered
    }
    return row


def _unanswered(since_us: int | None) -> Text:
    return Text("since {when}", when=f"{iso(since_us)[:19]}Z") if since_us else Text("not sent")


def _state(view: "QuestionView", now_us: int) -> Text:
    question = view.question
    if question.ended_us is not None:
        return Text("taken back")
    if question.approved_us is None:
        return Text("waits for a second person")
    if not any(actor.unanswered for actor in view.actors):
        return Text("answered by all")
    return Text("open") if now_us < question.until_us else Text.in_context("cli centre ask", "over")


def _lines(view: "QuestionView", actor: "AtActor", language: Language) -> Iterator[dict[str, Any]]:
    for number, observable in enumerate(view.question.observables):
        answer = next((one for one in actor.answers if one.number == number), None)
        if answer is not None:
            words = {"met": Text("met"), "not_met": Text("not met")}.get(answer.state, Text("declined"))
            met = answer.first_hour is not None and answer.last_hour is not None
            yield {
                "actor": actor.actor,
                "indicator": str(observable),
                "says": words.say(language),
                "count": COUNTS[answer.count_bucket] if met else "",
                "first": iso_hour(answer.first_hour) if answer.first_hour is not None else "",
                "last": iso_hour(answer.last_hour) if answer.last_hour is not None else "",
                "days_of_history": answer.days or "",
                "when": f"{iso(answer.received_us)[:19]}Z",
            }
            continue
        since = "" if view.question.approved_us is None else f"{iso(view.question.approved_us)[:19]}Z"
        silent = Text("unanswered since {since}", since=since)
        if actor.refused:
            silent = Text("not sent: {refused}", refused=actor.refused)
        elif not since:
            silent = Text("not sent yet")
        yield {
            "actor": actor.actor,
            "indicator": str(observable),
            "says": silent.say(language),
            "count": "",
            "first": "",
            "last": "",
            "days_of_history": "",
            "when": "",
        }
