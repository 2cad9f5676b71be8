"""`bavn node attach`: evidence of a suspicion for a case, by hand, after a look at exactly what leaves.

What leaves is one zip file of the suspicion and its rows, redacted like every export, without packets, and with own
addresses and inside names replaced. The same evidence gives the same bytes, so what was previewed is what is sent.
Refuses to send what nobody has seen: --send names the SHA-256 that the preview printed.
"""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bavn.app.analyst.suspected import one_named
from bavn.app.cli.node.book import NODE_TOML, By, Config, Spoken, asks
from bavn.app.node.case_parts import kept_case, moment, opened_cases, rule_text
from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.work import EVIDENCE_BYTES_MAX
from bavn.model.text import Text


def attach(
    evidence: Annotated[
        str, typer.Argument(help="The beginning of a suspicion's id, as `bavn node suspicions` shows it.")
    ],
    config: Config = NODE_TOML,
    *,
    case_id: Annotated[str, typer.Option("--case", help="case-..., as `bavn node cases` shows it.")],
    preview: Annotated[bool, typer.Option("--preview/--send", help="Show exactly what would leave, or let it.")] = True,
    sha256: Annotated[str, typer.Option("--sha256", help="With --send: what the preview printed.")] = "",
    rows: Annotated[int, typer.Option(help="At most so many rows of each table.", min=1, max=10_000)] = 100,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read with it.")] = "",
    by: By = "",
    language: Spoken = "en",
) -> None:
    """Attach what a suspicion rests on to a case. --preview (the default) shows every byte; --send lets it out."""
    from bavn.actor.door.conversations.case_book import ATTACH, CaseReply
    from bavn.model.outcome import Refused

    kept = kept_case(config, case_id)
    made = _made(config, evidence, rows)
    digest = hashlib.sha256(made).hexdigest()
    said = CaseReply(
        number=1,
        at_us=moment(),
        case_id=kept.case_id,
        task_id=None,
        act=ATTACH,
        words=words,
        sha256=digest,
        by=by,
        told_us=None,
        rule="",
    )
    with opened_cases(config) as there:
        outcome = there.try_on(said, made)
        if isinstance(outcome, Refused):
            raise Stop(Exit.NOT_NOW, f"{rule_text(outcome.rule).en} ({outcome.reason})")
        if preview:
            _show(made, kept.case_id, words, digest, evidence, language)
            return
        _seen(sha256, digest)
        number = there.book.leave(kept.case_id, None, ATTACH, words, by, moment(), content=made, sha256=digest)
    print(
        Text(
            "{case_id}: evidence {number}, {made:,} bytes, leaves at the running node's next step",
            case_id=kept.case_id,
            number=number,
            made=len(made),
        ).say(language)
    )


def _made(config: Path, evidence: str, rows: int) -> bytes:
    """The file, the same for the same evidence. Stop where it is too large."""
    from bavn.app.analyst.evidence_of import made_for_case
    from bavn.app.config.load import read_node

    with asks(config) as book:
        entry = one_named(book, evidence)
    made = made_for_case(read_node(config), entry, rows)
    if len(made) > EVIDENCE_BYTES_MAX:
        raise Stop(Exit.USAGE, f"{len(made):,} bytes are more than {EVIDENCE_BYTES_MAX:,}: ask for fewer --rows")
    return made


def _seen(sha256: str, digest: str) -> None:
    """Stop where somebody has not looked at just this."""
    if sha256.lower() != digest:
        why = "it is not what was previewed" if sha256 else "nobody has looked at it"
        raise Stop(Exit.NOT_NOW, f"{why}: run it with --preview, then with --send --sha256 {digest}")


def _show(made: bytes, case_id: str, words: str, digest: str, evidence: str, language: Any) -> None:
    print(
        Text(
            "This is all that leaves, for {case_id} (class S5), {made:,} bytes, sha256 {digest}:",
            case_id=case_id,
            made=len(made),
            digest=digest,
        ).say(language)
    )
    print(Text("words: {words}", words=words or "-").say(language))
    with zipfile.ZipFile(io.BytesIO(made)) as archive_:
        for name in archive_.namelist():
            print(f"\n===== {name}")
            print(archive_.read(name).decode("utf-8", "backslashreplace").rstrip("\n"))
    print()
    print(
        Text(
            "Nothing has left. To let exactly this out: bavn node attach {evidence} --case {case_id}"
            " --send --sha256 {digest}",
            evidence=evidence,
            case_id=case_id,
            digest=digest,
        ).say(language)
    )
