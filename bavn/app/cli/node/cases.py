"""`bavn node cases`, `case-answer`, `case-say`: this actor's part of the sector's cases, and what people here answer.

Refuses to send: the running node lets it out at its next step, through gate 1, and shows here what became of it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, By, Config, Spoken, asks, show_table
from bavn.app.node.case_parts import OWED, dues_of, kept_case, moment, opened_cases, rule_text
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.nis2 import NAMES, CrossBorder, Nis2Act
from bavn.model.sector.work import ACTOR_ACTS, DUE_WORDS, TASK_WORDS, DueState, TaskAct, TaskState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.conversations.case_book import CaseReply, KeptCase
    from bavn.actor.door.conversations.nis2_steps import Nis2Statement

ID_CHARS = 8
CaseId = Annotated[str, typer.Argument(help="case-..., as `bavn node cases` shows it.")]


def cases(
    case_id: Annotated[str, typer.Argument(help="Only this one, with all that was asked and said.")] = "",
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if a deadline has passed unmet.")] = False,
) -> None:
    """The sector's cases that this actor is in: its own part of each, what it is asked, and by when."""
    from bavn.actor.door.conversations.case_book import CASES_SQL, SAID_SQL, cases_of, replies_of
    from bavn.actor.door.conversations.nis2_steps import NIS2_SQL, nis2_statements_of

    with asks(config) as rows:
        found, said = cases_of(rows(CASES_SQL)), replies_of(rows(SAID_SQL))
        steps = nis2_statements_of(rows(NIS2_SQL))
    if case_id:
        found = [one for one in found if one.case_id.startswith(case_id)]
        if len(found) != 1:
            raise Stop(Exit.NOT_FOUND, f"{len(found)} cases begin with {case_id[:40]!r} (bavn node cases)")
    now_us = moment()
    if as_json:
        for one in found:
            print(json.dumps(_plain(one, said, now_us) | {"nis2": _steps(one, steps)}, ensure_ascii=False))
    elif case_id:
        _show_one(found[0], said, now_us, language)
        for step in steps:
            if step.case_id == found[0].case_id:
                became = _became(step, language)
                print(f"\n{iso(step.at_us)[:16]}  {step.by}: NIS2 {NAMES[Nis2Act(step.act)].say(language)} [{became}]")
    elif not found:
        print(Text("this actor is in no case yet").say(language))
    else:
        _show_all(found, now_us, language)
    late = [one.case_id for one in found if any(due[3] is DueState.OVERDUE for due in dues_of(one, now_us))]
    if check and late:
        raise Stop(Exit.UNHEALTHY, f"a deadline has passed in {', '.join(late)}")


def case_answer(
    case_id: CaseId,
    task: Annotated[str, typer.Argument(help="The beginning of the task's id.")],
    act: Annotated[TaskAct, typer.Argument(help="acknowledge, applies, not-applicable or done.")],
    config: Config = NODE_TOML,
    *,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read; exactly this leaves.")] = "",
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Answer a task or question: acknowledged, whether it applies here, done."""
    if act not in ACTOR_ACTS:
        raise Stop(Exit.USAGE, f"{act.value} is the centre's to say; here: {', '.join(sorted(ACTOR_ACTS))}")
    kept = kept_case(config, case_id)
    named = [one["task_id"] for one in kept.part["tasks"] if task and one["task_id"].startswith(task.lower())]
    if len(named) != 1:
        raise Stop(Exit.NOT_FOUND, f"{len(named)} tasks of {kept.case_id} begin with {task[:40]!r}")
    _leave(config, kept.case_id, named[0], act.value, words, by, language)


def case_say(
    case_id: CaseId,
    words: Annotated[str, typer.Argument(help="What the centre is to read; exactly this leaves.")],
    config: Config = NODE_TOML,
    *,
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Say something to the centre in a case."""
    if not words.strip():
        raise Stop(Exit.USAGE, "nothing is said")
    _leave(config, kept_case(config, case_id).case_id, None, "words", words, by, language)


def case_nis2(
    case_id: CaseId,
    act: Annotated[Nis2Act, typer.Argument(help="What happened here; `aware` starts the clocks.")],
    config: Config = NODE_TOML,
    *,
    at: Annotated[
        str,
        typer.Option(help="When, as 2026-11-20T16:30 in this machine's zone, or with an offset; now if left out."),
    ] = "",
    why: Annotated[
        str, typer.Option(help="The reason, for a correction or for not-significant; exactly this leaves.")
    ] = "",
    correct: Annotated[bool, typer.Option("--correct", help="Change what was noted before; needs --why.")] = False,
    cross_border: Annotated[CrossBorder | None, typer.Option(help="Whether it may reach other countries.")] = None,
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Note a NIS2 step of this actor in a case: the centre's clocks of this actor move, and no other's."""
    from bavn.actor.door.conversations.nis2_steps import Nis2Statement, whole_minute
    from bavn.model.outcome import Refused

    at_us = _moment_of(at)
    kept = kept_case(config, case_id)
    with opened_cases(config) as there:
        said = Nis2Statement(
            number=1 << 50,
            noted_us=moment(),
            case_id=kept.case_id,
            act=act.value,
            at_us=whole_minute(at_us),
            correct=correct,
            why=why,
            by=by,
            crosses=cross_border,
        )
        outcome = there.nis2.try_on(said)
        if isinstance(outcome, Refused):
            raise Stop(Exit.NOT_NOW, f"{rule_text(outcome.rule).en.removeprefix('not sent: ')} ({outcome.reason})")
        number = there.nis2.leave(kept.case_id, act, at_us, by, why=why, correct=correct, crosses=cross_border)
    at = f"{iso(said.at_us)[:16]}Z"
    print(
        Text(
            "{case_id}: {names}, {at} (step {number}) leaves at the running node's next step",
            case_id=kept.case_id,
            names=NAMES[act],
            at=at,
            number=number,
        ).say(language)
    )


# --- inside ----------------------------------------------------------------------------------------------------


def _show_all(cases: "list[KeptCase]", now_us: int, language: Language) -> None:
    show_table(
        ("case", "state", "class", "tlp", "own", "owed", "when"),
        [
            (
                one.case_id,
                CASE_WORDS[CaseState(one.state)].say(language),
                one.part["rsit"] or "",
                one.part["tlp"],
                len(one.part["own"]) + one.part.get("own_left", 0),
                _owed(one, now_us, language),
                iso(one.heard_us)[:16],
            )
            for one in cases
        ],
        language,
    )


def _moment_of(at: str) -> int:
    """As somebody wrote it, now if nothing."""
    from bavn.model.moment import as_us

    try:
        return as_us(datetime.fromisoformat(at).astimezone()) if at else moment()
    except ValueError as error:
        raise Stop(Exit.USAGE, f"--at is a moment such as 2026-11-20T16:30, not {at[:40]!r}") from error


def _leave(config: Path, case_id: str, task_id: str | None, act: str, words: str, by: str, language: Language) -> None:
    """Tries the gate first, so that whoever answers hears at once what would not leave."""
    from bavn.actor.door.conversations.case_book import CaseReply
    from bavn.model.outcome import Refused

    with opened_cases(config) as there:
        said = CaseReply(
            number=1,
            at_us=moment(),
            case_id=case_id,
            task_id=task_id,
            act=act,
            words=words,
            sha256="",
            by=by,
            told_us=None,
            rule="",
        )
        outcome = there.try_on(said, None)
        if isinstance(outcome, Refused):
            raise Stop(Exit.NOT_NOW, f"{rule_text(outcome.rule).en.removeprefix('not sent: ')} ({outcome.reason})")
        number = there.book.leave(case_id, task_id, act, words, by, moment())
    print(
        Text("{case_id}: answer {number} leaves at the running node's next step", case_id=case_id, number=number).say(
            language
        )
    )


def _owed(one: "KeptCase", now_us: int, language: Language) -> str:
    """The next thing that this actor owes in a case, in a few words."""
    owed = sorted(
        (due_us, task["task_id"][:ID_CHARS], step, state.value)
        for task, step, due_us, state in dues_of(one, now_us)
        if state in OWED
    )
    if not owed:
        return Text("nothing").say(language)
    due_us, name, _, state = owed[0]
    return f"{name} {iso(due_us)[:16]} {next(w for s, w in DUE_WORDS.items() if s.value == state).say(language)}"


def _show_one(one: "KeptCase", said: "list[CaseReply]", now_us: int, language: Language) -> None:
    from bavn.model.intel import rsit

    part = one.part
    state = CASE_WORDS[CaseState(one.state)].say(language)
    print(f"{one.case_id}  {state}  {part['tlp']}  PAP:{('RED', 'AMBER', 'GREEN', 'CLEAR')[part['pap']]}")
    if part["rsit"]:
        known = rsit.known(part["rsit"])
        print(f"{part['rsit']}  {rsit.words(part['rsit']).say(language) if known else ''}".rstrip())
    if part["merged_into"]:
        print(Text("goes on as {part}", part=part["merged_into"]).say(language))
    words = {
        "own": Text("reported by us"),
        "techniques": Text("techniques"),
    }
    print(f"{words['own'].say(language)}: {', '.join(o['type'] + ':' + o['value'] for o in part['own']) or '-'}")
    if left := part.get("own_left", 0):
        more = Text("and {left} more than the message had room for", left=left)
        print(f"  {more.say(language)}")
    print(f"{words['techniques'].say(language)}: {', '.join(part['techniques']) or '-'}")
    for clock in part["clocks"]:
        due = "" if clock["due_us"] is None else iso(clock["due_us"])[:16]
        sent = "" if clock["sent_us"] is None else Text("sent ").say(language) + iso(clock["sent_us"])[:16]
        print(f"NIS2 {NAMES[Nis2Act(clock['report'])].say(language)}: {due} {sent}".rstrip())
    kinds = {"task": Text("task"), "question": Text("question")}
    for task in part["tasks"]:
        name, standing = task["task_id"][:ID_CHARS], TASK_WORDS[TaskState(task["state"])].say(language)
        print(f"\n{kinds[task['kind']].say(language)} {name}  {standing}")
        print(f"  {task['text']}")
        for which, step, due_us, state_of in dues_of(one, now_us):
            if which is task and state_of in OWED:
                print(f"  {_STEP_WORDS[step].say(language)}: {iso(due_us)[:16]} {DUE_WORDS[state_of].say(language)}")
    centre = Text("centre").say(language)
    lines = [(w["at_us"], centre, w["text"]) for w in part["words"] if w["by"] == "centre"]
    lines += [
        (s.at_us, s.by, f"{_act_words(s, language)} {s.words} [{_became(s, language)}]".replace("  ", " "))
        for s in said
        if s.case_id == one.case_id
    ]
    for at_us, who, text in sorted(lines):
        print(f"\n{iso(at_us)[:16]}  {who}: {text}")


_STEP_WORDS = {
    "acknowledge": Text("acknowledge by"),
    "applies": Text("say whether it applies by"),
    "done": Text("done by"),
}


def _act_words(said: "CaseReply", language: Language) -> str:
    if said.act == "words":
        return ""
    if said.act == "attach":
        return Text("evidence").say(language) + f" {said.sha256[:12]}"
    place = f"{(said.task_id or '')[:ID_CHARS]}"
    return f"{place} {said.act}"


def _became(said: "CaseReply | Nis2Statement", language: Language) -> str:
    if said.told_us is None:
        return Text("waits for the running node").say(language)
    return rule_text(said.rule).say(language) if said.rule else Text("sent").say(language)


def _steps(one: "KeptCase", steps: "list[Nis2Statement]") -> list[dict[str, Any]]:
    return [
        {
            "number": s.number,
            "at": iso(s.at_us),
            "act": s.act,
            "correct": s.correct,
            "why": s.why,
            "by": s.by,
            "told": None if s.told_us is None or s.rule else iso(s.told_us),
            "rule": s.rule,
        }
        for s in steps
        if s.case_id == one.case_id
    ]


def _plain(one: "KeptCase", said: "list[CaseReply]", now_us: int) -> dict[str, Any]:
    return {
        **one.part,
        "heard": iso(one.heard_us),
        "first": iso(one.first_us),
        "owed": [
            {"task": task["task_id"], "step": step, "due": iso(due_us), "standing": state.value}
            for task, step, due_us, state in dues_of(one, now_us)
        ],
        "said": [
            {
                "number": s.number,
                "at": iso(s.at_us),
                "task": s.task_id,
                "act": s.act,
                "words": s.words,
                "by": s.by,
                "sha256": s.sha256,
                "told": None if s.told_us is None or s.rule else iso(s.told_us),
                "rule": s.rule,
            }
            for s in said
            if s.case_id == one.case_id
        ],
    }
