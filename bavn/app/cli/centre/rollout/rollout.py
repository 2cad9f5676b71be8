"""`bavn centre rollout`: who is to come, how far each has come, what blocks whom, plan against fact, and the way out.

Refuses to decide: a named person does, with a reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import rollout as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, Why, configured, named, show
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.language import language_here, tell
from bavn.app.cli.spread import typed
from bavn.centre.desk.rolling import Entry, day_of
from bavn.model.counted import days as counted_days
from bavn.model.moment import iso
from bavn.model.sector.member import ActorKind
from bavn.model.sector.rollout import NEEDS, STAGES, RolloutAct, Stage, Wait
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import CentreFile
    from bavn.centre.desk.rolling import RollOut
    from bavn.centre.desk.rollout_facts import Stand

Actor = Annotated[str, typer.Argument(help="As the register names it: a-z, 0-9 and -.")]
_LATE: Final = Text("{days} late")
_BY_HAND: Final = Text.in_context("cli centre rollout rollout", "by hand")
_OUTSIDE: Final = Text("members outside the register: {names} (bavn centre rollout adopt)")
_NAMES: Final = Text("actor|kind|region|state|since|next|planned|waits for|holds up")


@contextmanager
def rolling(config: Path) -> Iterator[tuple["CentreFile", "RollOut"]]:
    """The roll-out of this centre; what it refuses ends the command."""
    from bavn.app.centre.rollout_parts import opened_rollout

    file = configured(config)
    with opened_rollout(file) as opened, refusing(*acts.REFUSES):
        yield file, opened


def show_(
    actor: Annotated[str, typer.Argument(help="One actor, with each step; all of them without it.")] = "",
    config: Config = CENTRE_TOML,
    *,
    blocked: Annotated[bool, typer.Option("--blocked", help="Only who cannot take its next step, or is late.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """How each actor stands: its state, the next one and its day, what it waits for, and whom it holds up."""
    with rolling(config) as (_, opened):
        stands, outside = ([opened.stand(actor)], []) if actor else opened.stands()
        today = opened.today()
    if blocked:
        stands = [stand for stand in stands if stand.missing or stand.unmet or _late(stand, today)]
    show([_row(stand, today, language, as_json=as_json) for stand in stands], as_json=as_json)
    if as_json:
        return
    for stand in stands if actor else ():
        _print_way(stand, language)
    if outside:
        print(_OUTSIDE.filled(names=", ".join(outside)).say(language))


def add(
    actor: Actor,
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[ActorKind, typer.Option(help="What sort of organisation it is.")] = "other",
    title: Annotated[str, typer.Option(help="Its name in words.")] = "",
    region: Annotated[str, typer.Option(help="The part of the country, such as nord.")] = "",
    contact: Annotated[str, typer.Option(help="The mailbox of its SOC; warnings go there.")] = "",
    by: Annotated[str, of_act(acts.add)] = "",
) -> None:
    """Add an actor as a candidate. More of it, and many at once: `bavn centre rollout import`."""
    with rolling(config) as (_, opened):
        entry = Entry(actor=actor, kind=kind, title=title, region=region, contact=contact)
        print(f"{actor}: {acts.add(opened, by, entry).value}")


def adopt(config: Config = CENTRE_TOML, *, why: Why, by: Annotated[str, of_act(acts.adopt)] = "") -> None:
    """Take every member that the register does not know into it, as it stands in the registry."""
    with rolling(config) as (_, opened):
        fresh = acts.adopt(opened, by, why)
    adopted = Text("{count} adopted", count=len(fresh)).say(language_here())
    print(f"{adopted}{': ' + ', '.join(fresh) if fresh else ''}")


def plan(
    actor: Actor,
    state: Annotated[Stage, typer.Argument(help="A state of the way in.")],
    day: Annotated[str, typer.Argument(help="2026-11-26; none takes it out of the plan.")],
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: Annotated[str, of_act(acts.plan)] = "",
) -> None:
    """Plan the day on which an actor is to come to a state. The day that was planned first stays on record."""
    with rolling(config) as (_, opened):
        wanted = None if day == "none" else day_of(day)
        acts.plan(opened, by, actor, typed(acts.PlanRequest, stage=state, day=wanted, why=why))
    planned = Text("{actor}: {stage} is planned for {day}") if wanted else Text("{actor}: {stage} is not planned")
    facts = {"actor": actor, "stage": state.value} | ({"day": day} if wanted else {})
    tell(planned.filled(**facts))


def wait(
    actor: Actor,
    other: Annotated[str, typer.Argument(help="Whom it waits for.")],
    config: Config = CENTRE_TOML,
    *,
    before: Annotated[Stage, typer.Option(help="The state that it does not come to before.")] = Stage.ENROLLED,
    until: Annotated[Stage, typer.Option(help="The state that the other must have come to.")] = Stage.OPERATING,
    no: Annotated[bool, typer.Option("--no", help="It waits no more.")] = False,
    why: Why,
    by: Annotated[str, of_act(acts.wait)] = "",
) -> None:
    """Let an actor wait for another, such as a clinic for its shared IT centre; a circle is refused."""
    with rolling(config) as (_, opened):
        acts.wait(opened, Wait(actor, before, other, until), by, why, no=no)
    ended = Text("{actor}: {stage} waits no more for {other} ({stage_2})")
    waits = ended if no else Text("{actor}: {stage} waits for {other} ({stage_2})")
    tell(waits.filled(actor=actor, stage=before.value, other=other, stage_2=until.value))


def move(
    actor: Actor,
    act: Annotated[RolloutAct, typer.Argument(help="The step; `rollout steps` lists them.")],
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    evidence: Annotated[
        Path | None, typer.Option(help="The protocol that is meant, or with --by-hand any file; its SHA-256 is kept.")
    ] = None,
    by_hand: Annotated[
        bool,
        typer.Option("--by-hand", help="The file is no protocol that `centre accept` took in; the record says so."),
    ] = False,
    by: Annotated[str, of_act(acts.step)] = "",
) -> None:
    """Take a step of the life-cycle. accept and prove rest on the protocol that `bavn centre accept` took in. suspend,
    resume and leave do the same to the member, at once."""
    from bavn.app.centre.rollout_parts import meant

    digest = meant(evidence, by_hand=by_hand)
    with rolling(config) as (_, opened):
        body = typed(acts.StepRequest, act=act, why=why, evidence=digest, by_hand=by_hand)
        print(f"{actor}: {acts.step(opened, by, actor, body).value}")


def steps(*, as_json: AsJson = False, language: Spoken = "en") -> None:
    """The life-cycle as a table: from where, by which step, to where, and what it needs."""
    from bavn.model.sector.rollout import STEPS

    show(
        [
            {
                "from": step.come_from.value,
                "act": step.act.value,
                "to": "(before)" if step.to is None else step.to.value,
                "needs": [NEEDS[need].say(language) for need in step.needs],
                "member": step.does.value,
            }
            for step in STEPS
        ],
        as_json=as_json,
    )


def _late(one: "Stand", today: int) -> int:
    return 0 if one.due_day is None else max(0, today - one.due_day)


def _row(stand: "Stand", today: int, language: Language, *, as_json: bool) -> dict[str, Any]:
    from bavn.app.centre.rollout_csv import iso_day

    party, due, late = stand.party, stand.due_day, _late(stand, today)
    if as_json:
        return {
            **named(party, "actor", "title", "kind", "region"),
            "state": party.stage.value,
            "since": iso(party.since_us)[:10],
            "member": stand.member and stand.member.value,
            "next": stand.next and stand.next.value,
            "planned": None if due is None else iso_day(due),
            "late_days": late,
            "missing": [need.value for need in stand.missing],
            "unmet": [{"actor": wait.other, "until": wait.until.value} for wait in stand.unmet],
            "holds_up": list(stand.holds_up),
            "proof": stand.proof,
            "agreement": None
            if stand.agreement is None
            else {
                "terms": stand.agreement.version,
                "current": stand.agreement.current,
                "until": iso_day(stand.agreement.until_day),
            },
        }
    words = [NEEDS[need].say(language) for need in stand.missing]
    words += [f"{wait.other}: {STAGES[wait.until].say(language)}" for wait in stand.unmet]
    planned = (
        ""
        if due is None
        else iso_day(due) + (f" ({_LATE.filled(days=counted_days(late)).say(language)})" if late else "")
    )
    cells = (
        party.actor,
        party.kind,
        party.region,
        STAGES[party.stage].say(language),
        iso(party.since_us)[:10],
        "" if stand.next is None else STAGES[stand.next].say(language),
        planned,
        ", ".join(words),
        list(stand.holds_up),
    )
    return dict(zip(_NAMES.say(language).split("|"), cells, strict=True))


def _print_way(stand: "Stand", language: Language) -> None:
    """Each step, and each day that is planned."""
    from bavn.app.centre.rollout_csv import iso_day

    for done in stand.moves:
        rests = f"  sha256 {done.evidence[:16]}" if done.evidence else ""
        rests += f" ({_BY_HAND.say(language)})" if done.by_hand else ""
        print(f"{iso(done.at_us)[:10]}  {STAGES[done.to].say(language):<32} {done.by}: {done.why}{rests}")
    for planned in stand.plan:
        reached = stand.reached_day(planned.stage)
        moved = planned.day - planned.first_day
        print(
            f"{iso_day(planned.day)}  {STAGES[planned.stage].say(language):<32}"
            f" {'' if reached is None else iso_day(reached)}{f' ({moved:+d})' if moved else ''}"
        )
