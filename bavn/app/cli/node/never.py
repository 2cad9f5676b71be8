"""`bavn node never-block`: what this actor blocks for nobody: looked at, and changed by hand with a reason.

Refuses to strike what stands in a file or comes with Bavn.
"""

import json
from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer

from bavn.app.acts.node import never as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.help import Commands
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, show_table
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.model.moment import iso
from bavn.model.text import Text

app = Commands(help="What this actor blocks for nobody.")
Values = Annotated[list[str], typer.Argument(help="Names, addresses or networks; several at once.")]
Covers = Annotated[
    Literal["tree", "name", "network"],
    typer.Option("--covers", help="tree: a name and all below it; name: that name alone; network: addresses."),
]
Why = Annotated[str, typer.Option("--why", help="The reason, for the ledger and for whoever reads the list.")]
Sure = Annotated[bool, typer.Option("--sure", help="Do it: what it would lift, hold or free was looked at.")]
EFFECTS: Final = {
    "lifted": Text("in force now, and lifted at once: {value} ({indicator})"),
    "held": Text("waits for a person, and could no longer be approved: {value} ({indicator})"),
    "freed": Text("may be blocked again: {value} ({indicator})"),
}
NO_EFFECT: Final = Text("No indicator that is remembered here would change.")
NOTHING: Final = Text("Nothing was added here by hand. --all shows the whole list.")


@app.command("list")
def listed(
    config: Config = NODE_TOML,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what comes with Bavn or stands in a file.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What people here added by hand, with who and why."""
    entries = [entry for entry in acts.entries_of(Here(config)) if every or entry.by_hand]
    rows = [asdict(entry) | {"at": "" if entry.at_us is None else iso(entry.at_us)[:16]} for entry in entries]
    names = ("value", "covers", "table", "why", "by", "at")
    if as_json:
        for row in rows:
            print(json.dumps({name: row[name] for name in names}, ensure_ascii=False))
        return
    show_table(names, [tuple(row[name] for name in names) for row in rows], language, nothing=NOTHING)


def _step(way: Literal["add", "remove"], what: str) -> None:
    @app.command(way, help=what)
    def done(
        values: Values,
        config: Config = NODE_TOML,
        *,
        covers: Covers,
        why: Why,
        sure: Sure = False,
        by: Annotated[str, of_act(acts.change)] = "",
        language: Spoken = "en",
    ) -> None:
        body = typed(acts.NeverChangeRequest, act=way, covers=covers, values=values, why=why, sure=sure)
        here = Here(config)
        effect = acts.effect_of(here, body)
        touched = [(name, indicator) for name in EFFECTS for indicator in getattr(effect, name)]
        for name, indicator in touched:
            print(EFFECTS[name].filled(value=indicator.value, indicator=indicator.id).say(language))
        if not touched:
            print(NO_EFFECT.say(language))
        print(acts.change(here, by, body).say(language))


_step("add", "Block these for nobody. Without --sure it only shows what that would lift.")
_step("remove", "Strike what was added by hand. Without --sure it only shows what that would free.")
