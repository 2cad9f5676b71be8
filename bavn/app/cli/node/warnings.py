"""`bavn node warnings` and `warning-answer`: what the centre warns this actor of, and what people here answer.

Refuses to send: the running node lets it out at its next step, through gate 1, and shows here what became of it.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, By, Config, Spoken, asks, show_table
from bavn.app.node.case_parts import moment, opened_cases, rule_text
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
        found, said = warnings_of(rows(WARNINGS_SQL)), answers_of(rows(ANSWERS_SQL))
    if warning:
        found = [one for one in found if one.warning_id.startswith(warning)]
        if len(found) != 1:
            raise Stop(Exit.NOT_FOUND, f"{len(found)} warnings begin with {warning[:40]!r} (bavn node warnings)")
    if as_json:
        for one in found:
            print(json.dumps(_plain(one, said), ensure_ascii=False))
    elif warning:
        _show_one(found[0], said, language)
    elif not found:
        print(Text("the centre has not warned this actor yet").say(language))
    else:
        show_table(
            ("id", "state", "what", "tlp", "outcome", "until", "says"),
            [
                (
                    one.warning_id,
                    WARNING_STATES[WarningState(one.state)].say(language),
                    URGENCIES[Urgency(one.said["urgency"])].say(language),
                    one.said["tlp"],
                    ANSWERS[state_after(one, said)].say(language),
                    iso(one.said["until_us"])[:16],
                    one.said[f"title_{language}"],
                )
                for one in found
            ],
            language,
        )
    now_us = moment()
    silent = [
        one.warning_id
        for one in found
        if one.state == "sent" and now_us < one.said["until_us"] and state_after(one, said) is AnswerState.TOLD
    ]
    if check and silent:
        raise Stop(Exit.UNHEALTHY, f"not answered: {', '.join(silent)}")


def warning_answer(
    warning: Annotated[str, typer.Argument(help="warning-..., or its beginning.")],
    act: Annotated[AnswerAct, typer.Argument(help="acknowledge, affected, not-affected, done, or words alone.")],
    config: Config = NODE_TOML,
    *,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read; exactly this leaves.")] = "",
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Answer a warning: read, affected or not, done. It answers the version that is kept here."""
    from bavn.actor.door.conversations.warnings import WARNINGS_SQL, AnswerStatement, warnings_of
    from bavn.model.outcome import Refused

    with asks(config) as rows:
        found = [one for one in warnings_of(rows(WARNINGS_SQL)) if one.warning_id.startswith(warning)]
    if not warning or len(found) != 1:
        raise Stop(Exit.NOT_FOUND, f"{len(found)} warnings begin with {warning[:40]!r} (bavn node warnings)")
    kept = found[0]
    with opened_cases(config) as there:
        said = AnswerStatement(
            number=1 << 50,
            at_us=moment(),
            warning_id=kept.warning_id,
            version=kept.version,
            act=act.value,
            words=words,
            by=by,
        )
        outcome = there.warnings.try_on(said)
        if isinstance(outcome, Refused):
            raise Stop(Exit.NOT_NOW, f"{rule_text(outcome.rule).en.removeprefix('not sent: ')} ({outcome.reason})")
        number = there.warnings.leave(kept.warning_id, kept.version, act, words, by)
    print(
        Text(
            "{warning_id}: answer {number} leaves at the running node's next step",
            warning_id=kept.warning_id,
            number=number,
        ).say(language)
    )


def _show_one(one: "KeptWarning", said: "Sequence[AnswerStatement]", language: Language) -> None:
    text = one.said
    state, urgency = WARNING_STATES[WarningState(one.state)], URGENCIES[Urgency(text["urgency"])]
    print(f"{one.warning_id}  {state.say(language)}  {urgency.say(language)}  {text['tlp']}  PAP:{PAPS[text['pap']]}")
    print(f"\n{text[f'title_{language}']}\n\n{text[f'text_{language}']}\n")
    for observable in text["observables"]:
        print(f"  {observable['type']}:{observable['value']}")
    by, until = iso(text["acknowledge_us"])[:16], iso(text["until_us"])[:16]
    print(Text("acknowledge by {by}Z; in force until {until}Z", by=by, until=until).say(language))
    for answer in said:
        if answer.warning_id == one.warning_id:
            print(f"\n{iso(answer.at_us)[:16]}  {answer.by}: {answer.act} {answer.words} [{_became(answer, language)}]")


def _became(answer: "AnswerStatement", language: Language) -> str:
    if answer.told_us is None:
        return Text("waits for the running node").say(language)
    return rule_text(answer.rule).say(language) if answer.rule else Text("sent").say(language)


def _plain(one: "KeptWarning", said: "Sequence[AnswerStatement]") -> dict[str, Any]:
    from bavn.actor.door.conversations.warnings import state_after

    return {
        **one.said,
        "heard": iso(one.heard_us),
        "answer": state_after(one, said).value,
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
            for a in said
            if a.warning_id == one.warning_id
        ],
    }
