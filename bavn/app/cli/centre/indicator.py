"""`bavn centre indicator`: draft, review, approve, release, refresh and withdraw indicators; what each is worth.

Refuses to decide who may: two different people stand behind what may block by itself, and the book holds that.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, By, ByApprover, Config, Spoken, opened, show
from bavn.app.cli.centre.person import AsLocalRoot, instead
from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import iso
from bavn.model.observable import NotCanonical
from bavn.model.sector.indicator_life import LifeAct, LifeState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.indicators.indicator import IndicatorStatus, Life
    from bavn.centre.desk.desk import Desk

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Indicators: from draft to release to their end.")
Wanted = Annotated[str, typer.Argument(help="indicator--..., its beginning, or the observable (type:value).")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit log.")]
Rev = Annotated[int | None, typer.Option(help="Only if it still stands at this revision (indicator show).")]
PAPS = {"red": Pap.RED, "amber": Pap.AMBER, "green": Pap.GREEN, "clear": Pap.CLEAR}
STATES: dict[LifeState, Text] = {
    LifeState.DRAFT: Text("draft"),
    LifeState.REVIEW: Text("in review"),
    LifeState.APPROVED: Text("approved"),
    LifeState.RELEASED: Text("released"),
    LifeState.EXPIRED: Text("expired"),
    LifeState.WITHDRAWN: Text("withdrawn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """How an indicator is marked, and how long it lives."""

    tlp: Annotated[Tlp, typer.Option(help="How far it may travel.")] = Tlp.AMBER
    pap: Annotated[Literal["red", "amber", "green", "clear"], typer.Option(help="green may block, amber watches.")] = (
        "green"
    )
    days: Annotated[int, typer.Option(help="Days that it lives; a refresh begins them anew.")] = 30
    confidence: Annotated[int, typer.Option(help="0 to 100.")] = 70


@app.command("draft")
@spread
def draft(
    observables: Annotated[list[str], typer.Argument(help="type:value, plain or defanged; or one case-... .")],
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: By = "",
    technique: Annotated[str, typer.Option(help="ATT&CK id, such as T1071.001; of a case: the case's own.")] = "",
    marked: Marked,
    source: Annotated[list[str] | None, typer.Option(help="Where it comes from; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draft indicators of your own knowledge, or of all elements of a case."""
    with _desk(config) as desk:
        given: dict[str, Any] = {
            "tlp": marked.tlp,
            "pap": PAPS[marked.pap],
            "days": marked.days,
            "confidence": marked.confidence,
        }
        if len(observables) == 1 and observables[0].startswith("case-"):
            case = desk.cases.case(observables[0])
            made = [desk.lives.draft_of_case(case, e, by, why, **given) for e in case.facts.elements]
        else:
            if not technique:
                raise Stop(Exit.USAGE, "give --technique, such as T1071.001: every actor reads what it is for")
            producers = [f"source:{name}" for name in source or ()]
            made = [
                desk.lives.draft(observable_of(text), by, why, technique=technique, producers=producers, **given)
                for text in observables
            ]
        rows = [_row(desk, life, "en") for life in made]
    show(rows, as_json=as_json)


def _step(act: LifeAct, wanted: str, config: Any, by: str, why: str, rev: int | None, as_json: bool) -> None:
    with _desk(config) as desk:
        lives = _found(desk, wanted)
        rows = [_row(desk, desk.lives.act(life.id, act, by, why, rev), "en") for life in lives]
    show(rows, as_json=as_json)


@app.command("review")
def review(
    wanted: Wanted, config: Config = CENTRE_TOML, *, why: Why, by: By = "", rev: Rev = None, as_json: AsJson = False
) -> None:
    """Put it to review: warning lists and plausibility are looked at, and shown to whoever reviews it."""
    _step(LifeAct.REVIEW, wanted, config, by, why, rev, as_json)


@app.command("approve")
def approve(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: ByApprover = "",
    rev: Rev = None,
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind it as the second person."""
    _step(LifeAct.APPROVE, wanted, config, instead(by, as_local_root), why, rev, as_json)


@app.command("release")
def release(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: ByApprover = "",
    now: Annotated[bool, typer.Option("--now", help="Skip the canary ring; works once a second person asks, too.")] = (
        False
    ),
    rev: Rev = None,
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Let it go: to the canary ring first, then to everybody."""
    by = instead(by, as_local_root)
    with _desk(config) as desk:
        rows = []
        for life in _found(desk, wanted):
            if life.state is not LifeState.RELEASED or not now:
                desk.lives.act(life.id, LifeAct.RELEASE, by, why, rev)
            if now:
                desk.lives.hurry(life.id, by, why)
            rows.append(_row(desk, desk.lives.get(life.id), "en"))
    show(rows, as_json=as_json)
    if now and not as_json and any(row["now"] == "asked for" for row in rows):
        print("the ring is passed over when somebody else says the same")


@app.command("refresh")
def refresh(
    wanted: Wanted, config: Config = CENTRE_TOML, *, why: Why, by: By = "", rev: Rev = None, as_json: AsJson = False
) -> None:
    """It was truly met: its days begin anew, everywhere."""
    _step(LifeAct.REFRESH, wanted, config, by, why, rev, as_json)


@app.command("withdraw")
def withdraw(
    wanted: Wanted, config: Config = CENTRE_TOML, *, why: Why, by: By = "", rev: Rev = None, as_json: AsJson = False
) -> None:
    """Take it back: every actor lifts it, those that are away when they come back. One person is enough."""
    _step(LifeAct.WITHDRAW, wanted, config, by, why, rev, as_json)


@app.command("wrong")
def wrong(wanted: Wanted, config: Config = CENTRE_TOML, *, why: Why, by: By = "", as_json: AsJson = False) -> None:
    """Say that it is false: what it is worth sinks."""
    with _desk(config) as desk:
        rows = [_row(desk, desk.lives.found_wrong(life.id, by, why), "en") for life in _found(desk, wanted)]
    show(rows, as_json=as_json)


@app.command("list")
def listed(
    config: Config = CENTRE_TOML,
    *,
    state: Annotated[LifeState | None, typer.Option(help="Only these.")] = None,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: int = 100,
) -> None:
    """Indicators, the latest first: where each stands, who stands behind it, what it is worth."""
    with _desk(config) as desk:
        lives = desk.lives.every(state, limit)
        rows = [_standing_row(desk, one, language) for one in desk.upkeep.statuses(lives, desk.now_us())]
    show(rows, as_json=as_json)


@app.command("show")
def show_one(wanted: Wanted, config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """One indicator: what was found before release, where it stands at each actor, and all that was done to it."""
    with _desk(config) as desk:
        life = _found(desk, wanted)[0]
        row = _row(desk, life, language)
        checks = life.checks if life.state is not LifeState.DRAFT else desk.lives.looked_at(life)
        row["checks"] = [{"check": c.name, "stops": c.stops, "words": c.words.say(language)} for c in checks]
        row["actors"] = [
            {
                "actor": one.actor,
                "state": one.state or ("held" if one.held else "no answer"),
                "rule": one.rule,
                "enforced_by": list(one.enforcers),
                "not_carried_by": list(one.not_carried),
                "enforced": None if one.enforced_us is None else iso(one.enforced_us),
            }
            for one in desk.deliveries.at_actors(life.id)
        ]
        history = desk.lives.history(life.id)
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    checks_rows, actors = row.pop("checks"), row.pop("actors")
    show([row], as_json=False)
    for found in checks_rows:
        print(f"{'STOP' if found['stops'] else 'look'}  {found['check']:<14} {found['words']}")
    if actors:
        show(actors, as_json=False)
    for line in history:
        print(f"{iso(line.at_us)[:19]}  {line.who:<16} {line.act:<20} {line.detail}")


@app.command("noise")
def noise(
    producer: Annotated[str, typer.Argument(help="detector:NAME, policy:ID, person:NAME or source:NAME.")] = "",
    config: Config = CENTRE_TOML,
    *,
    retire: Annotated[bool, typer.Option("--retire", help="Take it out of service.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put it back into service.")] = False,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")] = "",
    by: ByApprover = "",
    as_json: AsJson = False,
) -> None:
    """How good each producer's indicators turned out to be, the noisiest first; retire one by hand, or restore it."""
    with _desk(config) as desk:
        if retire or restore:
            if retire == restore or not producer:
                raise Stop(Exit.USAGE, "name one producer, and either --retire or --restore")
            (desk.upkeep.retire if retire else desk.upkeep.restore)(producer, by, why)
        rows = [
            {
                "producer": one.name,
                "true": one.true,
                "false": one.false,
                "open": one.open,
                "noise": round(one.noise, 3),
                "retired": one.retired,
            }
            for one in desk.upkeep.producers()
            if producer in ("", one.name)
        ]
    show(rows, as_json=as_json)


def _row(desk: "Desk", life: "Life", language: Language) -> dict[str, Any]:
    return _standing_row(desk, desk.upkeep.standing(life, desk.now_us()), language)


def _standing_row(desk: "Desk", standing: "IndicatorStatus", language: Language) -> dict[str, Any]:
    life = standing.life
    ring = desk.ring.stand(life.id)
    waits = life.state is LifeState.REVIEW and life.pap >= Pap.GREEN
    state = STATES[life.state].say(language)
    if waits:
        state += Text(" (waits for a second person)").say(language)
    return {
        "indicator": life.id,
        "observable": str(life.observable),
        "state": state,
        "rev": life.rev,
        "pap": life.pap.name.lower(),
        "tlp": life.tlp.value,
        "people": list(life.people),
        "confidence": life.base,
        "worth": standing.worth,
        "until": None if not life.until_us else iso(life.until_us)[:19],
        "falls": None if standing.falls_us is None else iso(standing.falls_us)[:10],
        "met_by": len(standing.true_groups),
        "wrong_by": len(standing.false_groups),
        "ring": "" if ring is None else ring.state + (f": {ring.why}" if ring.why else ""),
        "now": "yes" if life.now else "asked for" if life.now_by else "",
        "why": life.refusal or life.why,
    }


def _found(desk: "Desk", wanted: str) -> list["Life"]:
    """The one indicator that is meant, or all of a case. Stop where there is none, or where several begin so."""
    if wanted.startswith("case-"):
        lives = list(desk.lives.of_case(wanted))
        if lives:
            return lives
        raise Stop(Exit.NOT_FOUND, f"{wanted} has no indicators")
    if wanted.startswith("indicator-"):
        begun = [life for life in desk.lives.every() if life.id.startswith(wanted)]
        return [begun[0] if len(begun) == 1 else desk.lives.get(wanted)]
    try:
        return [desk.lives.of(observable_of(wanted))]
    except NotCanonical as error:
        raise Stop(Exit.USAGE, f"{wanted!r} is neither an indicator nor an observable: {error}") from error


@contextmanager
def _desk(config: Any) -> Iterator["Desk"]:
    from bavn.centre.cases.case.cases import UnknownCase
    from bavn.centre.cases.indicators.indicators import ChangedInBetween, UnknownLife
    from bavn.centre.cases.who import NotAllowed

    with opened(config) as desk:
        try:
            yield desk
        except (UnknownLife, UnknownCase) as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except (NotAllowed, ChangedInBetween) as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
        except ValueError as error:
            raise Stop(Exit.USAGE, str(error)) from error
