"""`bavn centre threat`: levels on the national scale as data proposes and people set them; which sort a case is."""

import json
from typing import Annotated, Any

import typer

from bavn.app.acts.centre import threats as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, Spoken, named, show
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.centre.publish import Why, publishing
from bavn.app.cli.help import Commands
from bavn.app.cli.spread import typed
from bavn.app.process.exits import Exit, Stop
from bavn.centre.publish.document import Kind
from bavn.centre.publish.levels import proposals, threat_of
from bavn.centre.publish.parts.threats import NO_TREND, TRENDS, level_words
from bavn.centre.publish.threat import LEVEL_NAMES, THREATS, UNKNOWN, Threat
from bavn.model.moment import iso
from bavn.model.text import Text

app = Commands(help="Threat levels on the national scale.")
UNSAID = "unknown"
_COLUMNS = Text("type|level|set by|proposed from data|trend|reason")


@app.command("show")
def shown(
    config: Config = CENTRE_TOML,
    *,
    days: Annotated[int, typer.Option(help="Of the last so many days.", min=1, max=400)] = 90,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Each sort's level, who set it, and what the data of the last days proposes, with its reason and trend."""
    with publishing(config) as (_, opened):
        found = proposals(opened.facts(Kind.PICTURE, days=days))
    rows: list[dict[str, Any]] = []
    for proposal in found:
        trend = NO_TREND if proposal.change is None else TRENDS[proposal.change]
        cells = (
            THREATS[proposal.threat].say(language),
            level_words(proposal.stands).say(language),
            "" if proposal.set is None else proposal.set.by,
            level_words(proposal.level).say(language),
            trend.say(language),
            proposal.why.say(language),
        )
        rows.append(dict(zip(_COLUMNS.say(language).split("|"), cells, strict=True)))
    show(rows, as_json=as_json)


@app.command("set", help=acts.set_level.__doc__)
def _set_level(
    threat: Annotated[Threat, typer.Argument(help=", ".join(Threat))],
    level: Annotated[str, typer.Argument(help="none, low, medium, high, very-high; or in Danish, ingen ... meget-høj")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.set_level)] = "",
    why: Why = "",
    language: Spoken = "en",
) -> None:
    level_name = LEVEL_NAMES.get(level.casefold().replace(" ", "-"))
    if level_name is None:
        known = ", ".join(LEVEL_NAMES)
        raise Stop(Exit.USAGE, Text("no level is called {level!r}; known: {known}", level=level[:20], known=known))
    body = typed(acts.LevelSetting, level=level_name, why=why)
    with publishing(config) as (_, opened):
        acts.set_level(opened.judgements, by, threat, body)
    print(f"{THREATS[threat].say(language)}: {level_words(level_name).say(language)}")


@app.command("sort", help=acts.sort.__doc__)
def _sort(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    threat: Annotated[str, typer.Argument(help=f"{', '.join(Threat)}, or {UNSAID} to say nothing any more")],
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.sort)] = "",
    why: Why = "",
    language: Spoken = "en",
) -> None:
    body = typed(acts.Sorting, threat="" if threat == UNSAID else threat or UNSAID, why=why)
    with publishing(config) as (_, opened):
        said = acts.sort(opened, by, case_id, body)
    print(f"{case_id}: {(UNKNOWN if said is None else THREATS[said]).say(language)}")


@app.command("types")
def types(
    config: Config = CENTRE_TOML,
    *,
    days: Annotated[int, typer.Option(help="Cases confirmed in the last so many days.", min=1, max=400)] = 90,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Each confirmed case with its sort of threat and who or what says so; unknown ones first."""
    with publishing(config) as (_, opened):
        facts = opened.facts(Kind.PICTURE, days=days)
    facts_shown = sorted(facts.confirmed_in(facts.period), key=lambda fact: (threat_of(fact) is not None, fact.id))
    for fact in facts_shown if as_json else ():
        threat = threat_of(fact)
        row = {"case": fact.id, "sort": UNSAID if threat is None else threat.value, "by": fact.threat_by or fact.rsit}
        print(json.dumps(row, ensure_ascii=False))
    if not as_json:
        names = Text("case|sort|says|confirmed").say(language).split("|")
        rows = []
        for fact in facts_shown:
            threat = threat_of(fact)
            word = UNKNOWN if threat is None else THREATS[threat]
            at = "" if fact.confirmed_us is None else iso(fact.confirmed_us)[:10]
            cells = (fact.id, word.say(language), fact.threat_by or fact.rsit, at)
            rows.append(dict(zip(names, cells, strict=True)))
        show(rows, as_json=False)


@app.command("history")
def history(config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Every level that was ever set, by whom and why."""
    with publishing(config) as (_, opened):
        rows = [
            {
                "at": iso(level.at_us)[:19],
                "sort": THREATS[level.threat].say(language),
                "level": level_words(level.level).say(language),
                **named(level, "by", "why"),
            }
            for level in opened.judgements.levels()
        ]
    show(rows, as_json=as_json)
