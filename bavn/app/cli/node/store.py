"""`bavn node store`: what the node remembers, whether it is whole, and a lost manifest made again.

Refuses to show any row: that is a question to a window.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bavn.app.analyst.faults import understood
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, Config
from bavn.app.cli.words import Spoken, number
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text

app = Commands(help="The node's own history: size, health, repair.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]


@app.command("stats")
def stats(config: Config = NODE_TOML, *, as_json: AsJson = False, language: Spoken = "en") -> None:
    """Rows, bytes, span, what was refused and forgotten; also while the node runs."""
    from bavn.actor.store.faults import StoreBroken
    from bavn.actor.store.history import History

    try:
        with History.read(_folder(config)) as history:
            figures = history.stats()
    except StoreBroken as error:
        raise Stop(Exit.BROKEN, Text.of_error(error)) from error
    figures_json = asdict(figures) | {"rows_total": figures.rows_total, "bytes_total": figures.bytes_total}
    for name in ("oldest", "newest", "known_from"):
        at_us = figures_json.pop(f"{name}_us")
        figures_json[name] = None if at_us is None else iso(at_us)
    network_us = figures_json.pop("network_us")
    figures_json["network"] = network_us and [iso(at_us) for at_us in network_us]
    _say(figures_json, as_json=as_json, language=language)


@app.command("check")
def check(config: Config = NODE_TOML, *, as_json: AsJson = False) -> None:
    """Read every byte of the history, the node stopped; what is damaged is taken out and named."""
    from bavn.actor.store.columns import ColumnStore

    folder = _folder(config)
    with understood():
        if not (folder / "manifest.sqlite").exists() and not any((folder / "segments").glob("*/*")):
            raise Stop(
                Exit.NOT_FOUND,
                Text(
                    "there is no store in {folder}: this node has not run yet; start it with `bavn node run`",
                    folder=folder,
                ),
            )
        with ColumnStore.open(folder) as store:
            before = set(store.stats().damaged)
            damaged = store.check()
            taken_out = sorted(set(store.stats().damaged) | before)
    said = {"damaged_now": [f"{d.segment.name}: {d.why}" for d in damaged], "damaged_ever": taken_out}
    _say(said, as_json=as_json)
    if damaged:
        raise Stop(
            Exit.BROKEN,
            Text.counted(
                "{count:,} file was damaged and is in damaged/ now; the rest goes on",
                "{count:,} files were damaged and are in damaged/ now; the rest goes on",
                len(damaged),
            ),
        )


@app.command("rebuild")
def rebuild(config: Config = NODE_TOML, *, as_json: AsJson = False) -> None:
    """Make a lost or damaged manifest again from the files, the node stopped. Deletes nothing."""
    from bavn.actor.store.segments.rebuild import rebuild as make

    folder = _folder(config)
    if not (folder / "segments").is_dir():
        raise Stop(
            Exit.NOT_FOUND,
            Text(
                "there is no store in {folder}: this node has not run yet; start it with `bavn node run`", folder=folder
            ),
        )
    with understood():
        made = make(folder)
    _say(asdict(made), as_json=as_json)


def _folder(config: Path) -> Path:
    from bavn.app.config.load import read_node

    return read_node(config).folder / "store"


FIGURES: Final[dict[str, Text]] = {
    "rows": Text("rows"),
    "bytes": Text("bytes"),
    "segments": Text("segments"),
    "micro_segments": Text("micro_segments"),
    "hours": Text("hours"),
    "refused": Text("refused"),
    "forgotten_rows": Text("forgotten_rows"),
    "forgotten_bytes": Text("forgotten_bytes"),
    "waiting_bytes": Text("waiting_bytes"),
    "damaged": Text("damaged"),
    "damaged_rows": Text("rows in damaged files"),
    "rows_total": Text("rows_total"),
    "bytes_total": Text("bytes_total"),
    "oldest": Text("oldest"),
    "newest": Text("newest"),
    "network": Text("seen on the network"),
    "known_from": Text("known_from"),
}
"""What the store's figures are called; in English as JSON has them."""


def _say(fields: dict[str, Any], *, as_json: bool, language: Language = "en") -> None:
    if as_json:
        print(json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str))
        return
    for name, value in fields.items():
        called = FIGURES[name].say(language) if name in FIGURES else name
        print(f"{called:<16} {_words(value, language)}")


def _words(value: Any, language: Language) -> str:
    none = Text("none").say(language)
    if isinstance(value, dict):
        return (
            ", ".join(f"{Text.of_row(key).say(language)} {number(count, language)}" for key, count in value.items())
            or none
        )
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or none
    if isinstance(value, int):
        return number(value, language)
    if value is None:
        return none
    return str(value)
