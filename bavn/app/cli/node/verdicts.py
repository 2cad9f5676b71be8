"""`bavn node verdict`, `verdicts`, `verdict-end`, `hand`: what people here hold of suspicions, until when, who looks.

Refuses to decide what a verdict does (bavn.model.sector.verdict).
"""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import verdicts as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.suspected import one_named
from bavn.app.analyst.verdict_words import until_us
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.cli.words import cell
from bavn.model.moment import iso
from bavn.model.sector.verdict import Judgement, Scope
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.model.sector.verdict import Verdict

_UNTIL = "Its last day (UTC, 2026-12-31), or how long it holds (30d, 12h). Only `true` may go without."
_SCOPE = (
    "What it covers: story (this suspicion), detector-peer (this detector about this peer, all hosts), host (this"
    " detector about this host), peer (everything about this domain or address, all hosts)."
)


def verdict(
    suspicion: Annotated[str, typer.Argument(help="The beginning of its id, as `bavn node suspicions` shows it.")],
    judgement: Annotated[
        Judgement,
        typer.Argument(
            help="true: it is what it looks like; benign: looked into and innocent; ignore: not to be seen for now."
        ),
    ],
    config: Config = NODE_TOML,
    *,
    until: Annotated[str, typer.Option(help=_UNTIL)] = "",
    scope: Annotated[Scope, typer.Option(help=_SCOPE)] = "story",
    comment: Annotated[str, typer.Option(help="Why, for whoever looks again.")] = "",
    by: Annotated[str, of_act(acts.give)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Say what a suspicion is. It stays here, can be taken back, and ends by itself."""
    here = Here(config)
    with here.asks() as rows:
        suspected = one_named(rows, suspicion).suspicion
    ends_us = until_us(until, here.clock.now_us())
    body = typed(acts.VerdictRequest, verdict=judgement, scope=scope, until_us=ends_us, comment=comment)
    given, note = acts.give(here, by, suspected, body)
    _show([_row(given, here.clock.now_us())], as_json=as_json, language=language)
    if note is not None and not as_json:
        print(note.say(language))


def verdicts(
    config: Config = NODE_TOML,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The verdicts that hold here, the oldest first, then the sector's advice (s1, s2, ...)."""
    from bavn.actor.door.sector_verdicts import SECTOR_LEFT_SQL, SECTOR_VERDICTS_SQL, sector_verdicts_of
    from bavn.actor.door.verdicts import VERDICTS_SQL, verdicts_of
    from bavn.app.process.real import SystemClock

    now_us = SystemClock().now_us()
    with asks(config) as rows:
        found = verdicts_of(rows(VERDICTS_SQL)) + sector_verdicts_of(rows(SECTOR_VERDICTS_SQL))
        left = rows(SECTOR_LEFT_SQL)
    _show([_row(one, now_us) for one in found if every or one.holds(now_us)], as_json=as_json, language=language)
    for case_id, count, ends_us in left:
        if ends_us <= now_us:
            continue
        more = Text(
            "{case_id}: the sector judged {count} more than its message had room for; ask the centre for them",
            case_id=case_id,
            count=count,
        )
        print(more.say(language), file=sys.stderr if as_json else sys.stdout)


def verdict_end(
    number: Annotated[str, typer.Argument(help="Its number, as `bavn node verdicts` shows it; s7 is the sector's.")],
    config: Config = NODE_TOML,
    *,
    comment: Annotated[str, typer.Option(help="Why, for whoever looks again.")] = "",
    by: Annotated[str, of_act(acts.end)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Take a verdict back before its end. That it was given stays on record."""
    here = Here(config)
    ended = acts.end(here, by, number, typed(acts.EndRequest, comment=comment))
    _show([_row(ended, here.clock.now_us())], as_json=as_json, language=language)


def hand(
    suspicion: Annotated[str, typer.Argument(help="The beginning of its id, as `bavn node suspicions` shows it.")],
    to: Annotated[str, typer.Argument(help="Who looks at it now, by the name that they sign with.")],
    config: Config = NODE_TOML,
    *,
    comment: Annotated[str, typer.Option(help="What they must know.")] = "",
    by: Annotated[str, of_act(acts.hand)] = "",
    language: Spoken = "en",
) -> None:
    """Hand a suspicion to a colleague: it leaves your Today and stands on top of theirs. Nothing of it is sent."""
    here = Here(config)
    with here.asks() as rows:
        suspected = one_named(rows, suspicion).suspicion
    print(acts.hand(here, by, suspected, typed(acts.HandRequest, to=to, comment=comment)).say(language))


def _row(verdict: "Verdict", now_us: int) -> dict[str, Any]:
    return {
        "number": f"s{verdict.number}" if verdict.origin == "sector" else verdict.number,
        "origin": verdict.origin,
        "verdict": verdict.judgement,
        "scope": verdict.scope,
        "suspicion": verdict.story,
        "detector": verdict.detector,
        "host": verdict.host,
        "peer": verdict.peer,
        "given": iso(verdict.given_us),
        "until": None if verdict.until_us is None else iso(verdict.until_us),
        "holds": verdict.holds(now_us),
        "by": verdict.by,
        "comment": verdict.comment,
        "ended": None if verdict.ended_us is None else iso(verdict.ended_us),
        "ended_by": verdict.ended_by,
        "ended_comment": verdict.ended_comment,
    }


def _show(rows: list[dict[str, Any]], *, as_json: bool, language: Language) -> None:
    from bavn.model.sector.verdict import JUDGEMENT_WORDS

    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        print(Text("no verdict holds here").say(language))
        return
    table = [
        (
            row["number"],
            JUDGEMENT_WORDS[row["verdict"]].say(language),
            cell(row["scope"], language),
            row["suspicion"][:8],
            row["detector"],
            row["host"],
            row["peer"],
            _until_words(row, language),
            _by(row, language),
            row["comment"] or row["ended_comment"],
        )
        for row in rows
    ]
    show_table(
        ("number", "verdict", "scope", "suspicion", "detector", "host", "peer", "until", "by", "comment"),
        table,
        language,
    )


def _by(row: dict[str, Any], language: Language) -> str:
    return Text("the sector").say(language) if row["origin"] == "sector" else str(row["by"])


def _until_words(row: dict[str, Any], language: Language) -> str:
    if row["ended"]:
        return Text("taken back {at}", at=str(row["ended"])[:16]).say(language)
    if row["until"] is None:
        return Text("no end").say(language)
    until = str(row["until"])[:16]
    return until if row["holds"] else Text("ended {at}", at=until).say(language)
