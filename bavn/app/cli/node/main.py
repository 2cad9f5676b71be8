"""`bavn node`: enrol, run, and look at what an actor's own node did, suspects and lets out."""

import json
import os
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from bavn.app.cli.later import later
from bavn.app.cli.ledger import Limit, Out, RefusedOnly, Verify, show_ledger
from bavn.app.cli.node.book import NODE_TOML, AsJson, ByDoor, ByProtect, Config, Spoken, asks, book_of, show_table
from bavn.app.cli.words import cell
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text

NAMED = "A domain, address, network, https://host, *.pattern, type:value, or indicator--... of `bavn node blocks`."

COMMANDS: Final = {
    "enrol": "bavn.app.cli.node.run:enrol",
    "run": "bavn.app.cli.node.run:run",
    "assets": "bavn.app.cli.node.assets:assets",
    "cbom": "bavn.app.cli.node.assets:cbom",
    "suspicions": "bavn.app.cli.node.suspicions:suspicions",
    "verdict": "bavn.app.cli.node.verdicts:verdict",
    "verdicts": "bavn.app.cli.node.verdicts:verdicts",
    "verdict-end": "bavn.app.cli.node.verdicts:verdict_end",
    "reveals": "bavn.app.cli.node.reveals:reveals",
    "withdraw": "bavn.app.cli.node.reveals:withdraw",
    "questions": "bavn.app.cli.node.questions:questions",
    "counts": "bavn.app.cli.node.counts:counts",
    "evidence": "bavn.app.cli.node.evidence:evidence",
    "replay": "bavn.app.cli.node.replay:replay",
    "attach": "bavn.app.cli.attach:attach",
    "cases": "bavn.app.cli.node.cases:cases",
    "case-answer": "bavn.app.cli.node.cases:case_answer",
    "case-say": "bavn.app.cli.node.cases:case_say",
    "case-nis2": "bavn.app.cli.node.cases:case_nis2",
    "warnings": "bavn.app.cli.node.warnings:warnings",
    "warning-answer": "bavn.app.cli.node.warnings:warning_answer",
    "health": "bavn.app.cli.node.health:health",
    "failures": "bavn.app.cli.failures:node_failures",
    "gates": "bavn.app.cli.gates:node_gates",
    "open-gate": "bavn.app.cli.gates:node_open_gate",
    "canary": "bavn.app.cli.centre.alarms:canary",
    "dry-run": "bavn.app.cli.node.dry_run:dry_run",
    "guard": "bavn.app.cli.node.way_in:guard",
    "listen": "bavn.app.cli.node.way_in:listen",
    "watch": "bavn.app.cli.node.way_in:watch",
    "accept": "bavn.app.cli.accept:node_accept",
    "verify-protocol": "bavn.app.cli.accept:verify_protocol",
    "console": "bavn.app.cli.console:node_console",
}
GROUPS: Final = {
    "store": "bavn.app.cli.node.store:app",
    "hunt": "bavn.app.cli.node.hunt.main:app",
    "rules": "bavn.app.cli.node.rules:app",
    "policy": "bavn.app.cli.node.policy:app",
    "exercise": "bavn.app.cli.node.exercise:app",
    "account": "bavn.app.cli.account:soc",
}
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="An actor's own node.",
    cls=later(COMMANDS, GROUPS),
)


@app.command("group-key")
def group_key(file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")]) -> None:
    """Make a new group key for mode M1. Hand it to the other actors yourselves, never through the centre."""
    from bavn.app.process.real import SystemDice
    from bavn.psi.keys import new_group_key_file

    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Stop(Exit.CONFIGURATION, f"{file} exists: a group key is never overwritten") from error
    with os.fdopen(handle, "wb") as made:
        made.write(new_group_key_file(SystemDice()))
    print(f"{file}: the centre must never see it, nor collude with any actor that has it (docs/private-join.md)")


@app.command("ledger")
def ledger(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    out: Out = False,
    refused: RefusedOnly = False,
    verify: Verify = False,
    limit: Limit = 200,
    language: Spoken = "en",
) -> None:
    """Every item that met a gate: what left, what was refused, and why."""
    show_ledger(
        book_of(config), as_json=as_json, out=out, refused=refused, verify=verify, limit=limit, language=language
    )


@app.command("blocks")
def blocks(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """What is blocked until when, what waits for a person or for an enforcer that carries it, and why."""
    from bavn.actor.protect.state import STANDS

    with asks(config) as rows:
        found = rows(
            f"SELECT indicator_id, type, value, act, {STANDS}, rule, reason, until_us FROM protect_item ORDER BY value"
        )
        notes = dict(rows("SELECT name, value FROM protect_note WHERE name IN ('kill_switch', 'sector_switch')"))
    keys = ("indicator", "type", "value", "act", "standing", "rule", "reason", "until")
    made = [dict(zip(keys, (*row[:-1], iso(row[-1])), strict=True)) for row in found]
    if as_json:
        for entry in made:
            print(json.dumps(entry, ensure_ascii=False))
        return
    show_table(
        ("value", "act", "standing", "rule", "until"),
        [
            (
                m["value"],
                cell(m["act"], language),
                cell(m["standing"], language),
                _rule_said(m["rule"], language),
                m["until"][:16],
            )
            for m in made
        ],
        language,
    )
    for said in switches_said(notes):
        print(said.say(language))


def switches_said(notes: dict[str, str]) -> list[Text]:
    """Why nothing of it is in force, where a kill switch is on: this actor's own, or the sector's, by whom and why."""
    said = []
    if notes.get("kill_switch") == "on":
        own = Text("Nothing is in force: the own kill switch is on.")
        said.append(own)
    turned = json.loads(notes.get("sector_switch", "{}"))
    if turned.get("state") == "on":
        who = f"{turned['by']}: {turned['why']}"
        said.append(Text("Nothing is in force: the sector's kill switch is on ({who}).", who=who))
    return said


def _rule_said(rule: str | None, language: Language) -> str:
    """Why an indicator stands as it does: the rule of gate 4 in words."""
    from bavn.actor.protect.words import WORDS

    return WORDS[rule].say(language) if rule in WORDS else rule or ""


@app.command("veto")
def veto(
    observable: Annotated[str, typer.Argument(help="type:value, such as domain:example.com")],
    config: Config = NODE_TOML,
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Take the veto back.")] = False,
    by: ByDoor = "",
) -> None:
    """Never let this observable out, whatever the policy says."""
    _wish(config, observable, None if lift else "veto", by)


@app.command("allow")
def allow(
    observable: Annotated[str, typer.Argument(help="type:value, such as domain:example.com")],
    config: Config = NODE_TOML,
    *,
    by: ByDoor = "",
) -> None:
    """Let this observable be revealed where the policy says `ask`."""
    _wish(config, observable, "allow", by)


@app.command("approve")
def approve(
    indicator: Annotated[str, typer.Argument(help=NAMED)],
    config: Config = NODE_TOML,
    *,
    by: ByProtect = "",
) -> None:
    """Block what waited for a person, was refused or was lifted; never what may never be blocked."""
    _leave("approve", config, indicator, by)


@app.command("lift")
def lift(
    indicator: Annotated[str, typer.Argument(help=NAMED)],
    config: Config = NODE_TOML,
    *,
    by: ByProtect = "",
) -> None:
    """Lift a block here, also with the centre gone; later versions of the indicator wait for a person."""
    _leave("lift", config, indicator, by)


@app.command("centre-replaced")
def centre_replaced(
    config: Config = NODE_TOML,
    *,
    by: ByProtect = "",
    keep_blocks: Annotated[
        bool, typer.Option("--keep-blocks", help="What the old centre blocked stays blocked.")
    ] = False,
) -> None:
    """Start anew with a centre that was cleaned or replaced: forget every number it counted; lift what it blocked;
    open the gates that were shut for it; drop what it said that waits behind them.

    For the hour after somebody else held the centre's key. The node must be stopped. The ledger stays.
    """
    from bavn.app.config.load import read_node
    from bavn.app.node import by_hand

    read = read_node(config)
    if by_hand.runs(read):
        raise Stop(Exit.NOT_NOW, "the node runs: stop it first, then start it again")
    gone = by_hand.centre_replaced(read, book_of(config), by, keep_blocks=keep_blocks)
    print(f"Every number of the old centre is forgotten; {gone.blocks} blocks were lifted.")
    print(f"{gone.gates} gates that were shut for it are open; {gone.envelopes} messages that waited were dropped.")
    for enforcer, why in gone.down:
        print(f"{enforcer} could not be told: {why}")


@app.command("kill-switch")
def kill_switch(
    position: Annotated[Literal["on", "off"], typer.Argument(help="on takes every block out of force at once")],
    config: Config = NODE_TOML,
    *,
    by: ByProtect = "",
) -> None:
    """Take everything out of force at this actor, or put it back."""
    _leave("kill" if position == "on" else "revive", config, "", by)


def _leave(act: Literal["approve", "lift", "kill", "revive"], config: Path, indicator: str, by: str) -> None:
    """Leaves a wish for each indicator that is named, which the running node grants at its next step. Where it does not
    run, what lifts is done at once. Stop for what names no indicator here."""
    from bavn.actor.protect.requests import request
    from bavn.actor.protect.state import State
    from bavn.app.analyst.named_items import named_items
    from bavn.app.config.load import read_node
    from bavn.app.node.by_hand import runs
    from bavn.wire.book import Book

    with Book(book_of(config)) as book:
        State(book)
        named = [(one.id, str(one)) for one in named_items(book.rows, indicator)] if indicator else [("", "")]
        here = act in ("lift", "kill") and not runs(read_node(config))
        if not here:
            for indicator_id, _ in named:
                request(book, act, indicator_id, by)
    for indicator_id, said in named:
        if here:
            _lift_here("lift" if act == "lift" else "kill", config, indicator_id, by)
        else:
            print(f"{act} {said}".strip() + ": the running node does it at its next step")


def _lift_here(act: Literal["lift", "kill"], config: Path, indicator: str, by: str) -> None:
    """The node does not run: its enforcers are told from here. Stop where one of them could not be told."""
    from bavn.app.config.load import read_node
    from bavn.app.node.by_hand import done_here

    refused, down = done_here(read_node(config), book_of(config), act, indicator, by)
    if refused is not None:
        raise Stop(Exit.NOT_FOUND, refused.reason)
    if down:
        said = "; ".join(f"{name}: {reason}" for name, reason in down)
        raise Stop(
            Exit.NOT_NOW, f"{act}: written down, but not everywhere in effect ({said}); do it again, or start the node"
        )
    print(f"{act} {indicator}".strip() + ": done; the node does not run, so its enforcers were told from here")


def _wish(config: Path, text: str, wish: str | None, by: str) -> None:
    from bavn.actor.door.live import as_element
    from bavn.actor.door.state import State
    from bavn.app.process.real import SystemClock
    from bavn.model.observable import NotCanonical, Observable, ObservableType
    from bavn.wire.book import Book

    kind, _, value = text.partition(":")
    if kind not in set(ObservableType):
        raise Stop(
            Exit.USAGE, f"{text!r} is no observable: write type:value, the type one of {', '.join(ObservableType)}"
        )
    try:
        observable = as_element(Observable.of(kind, value))
    except (NotCanonical, ValueError) as error:
        raise Stop(Exit.USAGE, f"{text!r} is no observable: {error}") from error
    with Book(book_of(config)) as book:
        State(book, bytes(32)).set_override(observable, wish, by, SystemClock().now_us())
    print(f"{observable}: {wish or 'no wish'}")
