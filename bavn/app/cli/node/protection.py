"""`bavn node blocks, approve, lift, kill-switch, centre-replaced`: what is in force here, and what people do."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from bavn.actor.protect import queries
from bavn.app.acts.node import protection as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.named_items import named_items
from bavn.app.cli.centre.person import of_act
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.words import cell
from bavn.model.moment import iso
from bavn.model.text import Language, Text

NAMED = "A domain, address, network, https://host, *.pattern, type:value, or indicator--... of `bavn node blocks`."
Named = Annotated[str, typer.Argument(help=NAMED)]
Who = Annotated[str, of_act(acts.act_on)]
NOTHING_BLOCKED = Text(
    "Nothing is blocked, and nothing waits: the centre has released nothing that this node acts on. `bavn node health`"
    " says whether the centre is reached, `bavn node policy explain` what this node would block."
)


def blocks(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """What is blocked until when, what waits for a person or for an enforcer that carries it, and why."""
    with asks(config) as rows:
        items = queries.every_item(rows)
        switched = queries.kill_switches(rows)
    keys = ("indicator", "type", "value", "act", "standing", "rule", "reason", "until")
    shown = [dict(zip(keys, (*row[:-1], iso(row[-1])), strict=True)) for row in items]
    why = {m["indicator"]: Text.of_row(m["reason"]) for m in shown if m["reason"]}
    if as_json:
        for entry in shown:
            entry["reason"] = str(why.get(entry["indicator"], ""))
            print(json.dumps(entry, ensure_ascii=False))
        return
    show_table(
        ("value", "act", "standing", "rule", "until"),
        [
            (
                m["value"],
                cell(m["act"], language),
                cell(m["standing"], language),
                why[m["indicator"]].say(language) if m["reason"] else m["rule"],
                m["until"][:16],
            )
            for m in shown
        ],
        language,
        nothing=NOTHING_BLOCKED,
    )
    for said in switched:
        print(said.say(language))


def approve(indicator: Named, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """Block what waited for a person, was refused or was lifted; never what may never be blocked."""
    _leave("approve", config, indicator, by, language)


def lift(indicator: Named, config: Config = NODE_TOML, *, by: Who = "", language: Spoken = "en") -> None:
    """Lift a block here, also with the centre gone; later versions of the indicator wait for a person."""
    _leave("lift", config, indicator, by, language)


def centre_replaced(
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, of_act(acts.replace_centre)] = "",
    language: Spoken = "en",
    keep_blocks: Annotated[
        bool, typer.Option("--keep-blocks", help="What the old centre blocked stays blocked.")
    ] = False,
) -> None:
    """Start anew with a centre that was cleaned or replaced: forget every number it counted; lift what it blocked;
    open the gates that were shut for it; drop what it said that waits behind them.

    For the hour after somebody else held the centre's key. The node must be stopped. The ledger stays.
    """
    gone = acts.replace_centre(Here(config), by, keep_blocks=keep_blocks)
    lines = [
        Text("Every number of the old centre is forgotten; blocks that were lifted: {blocks}.", blocks=gone.blocks),
        Text(
            "Gates shut for it that are open now: {gates}; waiting messages dropped: {envelopes}.",
            gates=gone.gates,
            envelopes=gone.envelopes,
        ),
        *(Text("{enforcer} could not be told: {why}", enforcer=enforcer, why=why) for enforcer, why in gone.down),
    ]
    for line in lines:
        print(line.say(language))


def kill_switch(
    position: Annotated[Literal["on", "off"], typer.Argument(help="on takes every block out of force at once")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, of_act(acts.switch)] = "",
    language: Spoken = "en",
) -> None:
    """Take everything out of force at this actor, or put it back."""
    print(f"kill-switch {position}: {acts.switch(Here(config), by, position).say(language)}")


def _leave(way: Literal["approve", "lift"], config: Path, indicator: str, by: Who, language: Language) -> None:
    """For each indicator that is named. Stop for what names none here."""
    here = Here(config)
    with here.asks() as rows:
        named = named_items(rows, indicator)
    for one in named:
        print(f"{way} {one}: {acts.act_on(here, by, one.id, way).say(language)}")
