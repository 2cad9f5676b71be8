"""`bavn node suspicions` and `today`: what is suspicious now, in the order in which the actor's own SOC reads it, and
what of it deserves eyes now.

Refuses to judge: that is `bavn node verdict`'s.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.actor.door.suspicions import RUN_SQL
from bavn.app.acts.node import waiting
from bavn.app.analyst.confirmed.here import ConfirmedWords, hits_here
from bavn.app.analyst.confirmed.words import sentence
from bavn.app.analyst.knocking import knocks, lines_of
from bavn.app.analyst.next_door import next_door_of
from bavn.app.analyst.suspected import ranked, said_of
from bavn.app.analyst.today.inbox import inbox_now
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.words import number, small
from bavn.app.process.real import SystemClock
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.suspicions import Ranked
    from bavn.app.analyst.next_door import KnownInSector
    from bavn.model.sector.verdict import Verdict
    from bavn.model.suspicion import Suspicion

Reader = Annotated[str, of_act(waiting.hand_over)]
ID_CHARS = 8
"""So much of an id is shown in a table; every command takes the beginning of an id."""


def suspicions(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    top: Annotated[int, typer.Option(help="The first so many.", min=0)] = 50,
    every: Annotated[bool, typer.Option("--all", help="All of them, with those that are ignored here.")] = False,
    detector: Annotated[str, typer.Option(help="Only this detector's.")] = "",
    host: Annotated[str, typer.Option(help="Only this host's.")] = "",
) -> None:
    """What is suspicious now, in the actor's own reading order, with the verdicts that hold."""
    with asks(config) as rows:
        items = ranked(rows)
        known_by_story = next_door_of(config, rows).of_suspicions([item.suspicion for item in items])
        sector = ConfirmedWords(rows, items)
    fitting = [
        item
        for item in items
        if (not detector or item.suspicion.detector == detector) and (not host or item.suspicion.host == host)
    ]
    ignored = sum(1 for item in fitting if not item.rank)
    whole = every or detector or host or as_json
    folded = {} if whole else knocks(e.suspicion for e in fitting if e.rank and e.verdict is None)
    alone = [item for item in fitting if item.rank and item.suspicion.id not in folded]
    shown = fitting if every else alone[:top]
    if as_json:
        for entry in shown:
            known = known_by_story.get(entry.suspicion.id, ())
            print(json.dumps(said_of(entry, language, known, sector.on(entry)), ensure_ascii=False))
        return
    if shown:
        _show(shown, language, known_by_story)
    elif not folded:
        print(Text("nothing is suspicious here now").say(language))
    for line in lines_of(folded, SystemClock().now_us()):
        print(f"{line.say(language)} (--all)")
    left = len(fitting) - ignored - len(shown) - len(folded)
    if not every and (left > 0 or ignored):
        print(
            Text(
                "not shown: {n} further down, {ignored} ignored by a verdict (--all shows everything)",
                n=max(0, left),
                ignored=ignored,
            ).say(language)
        )


def today(config: Config = NODE_TOML, *, by: Reader = "", as_json: AsJson = False, language: Spoken = "en") -> None:
    """What deserves eyes now, a line a story, as the console's Today has it; what lies below is counted. What waits for
    a person is `bavn node waiting`."""
    with asks(config) as rows:
        items, now_us = ranked(rows), SystemClock().now_us()
        todays = inbox_now(rows, items, reader=by, now_us=now_us)
        untaken = [hit for hit in hits_here(rows, items) if not hit.confirmed.is_taken]
        looked = bool(rows(RUN_SQL))
        owed = list(waiting.reports_owed(rows, "", now_us))
    if as_json:
        for story in todays.above:
            strongest = said_of(story.entries[0], language)
            others = [entry.suspicion.id for entry in story.entries[1:]]
            print(json.dumps(strongest | {"above": story.why, "others": others}, ensure_ascii=False))
        return
    for hit in untaken:
        print(f"! {hit.confirmed.observable.value}: {sentence(hit, None).say(language)}")
    for report in owed:
        print(f"! {report.by_when(now_us).say(language)}")
    for story in todays.above:
        first = story.entries[0].suspicion
        what, why = first.headline.say(language), story.why_says.say(language)
        print(f"{first.id[:ID_CHARS]}  {first.host}  {first.peer}: {what} [{why}]")
    if not looked:
        print(Text("The detectors have not run yet: nothing was looked through.").say(language))
    elif not todays.above:
        print(Text("No suspicion asks for your eyes now.").say(language))
    below = Text("below: {weaker} weaker, {marked} judged or put aside", weaker=todays.weaker, marked=todays.marked)
    elsewhere = [Text("{to} has {n}", to=to, n=n) for to, n in sorted(todays.handed.items())]
    print(Text.joined("; ", [below, *elsewhere]).say(language))
    commands = [*(["bavn node hits"] if untaken else []), "bavn node suspicions", "bavn node waiting"]
    print(Text("See: {command}", command=", ".join(commands)).say(language))


def _show(entries: "list[Ranked]", language: Language, told: "dict[str, list[KnownInSector]]") -> None:
    def why(suspicion: "Suspicion") -> str:
        parts = [suspicion.why, *(known.says for known in told.get(suspicion.id, ()))]
        return " ".join(part.say(language) for part in parts)

    show_table(
        ("rank", "id", "host", "peer", "what", "verdict", "detector", "p", "nats", "why"),
        [
            (
                e.rank or "-",
                e.suspicion.id[:ID_CHARS],
                e.suspicion.host,
                e.suspicion.peer,
                e.suspicion.headline.say(language),
                verdict_words(e.verdict, language),
                e.suspicion.detector,
                small(e.suspicion.p, language),
                number(e.suspicion.evidence_nats, language, 2),
                why(e.suspicion),
            )
            for e in entries
        ],
        language,
    )


def verdict_words(verdict: "Verdict | None", language: Language) -> str:
    """What a verdict says and until when: ``benign until 2026-12-01``."""
    from bavn.model.sector.verdict import JUDGEMENT_WORDS

    if verdict is None:
        return ""
    ends = "" if verdict.until_us is None else Text(" until {day}", day=iso(verdict.until_us)[:10]).say(language)
    whose = Text(" (the sector)").say(language) if verdict.origin == "sector" else ""
    return JUDGEMENT_WORDS[verdict.judgement].say(language) + whose + ends
