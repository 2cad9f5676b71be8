"""`bavn centre log`: how the centre's log stands. Also while the centre runs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, ByHere, Config, Spoken, configured, opened
from bavn.model.moment import iso
from bavn.model.text import Number, Text

if TYPE_CHECKING:  # the command's own help loads no database
    from sqlalchemy import Engine

NOTHING: Final = Text("No checkpoint yet: the centre signs the first one when it runs.")
HEAD: Final = Text("{origin}: {size} entries under the checkpoint of {when}, {waiting} since. Root {root}")
PLACE: Final = Text("Files: {folder}")
KEY: Final = Text("Key, for `bavn audit {folder} --key`: {key}")


def log(
    config: Config = CENTRE_TOML,
    *,
    begin_anew: Annotated[
        str, typer.Option(help="Begin a log of another name, and say why: an older database was put back by hand.")
    ] = "",
    by: ByHere = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The log of what this centre did: its size, newest checkpoint, entries by kind, and the key to check it with."""
    from bavn.app.centre.parts import log_folder, log_verifier
    from bavn.centre.store.log_keeper import summary
    from bavn.tlog.entries import KINDS

    file = configured(config)
    folder = log_folder(file)
    with opened(config) as desk:
        if begin_anew:
            _begin_anew(desk.engine, file.centre.limits.sector, by, begin_anew)
        state = summary(desk.engine)
    key = log_verifier(file, state.origin).text()
    if as_json:
        print(json.dumps(asdict(state) | {"key": key, "folder": str(folder)}, ensure_ascii=False, sort_keys=True))
        return
    if state.at_us:
        facts = {"origin": state.origin, "when": iso(state.at_us)[:19] + "Z", "root": state.root}
        print(HEAD.filled(size=Number(state.size), waiting=Number(state.waiting), **facts).say(language))
    else:
        print(NOTHING.say(language))
    for kind, count in sorted(state.kinds.items()):
        print(f"{count:9}  {kind}: {KINDS[kind].says.say(language)}")
    print(PLACE.filled(folder=folder).say(language))
    print(KEY.filled(folder=folder, key=key).say(language))


def _begin_anew(engine: "Engine", sector: str, by: str, why: str) -> None:
    from bavn.app.process.real import SystemClock
    from bavn.centre.cases import audit
    from bavn.centre.store import log as entries
    from bavn.centre.store.engine import writing
    from bavn.centre.store.log_keeper import origin_of

    now_us = SystemClock().now_us()
    with writing(engine) as tx:
        audit.note(tx, now_us, by, "log-begun-anew", "log", {"why": why[:200]})
        entries.begin_anew(tx, origin_of(sector), now_us)
