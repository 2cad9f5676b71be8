"""`bavn node warnings` and `warning-answer`: what the centre warns this actor of, and what people here answer.

Refuses to send: the running node lets it out at its next step, through gate 1, and shows here what became of it.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import warnings as acts
from bavn.app.acts.node.here import Here, answer_waits
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.node.case_parts import became_text, moment, named
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.sector_warning import (
    ANSWERS,
    URGENCIES,
    WARNING_STATES,
    AnswerAct,
    AnswerState,
    Urgency,
    WarningState,
)
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bavn.actor.door.conversations.warnings import AnswerStatement, KeptWarning

PAPS = ("RED", "AMBER", "GREEN", "CLEAR")


def warnings(
    warning: Annotated[str, typer.Argument(help="Only this one, with all that it says and was answered.")] = "",
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if one in force is unanswered.")] = False,
) -> None:
    """The centre's warnings to this actor, the latest first, and what people here answered."""
    from bavn.actor.door.conversations.warnings import ANSWERS_SQL, WARNINGS_SQL, answers_of, state_after, warnings_of

    with asks(config) as rows:
        kept, answers = warnings_of(rows(WARNINGS_SQL)), answers_of(rows(ANSWERS_SQL))
    if warning:
        kept = [named(kept, warning, "warnings")]
    if as_json:
        for item in kept:
            print(json.dumps(_plain(item, answers), ensure_ascii=False))
    elif warning:
        _show_one(kept[0], answers, language)
    elif not kept:
        print(Text("the centre has not warned this actor yet").say(language))
    else:
        show_table(
            ("id", "state", "what", "tlp", "outcome", "until", "says"),
            [
                (
                    item.warning_id,
                    WARNING_STATES[WarningState(item.state)].say(language),
                    URGENCIES[Urgency(item.said["urgency"])].say(language),
                    item.said["tlp"],
                    ANSWERS[state_after(item, answers)].say(language),
                    iso(item.said["until_us"])[:16],
                    item.headline.say(language),
                )
                for item in kept
            ],
            language,
        )
    now_us = moment()
    silent = [
        item.warning_id
        for item in kept
        if item.state == "sent" and now_us < item.said["until_us"] and state_after(item, answers) is AnswerState.TOLD
    ]
    if check and silent:
        raise Stop(Exit.UNHEALTHY, Text("not answered: {named}", named=", ".join(silent)))


def warning_answer(
    warning: Annotated[str, typer.Argument(help="warning-..., or its beginning.")],
    act: Annotated[AnswerAct, typer.Argument(help="acknowledge, affected, not-affected, done, or words alone.")],
    config: Config = NODE_TOML,
    *,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read; exactly this leaves.")] = "",
    by: Annotated[str, of_act(acts.answer)] = "",
    language: Spoken = "en",
) -> None:
    """Answer a warning: read, affected or not, done. It answers the version that is kept here."""
    from bavn.actor.door.conversations.warnings import WARNINGS_SQL, warnings_of

    with asks(config) as rows:
        kept = named(warnings_of(rows(WARNINGS_SQL)), warning, "warnings")
    body = typed(acts.WarningAnswerRequest, version=kept.version, act=act, words=words, send=True)
    here = Here(config)
    left = acts.answer(here, by, kept.warning_id, body)
    print(answer_waits(here, kept.warning_id, left.number).say(language))


def _show_one(warning: "KeptWarning", statements: "Sequence[AnswerStatement]", language: Language) -> None:
    text = warning.said
    state, urgency = WARNING_STATES[WarningState(warning.state)], URGENCIES[Urgency(text["urgency"])]
    written = Text.written(text["text_en"], da=text["text_da"])
    print(
        f"{warning.warning_id}  {state.say(language)}  {urgency.say(language)}  {text['tlp']}  PAP:{PAPS[text['pap']]}"
    )
    print(f"\n{warning.headline.say(language)}\n\n{written.say(language)}\n")
    for observable in text["observables"]:
        print(f"  {observable['type']}:{observable['value']}")
    by, until = iso(text["acknowledge_us"])[:16], iso(text["until_us"])[:16]
    print(Text("acknowledge by {by}Z; in force until {until}Z", by=by, until=until).say(language))
    for answer in statements:
        if answer.warning_id == warning.warning_id:
            became = became_text(answer).say(language)
            print(f"\n{iso(answer.at_us)[:16]}  {answer.by}: {answer.act} {answer.words} [{became}]")


def _plain(warning: "KeptWarning", statements: "Sequence[AnswerStatement]") -> dict[str, Any]:
    from bavn.actor.door.conversations.warnings import state_after

    return {
        **warning.said,
        "heard": iso(warning.received_us),
        "answer": state_after(warning, statements).value,
        "answers": [
            {
                "number": a.number,
                "at": iso(a.at_us),
                "version": a.version,
                "act": a.act,
                "words": a.words,
                "by": a.by,
                "told": None if a.told_us is None or a.rule else iso(a.told_us),
                "rule": a.rule,
            }
            for a in statements
            if a.warning_id == warning.warning_id
        ],
    }
