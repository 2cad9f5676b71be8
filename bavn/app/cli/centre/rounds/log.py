"""`bavn centre log`: how the centre's log stands. Also while the centre runs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, ByHere, Config, Spoken, configured, opened
from bavn.app.cli.shown import AsJson
from bavn.app.process.exits import Exit
from bavn.model.moment import iso
from bavn.model.text import Number, Text

if TYPE_CHECKING:
    from bavn.app.process.spoken import Spoken as Language
    from bavn.centre.desk.desk import Desk
    from bavn.centre.store.log_keeper import LogSummary
    from bavn.centre.store.witnesses import Seen, Shown

GOOD: Final = Text.in_context("audit", "holds")
BAD: Final = Text.in_context("audit", "DOES NOT HOLD")
NOTHING: Final = Text("No checkpoint yet: the centre signs the first one when it runs.")
HEAD: Final = Text("{origin}: {size} entries under the checkpoint of {when}, {waiting} since. Root {root}")
COSIGNED: Final = Text("Shown to members last: {size} entries, {when}; {count} cosigned. How far each saw it grow:")
NEVER: Final = Text.in_context("a member and the log", "nothing yet")
PLACE: Final = Text("Files: {folder}")
KEY: Final = Text("Key, for `bavn audit {folder} --key`: {key}")


def log(
    config: Config = CENTRE_TOML,
    *,
    begin_anew: Annotated[
        str, typer.Option(help="Begin a log of another name, and say why: an older database was put back by hand.")
    ] = "",
    books: Annotated[
        bool,
        typer.Option(help="Hold the database against the published log: acts, policies, leads and releases."),
    ] = False,
    by: ByHere = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """The log of what this centre did: its size, newest checkpoint, entries by kind, and the key to check it with."""
    from bavn.app.centre.parts import log_folder, log_verifier
    from bavn.app.centre.restore import begin_log_anew
    from bavn.app.cli.centre.store import MEMBERS_NEXT
    from bavn.app.net.party_clock import BesideClock
    from bavn.centre.store import witnesses
    from bavn.centre.store.engine import reading
    from bavn.centre.store.log_keeper import summary

    file = configured(config)
    folder = log_folder(file)
    with opened(config) as desk:
        if begin_anew:
            begin_log_anew(desk.engine, file.centre.limits.sector, by, begin_anew, BesideClock(file.folder).now_us())
            print(MEMBERS_NEXT.say(language), file=sys.stderr)
        state, seen = summary(desk.engine), witnesses.seen(desk.engine)
        with reading(desk.engine) as tx:
            cosigned = witnesses.newest(tx)
        if books:
            _hold(desk, folder, state.size, language, as_json=as_json)
            return
    key = log_verifier(file, state.origin).text()
    if as_json:
        more = {
            "key": key,
            "folder": str(folder),
            "witnesses": [asdict(each) for each in seen],
            "cosigned": None if cosigned is None else asdict(cosigned),
        }
        print(json.dumps(asdict(state) | more, ensure_ascii=False, sort_keys=True))
        return
    _print_state(state, language)
    _print_seen(cosigned, seen, language)
    _print_kinds(state, language)
    print(PLACE.filled(folder=folder).say(language))
    print(KEY.filled(folder=folder, key=key).say(language))


def _print_state(state: "LogSummary", language: "Language") -> None:
    if not state.at_us:
        print(NOTHING.say(language))
        return
    facts = {"origin": state.origin, "when": iso(state.at_us)[:19] + "Z", "root": state.root}
    print(HEAD.filled(size=Number(state.size), waiting=Number(state.waiting), **facts).say(language))


def _print_seen(cosigned: "Shown | None", seen: Sequence["Seen"], language: "Language") -> None:
    """What members were shown last, and how far each has seen the log grow."""
    if cosigned is not None:
        counts = {"count": Number(cosigned.cosigned), "size": Number(cosigned.size)}
        print(COSIGNED.filled(when=iso(cosigned.at_us)[:19] + "Z", **counts).say(language))
    for each in seen:
        when = iso(each.seen_us)[:19] + "Z" if each.seen_us else NEVER.say(language)
        print(f"{each.size:9}  {each.actor}: {when}")


def _print_kinds(state: "LogSummary", language: "Language") -> None:
    from bavn.tlog.entries import KINDS

    for kind, count in sorted(state.kinds.items()):
        print(f"{count:9}  {kind}: {KINDS[kind].says.say(language)}")


def _hold(desk: "Desk", folder: Path, size: int, language: "Language", *, as_json: bool) -> None:
    """What the books say otherwise than the log."""
    from bavn.app.net.log_reader import log_reader
    from bavn.centre.desk.log_books import held_against_log

    findings = held_against_log(desk, log_reader(str(folder)), size)
    if as_json:
        print(json.dumps([asdict(each) | {"says": each.says.say("en")} for each in findings], ensure_ascii=False))
    else:
        for each in findings:
            print(f"  {(GOOD if each.good else BAD).say(language)}: {each.says.say(language)}")
    if not all(each.good for each in findings):
        raise typer.Exit(Exit.DISPROVED)
