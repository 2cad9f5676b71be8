"""`bavn node value`: what this node knows of one value. It asks nobody and changes nothing."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node.here import Here
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken
from bavn.app.cli.node.dry_run import lines_of
from bavn.app.cli.node.hunt.show import visible
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.analyst.values.card import ValueCard

_HUNT = Text('Look for it in own history: bavn node hunt sql "{sql}"')
_INSIDE = Text("One of this actor's own.")


def value(
    what: Annotated[str, typer.Argument(help="A domain, an address, or type:value; defanged spellings, too.")],
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What this node knows of one value: who met it, how many of the sector know it, whether it is blocked, and what a
    block of it would hit here."""
    from bavn.actor.protect.dry_run_shown import Lists
    from bavn.app.analyst.trying import tried
    from bavn.app.analyst.values.card import value_card, value_of
    from bavn.app.node.protect import never_list, warning_list

    here, observable = Here(config), value_of(what)
    with here.asks() as rows:
        card = value_card(here.config(), rows, here.clock.now_us(), observable)
    if as_json:
        print(json.dumps(_json(card, language), ensure_ascii=False))
        return
    print(observable)
    for line in _lines(card, language):
        print(line)
    if not card.inside:
        given = here.config()
        days = given.protect.dry_run_days
        run = tried(given, config, observable, Lists(never_list(given), warning_list), days)
        for line in (*lines_of(run, days, language), *run.hosts):
            print(line)
    if card.hunt is not None:
        print(_HUNT.filled(sql=card.hunt).say(language))


def _lines(card: "ValueCard", language: Language) -> list[str]:
    sentences = [_INSIDE] if card.inside else []
    sentences += [card.here, *(each for each in (card.sector, card.never) if each is not None)]
    lines = [sentence.say(language) for sentence in sentences]
    lines += [f"{block.says.say(language)} ({block.id})" for block in card.blocks]
    for entry in card.suspicions:
        suspicion = entry.suspicion
        lines.append(f"  {suspicion.id}  {suspicion.host}  {visible(suspicion.headline.say(language))}")
    return lines


def _json(card: "ValueCard", language: Language) -> dict[str, Any]:
    return {
        "type": card.observable.type.value,
        "value": card.observable.value,
        "inside": card.inside,
        "here": card.here.say(language),
        "sector": None if card.sector is None else card.sector.say(language),
        "never_block": None if card.never is None else card.never.say(language),
        "blocks": [{"indicator": block.id, "says": block.says.say(language)} for block in card.blocks],
        "suspicions": [{"id": entry.suspicion.id, "host": entry.suspicion.host} for entry in card.suspicions],
        "hunt": card.hunt,
    }
