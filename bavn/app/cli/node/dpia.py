"""`bavn node dpia`: a draft of the data protection impact assessment and of the record of processing, of what this
node is really set to do. `bavn node privacy-check`: what leaves with a chosen host, name or day, and what without it.
Refuses to judge, and to send it anywhere.
"""

import json
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.policy.assessment import Left
    from bavn.app.policy.privacy_check import Compared


def dpia(
    config: Config = NODE_TOML,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write an accessible page here.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write PDF/UA here.")] = None,
    sources: Annotated[bool, typer.Option("--sources", help="On the screen also what each line rests on.")] = False,
    language: Spoken = "en",
) -> None:
    """Draft the data protection impact assessment and record of processing from the real settings and ledger.

    What leaves, to whom, how long it is kept and what could go wrong, each with its source; what people must judge is
    left open. Nothing is sent.
    """
    from bavn.app.config.load import read_node
    from bavn.app.policy.assessment import DAYS, assessment
    from bavn.app.policy.file import text_of
    from bavn.app.process.exits import cannot_write
    from bavn.app.process.real import SystemClock
    from bavn.app.process.whole_file import write_whole
    from bavn.app.reports.apart import document_file
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines

    node, now_us = read_node(config), SystemClock().now_us()
    document = assessment(node, text_of(node), _left(node.folder / "node.db", now_us - DAYS * DAY_US), now_us)
    for path, form in ((html, "html"), (pdf, "pdf")):
        if path is not None:
            content = document_file(document, form, language, DocumentStatus())  # type: ignore[arg-type]
            try:
                write_whole(path, content)
            except OSError as error:
                raise cannot_write(path, error) from error
            print(path)
    if html is None and pdf is None:
        for line in lines(document, language, sources=sources):
            print(line)


def _left(book: Path, since_us: int) -> "dict[str, Left] | None":
    """Privacy class -> what left since then; None where this node has not run yet."""
    from bavn.app.policy.assessment import Left
    from bavn.wire.ledger import look_on

    if not book.exists():
        return None
    messages: Counter[str] = Counter()
    size: Counter[str] = Counter()
    with look_on(book) as ledger:
        for line in ledger.every():
            if line.at_us >= since_us and line.way == "out" and line.verdict == "passed" and line.privacy:
                messages[line.privacy] += 1
                size[line.privacy] += line.bytes
    return {name: Left(count, size[name]) for name, count in messages.items()}


NOT_PLAYED = Text(
    "Played among parties that hold everything this node suspects, from its suspicions on. Not played: what detectors"
    " would make of other hosts, and counts (one host moves one number by one, below its noise)."
)


def privacy_check(
    config: Config = NODE_TOML,
    *,
    host: Annotated[str, typer.Option(help="An own address: the world without it.")] = "",
    name: Annotated[str, typer.Option(help="A name or address outside: the world without it.")] = "",
    day: Annotated[str, typer.Option(help="A day (UTC) such as 2026-11-01: the world without it.")] = "",
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Show what leaves with one host, name or day of this node's own data, and what without it.

    Both worlds are played through the real door in a folder that is thrown away. Exit code 12 where something differs
    that does not rest on what was chosen.
    """
    from bavn.actor.door.suspicions import RANKED_SQL, ranked_of
    from bavn.app.config.load import read_node
    from bavn.app.policy.privacy_check import Chosen, compared
    from bavn.app.process.real import SystemClock
    from bavn.rehearsal.trial import NoTrial

    if sum(map(bool, (host, name, day))) != 1:
        raise Stop(Exit.USAGE, Text("give one of --host, --name and --day"))
    chosen = Chosen(host=host, name=name, day=_day(day) if day else None)
    node = read_node(config)
    with asks(config) as rows:
        suspicions = [ranked.suspicion for ranked in ranked_of(rows(RANKED_SQL))]
    with tempfile.TemporaryDirectory(prefix="bavn-privacy-") as folder:
        try:
            result = compared(
                node.node.actor,
                node.door,
                node.node.homes,
                suspicions,
                chosen,
                SystemClock().now_us(),
                Path(folder),
            )
        except NoTrial as error:
            raise Stop(Exit.USAGE, Text.of_error(error)) from error
    _print(result, language, as_json=as_json)
    if result.else_:
        raise typer.Exit(Exit.DISPROVED)


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("{text} is no day: write 2026-11-01", text=repr(text[:20]))) from error


def _print(result: "Compared", language: Language, *, as_json: bool) -> None:
    if as_json:
        fields = {
            "suspicions": result.suspicions,
            "touched": result.touched,
            "uploads": result.uploads,
            "same": result.same,
        }
        words = {
            "by_intent": [text.say(language) for text in result.by_intent],
            "else": [text.say(language) for text in result.else_],
        }
        print(json.dumps(fields | {"upload_bytes": result.upload_bytes} | words, ensure_ascii=False))
        return
    lines = [
        Text("{touched} of {all} suspicions rest on it.", touched=result.touched, all=result.suspicions),
        Text(
            "Uploads with and without it: {count}, {size} bytes, the same number, length and order; what is in them is"
            " random to everybody below the threshold.",
            count=result.uploads,
            size=result.upload_bytes,
        ),
        Text("Reports that are the same with and without it: {count}.", count=result.same),
        Text("What differs by intent: {count}.", count=len(result.by_intent)),
        *(Text.shaped("  {text}", text=text) for text in result.by_intent),
        Text("What differs otherwise: {count}.", count=len(result.else_)),
        *(Text.shaped("  {text}", text=text) for text in result.else_),
        NOT_PLAYED,
    ]
    for line in lines:
        print(line.say(language))
