"""`bavn node reveals` and `bavn node withdraw`: what the sector asked this actor to name, and taking an answer back.

Refuses to answer for the node: a withdrawal is left in its book, and the running node tells it through its door.
"""

import json
from typing import Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, ByDoor, Config, Spoken, asks, book_of, show_table
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Text


def reveals(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=100_000)] = 100,
) -> None:
    """What the centre asked this node to name: when, on whose receipts, what was answered; and what was taken back."""
    from bavn.actor.door.rounds.reveals import REVEALS_SQL, WITHDRAWALS_SQL, reveals_of, withdrawals_of
    from bavn.app.node.reveal_words import answer_text, together, withdrawal_text

    with asks(config) as rows:
        asked = reveals_of(rows(f"{REVEALS_SQL} LIMIT {limit}"))
        back = withdrawals_of(rows(f"{WITHDRAWALS_SQL} LIMIT {limit}"))
        waiting = rows("SELECT observable, at_us FROM door_wish WHERE wish = 'asked' ORDER BY observable")
    if as_json:
        for one in asked:
            print(
                json.dumps(
                    {
                        "what": "reveal",
                        "at": iso(one.at_us),
                        "round": one.round_id,
                        "tier": one.tier,
                        "element": str(one.observable),
                        "receipts_of": list(one.receipts_of),
                        "named": not one.rule,
                        "rule": one.rule,
                        "says": answer_text(one.rule).say(language),
                    },
                    ensure_ascii=False,
                )
            )
        for element, at_us in waiting:
            print(json.dumps({"what": "waits", "at": iso(at_us), "element": element}, ensure_ascii=False))
        for taken in back:
            standing = withdrawal_text(taken.told_us, taken.rule)
            print(
                json.dumps(
                    {
                        "what": "withdrawal",
                        "at": iso(taken.at_us),
                        "element": str(taken.observable),
                        "by": taken.by,
                        "told": None if taken.told_us is None or taken.rule else iso(taken.told_us),
                        "rule": taken.rule,
                        "says": standing.say(language),
                    },
                    ensure_ascii=False,
                )
            )
        return
    if not asked and not back and not waiting:
        nothing = Text("the centre has asked this node to name nothing yet")
        print(nothing.say(language))
        return
    lines = [
        (
            iso(last.at_us)[:19],
            last.tier,
            str(last.observable),
            ", ".join(names),
            str(cells),
            answer_text(last.rule).say(language),
        )
        for last, names, cells in together(asked)
    ]
    ask = Text("waits for a person: bavn node allow or veto")
    lines += [(iso(at_us)[:19], "", element, "", "", ask.say(language)) for element, at_us in waiting]
    lines += [
        (
            iso(w.at_us)[:19],
            "",
            str(w.observable),
            "",
            "",
            f"{withdrawal_text(w.told_us, w.rule).say(language)} ({w.by})",
        )
        for w in back
    ]
    show_table(("when", "tier", "element", "receipts of", "cells", "says"), lines, language)


def withdraw(
    observable: Annotated[str, typer.Argument(help="type:value, as `bavn node reveals` names it")],
    config: Config = NODE_TOML,
    *,
    by: ByDoor = "",
) -> None:
    """Take a revealed element back: the centre drops this actor's reports on it, and it is vetoed from then on."""
    from bavn.actor.door.rounds.reveals import Reveals
    from bavn.app.node.reveal_words import element_of
    from bavn.app.process.real import SystemClock
    from bavn.wire.book import Book

    taken = element_of(observable)
    with Book(book_of(config)) as book:
        kept = Reveals(book)
        if not kept.was_reported(taken):
            raise Stop(Exit.NOT_FOUND, f"no report on {taken} has left this node (bavn node reveals)")
        kept.withdraw(taken, by, SystemClock().now_us())
    print(f"{taken}: the running node takes it back at its next step; `bavn node veto --lift` lets it join again")
