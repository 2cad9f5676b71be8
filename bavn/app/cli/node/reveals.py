"""`bavn node reveals`, `withdraw`, `veto` and `allow`: what the sector asked this actor to name, and what people said.

Refuses to answer for the node: a withdrawal is left in its book, and the running node tells it through its door.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import door as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.node.reveal_words import element_of
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.rounds.reveals import Revealed, Withdrawal

Element = Annotated[str, typer.Argument(help="type:value, such as domain:example.com")]
Overrides = Annotated[str, of_act(acts.override)]


def reveals(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=100_000)] = 100,
) -> None:
    """What the centre asked this node to name: when, with how many others, what was answered; what was taken back."""
    from bavn.actor.door.queries import asked_elements
    from bavn.actor.door.rounds.reveals import REVEALS_SQL, WITHDRAWALS_SQL, reveals_of, withdrawals_of

    with asks(config) as rows:
        reveals = _RevealRows(
            asked=reveals_of(rows(f"{REVEALS_SQL} LIMIT {limit}")),
            back=withdrawals_of(rows(f"{WITHDRAWALS_SQL} LIMIT {limit}")),
            waiting=sorted(asked_elements(rows)),
        )
    if as_json:
        for line in _lines(reveals, language):
            print(json.dumps(line, ensure_ascii=False))
    elif not reveals.asked and not reveals.back and not reveals.waiting:
        nothing = Text("the centre has asked this node to name nothing yet")
        print(nothing.say(language))
    else:
        show_table(("when", "tier", "element", "others shown", "cells", "says"), _table(reveals, language), language)


@dataclass(frozen=True, slots=True)
class _RevealRows:
    """``waiting``: elements that wait for a person here, and since when."""

    asked: "list[Revealed]"
    back: "list[Withdrawal]"
    waiting: list[tuple[Any, ...]]


def _lines(reveals: _RevealRows, language: Language) -> Iterator[dict[str, object]]:
    """For machines: what was asked, what waits, what was taken back."""
    from bavn.app.node.reveal_words import answer_text, withdrawal_text

    for reveal in reveals.asked:
        yield {
            "what": "reveal",
            "at": iso(reveal.at_us),
            "round": reveal.round_id,
            "tier": reveal.tier,
            "element": str(reveal.observable),
            "receipts": reveal.receipts,
            "named": not reveal.rule,
            "rule": reveal.rule,
            "says": answer_text(reveal.rule).say(language),
        }
    for element, at_us in reveals.waiting:
        yield {"what": "waits", "at": iso(at_us), "element": element}
    for taken in reveals.back:
        yield {
            "what": "withdrawal",
            "at": iso(taken.at_us),
            "element": str(taken.observable),
            "by": taken.by,
            "told": None if taken.told_us is None or taken.rule else iso(taken.told_us),
            "rule": taken.rule,
            "says": withdrawal_text(taken.told_us, taken.rule).say(language),
        }


def _table(reveals: _RevealRows, language: Language) -> list[tuple[Any, ...]]:
    """For people: one row for each round, element and answer."""
    from bavn.app.node.reveal_words import answer_text, together, withdrawal_text

    ask = Text("waits for a person: bavn node allow or veto").say(language)
    rows = [
        (
            iso(last.at_us)[:19],
            last.tier,
            str(last.observable),
            str(shown),
            str(cells),
            answer_text(last.rule).say(language),
        )
        for last, shown, cells in together(reveals.asked)
    ]
    waiting = [(iso(at_us)[:19], "", element, "", "", ask) for element, at_us in reveals.waiting]
    back = [
        (
            iso(taken.at_us)[:19],
            "",
            str(taken.observable),
            "",
            "",
            f"{withdrawal_text(taken.told_us, taken.rule).say(language)} ({taken.by})",
        )
        for taken in reveals.back
    ]
    return [*rows, *waiting, *back]


def withdraw(
    observable: Annotated[str, typer.Argument(help="type:value, as `bavn node reveals` names it")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, of_act(acts.withdraw)] = "",
    language: Spoken = "en",
) -> None:
    """Take a revealed element back: the centre drops this actor's reports on it, and it is vetoed from then on."""
    body = typed(acts.WithdrawRequest, element=str(element_of(observable)))
    here = Here(config)
    taken = acts.withdraw(here, by, body)
    sentence = Text(
        "{element} is to be taken back. {when} `bavn node veto --lift` lets it join again.",
        element=taken,
        when=here.when(),
    )
    print(sentence.say(language))


def veto(
    observable: Element,
    config: Config = NODE_TOML,
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Take the veto back.")] = False,
    by: Overrides = "",
    language: Spoken = "en",
) -> None:
    """Never let this observable out, whatever the policy says."""
    _override(config, observable, "none" if lift else "veto", by, language)


def allow(observable: Element, config: Config = NODE_TOML, *, by: Overrides = "", language: Spoken = "en") -> None:
    """Let this observable be revealed where the policy says `ask`."""
    _override(config, observable, "allow", by, language)


def _override(config: Path, observable: str, text: str, by: Overrides, language: Language) -> None:
    body = typed(acts.OverrideRequest, element=str(element_of(observable)), wish=text)
    wishes = {
        "veto": Text("it never leaves, whatever the policy says"),
        "allow": Text("it may be revealed where the policy asks"),
        "none": Text("the policy alone decides again"),
    }
    print(f"{acts.override(Here(config), by, body)}: {wishes[text].say(language)}")
