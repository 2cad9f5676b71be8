"""`bavn centre log`: how the centre's log stands. Also while the centre runs."""

import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, ByHere, Config, Spoken, configured, opened
from bavn.model.moment import iso
from bavn.model.text import Number, Text

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
    from bavn.app.centre.restore import begin_log_anew
    from bavn.centre.store.log_keeper import summary
    from bavn.tlog.entries import KINDS

    file = configured(config)
    folder = log_folder(file)
    with opened(config) as desk:
        if begin_anew:
            begin_log_anew(desk.engine, file.centre.limits.sector, by, begin_anew)
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
