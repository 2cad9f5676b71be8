"""`bavn node cases`, `case-answer`, `case-say`: this actor's part of the sector's cases, and what people here answer.

Refuses to send: the running node lets it out at its next step, through gate 1, and shows here what became of it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import cases as acts
from bavn.app.acts.node import waiting
from bavn.app.acts.node.here import Here, answer_waits
from bavn.app.acts.waiting import Waiting
from bavn.app.cli.language import tell
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.cli.waiting import Thing, To, named_both, people_here, show_waiting, viewer_of
from bavn.app.node.case_parts import OWED, became_text, dues_of, kept_case, moment, named
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.nis2 import NAMES, CrossBorder, Nis2Act
from bavn.model.sector.tally import technique_words
from bavn.model.sector.work import DUE_WORDS, TASK_WORDS, DueState, TaskAct, TaskState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.conversations.case_book import CaseReply, KeptCase
    from bavn.actor.door.conversations.nis2_steps import Nis2Statement

ID_CHARS = 8
Who = Annotated[str, of_act(acts.answer)]
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
        kept, replies = cases_of(rows(CASES_SQL)), replies_of(rows(SAID_SQL))
        steps = nis2_statements_of(rows(NIS2_SQL))
    if case_id:
        kept = [named(kept, case_id, "cases")]
    now_us = moment()
    if as_json:
        for case in kept:
            print(json.dumps(_plain(case, replies, now_us) | {"nis2": _steps(case, steps)}, ensure_ascii=False))
    elif case_id:
        _show_one(kept[0], replies, now_us, language)
        for step in steps:
            if step.case_id == kept[0].case_id:
                became = became_text(step).say(language)
                print(f"\n{iso(step.at_us)[:16]}  {step.by}: NIS2 {NAMES[Nis2Act(step.act)].say(language)} [{became}]")
    elif not kept:
        print(Text("this actor is in no case yet").say(language))
    else:
        _show_all(kept, now_us, language)
    late = [case.case_id for case in kept if any(due[3] is DueState.OVERDUE for due in dues_of(case, now_us))]
    if check and late:
        raise Stop(Exit.UNHEALTHY, Text("a deadline has passed in {named}", named=", ".join(late)))


def case_answer(
    case_id: CaseId,
    task: Annotated[str, typer.Argument(help="The beginning of the task's id.")],
    act: Annotated[TaskAct, typer.Argument(help="acknowledge, applies, not-applicable or done.")],
    config: Config = NODE_TOML,
    *,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read; exactly this leaves.")] = "",
    by: Who = "",
    language: Spoken = "en",
) -> None:
    """Answer a task or question: acknowledged, whether it applies here, done."""
    kept = kept_case(config, case_id)
    tasks = [one["task_id"] for one in kept.part["tasks"] if task and one["task_id"].startswith(task.lower())]
    if len(tasks) != 1:
        raise Stop(
            Exit.NOT_FOUND,
            Text.counted(
                "{count:,} task of {case_id} begins with {task}",
                "{count:,} tasks of {case_id} begin with {task}",
                len(tasks),
                case_id=kept.case_id,
                task=repr(task[:40]),
            ),
        )
    _leave(config, kept.case_id, tasks[0], act.value, words, by, language)


def case_say(
    case_id: CaseId,
    words: Annotated[str, typer.Argument(help="What the centre is to read; exactly this leaves.")],
    config: Config = NODE_TOML,
    *,
    by: Who = "",
    language: Spoken = "en",
) -> None:
    """Say something to the centre in a case."""
    _leave(config, kept_case(config, case_id).case_id, None, acts.WORDS, words, by, language)


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
    by: Annotated[str, of_act(acts.note)] = "",
    language: Spoken = "en",
) -> None:
    """Note a NIS2 step of this actor in a case: the centre's clocks of this actor move, and no other's."""
    body = typed(acts.Nis2Request, act=act, at_us=_moment_of(at), why=why, correct=correct, cross_border=cross_border)
    here = Here(config)
    statement = acts.note(here, by, kept_case(config, case_id).case_id, body)
    says = Text(
        "{case_id}: {names}, {at} (step {number}) waits to be sent. {when}",
        case_id=statement.case_id,
        names=NAMES[act],
        at=f"{iso(statement.at_us)[:16]}Z",
        number=statement.number,
        when=here.when(),
    )
    print(says.say(language))


# --- inside ----------------------------------------------------------------------------------------------------


def _show_all(cases: "list[KeptCase]", now_us: int, language: Language) -> None:
    show_table(
        ("case", "state", "class", "tlp", "own", "owed", "when"),
        [
            (
                case.case_id,
                CASE_WORDS[CaseState(case.state)].say(language),
                case.part["rsit"] or "",
                case.part["tlp"],
                len(case.part["own"]) + case.part.get("own_left", 0),
                _owed(case, now_us, language),
                iso(case.received_us)[:16],
            )
            for case in cases
        ],
        language,
    )


def _moment_of(at: str) -> int | None:
    """As somebody wrote it."""
    from bavn.model.moment import as_us

    try:
        return as_us(datetime.fromisoformat(at).astimezone()) if at else None
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("--at is a moment such as 2026-11-20T16:30, not {at}", at=repr(at[:40]))) from error


def _leave(config: Path, case_id: str, task: str | None, act: str, words: str, by: Who, language: Language) -> None:
    """Whoever answers hears at once what would not leave."""
    body = typed(acts.AnswerRequest, act=act, task=task, words=words, send=True)
    here = Here(config)
    left = acts.answer(here, by, case_id, body)
    print(answer_waits(here, case_id, left.number).say(language))


def _owed(case: "KeptCase", now_us: int, language: Language) -> str:
    """The next thing that this actor owes in a case, in a few words."""
    owed = sorted(
        (due_us, task["task_id"][:ID_CHARS], step, state.value)
        for task, step, due_us, state in dues_of(case, now_us)
        if state in OWED
    )
    if not owed:
        return Text("nothing").say(language)
    due_us, name, _, state = owed[0]
    return f"{name} {iso(due_us)[:16]} {next(w for s, w in DUE_WORDS.items() if s.value == state).say(language)}"


def _show_one(case: "KeptCase", replies: "list[CaseReply]", now_us: int, language: Language) -> None:
    from bavn.model.intel import rsit

    part = case.part
    state = CASE_WORDS[CaseState(case.state)].say(language)
    print(f"{case.case_id}  {state}  {part['tlp']}  PAP:{('RED', 'AMBER', 'GREEN', 'CLEAR')[part['pap']]}")
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
    techniques = ", ".join(technique_words(technique).say(language) for technique in part["techniques"])
    print(f"{words['techniques'].say(language)}: {techniques or '-'}")
    for clock in part["clocks"]:
        due = "" if clock["due_us"] is None else iso(clock["due_us"])[:16]
        sent = "" if clock["sent_us"] is None else Text("sent ").say(language) + iso(clock["sent_us"])[:16]
        print(f"NIS2 {NAMES[Nis2Act(clock['report'])].say(language)}: {due} {sent}".rstrip())
    kinds = {"task": Text("task"), "question": Text("question")}
    for task in part["tasks"]:
        name, standing = task["task_id"][:ID_CHARS], TASK_WORDS[TaskState(task["state"])].say(language)
        print(f"\n{kinds[task['kind']].say(language)} {name}  {standing}")
        print(f"  {task['text']}")
        for which, step, due_us, state_of in dues_of(case, now_us):
            if which is task and state_of in OWED:
                print(f"  {_STEP_WORDS[step].say(language)}: {iso(due_us)[:16]} {DUE_WORDS[state_of].say(language)}")
    centre = Text("centre").say(language)
    lines = [(w["at_us"], centre, w["text"]) for w in part["words"] if w["by"] == "centre"]
    lines += [
        (s.at_us, s.by, f"{_act_words(s, language)} {s.words} [{became_text(s).say(language)}]".replace("  ", " "))
        for s in replies
        if s.case_id == case.case_id
    ]
    for at_us, who, text in sorted(lines):
        print(f"\n{iso(at_us)[:16]}  {who}: {text}")


_STEP_WORDS = {
    "acknowledge": Text("acknowledge by"),
    "applies": Text("say whether it applies by"),
    "done": Text("done by"),
}


def _act_words(reply: "CaseReply", language: Language) -> str:
    if reply.act == "words":
        return ""
    if reply.act == "attach":
        return Text("evidence").say(language) + f" {reply.sha256[:12]}"
    place = f"{(reply.task_id or '')[:ID_CHARS]}"
    return f"{place} {reply.act}"


def _steps(case: "KeptCase", steps: "list[Nis2Statement]") -> list[dict[str, Any]]:
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
        if s.case_id == case.case_id
    ]


def _plain(case: "KeptCase", replies: "list[CaseReply]", now_us: int) -> dict[str, Any]:
    return {
        **case.part,
        "heard": iso(case.received_us),
        "first": iso(case.first_us),
        "owed": [
            {"task": task["task_id"], "step": step, "due": iso(due_us), "standing": state.value}
            for task, step, due_us, state in dues_of(case, now_us)
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
            for s in replies
            if s.case_id == case.case_id
        ],
    }


ByWaiting = Annotated[str, of_act(waiting.hand_over)]


def node_waiting(
    thing: Thing = "", config: Config = NODE_TOML, *, to: To = "", by: ByWaiting = "", as_json: AsJson = False
) -> None:
    """What waits for a person at this node: who asked, since when, what doing it does, and who can. With --to a
    colleague is asked to look at one of it."""
    folder, lines = _at_node(config)
    with people_here(folder) as (handed, people):
        if named_both(thing, to):
            tell(waiting.hand_over(handed, viewer_of(by, "soc"), lines, people, thing, to))
        else:
            show_waiting(lines, by, handed, people, as_json=as_json)


def _at_node(config: Path) -> tuple[Path, list[Waiting]]:
    from bavn.app.acts.node.here import Here

    here = Here(config)
    settings = here.config()
    return settings.folder, waiting.waiting_at_node(here, settings.node.actor)
