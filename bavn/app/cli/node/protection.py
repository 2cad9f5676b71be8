"""`bavn node hits, blocks, approve, lift, kill-switch, centre-replaced, accept-key`: what was met
here, what is in force, and what people do."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from bavn.actor.protect import queries
from bavn.app.acts.node import hits as hit_acts
from bavn.app.acts.node import protection as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.confirmed.here import HitHere, hits_here
from bavn.app.analyst.confirmed.words import sentence, what_to_do
from bavn.app.analyst.named_items import named_items
from bavn.app.analyst.suspected import ranked
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.words import cell
from bavn.app.process.exits import Exit, Stop
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
        switched, left = queries.kill_switches(rows), queries.left_on_items(rows)
    keys = ("indicator", "type", "value", "act", "standing", "rule", "reason", "until")
    shown = [dict(zip(keys, (*row[:-1], iso(row[-1])), strict=True)) for row in items]
    why = {m["indicator"]: Text.of_row(m["reason"]) for m in shown if m["reason"]}
    if as_json:
        for entry in shown:
            entry["reason"] = str(why.get(entry["indicator"], ""))
            entry["left"], entry["left_by"] = left.get(entry["indicator"], (None, None))
            print(json.dumps(entry, ensure_ascii=False))
        return
    waits = {name: [acts.LEFT[way].filled(by=by).say(language)] for name, (way, by) in left.items()}
    show_table(
        ("value", "act", "standing", "rule", "until"),
        [
            (
                m["value"],
                cell(m["act"], language),
                "; ".join([cell(m["standing"], language), *waits.get(m["indicator"], ())]),
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


def hits(
    config: Config = NODE_TOML,
    *,
    take: Annotated[str, typer.Option(help="Say that you look after this one; nothing of it is sent.")] = "",
    by: Annotated[str, of_act(hit_acts.take_hit)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
    check: Annotated[bool, typer.Option("--check", help="Exit with code 10 if there is one that nobody has.")] = False,
) -> None:
    """Attacks that the sector confirmed and that were met here: since when, on which machines, and what to do now."""
    if take:
        here = Here(config)
        with here.asks() as rows:
            named = named_items(rows, take)
        for one in named:
            print(hit_acts.take_hit(here, by, one.id).say(language))
        return
    with asks(config) as rows:
        met = hits_here(rows, ranked(rows))
    for hit in met:
        if as_json:
            print(json.dumps(_plain(hit, language), ensure_ascii=False))
        else:
            _show_hit(hit, language)
    if not met and not as_json:
        print(Text("Nothing that the sector confirmed was met here.").say(language))
    if check and (free := [hit.confirmed.observable.value for hit in met if not hit.confirmed.is_taken]):
        raise Stop(Exit.UNHEALTHY, Text("a confirmed attack was met here: {named}", named=", ".join(free)))


def _show_hit(hit: HitHere, language: Language) -> None:
    known = hit.confirmed
    print(f"{known.observable.value}  {known.indicator_id}")
    lines = [sentence(hit, None)]
    if hit.hosts:
        lines.append(Text("Machines: {named}", named=", ".join(hit.hosts)))
    if hit.case is not None:
        reported = Text("reported by us, too") if hit.reported else Text("not reported by us")
        lines.append(Text("Case: {case} ({reported})", case=hit.case.case_id, reported=reported))
    if known.taken_by:
        lines.append(Text("In the hands of {by}", by=known.taken_by))
    for line in lines:
        print(f"  {line.say(language)}")
    for number, step in enumerate(what_to_do(hit), 1):
        print(f"  {number}. {step.say(language)}")


def _plain(hit: HitHere, language: Language) -> dict[str, object]:
    known = hit.confirmed
    return {
        "indicator": known.indicator_id,
        "observable": str(known.observable),
        "stands": known.stands,
        "count": known.count,
        "hosts": list(hit.hosts),
        "first": None if hit.first_us is None else iso(hit.first_us),
        "last": None if known.last_us is None else iso(known.last_us),
        "met": [{"kind": met.kind, "count": met.count} for met in known.met],
        "case": None if hit.case is None else hit.case.case_id,
        "reported": hit.reported,
        "suspicions": [entry.suspicion.id for entry in hit.suspicions],
        "taken_by": known.taken_by or None,
        "says": sentence(hit, None).say(language),
        "to_do": [step.say(language) for step in what_to_do(hit)],
    }


def approve(
    indicator: Named,
    config: Config = NODE_TOML,
    *,
    by: Who = "",
    read: Annotated[
        bool, typer.Option("--read", help="You read what a block of it would break (bavn node blocks).")
    ] = False,
    language: Spoken = "en",
) -> None:
    """Block what waited for a person, was refused or was lifted; never what may never be blocked."""
    _leave("approve", config, indicator, by, language, read=read)


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


def accept_key(
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, of_act(acts.accept_key)] = "",
    language: Spoken = "en",
) -> None:
    """Join by each key that was refused because it is not the one its day began with here; all ids of that day are
    asked for anew.

    Names who signed it. Ask the key holders first: a day's key has no reason to change unless they lost it and made
    it anew. The node must be stopped.
    """
    accepted = acts.accept_key(Here(config), by)
    for line in accepted or [Text("No key was refused.")]:
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


def _leave(
    way: Literal["approve", "lift"], config: Path, indicator: str, by: Who, language: Language, *, read: bool = False
) -> None:
    """For each indicator that is named. Stop for what names none here."""
    here = Here(config)
    with here.asks() as rows:
        named = named_items(rows, indicator)
    for one in named:
        print(f"{way} {one}: {acts.act_on(here, by, one.id, way, read=read).say(language)}")
