"""`bavn audit`: checks the log of a centre, by anybody, without asking the centre. Refuses to need a configuration."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from bavn.app.cli.words import Spoken
from bavn.app.process.exits import Exit, Stop, cannot_read, cannot_write
from bavn.model.moment import iso
from bavn.model.text import Text
from bavn.tlog.note import VerifierKey, key_of

GOOD: Final = Text.in_context("audit", "holds")
BAD: Final = Text.in_context("audit", "DOES NOT HOLD")
HEAD: Final = Text("{source}, looked at {when}:")
KINDS_HEAD: Final = Text("Entries by kind:")
END_GOOD: Final = Text(
    "What was looked at holds. It shows that nothing was changed since it was published, not that the centre did right."
)
END_BAD: Final = Text("Do not believe this log, and keep a copy of it: it is evidence.")


def audit(
    source: Annotated[str, typer.Argument(help="Folder or https:// address of the log, or a file with a proof.")],
    key: Annotated[str, typer.Option(help="The log's key (`bavn centre log` prints it), or a file that holds it.")],
    *,
    keep: Annotated[
        Path | None,
        typer.Option(help="Compare with the checkpoint in this file, and replace it if all holds."),
    ] = None,
    entry: Annotated[int | None, typer.Option(help="Prove that this entry is there; the first is 0.", min=0)] = None,
    holds: Annotated[str, typer.Option(help="Prove the first entry that holds this text, such as a hash.")] = "",
    proof: Annotated[Path | None, typer.Option(help="Write the entry's proof here; it is checked by itself.")] = None,
    witness: Annotated[list[str] | None, typer.Option(help="Key of a witness, which must cosign (repeatable).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    language: Spoken = "en",
) -> None:
    """Check a centre's log: signature, that only was added since the last look, and that an entry is in it."""
    from bavn.app.net.log_reader import log_reader
    from bavn.app.process.real import SystemClock
    from bavn.app.process.whole_file import write_whole
    from bavn.tlog import audit as tlog
    from bavn.tlog.bad import BadLog
    from bavn.tlog.entries import KINDS
    from bavn.tlog.note import note_of
    from bavn.tlog.proof import proof_of

    try:
        log_key, witnesses = _key(key), [_key(each) for each in witness or []]
        if Path(source).is_file():
            report = tlog.audit_proof(proof_of(_bytes(Path(source))), log_key)
        else:
            earlier = note_of(_bytes(keep)) if keep is not None and keep.exists() else None
            read = log_reader(source)
            report = tlog.audit(read, log_key, earlier=earlier, entry=entry, holding=holds, witnesses=witnesses)
    except BadLog as error:
        raise Stop(Exit.INPUT, Text.of_error(error)) from error
    except FileNotFoundError as error:
        raise Stop(Exit.NOT_FOUND, Text("{source} holds no log: there is no checkpoint", source=source)) from error
    except OSError as error:
        raise cannot_read(source, error, Exit.INPUT) from error
    for file, text in ((proof, report.proof and report.proof.text()), (keep, report.note.text())):
        if file is not None and text and report.good:
            try:
                write_whole(file, text.encode())
            except OSError as error:
                raise cannot_write(file, error) from error
    when = iso(SystemClock().now_us())[:19] + "Z"
    if as_json:
        checkpoint = report.checkpoint
        row = {
            "source": source,
            "looked": when,
            "good": report.good,
            "origin": log_key.name,
            "size": None if checkpoint is None else checkpoint.size,
            "root": None if checkpoint is None else checkpoint.root.hex(),
            "kinds": report.kinds,
            "findings": [asdict(each) | {"says": each.says.say("en")} for each in report.findings],
        }
        print(json.dumps(row, ensure_ascii=False, sort_keys=True))
    else:
        print(HEAD.filled(source=source, when=when).say(language))
        for each in report.findings:
            print(f"  {(GOOD if each.good else BAD).say(language)}: {each.says.say(language)}")
        if report.kinds:
            print(KINDS_HEAD.say(language))
        for kind, count in sorted(report.kinds.items()):
            print(f"  {count:9}  {kind}: {KINDS[kind].says.say(language)}")
        print((END_GOOD if report.good else END_BAD).say(language))
    if not report.good:
        raise typer.Exit(Exit.DISPROVED)


def _key(text: str) -> VerifierKey:
    file = Path(text)
    return key_of(_bytes(file).decode("utf-8", "replace") if "+" not in text and file.is_file() else text)


def _bytes(file: Path) -> bytes:
    from bavn.app.net.log_reader import FILE_BYTES_MAX

    try:
        with file.open("rb") as opened:
            return opened.read(FILE_BYTES_MAX)
    except OSError as error:
        raise cannot_read(file, error, Exit.INPUT) from error
