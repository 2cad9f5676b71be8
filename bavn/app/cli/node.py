"""`bavn node`: enrol, run, and look at what an actor's own node did, suspects and lets out."""

import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from bavn.app.cli import store
from bavn.app.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="An actor's own node.")
app.add_typer(store.app, name="store")

Config = Annotated[Path, typer.Option("--config", "-c", help="The node's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
Spoken = Annotated[Literal["en", "da"], typer.Option("--language", help="Language of sentences.")]
NODE_TOML = Path("node.toml")
WIDTH_PLAIN = 180
WORDY = ("why", "says", "rule")
PIN = re.compile("[0-9a-f]{64}")
TOKEN = re.compile("[A-Za-z0-9_-]{43}")


@app.command("enrol")
def enrol(
    pin: Annotated[str, typer.Option(help="SHA-256 of the authority's certificate, as the centre printed it.")],
    token: Annotated[str, typer.Option(help="The one-time token from `bavn centre invite`.", envvar="BAVN_TOKEN")],
    config: Config = NODE_TOML,
) -> None:
    """Become a member: make keys here and fetch a certificate with a one-time token."""
    from bavn.app.config import read_node
    from bavn.app.real import SystemDice
    from bavn.wire.links.enrolment import enrol as ask
    from bavn.wire.safe import Safe

    if not PIN.fullmatch(pin.lower().replace(":", "")):
        raise Stop(Exit.USAGE, "--pin must be the 64 hexadecimal digits that the centre printed")
    if not TOKEN.fullmatch(token):
        raise Stop(Exit.USAGE, "--token must be the 43 characters that `bavn centre invite` printed")
    given = read_node(config)
    try:
        ask(given.node.centre_url, pin, given.node.actor, token, Safe(given.folder / "keys"), SystemDice())
    except (FileExistsError, ValueError) as error:
        raise Stop(Exit.CONFIGURATION, str(error)) from error
    print(f"{given.node.actor} is enrolled; keys and certificate are in {given.folder / 'keys'}")


@app.command("group-key")
def group_key(file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")]) -> None:
    """Make a new group key for mode M1. Hand it to the other actors yourselves, never through the centre."""
    import os

    from bavn.app.real import SystemDice
    from bavn.psi.keys import new_group_key_file

    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Stop(Exit.CONFIGURATION, f"{file} exists: a group key is never overwritten") from error
    with os.fdopen(handle, "wb") as made:
        made.write(new_group_key_file(SystemDice()))
    print(f"{file}: the centre must never see it, nor collude with any actor that has it (docs/private-join.md)")


@app.command("run")
def run(config: Config = NODE_TOML) -> None:
    """Run the node until SIGTERM or Ctrl-C."""
    from bavn.app.config import read_node
    from bavn.app.node_service import NodeService

    with store.understood():
        service = NodeService(read_node(config))
    service.run()


@app.command("ledger")
def ledger(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    out: Annotated[bool, typer.Option("--out", help="Only what left.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Walk the hash chain and say whether it holds.")] = False,
    limit: Annotated[int, typer.Option(help="The last so many lines.", min=1, max=100_000)] = 200,
) -> None:
    """Every item that met a gate: what left, what was refused, and why."""
    from bavn.wire.ledger import look_on

    with look_on(_book(config)) as reader:
        bad = reader.verify() if verify else None
        lines = [
            line for line in reader.every()
            if (not out or (line.way == "out" and line.verdict == "passed" and line.privacy))
            and (not refused or line.verdict == "refused")
        ][-limit:]  # fmt: skip
    if as_json:
        for line in lines:
            print(json.dumps(asdict(line), ensure_ascii=False, sort_keys=True))
    else:
        _table(
            ("line", "when", "gate", "way", "what", "outcome", "class", "bytes", "says"),
            [
                (line.seq, iso(line.at_us)[:19], line.gate, line.way, line.kind,
                 "passed" if line.verdict == "passed" else f"refused: {line.rule}", line.privacy, line.bytes,
                 line.summary[:90] or line.reason)
                for line in lines
            ],
        )  # fmt: skip
    if bad is not None:
        raise Stop(Exit.BROKEN, f"the ledger's chain breaks at line {bad.seq}: it {bad.reason}")
    if verify:
        print("the chain holds")


@app.command("suspicions")
def suspicions(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en", top: int = 50) -> None:
    """What is suspicious now, in the actor's own reading order, with the alert line."""
    from bavn.actor.door.known import RANKED_SQL, ranked_of

    with _asks(config) as rows:
        ranked = ranked_of(rows(RANKED_SQL))[:top]
    if as_json:
        for entry in ranked:
            print(json.dumps(_suspicion(entry.rank, entry.known_us, entry.suspicion, language), ensure_ascii=False))
        return
    _table(
        ("rank", "detector", "p", "nats", "host", "peer", "why"),
        [
            (e.rank, e.suspicion.detector, f"{e.suspicion.p:.2g}", f"{e.suspicion.evidence_nats:.2f}",
             e.suspicion.host, e.suspicion.peer, e.suspicion.why.say(language))
            for e in ranked
        ],
    )  # fmt: skip


def _suspicion(rank: int, known_us: int, s: Any, language: Language) -> dict[str, Any]:
    return {
        "rank": rank, "id": s.id, "detector": s.detector, "technique": s.technique, "p": s.p, "p_source": s.p_source,
        "evidence_nats": s.evidence_nats, "host": s.host, "peer": s.peer, "first": iso(s.first_us),
        "last": iso(s.last_us), "known": iso(known_us), "hosts": s.hosts, "listed": s.listed,
        "observables": [str(o) for o in s.observables], "why": s.why.say(language),
    }  # fmt: skip


@app.command("blocks")
def blocks(config: Config = NODE_TOML, *, as_json: AsJson = False) -> None:
    """What is blocked until when, what waits for a person, and why."""
    with _asks(config) as rows:
        found = rows(
            "SELECT indicator_id, type, value, act, standing, rule, reason, until_us FROM protect_item ORDER BY value"
        )
    keys = ("indicator", "type", "value", "act", "standing", "rule", "reason", "until")
    made = [dict(zip(keys, (*row[:-1], iso(row[-1])), strict=True)) for row in found]
    if as_json:
        for entry in made:
            print(json.dumps(entry, ensure_ascii=False))
        return
    _table(("value", "act", "standing", "rule", "until"), [
        (m["value"], m["act"], m["standing"], m["rule"] or "", m["until"][:16]) for m in made
    ])  # fmt: skip


@app.command("veto")
def veto(
    observable: Annotated[str, typer.Argument(help="type:value, such as domain:example.com")],
    config: Config = NODE_TOML,
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Take the veto back.")] = False,
    by: Annotated[str, typer.Option(help="Who decides.", envvar="USER")] = "operator",
) -> None:
    """Never let this observable out, whatever the policy says."""
    _wish(config, observable, None if lift else "veto", by)


@app.command("allow")
def allow(
    observable: Annotated[str, typer.Argument(help="type:value, such as domain:example.com")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, typer.Option(help="Who decides.", envvar="USER")] = "operator",
) -> None:
    """Let this observable be revealed where the policy says `ask`."""
    _wish(config, observable, "allow", by)


@app.command("approve")
def approve(
    indicator: Annotated[str, typer.Argument(help="indicator--..., as `bavn node blocks --json` names it")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, typer.Option(help="Who decides.", envvar="USER")] = "operator",
) -> None:
    """Block what waited for a person, was refused or was lifted; never what may never be blocked."""
    _leave("approve", config, indicator, by)


@app.command("lift")
def lift(
    indicator: Annotated[str, typer.Argument(help="indicator--..., as `bavn node blocks --json` names it")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, typer.Option(help="Who decides.", envvar="USER")] = "operator",
) -> None:
    """Lift a block here, also with the centre gone; later versions of the indicator wait for a person."""
    _leave("lift", config, indicator, by)


@app.command("kill-switch")
def kill_switch(
    position: Annotated[Literal["on", "off"], typer.Argument(help="on takes every block out of force at once")],
    config: Config = NODE_TOML,
    *,
    by: Annotated[str, typer.Option(help="Who decides.", envvar="USER")] = "operator",
) -> None:
    """Take everything out of force at this actor, or put it back."""
    _leave("kill" if position == "on" else "revive", config, "", by)


def _leave(act: Literal["approve", "lift", "kill", "revive"], config: Path, indicator: str, by: str) -> None:
    """Leaves a wish that the running node grants at its next step; Stop for an indicator that is not known here."""
    from bavn.actor.protect.state import State
    from bavn.actor.protect.wishes import wish
    from bavn.wire.book import Book

    with Book(_book(config)) as book:
        if indicator and State(book).item(indicator) is None:
            raise Stop(Exit.NOT_FOUND, f"no indicator {indicator!r} is remembered here (bavn node blocks)")
        wish(book, act, indicator, by)
    print(f"{act} {indicator}".strip() + ": the running node does it at its next step")


def _wish(config: Path, text: str, wish: str | None, by: str) -> None:
    from bavn.actor.door.live import as_element
    from bavn.actor.door.state import State
    from bavn.app.real import SystemClock
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
    with Book(_book(config)) as book:
        State(book, bytes(32)).set_wish(observable, wish, by, SystemClock().now_us())
    print(f"{observable}: {wish or 'no wish'}")


def _book(config: Path) -> Path:
    from bavn.app.config import read_node

    file = read_node(config).folder / "node.db"
    if not file.exists():
        raise Stop(Exit.NOT_FOUND, f"{file} is not there: has this node run?")
    return file


@contextmanager
def _asks(config: Path) -> Iterator[Any]:
    """Questions to the node's book while it runs; a table that is not there yet has no rows."""
    from bavn.wire.book import read_only

    with closing(read_only(_book(config))) as connection:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

        yield rows


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", ratio=1 if name in WORDY else None)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    (Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)).print(table)
