"""`bavn centre indicator`: draft, review, approve, release, refresh and withdraw indicators; what each is worth.

Refuses to decide who may: two different people stand behind what may block by itself, and the book holds that.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.acts.centre import indicators as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, Why, configured, named, opened
from bavn.app.cli.help import Commands
from bavn.app.cli.language import language_of_rows, tell
from bavn.app.cli.person import AsLocalRoot, instead, of_act
from bavn.app.cli.shown import AsJson, For, show, show_rules
from bavn.app.cli.spread import spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.indicator import Pap
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import iso
from bavn.model.observable import NotCanonical
from bavn.model.sector.indicator_life import LIFE_WORDS, LifeState
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.indicators.indicator import IndicatorStatus, Life
    from bavn.centre.desk.desk import Desk

app = Commands(help="Indicators: from draft to release to their end.")
Wanted = Annotated[str, typer.Argument(help="indicator--..., its beginning, or the observable (type:value).")]
Read = Annotated[bool, typer.Option("--read", help="You read what a block of it would break (indicator show).")]
Rev = Annotated[int | None, typer.Option(help="Only if it still stands at this revision (indicator show).")]


@app.command("draft")
@spread
def draft(
    observables: Annotated[list[str], typer.Argument(help="type:value, plain or defanged; or one case-... .")],
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: Annotated[str, of_act(acts.draft)] = "",
    technique: Annotated[str, typer.Option(help="ATT&CK id, such as T1071.001; of a case: the case's own.")] = "",
    terms: acts.IndicatorTerms,
    source: Annotated[list[str] | None, typer.Option(help="Where it comes from; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draft indicators of your own knowledge, or of all elements of a case."""
    of_case = len(observables) == 1 and observables[0].startswith("case-")
    if not of_case and not technique:
        raise Stop(Exit.USAGE, Text("give --technique, such as T1071.001: every actor reads what it is for"))
    body = typed(
        acts.Drafting,
        **dict(terms),
        case_id=observables[0] if of_case else "",
        observables=[] if of_case else observables,
        technique=technique,
        sources=source or [],
        why=why,
    )
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(desk, life, language_of_rows(as_json=as_json)) for life in acts.draft(desk, by, body)]
    show(rows, as_json=as_json)


def _step(way: Literal["review", "refresh", "withdraw", "wrong"], what: str) -> None:
    @app.command(way, help=what)
    def done(
        wanted: Wanted,
        config: Config = CENTRE_TOML,
        *,
        why: Why,
        by: Annotated[str, of_act(acts.step)] = "",
        rev: Rev = None,
        as_json: AsJson = False,
    ) -> None:
        with opened(config, *acts.REFUSES) as desk:
            body = typed(acts.Acting, act=way, why=why, rev=rev)
            rows = [
                _row(desk, acts.step(desk.indicator_book, by, life.id, body), language_of_rows(as_json=as_json))
                for life in _meant(desk, wanted)
            ]
        show(rows, as_json=as_json)


_step("review", "Put it to review: warning lists and plausibility are looked at, and shown to whoever reviews it.")


@app.command("approve")
def approve(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: Annotated[str, of_act(acts.let_go)] = "",
    read: Read = False,
    rev: Rev = None,
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind it as the second person."""
    by = instead(by, as_local_root)
    with opened(config, *acts.REFUSES) as desk:
        body = typed(acts.Approving, act="approve", why=why, rev=rev, read=read)
        rows = [
            _row(desk, acts.let_go(desk.indicator_book, by, life.id, body), language_of_rows(as_json=as_json))
            for life in _meant(desk, wanted)
        ]
    show(rows, as_json=as_json)


@app.command("radius")
def radius(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason; every actor asked reads it.")],
    by: Annotated[str, of_act(acts.ask_radius)] = "",
    as_json: AsJson = False,
) -> None:
    """Ask every member, before a release, how many machines a block would hit; `indicator show` has the answer."""
    with opened(config, *acts.REFUSES) as desk:
        rows = []
        for life in _meant(desk, wanted):
            acts.ask_radius(desk, by, life.id, typed(acts.RadiusAsking, why=why))
            rows.append(_row(desk, life, language_of_rows(as_json=as_json)))
    show(rows, as_json=as_json)
    if not as_json:
        tell(Text("a node answers within a minute where its policy is automatic: bavn centre indicator show"))


@app.command("release")
def release(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    why: Why,
    by: Annotated[str, of_act(acts.let_go)] = "",
    now: Annotated[bool, typer.Option("--now", help="Skip the canary ring; works once a second person asks, too.")] = (
        False
    ),
    read: Read = False,
    rev: Rev = None,
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Let it go: to the canary ring first, then to everybody."""
    by = instead(by, as_local_root)
    with opened(config, *acts.REFUSES) as desk:
        rows = []
        for life in _meant(desk, wanted):
            if life.state is not LifeState.RELEASED or not now:
                body = typed(acts.Approving, act="release", why=why, rev=rev, read=read)
                acts.let_go(desk.indicator_book, by, life.id, body)
            if now:
                acts.let_go(desk.indicator_book, by, life.id, typed(acts.Approving, act="now", why=why))
            rows.append(_row(desk, desk.indicator_book.get(life.id), language_of_rows(as_json=as_json)))
    show(rows, as_json=as_json)
    if now and not as_json and any(row["now"] == "asked for" for row in rows):
        tell(Text("the ring is passed over when somebody else says the same"))


_step("refresh", "It was truly met: its days begin anew, everywhere.")
_step("withdraw", "Take it back: every actor lifts it, those that are away when they come back. One person is enough.")


_step("wrong", "Say that it is false: what it is worth sinks.")


@app.command("show")
def shown(
    wanted: Annotated[str, typer.Argument(help="Only this one: indicator--..., its beginning, or type:value.")] = "",
    config: Config = CENTRE_TOML,
    *,
    state: Annotated[LifeState | None, typer.Option(help="Only these.")] = None,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: int = 100,
) -> None:
    """Indicators, the latest first: where each stands, who stands behind it, what it is worth. Of one also what was
    found before release, where it stands at each actor, and all that was done to it."""
    with opened(config, *acts.REFUSES) as desk:
        if wanted:
            _show_one(desk, _meant(desk, wanted)[0], language, as_json=as_json)
            return
        lives = desk.indicator_book.every(state, limit)
        rows = [_standing_row(desk, one, language) for one in desk.upkeep.statuses(lives, desk.now_us())]
    show(rows, as_json=as_json)


def _show_one(desk: "Desk", life: "Life", language: Language, *, as_json: bool) -> None:
    row = _row(desk, life, language)
    checks = life.checks if life.state is not LifeState.DRAFT else desk.indicator_book.looked_at(life)
    row["checks"] = [{"check": c.name, "stops": c.stops, "words": c.words.say(language)} for c in checks]
    row["actors"] = [
        {
            "actor": actor.actor,
            "state": actor.state or ("held" if actor.held else "no answer"),
            "rule": actor.rule,
            "enforced_by": list(actor.enforcers),
            "not_carried_by": list(actor.not_carried),
            "enforced": None if actor.enforced_us is None else iso(actor.enforced_us),
        }
        for actor in desk.deliveries.at_actors(life.id)
    ]
    row["radius"] = _radius(desk, life, language)
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    checks_rows, actors, reach = row.pop("checks"), row.pop("actors"), row.pop("radius")
    show([row], as_json=False)
    for found in checks_rows:
        weight = _STOPS if found["stops"] else _LOOK
        print(f"{weight.say(language)}  {found['check']:<14} {found['words']}")
    for sentence in [] if reach is None else [reach["says"], *reach["functions"]]:
        print(sentence)
    if actors:
        show(actors, as_json=False)
    for line in desk.indicator_book.history(life.id):
        print(f"{iso(line.at_us)[:19]}  {line.who:<16} {line.act:<20} {line.detail}")


@app.command("rules")
def rules(
    wanted: Wanted,
    config: Config = CENTRE_TOML,
    *,
    form: For = "suricata",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Write what is released as a rule for the tool in which analysts work; all of a case at once."""
    from bavn.app.siem.rules.known import rules_released

    address = configured(config).console.address
    with opened(config, *acts.REFUSES) as desk:
        ids = [life.id for life in _meant(desk, wanted)]
        show_rules(rules_released(desk, ids, form, address), form, as_json=as_json, language=language)


_STOPS = Text.in_context("check of an indicator", "STOP")
_LOOK = Text.in_context("check of an indicator", "look")


def _radius(desk: "Desk", life: "Life", language: Language) -> dict[str, Any] | None:
    from bavn.centre.desk.radius import radius_of

    reach = radius_of(desk, life.id)
    if reach is None:
        return None
    hosts = reach.hosts
    return {
        **named(reach, "members", "answered", "declined"),
        "known": hosts is not None and hosts.known,
        "hosts": None if hosts is None else [hosts.low, hosts.high],
        "says": reach.says.say(language),
        "functions": [words.say(language) for words in reach.functions_say],
    }


def _row(desk: "Desk", life: "Life", language: Language) -> dict[str, Any]:
    return _standing_row(desk, desk.upkeep.standing(life, desk.now_us()), language)


def _standing_row(desk: "Desk", standing: "IndicatorStatus", language: Language) -> dict[str, Any]:
    life = standing.life
    ring = desk.ring.stand(life.id)
    waits = life.state is LifeState.REVIEW and life.pap >= Pap.GREEN
    state = LIFE_WORDS[life.state].say(language)
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
        "why": Text.of_row(life.refusal).say(language) if life.refusal else life.why,
    }


def _meant(desk: "Desk", wanted: str) -> list["Life"]:
    """The one indicator that is meant, or all of a case. Stop where there is none, or where several begin so."""
    if wanted.startswith("case-"):
        lives = list(desk.indicator_book.of_case(wanted))
        if lives:
            return lives
        raise Stop(Exit.NOT_FOUND, Text("{wanted} has no indicators", wanted=wanted))
    if wanted.startswith("indicator-"):
        begun = [life for life in desk.indicator_book.every() if life.id.startswith(wanted)]
        return [begun[0] if len(begun) == 1 else desk.indicator_book.get(wanted)]
    try:
        return [desk.indicator_book.of(observable_of(wanted))]
    except NotCanonical as error:
        raise Stop(
            Exit.USAGE,
            Text(
                "{wanted} is neither an indicator nor an observable: {error}",
                wanted=repr(wanted),
                error=Text.of_error(error),
            ),
        ) from error
