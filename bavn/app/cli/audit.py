"""`bavn audit`: checks the log of a centre, by anybody, without asking the centre. `bavn node watch-centre`: what a
node checked of it as a witness, and files for others to check.

Expect no verdict on the centre: only that its log grew and nothing in it was changed, or that it was.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bavn.app.acts.node import watch_centre as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, asks
from bavn.app.cli.person import of_act
from bavn.app.cli.words import Spoken
from bavn.app.process.exits import Exit, Stop, cannot_read, cannot_write
from bavn.model.moment import iso
from bavn.model.text import Number, Text
from bavn.tlog.note import VerifierKey, key_of

if TYPE_CHECKING:
    from bavn.actor.door.conversations.witness_book import LogEvidence, LogStanding
    from bavn.app.process.spoken import Spoken as Language
    from bavn.tlog.audit import Audit

GOOD: Final = Text.in_context("audit", "holds")
BAD: Final = Text.in_context("audit", "DOES NOT HOLD")
HEAD: Final = Text("{source}, looked at {when}:")
KINDS_HEAD: Final = Text("Entries by kind:")
END_GOOD: Final = Text(
    "What was looked at holds. It shows that nothing was changed since it was published, not that the centre did right."
)
END_BAD: Final = Text("Do not believe this log, and keep a copy of it: it is evidence.")
END_LACKS: Final = Text(
    "Not all that was asked for could be shown. That is no evidence against the log: what is missing may come later."
)
NOTHING: Final = Text("The centre has shown this node no log yet.")
STANDING: Final = Text(
    "{origin}: {checked} checkpoints checked since {since}, each went on from the one before; the last on {when}, of"
    " {size} entries."
)
KEY: Final = Text("The log's key, for `bavn audit FILE --key`: {key}")
WITNESS: Final = Text("This node cosigned each; its key, for `bavn audit --witness`: {key}")
NONE: Final = Text("No evidence against the centre.")
DONE: Final = Text("{what} (dealt with by {by})")
ANEW: Final = Text("The next log that the centre shows is its log. Cases of evidence that this settled: {count}.")
WRITTEN: Final = Text("{file}: check it with `bavn audit {file} --key KEY`; it needs no network.")
SAME: Final = Text("The log at {source} is the one that this node was shown.")
OTHER: Final = Text("The log at {source} is NOT the one that this node was shown. Keep a copy of both: it is evidence.")
NOT_COMPARED: Final = Text("The log at {source} could not be compared with the one that this node was shown.")


def audit(
    source: Annotated[
        str,
        typer.Argument(help="Folder or https:// address of the log, or a file of a proof, of evidence, or of a round."),
    ],
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
    """Check a centre's log: signature, that only was added since the last look, and that an entry is in it; or compute
    the drawn tables of a round again."""
    from bavn.app.process.real import SystemClock

    with _readable(source):
        log_key, witnesses = _key(key), [_key(each) for each in witness or []]
        report = _report(source, log_key, witnesses, keep=keep, entry=entry, holds=holds)
    for file, text in ((proof, report.proof and report.proof.text()), (keep, report.note.text())):
        if file is not None and text and report.good:
            _write(file, text)
    when = iso(SystemClock().now_us())[:19] + "Z"
    if as_json:
        row = {"source": source, "looked": when, "origin": log_key.name} | _as_row(report)
        print(json.dumps(row, ensure_ascii=False, sort_keys=True))
    else:
        print(HEAD.filled(source=source, when=when).say(language))
        _print_report(report, language)
    _end_by(report)


@contextmanager
def _readable(source: str) -> Iterator[None]:
    """Stop for a log, a file or a key that cannot be read."""
    from bavn.tlog.bad import BadLog

    try:
        yield
    except BadLog as error:
        raise Stop(Exit.INPUT, Text.of_error(error)) from error
    except FileNotFoundError as error:
        raise Stop(Exit.NOT_FOUND, Text("{source} holds no log: there is no checkpoint", source=source)) from error
    except OSError as error:
        raise cannot_read(source, error, Exit.INPUT) from error


def _report(
    source: str, key: VerifierKey, witnesses: list[VerifierKey], *, keep: Path | None, entry: int | None, holds: str
) -> "Audit":
    """What was found in the log or the file. Raises BadLog, OSError."""
    from bavn.app.net.log_reader import log_reader
    from bavn.tlog import audit as tlog
    from bavn.tlog.note import note_of

    if Path(source).is_file():
        return _report_of_file(Path(source), key, witnesses)
    earlier = note_of(_bytes(keep)) if keep is not None and keep.exists() else None
    return tlog.audit(log_reader(source), key, earlier=earlier, entry=entry, holding=holds, witnesses=witnesses)


def _report_of_file(file: Path, key: VerifierKey, witnesses: list[VerifierKey]) -> "Audit":
    """What was found in a file of a round, of evidence or of a proof. Raises BadLog."""
    from bavn.tlog.audit import audit_proof
    from bavn.tlog.evidence import audit_evidence, evidence_of, is_evidence
    from bavn.tlog.proof import proof_of
    from bavn.wire.round_audit import FILE_BYTES_MAX as ROUND_BYTES_MAX
    from bavn.wire.round_audit import audit_round, is_round_audit, round_audit_of

    if is_round_audit(_begins(file)):
        return audit_round(round_audit_of(_bytes(file, ROUND_BYTES_MAX)), key, witnesses)
    given = _bytes(file)
    if is_evidence(given):
        return audit_evidence(evidence_of(given), [key, *witnesses])
    return audit_proof(proof_of(given), key)


def _as_row(report: "Audit") -> dict[str, Any]:
    """For programs."""
    checkpoint = report.checkpoint
    return {
        "good": report.good,
        "evidence": report.evidence,
        "size": None if checkpoint is None else checkpoint.size,
        "root": None if checkpoint is None else checkpoint.root.hex(),
        "kinds": report.kinds,
        "findings": [asdict(each) | {"says": each.says.say("en")} for each in report.findings],
    }


def _print_report(report: "Audit", language: "Language") -> None:
    from bavn.tlog.entries import KINDS

    _print_findings(report, language)
    if report.kinds:
        print(KINDS_HEAD.say(language))
    for kind, count in sorted(report.kinds.items()):
        print(f"  {count:9}  {kind}: {KINDS[kind].says.say(language)}")
    print((END_GOOD if report.good else END_BAD if report.evidence else END_LACKS).say(language))


def _end_by(report: "Audit") -> None:
    """The exit code says what was found, where not all holds."""
    if not report.good:
        raise typer.Exit(Exit.DISPROVED if report.evidence else Exit.NOT_FOUND)


def watch_centre(
    config: Config = NODE_TOML,
    *,
    log: Annotated[
        str, typer.Option(help="Folder or https:// address of the centre's log: compare it with what was shown here.")
    ] = "",
    proof: Annotated[
        Path | None, typer.Option(help="With --log: write a proof here that the log's last entry was in it.")
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="Write the latest evidence against the centre here.")] = None,
    begin_anew: Annotated[
        str, typer.Option(help="Take the next log that the centre shows for its log, and say why.")
    ] = "",
    by: Annotated[str, of_act(acts.begin_anew)] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What this node checked of the centre's log: how far it only grew, since when, and what did not fit."""
    from bavn.actor.door.conversations.witness_book import EVIDENCE_SQL, STANDING_SQL, evidence_of, standing_of

    if begin_anew:
        print(ANEW.filled(count=acts.begin_anew(Here(config), by, begin_anew)).say(language))
    with asks(config) as rows:
        standing, every = standing_of(rows(STANDING_SQL)), evidence_of(rows(EVIDENCE_SQL))
    if as_json:
        shown = None if standing is None else asdict(standing)
        print(json.dumps({"standing": shown, "evidence": [asdict(each) for each in every]}, ensure_ascii=False))
    else:
        _print_standing(standing, language)
        for each in every:
            _print_evidence(each, language)
        if not every and not log:
            print(NONE.say(language))
    if evidence is not None:
        if not every:
            raise Stop(Exit.NOT_FOUND, NONE)
        _hand_over(evidence, _evidence_text(every[0]), language)
    if log:
        if standing is None:
            raise Stop(Exit.NOT_FOUND, NOTHING)
        _compare(log, standing.key, standing.note, proof, language)
        if not every and not as_json:
            print(NONE.say(language))


def _print_standing(standing: "LogStanding | None", language: "Language") -> None:
    """How far the log was seen to grow, and the keys to check it with."""
    if standing is None:
        print(NOTHING.say(language))
        return
    facts = {"since": _when(standing.since_us), "when": _when(standing.seen_us)}
    counts = {"checked": Number(standing.checked), "size": Number(standing.size)}
    print(STANDING.filled(origin=standing.origin, **counts, **facts).say(language))
    print(KEY.filled(key=standing.key).say(language))
    print(WITNESS.filled(key=standing.witness).say(language))


def _print_evidence(evidence: "LogEvidence", language: "Language") -> None:
    """What did not fit, and what is to be done where nobody has dealt with it."""
    from bavn.app.node.health.log import evidence_words, log_act

    words = evidence_words(evidence)
    if evidence.done_us is not None:
        print(DONE.filled(what=words, by=evidence.done_by).say(language))
        return
    print(words.say(language))
    print(f"  {log_act(evidence).say(language)}")


def _when(at_us: int) -> str:
    return iso(at_us)[:19] + "Z"


def _evidence_text(evidence: "LogEvidence") -> str:
    from bavn.tlog.evidence import Evidence
    from bavn.tlog.note import note_of

    kept, shown = note_of(evidence.kept.encode()), note_of(evidence.shown.encode())
    return Evidence(kept, shown, evidence.since, tuple(bytes.fromhex(each) for each in evidence.proof)).text()


def _compare(source: str, key: str, note: str, proof: Path | None, language: "Language") -> None:
    """The log that is handed out to everybody, and the one that this node was shown."""
    from bavn.app.net.log_reader import log_reader
    from bavn.tlog import audit as tlog
    from bavn.tlog.bad import BadLog
    from bavn.tlog.checkpoint import opened
    from bavn.tlog.note import key_of, note_of

    try:
        seen = note_of(note.encode())
        size = opened(seen, key_of(key)).size
        report = tlog.audit(log_reader(source), key_of(key), earlier=seen, entry=size - 1)
    except BadLog as error:
        raise Stop(Exit.INPUT, Text.of_error(error)) from error
    except OSError as error:
        raise cannot_read(source, error, Exit.INPUT) from error
    _print_findings(report, language)
    print((SAME if report.good else OTHER if report.evidence else NOT_COMPARED).filled(source=source).say(language))
    _end_by(report)
    if proof is not None and report.proof is not None:
        _hand_over(proof, report.proof.text(), language)


def _print_findings(report: "Audit", language: "Language") -> None:
    for each in report.findings:
        print(f"  {(GOOD if each.good else BAD).say(language)}: {each.says.say(language)}")


def _hand_over(file: Path, text: str, language: "Language") -> None:
    _write(file, text)
    print(WRITTEN.filled(file=file).say(language))


def _key(text: str) -> VerifierKey:
    file = Path(text)
    return key_of(_bytes(file).decode("utf-8", "replace") if "+" not in text and file.is_file() else text)


def _begins(file: Path) -> bytes:
    return _bytes(file, 64)


def _bytes(file: Path, most: int = 0) -> bytes:
    from bavn.app.net.log_reader import FILE_BYTES_MAX

    try:
        with file.open("rb") as opened:
            return opened.read(most or FILE_BYTES_MAX)
    except OSError as error:
        raise cannot_read(file, error, Exit.INPUT) from error


def _write(file: Path, text: str) -> None:
    from bavn.app.process.whole_file import write_whole

    try:
        write_whole(file, text.encode())
    except OSError as error:
        raise cannot_write(file, error) from error
