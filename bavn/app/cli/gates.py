"""`bavn node gates`, and so at the centre and the key holder: what is shut since a rule failed, and opening it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.act import Act
from bavn.app.acts.centre import gates as centre_acts
from bavn.app.acts.gates import opened, there
from bavn.app.acts.node import gates as node_acts
from bavn.app.cli.person import of_act, option
from bavn.app.cli.words import Spoken
from bavn.app.fit.service_user import as_its_user, service_config
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text
from bavn.wire.shut import ShutGate

NONE_SHUT = Text("No gate is shut.")
SHUT = Text("Gate {gate} lets no {kind} of {peer} through since {since}: its rule {rule} failed ({error}).")
HINT = Text("What waits is kept. Look at `failures` first, then open it with `gates GATE KIND`.")
OPENED = Text("Gate {gate} is open for {kind} of {peer}.")
From = Annotated[str | None, typer.Option("--from", help="Only of this sender or recipient.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", is_eager=True, callback=as_its_user, help="The configuration file.")
]


def gates_command(
    default: str, book_of: Callable[[Path], Path], what: Act[..., list[ShutGate]] | None = None
) -> Callable[..., None]:
    """The command of one service. ``default``: its configuration file; ``book_of``: from that to its book; ``what``:
    the act that opens, at node and centre, where whoever opens may have an account."""
    its_own = service_config(default)
    By = Annotated[str, option("sac", None) if what is None else of_act(what)]  # noqa: N806  a type
    opens = what or opened

    def gates(
        gate: Annotated[str, typer.Argument(help="The gate to open, as the list names it.")] = "",
        kind: Annotated[str, typer.Argument(help="The kind of message to open it for.")] = "",
        config: ConfigFile = its_own,
        by: By = "",
        peer: From = None,
        *,
        as_json: AsJson = False,
        language: Spoken = "en",
    ) -> None:
        """Gates that are shut for a kind of message, since a rule failed over one; or open one: a ledger line says who
        did, and what waits passes by itself."""
        if not gate:
            _show_shut(book_of(config), language, as_json=as_json)
            return
        if not kind:
            raise Stop(Exit.USAGE, Text("name a gate and a kind of message"))
        for was in opens(book_of(config), by, gate, kind, peer):
            print(OPENED.filled(gate=was.gate, kind=was.kind, peer=was.peer).say(language))

    return gates


def _show_shut(book: Path, language: Language, *, as_json: bool) -> None:
    from bavn.app.process.kept_book import lost_words
    from bavn.wire.ledger import looked_on
    from bavn.wire.shut import shut_gates

    with looked_on(there(book)) as asks:
        shut = shut_gates(asks)
    for gate in shut:
        facts = asdict(gate) | {"since": iso(gate.since_us)[:19] + "Z"}
        words = lost_words([gate]) or SHUT.filled(**facts)
        print(json.dumps(facts, ensure_ascii=False, sort_keys=True) if as_json else words.say(language))
    if not as_json:
        print((HINT if shut else NONE_SHUT).say(language))


def node_book(config: Path) -> Path:
    """A node's book. Raises SettingsError."""
    from bavn.app.config.load import read_node
    from bavn.app.node.parts import BOOK_FILE

    return read_node(config).folder / BOOK_FILE


def centre_book(config: Path) -> Path:
    """A centre's book. Raises SettingsError."""
    from bavn.app.centre.parts import BOOK_FILE
    from bavn.app.config.load import read_centre

    return read_centre(config).folder / BOOK_FILE


def keyholder_book(config: Path) -> Path:
    """A key holder's book. Raises SettingsError."""
    from bavn.app.config.load import read_keyholder
    from bavn.app.keyholder.parts import BOOK_FILE

    return read_keyholder(config).folder / BOOK_FILE


node_gates = gates_command("node.toml", node_book, node_acts.open_gate)
centre_gates = gates_command("centre.toml", centre_book, centre_acts.open_gate)
keyholder_gates = gates_command("keyholder.toml", keyholder_book)
