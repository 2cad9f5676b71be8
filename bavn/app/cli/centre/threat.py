"""`bavn centre threat`: levels on the national scale as data proposes and people set them; which sort a case is."""

import json
from typing import Annotated, Any

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, By, ByApprover, Config, Spoken, show
from bavn.app.cli.centre.publish import Why, publishing
from bavn.app.process.exits import Exit, Stop
from bavn.centre.publish.document import Kind
from bavn.centre.publish.threat import LEVEL_NAMES, THREATS, UNKNOWN, Threat
from bavn.model.moment import iso
from bavn.model.text import Text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Threat levels on the national scale.")
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
    from bavn.centre.publish.levels import proposals
    from bavn.centre.publish.parts.threats import NO_TREND, TRENDS, level_words

    with publishing(config) as (_, opened):
        found = proposals(opened.facts(Kind.PICTURE, days=days))
    rows: list[dict[str, Any]] = []
    for one in found:
        trend = NO_TREND if one.change is None else TRENDS[one.change]
        cells = (
            THREATS[one.threat].say(language),
            level_words(one.stands).say(language),
            "" if one.set is None else one.set.by,
            level_words(one.level).say(language),
            trend.say(language),
            one.why.say(language),
        )
        rows.append(dict(zip(_COLUMNS.say(language).split("|"), cells, strict=True)))
    show(rows, as_json=as_json)


@app.command("set")
def set_level(
    threat: Annotated[Threat, typer.Argument(help=", ".join(Threat))],
    level: Annotated[str, typer.Argument(help="none, low, medium, high, very-high; or in Danish, ingen ... meget-høj")],
    config: Config = CENTRE_TOML,
    *,
    by: ByApprover = "",
    why: Why = "",
    language: Spoken = "en",
) -> None:
    """Set a level, with your name and a reason; it counts from now on."""
    found = LEVEL_NAMES.get(level.casefold().replace(" ", "-"))
    if found is None:
        raise Stop(Exit.USAGE, f"no level is called {level[:20]!r}; known: {', '.join(LEVEL_NAMES)}")
    from bavn.centre.publish.parts.threats import level_words

    with publishing(config) as (_, opened):
        opened.judgements.set_level(threat, found, by, why)
    print(f"{THREATS[threat].say(language)}: {level_words(found).say(language)}")


@app.command("sort")
def sort(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    threat: Annotated[str, typer.Argument(help=f"{', '.join(Threat)}, or {UNSAID} to say nothing any more")],
    config: Config = CENTRE_TOML,
    *,
    by: By = "",
    why: Why = "",
    language: Spoken = "en",
) -> None:
    """Say what sort of threat a case is; it goes before what its RSIT type says."""
    if threat != UNSAID and threat not in set(Threat):
        raise Stop(Exit.USAGE, f"no sort of threat is called {threat[:20]!r}; known: {', '.join(Threat)}, {UNSAID}")
    said = None if threat == UNSAID else Threat(threat)
    with publishing(config) as (_, opened):
        opened.set_sort(case_id, said, by, why)
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
    from bavn.centre.publish.levels import threat_of

    with publishing(config) as (_, opened):
        facts = opened.facts(Kind.PICTURE, days=days)
    found = sorted(facts.confirmed_in(facts.period), key=lambda one: (threat_of(one) is not None, one.id))
    for one in found if as_json else ():
        said = threat_of(one)
        row = {"case": one.id, "sort": UNSAID if said is None else said.value, "by": one.threat_by or one.rsit}
        print(json.dumps(row, ensure_ascii=False))
    if not as_json:
        names = Text("case|sort|says|confirmed").say(language).split("|")
        rows = []
        for one in found:
            said = threat_of(one)
            word = UNKNOWN if said is None else THREATS[said]
            at = "" if one.confirmed_us is None else iso(one.confirmed_us)[:10]
            cells = (one.id, word.say(language), one.threat_by or one.rsit, at)
            rows.append(dict(zip(names, cells, strict=True)))
        show(rows, as_json=False)


@app.command("history")
def history(config: Config = CENTRE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Every level that was ever set, by whom and why."""
    from bavn.centre.publish.parts.threats import level_words

    with publishing(config) as (_, opened):
        rows = [
            {
                "at": iso(one.at_us)[:19],
                "sort": THREATS[one.threat].say(language),
                "level": level_words(one.level).say(language),
                "by": one.by,
                "why": one.why,
            }
            for one in opened.judgements.levels()
        ]
    show(rows, as_json=as_json)
