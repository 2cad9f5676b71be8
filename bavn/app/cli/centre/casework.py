"""`bavn centre`: working a case with its actors. Markings, owner, merge and split, tasks, questions, words, evidence.

Refuses to send anything: the running centre does, at its next step.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.acts.centre import cases as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, Why, at_work, named, show
from bavn.app.cli.centre.person import AsLocalRoot, instead, needs, of_act
from bavn.app.cli.language import tell
from bavn.app.cli.spread import spread, typed
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.app.process.whole_file import write_whole
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import HOUR_US, iso
from bavn.model.principal import two_people
from bavn.model.sector.case import CaseAct
from bavn.model.sector.tally import technique_words
from bavn.model.sector.work import DUE_WORDS, STEPS, TASK_WORDS, DueState, Task
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.desk.desk import Desk

CaseId = Annotated[str, typer.Argument(help="case-...")]
TaskId = Annotated[str, typer.Argument(help="The beginning of its id, as `bavn centre tasks` shows it.")]
Seen = Annotated[
    int | None,
    typer.Option(
        "--seen",
        help="How many changes the case had (its standing) when you decided: after another's act nothing is done.",
    ),
]
ByChange = Annotated[str, of_act(acts.change_task)]
ID_CHARS = 8
_TASK_HEADS = (
    Text("task"),
    Text("case"),
    Text("actor"),
    Text("kind"),
    Text("state"),
    Text.in_context("heading of tasks", "acknowledge"),
    Text.in_context("heading of tasks", "applies"),
    Text("done"),
    Text("text"),
    Text("answer"),
)


def mark(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    tlp: Annotated[Tlp | None, typer.Option(help="Gate 3 lets nothing of the case out under a laxer one.")] = None,
    pap: Annotated[str, typer.Option(help="red, amber, green or clear; likewise.")] = "",
    rsit: Annotated[str | None, typer.Option(help="class/type, as `bavn centre rsit` lists them; empty: none.")] = None,
    technique: Annotated[list[str] | None, typer.Option(help="ATT&CK id, as often as needed; replaces all.")] = None,
    why: Why = "",
    by: Annotated[str, of_act(acts.mark)] = "",
    seen: Seen = None,
    language: Spoken = "en",
) -> None:
    """Mark a case: TLP 2.0, PAP, RSIT class, ATT&CK techniques. What is not given stays."""
    if pap and pap.upper() not in Pap.__members__:
        raise Stop(Exit.USAGE, Text("--pap is red, amber, green or clear, not {pap}", pap=repr(pap[:20])))
    with at_work(config) as desk:
        desk.cases.case(case_id)
        was = desk.files.marking(case_id)
        body = typed(
            acts.MarkRequest,
            tlp=tlp or was.tlp,
            pap=pap.upper() or was.pap.name,
            rsit=was.rsit if rsit is None else rsit,
            techniques=was.techniques if technique is None else technique,
            why=why,
            seen=seen,
        )
        acts.mark(desk.files, by, case_id, body)
        show([marking_row(desk, case_id, language)], as_json=False)


def hand_over(
    case_id: CaseId,
    to: Annotated[str, typer.Option("--to", help="Who owns it from now on.")],
    why: Annotated[str, typer.Option("--why", help="Why, and what they must know.")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.hand_over)] = "",
    seen: Seen = None,
    language: Spoken = "en",
) -> None:
    """Give a case to another person."""
    with at_work(config) as desk:
        made = acts.hand_over(desk.files, by, case_id, typed(acts.OwnerRequest, to=to, why=why, seen=seen))
    print(Text("{id} is {to}'s now", id=made.id, to=to).say(language))


def merge(
    case_id: CaseId,
    into: Annotated[str, typer.Argument(help="The case that goes on: case-...")],
    why: Why,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.merge)] = "",
    seen: Seen = None,
    language: Spoken = "en",
) -> None:
    """Merge a case into another, with all its tasks, words, evidence and actors; its history stays."""
    with at_work(config) as desk:
        made = acts.merge(desk.files, by, case_id, typed(acts.MergeRequest, into=into, why=why, seen=seen))
    print(Text("{id} goes on for {case_id}", id=made.id, case_id=case_id).say(language))


def split(
    case_id: CaseId,
    observables: Annotated[list[str], typer.Argument(help="type:value, as often as needed.")],
    why: Why,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.split)] = "",
    seen: Seen = None,
) -> None:
    """Make a new case of some of a case's observables; prints its id. Later reports follow their observable."""
    named = [dict(zip(("type", "value"), text.split(":", 1), strict=True)) for text in observables if ":" in text]
    if len(named) != len(observables):
        raise Stop(Exit.USAGE, Text("an observable is written type:value, such as domain:example.com"))
    body = typed(acts.SplitRequest, observables=named, why=why, seen=seen)
    with at_work(config) as desk:
        print(acts.split(desk.files, by, case_id, body).id)


def involve(
    case_id: CaseId,
    actor: Annotated[str, typer.Argument(help="The actor's name.")],
    why: Why,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.involve)] = "",
    language: Spoken = "en",
) -> None:
    """Add an actor to a case by hand: it sees its part of it from then on."""
    with at_work(config) as desk:
        acts.involve(desk, by, case_id, typed(acts.ActorRequest, actor=actor, why=why))
    print(Text("{actor} is in {case_id}", actor=actor, case_id=case_id).say(language))


@spread
def task(
    case_id: CaseId,
    text: Annotated[str, typer.Argument(help="What the actor is to do or say; it reads exactly this.")],
    config: Config = CENTRE_TOML,
    *,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="An actor, as often as needed; all in the case if left out.")
    ] = None,
    question: Annotated[bool, typer.Option("--question", help="It is a question, not a task.")] = False,
    deadlines: acts.Deadlines,
    by: Annotated[str, of_act(acts.ask)] = "",
    seen: Seen = None,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Give actors a task, or ask them a question, with deadlines in hours."""
    with at_work(config) as desk:
        kind = "question" if question else "task"
        body = typed(acts.TaskRequest, **dict(deadlines), actors=to or [], kind=kind, text=text, seen=seen)
        made = acts.ask(desk, by, case_id, body)
        rows = _task_rows(desk, made, language, as_json=as_json)
    show(rows, as_json=as_json)


def tasks(
    config: Config = CENTRE_TOML,
    *,
    case_id: Annotated[str, typer.Option("--case", help="Only this case.")] = "",
    running: Annotated[bool, typer.Option("--running", help="Only what is still owed.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if a deadline has passed unmet.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Tasks and questions to actors, the next deadline first, each step with where it stands."""
    with at_work(config) as desk:
        if case_id:
            desk.cases.case(case_id)
        found = desk.work.tasks(case_id or None, running=running)
        rows = _task_rows(desk, found, language, as_json=as_json)
        late = [task for task in found if any(state is DueState.OVERDUE for _, _, state in _dues(desk, task))]
    show(rows, as_json=as_json)
    if check and late:
        raise Stop(
            Exit.UNHEALTHY,
            Text("a deadline has passed at {named}", named=", ".join(sorted({task.actor for task in late}))),
        )


def _changing(act: Literal["cancel", "reopen"], *, help: str) -> Callable[..., None]:  # noqa: A002  Typer's word
    def change(
        task_id: TaskId, why: Why, config: Config = CENTRE_TOML, *, by: ByChange = "", language: Spoken = "en"
    ) -> None:
        with at_work(config) as desk:
            named = [one for one in desk.work.tasks() if task_id and one.id.startswith(task_id.lower())]
            if len(named) != 1:
                raise Stop(
                    Exit.NOT_FOUND,
                    Text.counted(
                        "the id of {count:,} task begins with {task_id} (bavn centre tasks)",
                        "the ids of {count:,} tasks begin with {task_id} (bavn centre tasks)",
                        len(named),
                        task_id=repr(task_id[:40]),
                    ),
                )
            made = acts.change_task(desk.work, by, named[0].id, typed(acts.TaskChange, act=act, why=why))
            rows = _task_rows(desk, (made,), language, as_json=False)
        show(rows, as_json=False)

    change.__doc__ = help
    return change


task_cancel = _changing("cancel", help="Take a task back.")
task_reopen = _changing("reopen", help="Open a task again that was done, not applicable or cancelled.")


def say(
    case_id: CaseId,
    text: Annotated[str, typer.Argument(help="What the actors in the case are to read. Name no other actor in it.")],
    config: Config = CENTRE_TOML,
    *,
    to: Annotated[str, typer.Option("--to", help="Only this actor; all in the case if left out.")] = "",
    by: Annotated[str, of_act(acts.say)] = "",
    language: Spoken = "en",
) -> None:
    """Say something to the actors in a case. A remark for the centre alone is `bavn centre comment`."""
    with at_work(config) as desk:
        acts.say(desk.work, by, case_id, typed(acts.WordsRequest, text=text, to=to))
    print(Text("said; the running centre sends it").say(language))


def parts(case_id: CaseId, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Who is in a case, why, and how far each has been told its part."""
    with at_work(config) as desk:
        desk.cases.case(case_id)
        notices = desk.part_states(case_id)
        tasks = desk.work.tasks(case_id)
        rows = [
            {
                "actor": actor,
                "in": Text("by hand").say(language) if by_hand else Text("reported").say(language),
                "version": notices.get(actor, (0, "", ""))[0],
                "told": notices.get(actor, (0, Text("not yet").say(language), ""))[1],
                "rule": notices.get(actor, (0, "", ""))[2],
                "tasks": [TASK_WORDS[one.state].say(language) for one in tasks if one.actor == actor],
            }
            for actor, by_hand in sorted(desk.work.involved.actors(case_id).items())
        ]
    show(rows, as_json=as_json)


def case_evidence(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    take: Annotated[str, typer.Option("--take", help="The beginning of an id: write it to --out.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="A new file.")] = None,
    by: Annotated[str, of_act(acts.take_evidence)] = "",
    as_json: AsJson = False,
) -> None:
    """What actors attached to a case by hand; with --take and --out one of it is written to a file."""
    with at_work(config) as desk:
        desk.cases.case(case_id)
        evidence = desk.work.evidence(case_id)
        if not take:
            show(
                [
                    {
                        "id": item.id[:16],
                        "actor": item.actor,
                        "at": iso(item.received_us)[:19],
                        **named(item, "bytes", "sha256", "words"),
                    }
                    for item in evidence
                ],
                as_json=as_json,
            )
            return
        if out is None:
            raise Stop(Exit.USAGE, Text("--take goes with --out and a new file"))
        taken, content = acts.take_evidence(desk, by, case_id, take)
    try:
        write_whole(out, content, mode=0o600, new=True)
    except OSError as error:
        raise cannot_write(out, error, Exit.USAGE) from error
    tell(Text("{file}: {bytes:,} bytes; sha256 {sha256}", file=out, bytes=len(content), sha256=taken.sha256))


def timeline(
    case_id: CaseId,
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Everything that happened in a case, in one order: people, actors, indicators, sightings, reminders."""
    with at_work(config) as desk:
        events = desk.timeline(case_id)
    if as_json:
        names = ("who", "what", "case", "says")
        told = ((event, (event.who, event.what, event.case_id, event.text.say(language))) for event in events)
        show([{"at": iso(event.at_us)} | dict(zip(names, cells, strict=True)) for event, cells in told], as_json=True)
        return
    for event in events:
        other = "" if event.case_id == case_id else f" [{event.case_id}]"
        print(f"{iso(event.at_us)[:19]}  {event.who:<20} {event.text.say(language)}{other}")


def rsit_(*, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The classes and types of the Reference Security Incident Taxonomy, version 1003."""
    from bavn.model.intel import rsit

    show([{"code": code, "words": rsit.words(code).say(language)} for code in rsit.TYPES], as_json=as_json)


def comment(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    text: Annotated[str, typer.Argument(help="What is to be remembered.")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.comment)] = "",
) -> None:
    """Write a remark into a case's history."""
    with at_work(config) as desk:
        acts.comment(desk.cases, by, case_id, typed(acts.CommentRequest, text=text))
    tell(Text("{case}: remembered", case=case_id))


def case(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    act: Annotated[CaseAct | None, typer.Argument(help="What to do; without it the case is shown.")] = None,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.step)] = "",
    why: Annotated[str, typer.Option(help="The reason; needed for all but `take`.")] = "",
    as_local_root: AsLocalRoot = "",
    seen: Seen = None,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Show a case and its history, or do a step of its life-cycle."""
    if act is CaseAct.RELEASE:
        needs(by, acts.release.right)
        by = instead(by, as_local_root)
    with at_work(config) as desk:
        if act is CaseAct.RELEASE:
            case = acts.release(desk.cases, by, case_id, why, seen)
        else:
            case = desk.cases.case(case_id) if act is None else acts.step(desk.cases, by, case_id, act, why, seen)
        history, marked = desk.cases.audit_lines(case_id), marking_row(desk, case_id, language)
        there = sorted(desk.work.involved.actors(case_id))
        alone = act is CaseAct.RELEASE and not two_people(desk.cases.behind(case_id))
    row = {
        "case": case.id,
        "lead": case.lead_id,
        "state": case.state.value,
        "score": round(case.score, 3),
        "owner": case.owner,
        "observables": [str(e.observable) for e in case.facts.elements],
    }
    row |= {name: marked[name] for name in ("standing", "tlp", "pap", "rsit", "techniques", "merged_into")}
    row["actors"] = there
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    row["techniques"] = [technique_words(one).say(language) for one in marked["techniques"]]
    show([row], as_json=False)
    for line in history:
        print(f"{iso(line.at_us)[:19]}  {line.who:<16} {line.act:<12} {line.detail}")
    if alone:
        sentence = Text(
            "One person stands behind it: what may block waits until another account says, by its token or key,"
        )
        print(sentence.say(language))
        print(f"    bavn centre indicator release {case_id} --why REASON")


# --- shared ----------------------------------------------------------------------------------------------------


def marking_row(desk: "Desk", case_id: str, language: Language) -> dict[str, Any]:
    """How a case is marked, for people."""
    from bavn.model.intel import rsit

    marking = desk.files.marking(case_id)
    return {
        "case": case_id,
        "standing": desk.standing(case_id),
        "tlp": marking.tlp.value,
        "pap": f"PAP:{marking.pap.name}",
        "rsit": f"{marking.rsit} ({rsit.words(marking.rsit).say(language)})" if marking.rsit else "",
        "techniques": list(marking.techniques),
        "merged_into": desk.files.merged_into(case_id),
    }


def _dues(desk: "Desk", one: Task) -> tuple[tuple[str, int, DueState], ...]:
    return one.dues(desk.now_us(), desk.work.settings.soon_hours * HOUR_US)


def _task_rows(desk: "Desk", tasks: tuple[Task, ...], language: Language, *, as_json: bool) -> list[dict[str, Any]]:
    if as_json:
        return [
            {
                "task": task.id,
                "case": task.case_id,
                **named(task, "actor", "kind", "text", "by"),
                "given": iso(task.given_us),
                "state": task.state.value,
                "answer": task.answer,
                "steps": {
                    step: {"due": iso(due_us), "standing": state.value} for step, due_us, state in _dues(desk, task)
                },
            }
            for task in tasks
        ]
    heads = [head.say(language) for head in _TASK_HEADS]
    kinds = {"task": Text("task"), "question": Text("question")}
    rows = []
    for task in tasks:
        steps = {
            step: f"{iso(due_us)[:16]} {DUE_WORDS[state].say(language)}" for step, due_us, state in _dues(desk, task)
        }
        state = TASK_WORDS[task.state].say(language)
        cells = (
            task.id[:ID_CHARS],
            task.case_id,
            task.actor,
            kinds[task.kind].say(language),
            state,
            *(steps[step] for step in STEPS),
            task.text,
            task.answer,
        )
        rows.append(dict(zip(heads, cells, strict=True)))
    return rows
